"""The server side of Socket Mode: connections, deliveries, acknowledgements and resends.

As https://docs.slack.dev/apis/events-api/using-socket-mode describes it: each payload goes to one connection, and an
event that is not acknowledged is sent again, three times at most.
"""

import asyncio
import itertools
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from aion_bot.simulators.slack.http_delivery import NOT_SENT, HttpDelivery
from aion_bot.simulators.slack.state import APP


@dataclass(slots=True)
class Delivery:
    """One payload for the app; `envelopes` are the ids of the attempts so far.

    `sent` are the moments, in monotonic seconds, at which it was sent on a working connection; `over`: no further attempt
    follows.
    """

    kind: str
    payload: Mapping[str, Any]
    envelopes: list[str] = field(default_factory=list)
    acknowledged: bool = False
    sent: list[float] = field(default_factory=list)
    over: bool = False


class Sockets:
    """All connections of one app.

    `ack_timeout` is the time for an acknowledgement in seconds, `resend_delays` the pauses before each resend of an event,
    `disconnect_notice` the seconds for which Slack leaves a connection open after it announced its end. `changed` is called
    whenever something happened that a test may wait for. The next `invalid_tickets` tickets open no connection, and the next
    `connections_without_hello` connections get no hello; while `refusing_connections` none is opened. `app` is
    the id in `hello`. Until `reads_closes` is set, a connection that the app closes stays, and gets deliveries. With `http`
    everything goes over that.
    """

    def __init__(
        self, changed: Callable[[], None], *, ack_timeout: float, resend_delays: Sequence[float]
    ) -> None:
        self.deliveries: list[Delivery] = []
        self.http: HttpDelivery | None = None
        self.refusing_connections = False
        self.invalid_tickets = 0
        self.connections_without_hello = 0
        self.disconnect_notice = 10.0
        self.app = APP
        self.reads_closes = asyncio.Event()
        self.reads_closes.set()
        self.tickets: list[str] = []
        self.opened = 0
        self._connections: list[web.WebSocketResponse] = []
        self._half_open: set[web.WebSocketResponse] = set()
        self._announced: set[web.WebSocketResponse] = set()
        self._next = itertools.count()
        self._answers: dict[str, asyncio.Future[bool]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = changed
        self.ack_timeout = ack_timeout
        self._resend_delays = resend_delays

    @property
    def open(self) -> int:
        """The number of connections."""
        return len(self._connections)

    def ticket(self) -> str:
        """Issue a ticket for one connection."""
        if self.invalid_tickets:
            self.invalid_tickets -= 1
            return secrets.token_hex(8)
        self.tickets.append(secrets.token_hex(8))
        return self.tickets[-1]

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection, for the ticket in the path; each ticket opens one."""
        ticket = request.match_info["ticket"]
        if self.refusing_connections or ticket not in self.tickets:
            return web.Response(status=503 if self.refusing_connections else 408)
        self.tickets.remove(ticket)
        socket = web.WebSocketResponse(autoping=True, autoclose=False)
        await socket.prepare(request)
        self._connections.append(socket)
        self.opened += 1
        self._changed()
        try:
            await self._greet(socket)
            await self._read(socket)
            await self.reads_closes.wait()
        finally:
            self._forget(socket)
        await socket.close()
        return socket

    def deliver(self, kind: str, payload: Mapping[str, Any]) -> Delivery:
        """Send `payload` to the app: `kind` is `events_api` or `interactive`."""
        delivery = Delivery(kind, payload)
        self.deliveries.append(delivery)
        self._start(self._send_until_acknowledged(delivery))
        return delivery

    async def refresh(self, *numbers: int, reason: str = "refresh_requested") -> None:
        """Announce the end of connections, all or those of these numbers, as Slack does every few hours, and close them."""
        for socket in self._chosen(numbers):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {}})
            self._announced.add(socket)
            self._start(self._close_later(socket))

    async def send_raw(self, text: str) -> None:
        """Send a frame as it is over every connection."""
        for socket in self._connections:
            await socket.send_str(text)

    async def end_refresh(self) -> None:
        """Close the connections that `refresh` announced, before their notice is over.

        As after the notice, they get no more deliveries before, and what was sent over them can be acknowledged.
        """
        announced = [socket for socket in self._announced if not socket.closed]
        for socket in announced:
            self._forget(socket)
        if self._answers:
            await asyncio.wait(tuple(self._answers.values()))
        for socket in announced:
            await socket.close()

    def end_acknowledgement_time(self) -> None:
        """Let the time be over in which everything sent so far could be acknowledged."""
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(False)

    async def close(self, *numbers: int) -> None:
        """Close connections, all or those of these numbers, with a close frame."""
        for socket in self._chosen(numbers):
            await socket.close()

    async def abort(self, *numbers: int) -> None:
        """Break connections, all or those of these numbers."""
        for socket in self._chosen(numbers):
            transport = _transport(socket)
            if transport is not None:
                transport.abort()
            self._forget(socket)

    def make_half_open(self, *numbers: int) -> None:
        """Make connections half-open, all or those of these numbers: nothing passes any more, in either direction.

        Slack itself notices after a moment and gives them no more deliveries.
        """
        for socket in self._chosen(numbers):
            self._half_open.add(socket)
            transport = _transport(socket)
            if transport is not None:
                transport.pause_reading()
            self._start(self._forget_later(socket))

    async def stop(self) -> None:
        """End every delivery and connection."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.abort()
        if self.http is not None:
            await self.http.stop()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _chosen(self, numbers: Sequence[int]) -> Sequence[web.WebSocketResponse]:
        return [self._connections[number] for number in numbers] if numbers else tuple(self._connections)

    async def _close_later(self, socket: web.WebSocketResponse) -> None:
        await self._forget_later(socket)
        await asyncio.sleep(self.disconnect_notice / 2)
        await socket.close()

    async def _forget_later(self, socket: web.WebSocketResponse) -> None:
        """Give a connection no more deliveries after a moment."""
        await asyncio.sleep(self.disconnect_notice / 2)
        self._forget(socket)

    async def _greet(self, socket: web.WebSocketResponse) -> None:
        if self.connections_without_hello:
            self.connections_without_hello -= 1
            return
        await socket.send_json(self._hello())
        self._changed()

    def _hello(self) -> Mapping[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "connection_info": {"app_id": self.app},
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
        pauses = (0.0, *self._resend_delays) if delivery.kind == "events_api" else (0.0,)
        for attempt, pause in enumerate(pauses):
            await asyncio.sleep(pause)
            if await self._send(delivery, attempt):
                delivery.acknowledged = True
                break
        delivery.over = True
        self._changed()

    async def _send_over(self, http: HttpDelivery, delivery: Delivery, attempt: int) -> bool:
        """Send over HTTP. What a bot refused with 503, or was not reached by, counts as not sent."""
        delivery.envelopes.append(f"http-{attempt}")
        begun = time.monotonic()
        status = await http.send(delivery.kind, delivery.payload, attempt, self.ack_timeout)
        if status not in {503, NOT_SENT}:
            delivery.sent.append(begun)
        self._changed()
        return 200 <= status < 300

    async def _send(self, delivery: Delivery, attempt: int) -> bool:
        if self.http is not None:
            return await self._send_over(self.http, delivery, attempt)
        if not self._connections:
            return False
        socket = self._connections[next(self._next) % len(self._connections)]
        envelope = secrets.token_hex(16)
        delivery.envelopes.append(envelope)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._answers[envelope] = answer
        message = {
            "envelope_id": envelope,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            message |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
        try:
            if socket not in self._half_open:
                await socket.send_json(message)
                delivery.sent.append(time.monotonic())
            async with asyncio.timeout(self.ack_timeout):
                return await answer
        except (TimeoutError, ConnectionError):
            return False
        finally:
            self._answers.pop(envelope, None)


def _transport(socket: web.WebSocketResponse) -> asyncio.Transport | None:
    return socket._req.transport if socket._req is not None else None  # noqa: SLF001  # aiohttp has no public access to it
