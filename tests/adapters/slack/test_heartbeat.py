"""The heartbeat of a WebSocket: what a pause of the process must not cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import aiohttp
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from adapters.slack.envelopes import ACKNOWLEDGED, EnvelopeApp
from adapters.slack.socket_mode import SocketConnection
from tests.adapters.slack.conftest import HASTE

TIMES = replace(HASTE, heartbeat=0.1)
ANSWERS = web.AppKey("answers", list)
PRESS = {"envelope_id": "e1", "payload": {"type": "block_actions"}}


@dataclass(slots=True)
class RecordingApp:
    """Acknowledges every envelope and keeps its payload."""

    payloads: list[Any] = field(default_factory=list)

    async def receive(self, payload: Mapping[str, Any]) -> int:
        self.payloads.append(payload)
        return ACKNOWLEDGED


async def pausing(request: web.Request) -> web.StreamResponse:
    """Answer the first ping and send a press; then let the process pause for longer than an answer may take."""
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    await socket.send_json({"type": "hello", "num_connections": 1})
    async for frame in socket:
        if frame.type is WSMsgType.PING:
            await socket.pong(frame.data)
            await socket.send_json(PRESS)
            time.sleep(TIMES.heartbeat)  # noqa: ASYNC251  # neither side runs, as when the machine is suspended
        elif frame.type is WSMsgType.TEXT:
            break  # the press is acknowledged
    await socket.close()
    return socket


async def pinging(request: web.Request) -> web.StreamResponse:
    """Ping as Slack does, and close the connection once that is answered."""
    socket = web.WebSocketResponse(autoping=False)
    await socket.prepare(request)
    await socket.send_json({"type": "hello", "num_connections": 1})
    await socket.ping(b"Ping from applink-1")
    async for frame in socket:
        if frame.type is WSMsgType.PONG:
            request.app[ANSWERS].append(frame.data)
            break
    await socket.close()
    return socket


async def test_pings_of_slack_are_answered() -> None:
    """Slack closes a connection that does not answer its pings."""
    served = web.Application()
    served[ANSWERS] = []
    served.router.add_get("/", pinging)
    async with TestServer(served, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        connection = SocketConnection(cast("EnvelopeApp", RecordingApp()), replace(TIMES, heartbeat=60.0))
        await connection.open(session, str(server.make_url("/")), None)
        await connection.replace.wait()
        await connection.close()
    assert served[ANSWERS] == [b"Ping from applink-1"]


async def test_a_press_that_arrives_during_a_pause_of_the_process_is_not_lost() -> None:
    """Slack sends a press once. After a pause its answer to a ping and the press behind it are there, and both count."""
    served, app = web.Application(), RecordingApp()
    served.router.add_get("/", pausing)
    async with TestServer(served, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        connection = SocketConnection(cast("EnvelopeApp", app), TIMES)
        await connection.open(session, str(server.make_url("/")), None)
        await connection.replace.wait()
        await connection.close()
    assert app.payloads == [PRESS["payload"]]
