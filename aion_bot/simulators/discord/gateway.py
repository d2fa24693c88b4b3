"""The gateway: sessions that identify, resume, and receive events."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from aion_bot.simulators.discord import payloads
from aion_bot.simulators.discord.model import World
from aion_bot.simulators.discord.shards import Shard, Starts, shard_of

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
GUILD_REACTIONS, DIRECT_REACTIONS = 1 << 10, 1 << 13
ALWAYS = 0
"""Events that need no intent, such as interactions."""
DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, MEMBERS, INVALID, HELLO, ACKNOWLEDGED = (
    0,
    1,
    2,
    3,
    6,
    8,
    9,
    10,
    11,
)
AUTHENTICATION_FAILED, INVALID_SHARD, SHARDING_REQUIRED, DISALLOWED_INTENTS = 4004, 4010, 4011, 4014
HEARTBEAT_EVERY = 41.25
"""Seconds."""


@dataclass(slots=True)
class Session:
    """The events of one client, so that it can resume. `socket` is None while it is disconnected."""

    id: str
    intents: int
    shard: Shard | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    socket: web.WebSocketResponse | None = None
    outgoing: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)


class Gateway:
    """All sessions.

    `tokens` are those of the bot that hold now, `message_content` the switch in the developer portal, `described` the body of
    `GET /gateway/bot`. `refusing_connections` answers each with 503. `dropping_events` sends no event, then or later.
    `unresponsive`: nothing is answered once a session has begun, not even a close. `zombied` (Discord's word for a connection
    without heartbeat acknowledgements): heartbeats are not acknowledged and no events are sent, but a close is answered.
    `heartbeat_every` is the heartbeat interval in seconds. `written` is called with each event that was sent.
    """

    def __init__(self, world: World, token: str, *, message_content: bool) -> None:
        self._world = world
        self.tokens = {token}
        self.message_content = message_content
        self._sockets: dict[web.WebSocketResponse, web.Request] = {}
        self.sessions: dict[str, Session] = {}
        self.described: dict[str, Any] = {
            "url": "",
            "shards": 1,
            "session_start_limit": {
                "total": 1_000,
                "remaining": 1_000,
                "reset_after": 0,
                "max_concurrency": 1,
            },
        }
        self.starts = Starts(self.described)
        self.refusing_connections = False
        self.dropping_events = False
        self.unresponsive = False
        self.zombied = False
        self.heartbeats = 0
        """Heartbeats that arrived."""
        self.statuses = self.members_told = 0
        """Changes of the bot's status, and questions about members that were answered."""
        self.heartbeat_every = HEARTBEAT_EVERY
        self.written: Callable[[Mapping[str, Any]], None] = lambda _: None
        self.identified = 0
        self.resumed = 0
        self.changed = asyncio.Event()

    @property
    def listening(self) -> list[Session]:
        """The sessions with a client at the other end."""
        return [session for session in self.sessions.values() if session.socket is not None]

    def dispatch(self, kind: str, data: Mapping[str, Any], intent: int) -> None:
        """Send an event to every session with its intent and its server, now or when the session resumes."""
        for session in [] if self.dropping_events else self.sessions.values():
            if intent and not session.intents & intent:
                continue
            if session.shard is not None and session.shard.number != shard_of(kind, data, session.shard.of):
                continue
            shown = data
            if "content" in data and not session.intents & MESSAGE_CONTENT:
                shown = payloads.without_content(data, self._world.bot.id)
            self._send_event(session, kind, shown)
        self.changed.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        if self.refusing_connections:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets[socket] = request
        writer: asyncio.Task[None] | None = None
        try:
            await socket.send_json(
                {"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_every * 1000)}}
            )
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    continue
                message = json.loads(frame.data)
                if message["op"] == HEARTBEAT:
                    self.heartbeats += 1
                    if not self.zombied:
                        await socket.send_json({"op": ACKNOWLEDGED})
                elif message["op"] in {MEMBERS, PRESENCE}:
                    self._serve_session(socket, message["op"], message["d"])
                elif (session := await self._begin(socket, message)) is not None:
                    writer = asyncio.create_task(self._write(session, socket))
                    if self.unresponsive:
                        await asyncio.Event().wait()
        finally:
            self._leave(socket)
            if writer is not None:
                writer.cancel()
        return socket

    async def drop(self, code: int | None = None) -> None:
        """Close every connection: with a close code, or by breaking it."""
        for socket, request in list(self._sockets.items()):
            if code is not None:
                await socket.close(code=code)
            elif request.transport is not None:
                request.transport.abort()

    async def send_raw(self, text: str) -> None:
        """Send a frame as it is to every session."""
        for session in self.listening:
            if session.socket is not None:
                await session.socket.send_str(text)

    async def invalidate(self) -> None:
        """Delete the sessions and report it: their missed events are lost (op 9)."""
        forgotten = self.listening
        self.sessions.clear()  # before the sends: a session that begins during them stays
        for session in forgotten:
            if session.socket is not None:
                await session.socket.send_json({"op": INVALID, "d": False})

    async def stop(self) -> None:
        """Close every connection and delete the sessions."""
        for socket in list(self._sockets):
            await socket.close(code=1001)
        self.sessions.clear()

    def _serve_session(self, socket: web.WebSocketResponse, asks: int, about: Mapping[str, Any]) -> None:
        session = next((one for one in self.sessions.values() if one.socket is socket), None)
        if session is not None and asks == MEMBERS:
            self._tell_members(session, about)
        elif session is not None:
            self.statuses += 1
            self._world.status = next((one["state"] for one in about["activities"]), "")
            self.changed.set()

    def _tell_members(self, session: Session, asked: Mapping[str, Any]) -> None:
        """Tell which of a hundred people at most are in a server (Discord's documentation, *Request Guild Members*)."""
        server, world = asked["guild_id"], self._world
        people = [world.find_user(str(one)) for one in asked["user_ids"][:100]]
        found = [one for one in people if one is not None and (str(server), one.id) not in world.absent]
        members = [payloads.member(world.roles_of(one.id)) | {"user": payloads.user(one)} for one in found]
        told = {
            "guild_id": server,
            "members": members,
            "chunk_index": 0,
            "chunk_count": 1,
            "nonce": asked["nonce"],
        }
        self.members_told += 1
        self._send_event(session, "GUILD_MEMBERS_CHUNK", told)

    def _send_event(self, session: Session, kind: str, data: Mapping[str, Any]) -> None:
        event = {"op": DISPATCH, "t": kind, "s": len(session.events) + 1, "d": dict(data)}
        session.events.append(event)
        if session.socket is not None and not self.zombied:
            session.outgoing.put_nowait(event)

    async def _begin(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> Session | None:
        data = message["d"]
        if message["op"] not in {IDENTIFY, RESUME}:
            return None
        if data["token"] not in self.tokens:
            await socket.close(code=AUTHENTICATION_FAILED, message=b"Authentication failed.")
            return None
        return await (self._identify if message["op"] == IDENTIFY else self._resume)(socket, data)

    async def _identify(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        intents = int(data["intents"])
        if intents & MESSAGE_CONTENT and not self.message_content:
            await socket.close(code=DISALLOWED_INTENTS, message=b"Disallowed intent(s).")
            return None
        shard = Shard(*data["shard"]) if "shard" in data else None
        refused = self._refusal(shard)
        if refused is not None:
            await socket.close(code=refused)
            return None
        if not self.starts.take(shard):
            await socket.send_json({"op": INVALID, "d": False})
            return None
        self.identified += 1
        session = Session(secrets.token_hex(8), intents, shard, socket=socket)
        self.sessions[session.id] = session
        self._send_event(session, "READY", self._ready(session))
        if intents & GUILDS:
            for server in self._servers_of(session):
                self._send_event(session, "GUILD_CREATE", payloads.guild(self._world, server))
        self.changed.set()
        return session

    async def _resume(self, socket: web.WebSocketResponse, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data["session_id"])
        if session is None:
            await socket.send_json({"op": INVALID, "d": False})
            return None
        self.resumed += 1
        session.outgoing = asyncio.Queue()
        for event in session.events[int(data["seq"] or 0) :]:
            session.outgoing.put_nowait(event)
        session.socket = socket
        self._send_event(session, "RESUMED", {})
        self.changed.set()
        return session

    def _refusal(self, shard: Shard | None) -> int | None:
        """Return the close code of a shard that there is not, or of too few of them for so many servers."""
        if shard is not None and not 0 <= shard.number < shard.of:
            return INVALID_SHARD
        return SHARDING_REQUIRED if (1 if shard is None else shard.of) < self.starts.fewest_shards else None

    def _servers_of(self, session: Session) -> list[str]:
        """The servers whose events a session gets."""
        servers, shard = self._world.servers, session.shard
        return [
            one
            for one in servers
            if shard is None or shard.number == shard_of("GUILD_CREATE", {"id": one}, shard.of)
        ]

    def _ready(self, session: Session) -> dict[str, Any]:
        shard = {} if session.shard is None else {"shard": [session.shard.number, session.shard.of]}
        return shard | {
            "v": 10,
            "user": payloads.user(self._world.bot, bot=True),
            "guilds": [{"id": server, "unavailable": True} for server in self._servers_of(session)],
            "session_id": session.id,
            "resume_gateway_url": self.described["url"],
            "application": {"id": self._world.application, "flags": 0},
        }

    async def _write(self, session: Session, socket: web.WebSocketResponse) -> None:
        """Send the session's events in order until the socket closes."""
        while not socket.closed:
            event = await session.outgoing.get()
            try:
                await socket.send_json(event)
            except ConnectionResetError:
                return
            self.written(event)

    def _leave(self, socket: web.WebSocketResponse) -> None:
        self._sockets.pop(socket, None)
        for session in self.sessions.values():
            if session.socket is socket:
                session.socket = None
        self.changed.set()
