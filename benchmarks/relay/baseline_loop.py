"""The baseline: a loop that edits every second, whatever the limits, and tries again when it is refused."""

import asyncio
import json
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol

import discord
import httpx
import httpx_sse
from discord.http import Route
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.relay.loads import Place
from benchmarks.relay.platform import SentQuestion

PAUSE = 1.0
"""Seconds between two edits."""


class RefusedError(Exception):
    """The platform refuses requests for `pause` seconds."""

    def __init__(self, pause: float) -> None:
        super().__init__(pause)
        self.pause = pause


class PlatformClient(Protocol):
    """A real client. `page`: the characters that one message takes."""

    page: int

    async def open(self) -> None:
        """Log in."""

    async def close(self) -> None:
        """Let all connections go."""

    async def put(self, where: SentQuestion, message: str, text: str) -> str:
        """Post if there is no message yet, otherwise edit it; returns its id. Raises RefusedError."""


class SlackClient:
    """slack_sdk with its defaults."""

    page = 11_000

    def __init__(self, env: Mapping[str, str]) -> None:
        self._client = AsyncWebClient(token=env["SLACK_BOT_TOKEN"], base_url=env["SLACK_API_URL"])

    async def open(self) -> None:
        """Nothing: each call has a connection of its own."""

    async def close(self) -> None:
        """Nothing."""

    async def put(self, where: SentQuestion, message: str, text: str) -> str:
        body: dict[str, Any] = {"text": text[:3_000], "blocks": [{"type": "markdown", "text": text}]}
        try:
            if message:
                await self._client.chat_update(channel=where.channel, ts=message, **body)
                return message
            posted = await self._client.chat_postMessage(
                channel=where.channel, thread_ts=where.thread, **body
            )
            return str(posted["ts"])
        except SlackApiError as error:
            if error.response.status_code != 429:
                raise
            raise RefusedError(float(error.response.headers["Retry-After"])) from error


class DiscordClient:
    """discord.py with its defaults: it waits as the headers say, and tries again five times."""

    page = 2_000

    def __init__(self, env: Mapping[str, str]) -> None:
        Route.BASE = env["DISCORD_API_URL"]
        logging.getLogger("discord").setLevel(logging.CRITICAL)
        self._token = env["DISCORD_TOKEN"]
        self._client = discord.Client(intents=discord.Intents.none())

    async def open(self) -> None:
        await self._client.login(self._token)

    async def close(self) -> None:
        await self._client.close()

    async def put(self, where: SentQuestion, message: str, text: str) -> str:
        channel = self._client.get_partial_messageable(int(where.channel))
        try:
            if message:
                await channel.get_partial_message(int(message)).edit(content=text)
                return message
            return str((await channel.send(text)).id)
        except discord.HTTPException as error:
            if error.status != 429:
                raise
            raise RefusedError(PAUSE) from error


def platform_client(place: Place, env: Mapping[str, str]) -> PlatformClient:
    """Return the client for a place."""
    return DiscordClient(env) if place is Place.DISCORD else SlackClient(env)


class AnswerRelay:
    """Relays one answer from Aion to a thread."""

    def __init__(self, to: PlatformClient, where: SentQuestion) -> None:
        self._to = to
        self._where = where
        self._text = ""
        self._shown: list[tuple[str, str]] = []

    async def run(self, aion: httpx.AsyncClient, question: str) -> None:
        """Relay the answer to its end."""
        reading = asyncio.ensure_future(self._read(aion, question))
        try:
            await self._show("…")
            while not reading.done():
                await asyncio.wait([reading], timeout=PAUSE)
                if self._text:
                    await self._show(self._text)
            await reading
            await self._show(self._text)
        finally:
            reading.cancel()

    async def _read(self, aion: httpx.AsyncClient, question: str) -> None:
        session = (await aion.post("chat/sessions", json={})).json()["session_id"]
        path = f"chat/sessions/{session}/messages/stream"
        async with httpx_sse.aconnect_sse(aion, "POST", path, json={"message": question}) as source:
            async for event in source.aiter_sse():
                if event.event == "token":
                    self._text += json.loads(event.data)["content"]

    async def _show(self, text: str) -> None:
        """Update all messages, one request after the other."""
        for number, page in enumerate(_pages(text, self._to.page)):
            message, shown = self._shown[number] if number < len(self._shown) else ("", "")
            if shown != page:
                message = await self._put(message, page)
                self._shown[number : number + 1] = [(message, page)]

    async def _put(self, message: str, page: str) -> str:
        while True:
            try:
                return await self._to.put(self._where, message, page)
            except RefusedError as refused:
                await asyncio.sleep(refused.pause)


def _pages(text: str, size: int) -> Sequence[str]:
    """Split a text between words."""
    pages = []
    while len(text) > size:
        cut = text.rindex(" ", 0, size) + 1
        pages.append(text[:cut])
        text = text[cut:]
    return [*pages, text]


class BaselineLoops:
    """All answers of one process, with one connection pool to Aion, and one client of the platform."""

    def __init__(self, place: Place, env: Mapping[str, str]) -> None:
        self._to = platform_client(place, env)
        headers = {"Authorization": f"Bearer {env['AIONVISION_API_KEY']}"}
        limits = httpx.Limits(max_connections=None)
        address = f"{env['AIONVISION_BASE_URL']}/"
        self._aion = httpx.AsyncClient(
            base_url=address, headers=headers, limits=limits, timeout=60.0, trust_env=False
        )
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "BaselineLoops":
        await self._to.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._aion.aclose()
        await self._to.close()

    def relay(self, where: SentQuestion, question: str) -> None:
        """Start relaying an answer."""
        self._start(AnswerRelay(self._to, where).run(self._aion, question))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._running.add(asyncio.create_task(work))

    @property
    def at_rest(self) -> bool:
        """Whether all answers have ended, with or without an error."""
        return all(task.done() for task in self._running)

    @property
    def failures(self) -> Sequence[str]:
        """The errors that ended answers early."""
        ended = [task for task in self._running if task.done() and not task.cancelled()]
        return [repr(error) for task in ended if (error := task.exception()) is not None]
