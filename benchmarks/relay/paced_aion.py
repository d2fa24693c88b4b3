"""Aion in a process of its own: answers at an even pace, with the time of each token.

`python -m benchmarks.relay.paced_aion` prints its settings. For each line of its input it prints the times so far, on the
monotonic clock that all processes of a machine share. A question names the length of its answer.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.endpoints import open_session
from aion_bot.simulators.aion.messages import HEADERS
from aion_bot.simulators.aion.scene import Answer, Operation, Plan
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.aion.stored_files import UNLIMITED
from aion_bot.simulators.aion.wire import event
from benchmarks.relay import numbered_words
from benchmarks.relay.loads import RATE, Ask

_QUESTION = re.compile(r"number (\d+), (\d+) words(, a plan)?")
_PLAN = Plan(
    "Move the photos of site 7 into folders",
    (
        Operation("ImageSearchAgent", "Find the photos"),
        Operation("FolderOrganizationAgent", "Move them", ("A",)),
    ),
    "Done.",
)


def question(number: int, ask: Ask) -> str:
    """The text of a question."""
    return f"Tell number {number}, {ask.tokens} words{', a plan' if ask.plan else ''}"


@dataclass(slots=True)
class SendTimes:
    """When an answer's tokens, its plan and its `complete` were sent."""

    tokens: list[float] = field(default_factory=list)
    plan: float = 0.0
    complete: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The times as JSON."""
        return {"tokens": self.tokens, "plan": self.plan, "complete": self.complete}


class PacedAion(SimulatedAion):
    """Sends every answer at `RATE`, however busy the machine is: late tokens follow at once."""

    def __init__(self) -> None:
        super().__init__()
        self.send_times: dict[int, SendTimes] = {}

    async def _answer(
        self,
        operation: str,
        handler: Callable[[SimulatedAion, web.Request], Awaitable[web.StreamResponse]],
        request: web.Request,
    ) -> web.StreamResponse:
        if operation == "send_stream":
            return await self._stream_answer(request)
        return await super()._answer(operation, handler, request)

    async def _stream_answer(self, request: web.Request) -> web.StreamResponse:
        session = open_session(self, request)
        asked = _QUESTION.search((await request.json())["message"])
        if asked is None:
            raise web.HTTPBadRequest
        send_times = self.send_times[int(asked[1])] = SendTimes()
        pieces = numbered_words.tokens(int(asked[2]))
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        message_id = self.sessions.new_id("message")
        await response.write(event("connection", {"message_id": message_id, "status": "connected"}))
        await _speak(response, pieces, send_times)
        if asked[3]:
            await self._propose(response, session, send_times)
        send_times.complete = time.monotonic()
        await self._end(response, session, message_id, "".join(pieces))
        await response.write(event("close", {"message_id": message_id}))
        await response.write_eof()
        return response

    async def _propose(self, response: web.StreamResponse, session: Session, send_times: SendTimes) -> None:
        proposed = self.sessions.propose(session, _PLAN)
        send_times.plan = time.monotonic()
        await response.write(event("plan_pending_approval", proposed.to_event()))

    async def _end(self, response: web.StreamResponse, session: Session, message_id: str, text: str) -> None:
        self.sessions.store(session, "assistant", Answer(text), message_id)
        about = {
            "content": text,
            "resolved_content": text,
            "message_id": message_id,
            "processing_time_ms": 40,
        }
        await response.write(event("complete", {**about, "token_count": len(text) // 4, "metadata": {}}))


async def _speak(response: web.StreamResponse, pieces: list[str], send_times: SendTimes) -> None:
    begun, text = time.monotonic(), ""
    for number, piece in enumerate(pieces):
        text += piece
        fields = {"content": piece, "accumulated": text, "token_index": number}
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        send_times.tokens.append(time.monotonic())
        await response.write(event("token", fields, number + 1))
    await asyncio.sleep(max(0.0, begun + len(pieces) / RATE - time.monotonic()))


async def main() -> None:
    aion = PacedAion()
    # More questions than any tier allows: the bot would hold them back.
    aion.files.limits = replace(aion.files.limits, calls=UNLIMITED)
    async with aion:
        print(json.dumps(dict(aion.env)), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            send_times = {number: one.to_json() for number, one in aion.send_times.items()}
            print(json.dumps({"send_times": send_times, "cpu": time.process_time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
