"""The library: pictures and documents are put into it, and every refusal has its error."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

import pytest

from aion_bot.aion import (
    AionVision,
    AionvisionConnectionError,
    AionvisionError,
    AionvisionPermissionError,
    AionvisionTimeoutError,
    DocumentConfirmResult,
    DocumentProcessingError,
    QuotaExceededError,
    RateLimitError,
    SyncAionVision,
    UploadError,
    UploadProblem,
    UploadResult,
    ValidationError,
)
from aion_bot.aion.library_requests import DOCUMENT_TYPES, IMAGE_TYPES, put_document
from aion_bot.aion.library_types import parse_presigned
from aion_bot.simulators.aion import API_KEY, SimulatedAion, library
from aion_bot.simulators.aion.pictures import gif, jpeg, pdf, png, webp
from aion_bot.simulators.aion.scene import Shape

PICTURES = {"png": png("a"), "jpg": jpeg("a"), "gif": gif(), "webp": webp()}
DOCUMENTS = {"pdf": pdf("a"), "txt": b"words", "md": b"# Words", "docx": b"PK\x03\x04 words"}


async def chunks(content: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """A file in pieces."""
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def put_picture(
    client: AionVision, content: bytes = PICTURES["png"], name: str = "a.png"
) -> UploadResult:
    return await client.uploads.upload_stream(
        chunks(content), filename=name, content_type="image/png", size_bytes=len(content)
    )


async def put_text(
    client: AionVision, content: bytes = b"words", key: str | None = None
) -> DocumentConfirmResult:
    return await client.documents.upload(
        chunks(content),
        filename="a.txt",
        content_type="text/plain",
        size_bytes=len(content),
        idempotency_key=key,
    )


@pytest.mark.parametrize("kind", PICTURES)
async def test_each_type_of_picture_arrives_byte_for_byte(
    aion: SimulatedAion, client: AionVision, kind: str
) -> None:
    """A picture is in the library with its name, its type and its bytes."""
    content = PICTURES[kind]
    result = await client.uploads.upload_stream(
        chunks(content, 7), filename=f"a.{kind}", content_type=IMAGE_TYPES[kind], size_bytes=len(content)
    )
    stored = aion.files.find(result.image_id)
    assert stored is not None
    assert (stored.filename, stored.content_type, stored.digest) == (
        f"a.{kind}",
        IMAGE_TYPES[kind],
        sha256(content).hexdigest(),
    )
    assert not result.skipped


@pytest.mark.parametrize("kind", DOCUMENTS)
async def test_each_type_of_document_arrives_and_is_processed(
    aion: SimulatedAion, client: AionVision, kind: str
) -> None:
    """A document goes to its presigned address without the key, is confirmed, and waited for."""
    content = DOCUMENTS[kind]
    result = await client.documents.upload(
        chunks(content), filename=f"a.{kind}", content_type=DOCUMENT_TYPES[kind], size_bytes=len(content)
    )
    status = await client.documents.wait(result.document_id, [0.0] * 5)
    stored = aion.files.find(result.document_id)
    assert status.is_completed
    assert stored is not None
    assert stored.digest == sha256(content).hexdigest()


@pytest.mark.parametrize(
    "name", ['a".png', "a\r\nX-Evil: 1.png", "a;b=c.png", "bäume 🌳.png", "..\\/a.png", "%00.png"]
)
async def test_a_hostile_name_stays_a_name(aion: SimulatedAion, client: AionVision, name: str) -> None:
    """No name ends its part of the form, its quotes or its line."""
    result = await put_picture(client, name=name)
    stored = aion.files.find(result.image_id)
    assert stored is not None
    assert stored.digest == sha256(PICTURES["png"]).hexdigest()
    assert "\n" not in stored.filename


async def test_the_same_picture_is_stored_once(aion: SimulatedAion, client: AionVision) -> None:
    """A second upload of the same content names the first file."""
    first, second = await put_picture(client), await put_picture(client, name="b.png")
    assert (second.image_id, second.skipped) == (first.image_id, True)
    assert len(aion.files.uploaded) == 1


async def test_the_same_document_is_stored_once(aion: SimulatedAion, client: AionVision) -> None:
    """An idempotency key names one document, and content that is there already names the older one."""
    first = await put_text(client, key="turn-1.0")
    again, other = await put_text(client, key="turn-1.0"), await put_text(client)
    assert again.document_id == other.document_id == first.document_id
    assert (first.deduplicated, again.is_idempotent_retry, other.deduplicated) == (False, True, True)
    assert len(aion.files.uploaded) == 1


class Piece(bytes):
    """A piece of a file that counts how many of its kind are alive."""

    alive: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def __init__(self, *_: object) -> None:
        Piece.alive += 1
        Piece.most = max(Piece.most, Piece.alive)

    def __del__(self) -> None:
        Piece.alive -= 1


async def test_a_large_file_is_never_held_as_a_whole(aion: SimulatedAion, client: AionVision) -> None:
    """Of 200 pieces a few are in memory at once, whatever the form."""
    beginning, end = png("large")[:-12], png("large")[-12:]
    size = 64 * 1024

    async def pieces() -> AsyncIterator[bytes]:
        yield beginning
        for _ in range(100):
            yield Piece(size)
        yield end

    total = len(beginning) + 100 * size + len(end)
    for _ in range(2):
        with suppress(UploadError):  # what is between the chunks of the picture is no chunk
            await client.uploads.upload_stream(
                pieces(), filename="a.png", content_type="image/png", size_bytes=total, skip_duplicates=False
            )
        await client.documents.upload(pieces(), filename="a.txt", content_type="text/plain", size_bytes=total)
    assert aion.bytes_arrived == 4 * total
    assert Piece.most <= 4


@pytest.mark.parametrize(
    ("status", "code", "kind", "problem"),
    [
        (413, "FILE_TOO_LARGE", UploadError, UploadProblem.TOO_LARGE),
        (413, "", UploadError, UploadProblem.TOO_LARGE),
        (415, "UNSUPPORTED_MEDIA_TYPE", UploadError, UploadProblem.WRONG_TYPE),
        (422, "IMAGE_PROCESSING_ERROR", UploadError, UploadProblem.DAMAGED),
        (500, "IMAGE_PROCESSING_ERROR", UploadError, UploadProblem.DAMAGED),
        (501, "", UploadError, UploadProblem.UNAVAILABLE),
        (402, "SUBSCRIPTION_REQUIRED", QuotaExceededError, None),
        (403, "STORAGE_QUOTA_EXCEEDED", QuotaExceededError, None),
        (429, "USAGE_LIMIT_EXCEEDED", QuotaExceededError, None),
        (429, "MEMORY_LIMIT_EXCEEDED", RateLimitError, None),
        (403, "PERMISSION_DENIED", AionvisionPermissionError, None),
        (422, "", ValidationError, None),
    ],
)
@pytest.mark.parametrize("shape", [Shape.GATEWAY, Shape.CHAT])
async def test_each_refusal_has_its_error(
    aion: SimulatedAion,
    client: AionVision,
    status: int,
    code: str,
    kind: type[AionvisionError],
    problem: UploadProblem | None,
    shape: Shape,
) -> None:
    """Size, type, damage, quota, storage, permission, subscription and overload can be told apart; nothing is repeated."""
    aion.fail_next("upload_image", status, code=code, shape=shape)
    aion.fail_next("request_document_upload", status, code=code, shape=shape)
    with pytest.raises(kind) as raised:
        await put_picture(client)
    assert getattr(raised.value, "problem", None) is problem
    assert aion.count("upload_image") == 1
    if kind is RateLimitError or status >= 500:  # a request without bytes is repeated
        assert (await put_text(client)).document_id
        return
    with pytest.raises(kind) as raised:
        await put_text(client)
    assert getattr(raised.value, "problem", None) is problem


async def test_the_limit_is_what_aion_says(aion: SimulatedAion, client: AionVision) -> None:
    """A refusal carries the limit where the server names it: for a document before a byte is sent."""
    aion.files.limits.document = 10
    presigned = parse_presigned(
        {"upload_url": "https://s.example/a", "object_key": "k", "max_size_bytes": 10}
    )
    with pytest.raises(UploadError) as raised:
        put_document(chunks(b""), presigned, "a.txt", "text/plain", 11, on_loopback=False)
    assert (raised.value.problem, raised.value.limit) == (UploadProblem.TOO_LARGE, 10)
    limits = await client.tenant.get_limits()
    assert limits.limits["max_document_size_bytes"] == 10
    aion.files.hides_limits = True
    with pytest.raises(AionvisionPermissionError):
        await client.tenant.get_limits()


async def test_an_admin_s_key_reads_the_audit_log(aion: SimulatedAion, client: AionVision) -> None:
    """Page by page, of a span of time; without the address of a request and its metadata. Another key is refused."""
    since, until = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
    aion.audit_log = [
        {
            "id": str(day), "event_type": "plan.approved", "event_timestamp": f"2026-11-{day:02}T08:00:00+00:00",
            "severity": "info", "action": "update", "result": "success", "resource_id": f"plan-{day}", "ip_address": "::1",
            "metadata": {"words": "secret"},
        }
        for day in (2, 3, 4)
    ] + [{"id": "old", "event_timestamp": "2025-01-01T00:00:00+00:00"}]  # fmt: skip
    first = await client.tenant.audit_logs(since, until, limit=2)
    assert [(one.id, one.resource_id) for one in first.entries] == [("4", "plan-4"), ("3", "plan-3")]
    assert (first.total_count, first.has_more) == (3, True)
    assert "secret" not in str(first)
    rest = await client.tenant.audit_logs(since, until, limit=2, offset=2)
    assert ([one.id for one in rest.entries], rest.has_more) == (["2"], False)
    with pytest.raises(ValidationError):
        await client.tenant.audit_logs(since, until, limit=101)
    aion.files.hides_limits = True
    with pytest.raises(AionvisionPermissionError):
        await client.tenant.audit_logs(since, until)


@pytest.mark.parametrize("acts", [False, True])
async def test_bytes_are_never_sent_twice(aion: SimulatedAion, client: AionVision, acts: bool) -> None:
    """An upload whose answer is lost is an error that says that it may have arrived; the library tells."""
    aion.fail_next("upload_image", None, acts=acts)
    with pytest.raises(AionvisionConnectionError) as raised:
        await put_picture(client)
    assert raised.value.maybe_acted
    assert aion.count("upload_image") == 1
    found = await client.files.list(media_types=["image"], limit=1)
    assert (found.files[0].filename == "a.png") is acts


async def test_a_connection_that_was_never_made_is_tried_again(aion: SimulatedAion) -> None:
    """Nothing was sent then, and the file is whole."""
    await aion.stop()
    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=20, retry_delay=0.01) as client:
        sending = asyncio.create_task(put_picture(client))
        await aion.start()
        assert (await sending).image_id == aion.files.uploaded[0].id


@pytest.mark.parametrize("said", [-1, 1])
async def test_a_file_of_another_size_is_refused(aion: SimulatedAion, client: AionVision, said: int) -> None:
    """Half a file never passes for a whole one, and the circuit of the server stays closed."""
    for _ in range(6):
        with pytest.raises(UploadError, match=r"more|fewer"):
            await client.uploads.upload_stream(
                chunks(PICTURES["png"]),
                filename="a.png",
                content_type="image/png",
                size_bytes=len(PICTURES["png"]) + said,
            )
    assert aion.files.uploaded == []
    assert (await put_picture(client)).image_id


async def test_what_reading_the_file_raises_ends_the_upload(aion: SimulatedAion, client: AionVision) -> None:
    """The reader's own error comes through as it is."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await client.uploads.upload_stream(
            broken(), filename="a.png", content_type="image/png", size_bytes=10
        )
    assert aion.files.uploaded == []


