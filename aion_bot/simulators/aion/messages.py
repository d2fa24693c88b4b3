"""The simulated Aion's message endpoints: a scene played as a stream, or returned at once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from aion_bot.simulators.aion.endpoints import Refused, open_session
from aion_bot.simulators.aion.plans import CANCELLED
from aion_bot.simulators.aion.scene import Answer as Said
from aion_bot.simulators.aion.scene import (
    AwaitDecision,
    Close,
    Complete,
    Cut,
    Emit,
    Fault,
    Hold,
    Propose,
    Raw,
    Scene,
    Speak,
    Step,
)
from aion_bot.simulators.aion.sessions import Proposed, Session
from aion_bot.simulators.aion.wire import StreamText, event, plain_words

if TYPE_CHECKING:
    from aion_bot.simulators.aion.server import SimulatedAion

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}


async def send(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /chat/sessions/{session_id}/messages: the answer in one response."""
    session = open_session(aion, request)
    scene = await _scene(aion, session, request)
    message = aion.sessions.store(session, "assistant", scene.answer)
    fields = {
        "message_id": message.id,
        "content": message.answer.content,
        "token_count": message.tokens,
        "processing_time_ms": 40,
        "metadata": dict(scene.answer.metadata),
        "image_context": [dict(image) for image in scene.answer.images],
    }
    return web.json_response(fields | session.remaining)


async def send_stream(aion: "SimulatedAion", request: web.Request) -> web.StreamResponse:
    """POST /chat/sessions/{session_id}/messages/stream."""
    session = open_session(aion, request)
    scene = await _scene(aion, session, request)
    response = web.StreamResponse(headers=HEADERS)
    if aion.compresses:
        response.enable_compression()
    await response.prepare(request)
    playing = _Playing(aion, session, scene, response)
    aion.streaming += 1
    stream = (request, playing.stream_text)
    aion.streams.append(stream)
    try:
        await playing.run()
    except (asyncio.CancelledError, ConnectionResetError):
        # The client has left. The server completes the answer nevertheless, as Aion does.
        playing.store()
        aion.left += 1
        raise
    finally:
        aion.streaming -= 1
        aion.streams.remove(stream)
        aion.changed()
    return response


async def _scene(aion: "SimulatedAion", session: Session, request: web.Request) -> Scene:
    question = (await request.json())["message"]
    if not all(session.remaining.values()):
        raise Refused(Fault(400, "SESSION_LIMIT_REACHED", "The session has no tokens or messages left"))
    scene = aion.script(question, session)
    if scene.refusal is not None:
        raise Refused(scene.refusal)
    session.topic = scene.topic or session.topic
    aion.sessions.store(session, "user", Said(question))
    return scene


class _Playing:
    """One scene that is streamed to one client."""

    def __init__(
        self, aion: "SimulatedAion", session: Session, scene: Scene, response: web.StreamResponse
    ) -> None:
        self._aion = aion
        self._session = session
        self._steps = scene.steps
        self._answer = scene.answer
        self._response = response
        self.stream_text = StreamText(aion.token_words)
        self._message_id = aion.sessions.new_id("message")
        self._proposed: Proposed | None = None
        self._stored = False

    async def run(self) -> None:
        """Play all steps, and end the stream."""
        await self._event("connection", {"message_id": self._message_id, "status": "connected"})
        for step in self._steps:
            await self._play(step)
        await self._response.write_eof()

    def store(self) -> None:
        """Store the answer, unless it is stored already."""
        if not self._stored and self._answer.content:
            self._stored = True
            self._aion.sessions.store(self._session, "assistant", self._answer, self._message_id)
            self._aion.changed()

    async def _play(self, step: Step) -> None:
        match step:
            case Emit(kind, fields, delay):
                await asyncio.sleep(delay)
                await self._event(kind, fields)
            case Speak():
                await self._speak(step)
            case Raw(data):
                await self._response.write(data)
            case Hold(name, pings):
                await self._wait(lambda: name in self._aion.released, pings=pings)
            case Propose(plan):
                self._proposed = self._aion.sessions.propose(self._session, plan)
                await self._event("plan_pending_approval", self._proposed.to_event())
            case AwaitDecision() if self._proposed is not None:
                await self._stream_decision(self._proposed, works=step.works)
            case _:
                await self._finish(step)

    async def _finish(self, step: Step) -> None:
        match step:
            case Complete():
                self.store()
                await self._event("complete", self._completed())
            case Close():
                await self._event("close", {"message_id": self._message_id})
            case Cut(stored):
                if stored:
                    self.store()
                raise Refused(Fault(None))

    async def _stream_decision(self, proposed: Proposed, *, works: bool) -> None:
        proposed.result_in_stream = True
        await self._wait(lambda: proposed.action is not None, pings=True)
        for operation in proposed.plan.operations if works and proposed.action == "approve" else ():
            await self._event("tool_invocation", {"agent_name": operation.agent_name})
            await asyncio.sleep(self._aion.plan_time / len(proposed.plan.operations))
        result = proposed.plan.result if proposed.action == "approve" else CANCELLED
        await self._speak(Speak(f"\n\n{result}"))
        self._answer = replace(self._answer, content=f"{self._answer.content}\n\n{result}")

    async def _speak(self, step: Speak) -> None:
        for token in self.stream_text.tokens(step):
            await self._response.write(token)
            # Without a delay, too, other tasks run between two events, as with a real server.
            await asyncio.sleep(self._aion.token_delay)
            self._aion.changed()

    async def _wait(self, over: Callable[[], bool], *, pings: bool) -> None:
        while not over():
            if pings:
                self._aion.pings += 1
                await self._event("ping", {})
            try:
                await self._aion.until(over, timeout=self._aion.ping_every)
            except TimeoutError:
                continue

    async def _event(self, kind: str, fields: Mapping[str, Any]) -> None:
        await self._response.write(event(kind, fields))
        self._aion.changed()

    def _completed(self) -> dict[str, Any]:
        answer = self._answer
        return {
            "content": answer.content,
            "resolved_content": plain_words(answer),
            "message_id": self._message_id,
            "agents_used": list(answer.agents),
            "has_results": bool(answer.images),
            "result_count": len(answer.images),
            "image_context": [dict(image) for image in answer.images],
            "processing_time_ms": 40,
            "token_count": max(1, len(answer.content) // 4),
            "metadata": dict(answer.metadata),
        }
