"""The far end of Socket Mode: connections, deliveries, acknowledgements and repetitions.

As https://docs.slack.dev/apis/events-api/using-socket-mode describes it: each payload goes to one connection, and an
event that is not acknowledged is sent again, three times at most.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from aion_bot.demo.slack.state import APP


@dataclass(slots=True)
class Delivery:
    """One payload on its way to the app; `envelopes` are the ids of the tries so far."""

    kind: str
    payload: Mapping[str, Any]
    envelopes: list[str] = field(default_factory=list)
    acknowledged: bool = False


class Sockets:
    """All connections of one app.

    `within` is how many seconds an acknowledgement may take, `again` the pauses before each repetition of an
    event. `changed` is called whenever something happened that a test may wait for.
    """

    def __init__(self, changed: Callable[[], None], *, within: float, again: Sequence[float]) -> None:
        self.deliveries: list[Delivery] = []
        self.refusing = False
        self.tickets: list[str] = []
        self.opened = 0
        self._connections: list[web.WebSocketResponse] = []
        self._turn = itertools.count()
        self._answers: dict[str, asyncio.Future[bool]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = changed
        self.within = within
        self._again = again

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    def ticket(self) -> str:
        """Issue a ticket for one connection."""
        self.tickets.append(secrets.token_hex(8))
        return self.tickets[-1]

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection, for the ticket in the path; each ticket opens one."""
        ticket = request.match_info["ticket"]
        if self.refusing or ticket not in self.tickets:
            return web.Response(status=503 if self.refusing else 408)
        self.tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        self._connections.append(socket)
        self.opened += 1
        try:
            await socket.send_json(self._hello())
            self._changed()
            await self._read(socket)
        finally:
            self._forget(socket)
        return socket

    def deliver(self, kind: str, payload: Mapping[str, Any]) -> Delivery:
        """Send `payload` to the app: `kind` is `events_api` or `interactive`."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        task = asyncio.create_task(self._send_until_acknowledged(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def refresh(self) -> None:
        """Ask every connection to come back, as Slack does every few hours."""
        for socket in tuple(self._connections):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    async def hang_up(self) -> None:
        """Close every connection, with a word."""
        for socket in tuple(self._connections):
            await socket.close()

    async def cut(self) -> None:
        """Drop every connection without a word."""
        for socket in tuple(self._connections):
            transport = socket._req.transport if socket._req is not None else None  # noqa: SLF001  no public way
            if transport is not None:
                transport.abort()
            self._forget(socket)

    async def stop(self) -> None:
        """End every delivery and connection."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.cut()

    def _hello(self) -> Mapping[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": APP},
            "debug_info": {"host": "simulated", "approximate_connection_time": 3600},
        }

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self._connections:
            self._connections.remove(socket)
            self._changed()

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                answer = self._answers.pop(frame.json().get("envelope_id", ""), None)
                if answer is not None and not answer.done():
                    answer.set_result(True)

    async def _send_until_acknowledged(self, delivery: Delivery) -> None:
        pauses = (0.0, *self._again) if delivery.kind == "events_api" else (0.0,)
        for attempt, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            if await self._send(delivery, attempt):
                delivery.acknowledged = True
                self._changed()
                return
        self._changed()

    async def _send(self, delivery: Delivery, attempt: int) -> bool:
        if not self._connections:
            return False
        socket = self._connections[next(self._turn) % len(self._connections)]
        envelope = secrets.token_hex(16)
        delivery.envelopes.append(envelope)
        answer = self._answers[envelope] = asyncio.get_running_loop().create_future()
        message = {
            "envelope_id": envelope,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind == "interactive",
        }
        if delivery.kind == "events_api":
            message |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        try:
            await socket.send_json(message)
            return await asyncio.wait_for(answer, self.within)
        except (TimeoutError, ConnectionError):
            return False
        finally:
            self._answers.pop(envelope, None)
