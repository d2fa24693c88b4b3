"""The simulated Aion's endpoints other than messages and plans: one function each."""

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.scene import Fault, Shape
from aion_bot.simulators.aion.sessions import Session, stamp
from aion_bot.simulators.aion.wire import error_body

if TYPE_CHECKING:
    from aion_bot.simulators.aion.server import SimulatedAion


class Refused(Exception):
    """Refuse a request with a fault's status and body."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault

    def answer(self) -> web.Response:
        """The response of the refusal."""
        status = self.fault.status or 500
        return web.json_response(error_body(self.fault), status=status, headers=dict(self.fault.headers))


def open_session(aion: "SimulatedAion", request: web.Request) -> Session:
    """The session that the path names. Raises Refused: unknown or closed sessions are not found."""
    session = aion.sessions.find(request.match_info["session_id"])
    if session is None or not session.is_active:
        raise Refused(Fault(404, "SESSION_NOT_FOUND", "Session not found"))
    return session


async def create_session(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /chat/sessions."""
    session = aion.sessions.create(await request.json())
    session.made_with = request.headers["Authorization"]
    fields = {"session_id": session.id, "title": session.title, "created_at": session.created_at}
    return web.json_response(fields)


async def list_sessions(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /chat/sessions, newest first."""
    limit, offset = int(request.query.get("limit", 20)), int(request.query.get("offset", 0))
    only_active = request.query.get("is_active") == "true"
    found = [each for each in aion.sessions if each.is_active or not only_active][::-1]
    page = [each.summary() for each in found[offset : offset + limit]]
    answer = {"sessions": page, "total_count": len(found), "has_more": offset + limit < len(found)}
    return web.json_response(answer)


async def get_session(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /chat/sessions/{session_id}; a closed one can still be read."""
    session = aion.sessions.find(request.match_info["session_id"])
    if session is None:
        raise Refused(Fault(404, "SESSION_NOT_FOUND", "Session not found"))
    limit = int(request.query.get("message_limit", 0)) or None
    wanted = request.query.get("include_messages", "true") == "true"
    return web.json_response(session.detail(include_messages=wanted, limit=limit))


async def close_session(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """DELETE /chat/sessions/{session_id}."""
    session = open_session(aion, request)
    session.is_active = False
    return web.json_response(
        {
            "session_id": session.id,
            "closed_at": stamp(),
            "total_messages": len(session.messages),
            "total_tokens": session.total_tokens,
        }
    )


async def rename_session(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PATCH /chat/sessions/{session_id}/title."""
    session = open_session(aion, request)
    session.title = (await request.json())["title"]
    session.updated_at = stamp()
    fields = {"session_id": session.id, "title": session.title, "updated_at": session.updated_at}
    return web.json_response(fields)


async def update_mode(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PATCH /chat/sessions/{session_id}/mode."""
    session = open_session(aion, request)
    session.use_all_images = (await request.json())["use_all_images"]
    session.updated_at = stamp()
    return web.json_response(
        {
            "session_id": session.id,
            "use_all_images": session.use_all_images,
            "selected_image_count": len(session.images),
            "updated_at": session.updated_at,
        }
    )


async def update_images(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PUT /chat/sessions/{session_id}/images."""
    session = open_session(aion, request)
    session.images = aion.files.known((await request.json())["image_ids"])
    # Nothing says that a session which could see all images still can: a client has to set that again.
    session.use_all_images = False
    return web.json_response(
        {
            "session_id": session.id,
            "selected_image_ids": session.images,
            "selected_video_ids": session.videos,
            "context_summary": f"{len(session.images)} images",
            "estimated_tokens": 85 * len(session.images),
        }
    )


async def update_documents(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PUT /chat/sessions/{session_id}/documents."""
    session = open_session(aion, request)
    session.documents = aion.files.known((await request.json()).get("document_ids", ()))
    return web.json_response(
        {
            "session_id": session.id,
            "selected_document_ids": session.documents,
            "document_count": len(session.documents),
        }
    )


async def update_videos(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """PUT /chat/sessions/{session_id}/videos."""
    session = open_session(aion, request)
    session.videos = aion.files.known((await request.json()).get("video_ids", ()))
    return web.json_response(
        {
            "session_id": session.id,
            "selected_video_ids": session.videos,
            "video_count": len(session.videos),
        }
    )


async def export_session(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /chat/sessions/{session_id}/export."""
    session = open_session(aion, request)
    kind = request.query.get("format", "markdown")
    with_metadata = request.query.get("include_metadata") == "true"
    name = f'attachment; filename="{session.id}.{ {"markdown": "md", "text": "txt"}.get(kind, kind) }"'
    return web.Response(body=_exported(session, kind, with_metadata), headers={"Content-Disposition": name})


async def get_all_images(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /chat/images/all."""
    limit, offset = int(request.query.get("limit", 5000)), int(request.query.get("offset", 0))
    ids = aion.files.image_ids
    answer = {
        "image_ids": ids[offset : offset + limit],
        "total_count": len(ids),
        "has_more": offset + limit < len(ids),
    }
    return web.json_response(answer)


async def search_images(aion: "SimulatedAion", request: web.Request) -> web.Response:  # noqa: ARG001  # all endpoints have one signature
    """POST /chat/images/search."""
    body = await request.json()
    found = library.find_images(body["query"])
    offset, limit = body.get("offset", 0), body.get("limit", 50)
    results = [image.to_result() for image in found[offset : offset + limit]]
    answer = {"results": results, "total_count": len(found), "query_interpretation": {"query": body["query"]}}
    return web.json_response(answer)


async def search_documents(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /documents/search."""
    body = await request.json()
    found = [one for one in library.find_documents(body["query"]) if aion.files.find(one.id)]
    results = [one.to_passage() for one in found[: body.get("limit", 20)]]
    answer = {"query": body["query"], "results": results, "total_count": len(found), "search_time_ms": 4}
    return web.json_response(answer)


async def search_videos(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /agents/search/videos."""
    body = await request.json()
    found = [one for one in library.find_videos(body["query"]) if aion.files.find(one.id)]
    results = [one.to_result() for one in found[: body.get("limit", 50)]]
    summary = f"I found {len(found)} videos."
    return web.json_response(
        {
            "success": True,
            "results": results,
            "count": len(found),
            "video_ids": [one["video_id"] for one in results],
            "summary": summary,
            "summary_raw": summary,
            "search_mode": "hybrid",
            "execution_time_ms": 40,
            "iterations": 1,
        }
    )


async def audit_logs(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """GET /tenant/audit-logs, newest first; an admin's key alone may read it."""
    if aion.files.hides_limits:
        raise Refused(Fault(403, "PERMISSION_DENIED", "Requires ADMIN role", Shape.GATEWAY))
    limit, offset = int(request.query.get("limit", 50)), int(request.query.get("offset", 0))
    bounds = [request.query.get(name, default) for name, default in (("date_from", ""), ("date_to", "9"))]
    found = [one for one in reversed(aion.audit_log) if bounds[0] <= one["event_timestamp"] <= bounds[1]]
    page, more = found[offset : offset + limit], offset + limit < len(found)
    return web.json_response({"entries": page, "total_count": len(found), "has_more": more})


def _exported(session: Session, kind: str, with_metadata: bool) -> bytes:
    if kind == "json":
        exported: dict[str, Any] = {"session": session.summary(), "messages": []}
        for message in session.messages:
            fields = message.to_json()
            exported["messages"].append(
                fields if with_metadata else {key: fields[key] for key in ("role", "content")}
            )
        return json.dumps(exported, ensure_ascii=False, indent=2).encode()
    mark = "**" if kind == "markdown" else ""
    heading = f"# {session.title}" if kind == "markdown" else session.title
    lines = [f"{mark}{each.role}{mark}: {each.answer.content}" for each in session.messages]
    return "\n\n".join([heading, *lines]).encode()