async def test_a_cancelled_upload_closes_its_connection(aion: SimulatedAion, client: AionVision) -> None:
    """Cancelling ends the request at once, and nothing is stored."""
    content = png("large", padding=16 * 1024 * 1024)
    aion.hold_uploads()
    sending = asyncio.create_task(put_picture(client, content))
    await aion.until(lambda: aion.bytes_arrived > 0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    aion.release_uploads()
    assert (await put_picture(client, content)).skipped is False
    assert len(aion.files.uploaded) == 1


@pytest.mark.parametrize(
    ("address", "on_loopback"),
    [
        ("http://s.example/a", True),
        ("http://127.0.0.1:9/a", False),
        ("https://localhost/a", False),
        ("https://[::1]/a", False),
        ("file:///etc/passwd", True),
        ("", True),
        ("https://[oops", True),
        ("//s.example/a", True),
    ],
)
def test_a_document_goes_to_a_trusted_address_only(address: str, on_loopback: bool) -> None:
    """It is https, and another service of this machine only where Aion itself is on it."""
    presigned = parse_presigned({"upload_url": address, "object_key": "k"})
    with pytest.raises(UploadError) as raised:
        put_document(chunks(b"a"), presigned, "a.txt", "text/plain", 1, on_loopback=on_loopback)
    assert raised.value.problem is UploadProblem.STORAGE
    assert address == "" or address not in str(raised.value)


def test_the_storage_gets_neither_the_key_nor_a_header_of_the_connection() -> None:
    """Headers that come with the presigned address cannot name a host, a length or a key."""
    headers = {"Authorization": "Bearer x", "HOST": "evil", "Content-Length": "1", "x-amz-acl": "private"}
    presigned = parse_presigned(
        {
            "upload_url": "https://s.example/a?X-Amz-Signature=s3cret",
            "object_key": "k",
            "upload_headers": headers,
        }
    )
    request = put_document(chunks(b"a"), presigned, "a.txt", "text/plain", 5, on_loopback=False)
    assert request.upload is not None
    assert request.upload.all_headers == {
        "Content-Type": "text/plain",
        "x-amz-acl": "private",
        "Content-Length": "5",
    }
    assert "s3cret" not in f"{presigned!r} {request!r}"


async def test_a_form_with_fields_is_posted() -> None:
    """A presigned address may want a form instead (`upload_method` POST): its fields come before the file."""
    presigned = parse_presigned(
        {
            "upload_url": "https://s.example/a",
            "object_key": "k",
            "upload_method": "post",
            "upload_fields": {"key": "k", "policy": "p"},
        }
    )
    request = put_document(chunks(b"words"), presigned, "a.txt", "text/plain", 5, on_loopback=False)
    upload = request.upload
    assert upload is not None
    assert (request.method, upload.address) == ("POST", "https://s.example/a")
    assert upload.before.index(b'"key"') < upload.before.index(b'"policy"') < upload.before.index(b'"file"')


async def test_a_storage_that_refuses_is_an_upload_error(aion: SimulatedAion, client: AionVision) -> None:
    """Answers of a store of objects (XML, a redirect, a broken connection) are errors of the upload, without its address."""
    for status in (302, 400, 403, 503):
        aion.fail_next("put_object", status, headers={"Location": "https://evil.example/"})
        with pytest.raises(UploadError) as raised:
            await put_text(client)
        assert (raised.value.problem, raised.value.status_code) == (UploadProblem.STORAGE, status)
        assert "Signature" not in str(raised.value)
    aion.fail_next("put_object", None)
    with pytest.raises(AionvisionConnectionError) as broken:
        await put_text(client)
    assert broken.value.maybe_acted
    assert broken.value.__cause__ is None
    assert aion.files.uploaded == []


async def test_a_document_that_cannot_be_read(aion: SimulatedAion, client: AionVision) -> None:
    """Waiting ends with an error of its own: damaged, or still being processed when the pauses are over."""
    content = pdf("a")[:-6]
    result = await client.documents.upload(
        chunks(content), filename="a.pdf", content_type="application/pdf", size_bytes=len(content)
    )
    with pytest.raises(DocumentProcessingError) as raised:
        await client.documents.wait(result.document_id, [0.0] * 5)
    assert (raised.value.document_id, raised.value.status) == (result.document_id, "failed")
    aion.files.unread = 100
    slow = await put_text(client)
    with pytest.raises(AionvisionTimeoutError) as silent:
        await client.documents.wait(slow.document_id, [0.0] * 3)
    assert silent.value.last_result.text_extraction_status == "processing"


async def test_the_library_is_listed_newest_first(aion: SimulatedAion, client: AionVision) -> None:
    """A page has names, sizes, kinds and times, with which an upload whose answer was lost is found."""
    await put_picture(client)
    await put_text(client)
    page = await client.files.list(limit=2)
    assert [one.filename for one in page.files] == ["a.txt", "a.png"]
    assert [one.media_type for one in page.files] == ["document", "image"]
    assert page.files[1].size_bytes == len(PICTURES["png"])
    assert page.has_more
    assert page.total_count == len(list(aion.files))


async def test_what_the_selection_answers_is_typed(aion: SimulatedAion, client: AionVision) -> None:
    """A file that is not in the library is missing in the answer, and the mode says what it is now."""
    session = (await client.chats.create_session()).id
    images = await client.chats.update_images(session, [library.PUMP.id, "gone"])
    assert images["selected_image_ids"] == [library.PUMP.id]
    assert (await client.chats.get_session(session)).session.use_all_images is False
    assert (await client.chats.update_mode(session, True))["use_all_images"] is True
    documents = await client.chats.update_documents(session, [library.SAFETY.id])
    assert documents == {
        "session_id": session,
        "selected_document_ids": [library.SAFETY.id],
        "document_count": 1,
    }
    assert (await client.chats.update_videos(session, []))["video_count"] == 0
    assert aion.count("update_images") == 1


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [("", "image/png", 1), ("a" * 256, "image/png", 1), ("a", "x/\r\ny", 1), ("a", "image/png", 0)],
)
async def test_what_cannot_be_right_is_not_sent(
    aion: SimulatedAion, client: AionVision, name: str, kind: str, size: int
) -> None:
    """Names, types and sizes are checked before anything leaves."""
    with pytest.raises(ValidationError) as raised:
        await client.uploads.upload_stream(chunks(b"a"), filename=name, content_type=kind, size_bytes=size)
    assert not raised.value.request_sent
    assert aion.requests == []


async def test_the_blocking_client_uploads_too(aion: SimulatedAion) -> None:
    """The synchronous client takes any iterable of bytes."""

    def put() -> tuple[str, str]:
        with SyncAionVision(API_KEY, base_url=aion.base_url) as client:
            content = PICTURES["png"]
            picture = client.uploads.upload_stream(
                [content[:9], content[9:]],
                filename="a.png",
                content_type="image/png",
                size_bytes=len(content),
            )
            document = client.documents.upload(
                [b"words"], filename="a.txt", content_type="text/plain", size_bytes=5
            )
            client.documents.wait(document.document_id, [0.0] * 3)
            return picture.image_id, document.document_id

    assert await asyncio.to_thread(put) == tuple(one.id for one in aion.files.uploaded)
