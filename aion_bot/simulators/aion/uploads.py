"""The simulated Aion's endpoints of the library, and the storage behind its presigned addresses."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from aion_bot.simulators.aion.endpoints import Refused
from aion_bot.simulators.aion.scene import Fault, Shape
from aion_bot.simulators.aion.stored_files import KEPT, Arriving, StoredFile

if TYPE_CHECKING:
    from aion_bot.simulators.aion.server import SimulatedAion

CHUNK = 64 * 1024
STORAGE_PATH = "/storage/{object_key}"
PICTURE_PATH = "/pictures/{file_id}"


@dataclass(slots=True)
class Object:
    """An object of the storage: where a document's bytes go before they are confirmed. `stored` once they were."""

    filename: str
    content_type: str
    size: int
    signature: str = field(default_factory=lambda: secrets.token_urlsafe(16), repr=False)
    arrived: Arriving | None = None
    stored: StoredFile | None = None


async def upload_image(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /user-files/upload/stream. The form's fields come before the file, whose bytes are counted and dropped."""
    fields: dict[str, Any] = {}
    arrived, filename, content_type = Arriving(), "", ""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name != "file":
            text = await part.text()
            fields[part.name or ""] = {"true": True, "false": False}.get(text, text)
            continue
        filename, content_type = part.filename or "", part.headers.get("Content-Type", "")
        while chunk := await part.read_chunk(CHUNK):
            objection = partial(aion.files.objection, document=False)
            await _take(aion, request, arrived, bytes(chunk), objection)
    await aion.inspect("upload_image", {**fields, "file": filename})
    if not arrived.is_image:
        raise Refused(
            Fault(415, "UNSUPPORTED_MEDIA_TYPE", "This type of file is not supported", Shape.GATEWAY)
        )
    if arrived.damaged:
        raise Refused(Fault(422, "IMAGE_PROCESSING_ERROR", "The image cannot be read", Shape.GATEWAY))
    older = aion.files.with_content(arrived.digest) if fields.get("skip_duplicates") else None
    stored = older or aion.files.add(filename, content_type, arrived, document=False)
    return web.json_response(
        {
            "image_id": stored.id,
            "object_key": f"uploads/{stored.id}",
            "upload_method": "STREAMING",
            "status": "skipped" if older else "completed",
            "processing_time_ms": 12.5,
            "s3_upload_completed": True,
            "variants_queued": not older,
            "description_queued": not older,
            "skipped": older is not None,
            "skipped_existing_image_id": older.id if older else None,
            "media_type": "image",
        }
    )


async def request_document_upload(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /document-uploads/request-presigned-url. An idempotency key gets the object of its first request again."""
    body = await request.json()
    objection = aion.files.objection_to_type(body["content_type"]) or aion.files.objection(
        body["size_bytes"], document=True
    )
    if objection is not None:
        raise Refused(objection)
    key = aion.object_keys.get(body.get("idempotency_key") or "") or f"object-{len(aion.objects) + 1}"
    if body.get("idempotency_key"):
        aion.object_keys[body["idempotency_key"]] = key
    entry = aion.objects.setdefault(key, Object(body["filename"], body["content_type"], body["size_bytes"]))
    address = str(request.url.origin()) + STORAGE_PATH.format(object_key=key)
    return web.json_response(
        {
            "upload_url": f"{address}?X-Amz-Signature={entry.signature}",
            "upload_method": "PUT",
            "upload_fields": None,
            "upload_headers": {"Content-Type": entry.content_type},
            "object_key": key,
            "expires_at": "2099-01-01T00:00:00Z",
            "max_size_bytes": aion.files.limits.document,
        }
    )


async def put_object(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PUT to a presigned address: with the right signature, the announced size, and no API key."""
    entry = aion.objects.get(request.match_info["object_key"])
    if "Authorization" in request.headers:
        aion.violations.append(AssertionError("the API key was sent to the storage"))
    if entry is None or request.query.get("X-Amz-Signature") != entry.signature:
        return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")
    arrived = Arriving()
    async for chunk in request.content.iter_chunked(CHUNK):
        await _take(aion, request, arrived, chunk, lambda _: None)
    if arrived.size != entry.size:
        return web.Response(status=400, text="<Error><Code>IncompleteBody</Code></Error>")
    entry.arrived = arrived
    return web.Response()


async def confirm_document(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /document-uploads/confirm. A second one of the same object is answered with the first."""
    body = await request.json()
    entry = aion.objects.get(body["object_key"])
    if entry is None or entry.arrived is None:
        raise Refused(Fault(422, "OBJECT_NOT_FOUND", "No upload was found", Shape.FASTAPI))
    again, older = entry.stored is not None, aion.files.with_content(entry.arrived.digest)
    stored = (
        entry.stored
        or older
        or aion.files.add(entry.filename, entry.content_type, entry.arrived, document=True)
    )
    entry.stored = stored
    return web.json_response(
        {
            "document_id": stored.id,
            "object_key": body["object_key"],
            "filename": stored.filename,
            "document_type": aion.files.document_type(stored.content_type),
            "status": "processing" if stored.unread else "completed",
            "confirmed": True,
            "deduplicated": older is not None and not again,
            "is_idempotent_retry": again,
        },
        status=201,
    )


async def document_status(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /document-uploads/{document_id}/status; each look brings the text a step further."""
    stored = aion.files.find(request.match_info["document_id"])
    if stored is None:
        raise Refused(Fault(404, "DOCUMENT_NOT_FOUND", "Document not found", Shape.GATEWAY))
    status = stored.text_status
    stored.unread = max(0, stored.unread - 1)
    return web.json_response(
        {
            "document_id": stored.id,
            "filename": stored.filename,
            "document_type": aion.files.document_type(stored.content_type),
            "text_extraction_status": status,
            "page_count": 1 if status == "completed" else None,
            "created_at": stored.created_at,
        }
    )


async def list_files(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /user-files, newest first. Words are searched in titles alone, so that a file's name finds nothing."""
    query = request.query
    limit, offset = int(query.get("limit", 20)), int(query.get("offset", 0))
    kinds = query.getall("media_types", [])
    found = [one for one in aion.files if not kinds or one.media_type in kinds]
    found = [] if "search" in query else sorted(found, key=lambda one: one.created_at, reverse=True)
    page = [one.to_json() for one in found[offset : offset + limit]]
    answer = {"files": page, "total_count": len(found), "has_more": offset + limit < len(found)}
    return web.json_response(answer)


async def tenant_limits(aion: "SimulatedAion", request: web.Request) -> web.Response:  # noqa: ARG001  # all endpoints have one signature
    """GET /tenant/limits."""
    if aion.files.hides_limits:
        raise Refused(Fault(403, "PERMISSION_DENIED", "The key may not view this", Shape.GATEWAY))
    return web.json_response(aion.files.to_limits())


async def get_picture(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET a picture of the library, without a key, as from a public address; of a large one too little is kept."""
    stored = aion.files.find(request.match_info["file_id"])
    if stored is None or stored.media_type != "image" or stored.size > KEPT:
        raise web.HTTPNotFound
    return web.Response(body=stored.content, content_type=stored.content_type)


async def _take(
    aion: "SimulatedAion",
    request: web.Request,
    arrived: Arriving,
    chunk: bytes,
    objection: Callable[[int], Fault | None],
) -> None:
    """Take bytes of an upload, once uploads are not held; refuse it as soon as it is too large."""
    arrived.take(chunk)
    aion.bytes_arrived += len(chunk)
    aion.changed()
    if (fault := objection(arrived.size)) is not None:
        raise Refused(fault)
    if aion.uploads_held:
        aion.held_uploads.append(request)
        await aion.until(lambda: not aion.uploads_held)
