"""The demo's page does what `/aion` can do, typed where people write and pressed where they read."""

import asyncio
import html
import re
from pathlib import Path

import aiohttp
import pytest

from aion_bot.domain import strings
from tests.demo.test_command import address, demo

pytestmark = pytest.mark.slow  # it starts the whole program

BUTTON = re.compile(r'name="press" value="([^"]*)"[^>]*>([^<]*)<')


class Browser:
    """One person in front of the page; `places` is what each side shows."""

    def __init__(self, http: aiohttp.ClientSession, page: str, side: str) -> None:
        self.http, self.page, self.side = http, page, side
        self.places = {"as": "Ada"}

    async def source(self) -> str:
        async with self.http.get(self.page, params=self.places) as answer:
            return await answer.text()

    async def sees(self, words: str, times: int = 1) -> None:
        async with asyncio.timeout(120):
            while html.unescape(await self.source()).count(words) < times:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.2)

    async def send(self, action: str, **form: str) -> None:
        headers = {"Origin": "/".join(self.page.split("/")[:3])}
        form = {**self.places, **form}
        async with self.http.post(
            self.page + action, data=form, headers=headers, allow_redirects=False
        ) as done:
            assert done.status == 303
            for side, place in re.findall(r"(slack|discord)=([^&]+)", done.headers["Location"]):
                self.places[side] = place

    async def says(self, words: str, shows: str) -> None:
        await self.send("say", side=self.side, words=words)
        await self.sees(shows)

    async def presses(self, label: str, shows: str) -> None:
        keys = [key for key, found in BUTTON.findall(await self.source()) if html.unescape(found) == label]
        await self.send("press", press=html.unescape(keys[-1]))
        await self.sees(shows)


@pytest.mark.parametrize("side", ["slack", "discord"])
async def test_every_command_works_on_the_page(tmp_path: Path, side: str) -> None:
    """A choice of documents with its buttons, an export, the list, a name, an end: each is shown to whoever typed it."""
    pipes = {"stdin": asyncio.subprocess.DEVNULL, "stdout": asyncio.subprocess.PIPE}
    async with demo(tmp_path, **pipes, stderr=asyncio.subprocess.DEVNULL) as program:
        assert program.stdout is not None
        page = await address(program.stdout)
        async with aiohttp.ClientSession() as http:
            ada = Browser(http, page, side)
            await ada.sees("the bot is connected", times=2)  # on both sides
            await ada.says("What is damaged on site 7?", "The last inspection already named the hoist")
            await ada.says("/aion context documents hoist gate", "1 document for ")
            await ada.presses(strings.pick(1, chosen=False), "all images, 1 document")
            await ada.presses(strings.CLEAR_CHOICE, "From now on I look at all images")
            await ada.says("/aion status", "Left in this conversation")
            await ada.says("/aion export json metadata", strings.EXPORTED)
            await ada.says("/aion sessions", strings.open_here(1))
            await ada.says("/aion rename Roof", "is now called")
            await ada.says("/aion close", strings.ENDED)
            await ada.says("/aion help", "These commands answer you alone")
