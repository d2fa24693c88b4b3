"""The pictures of the README and of the other pages: of the demo's page while it is used, and of the tour's file.

`python -m tests.demo.pictures TOUR FOLDER` starts the demo of its own.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from tests.demo.animation import animated
from tests.demo.chromium import ABSENT, BROWSER, Tab, tab

PLAN = "#step-2"
"""The step of the tour with a plan."""

WIDTH = 1120
SCALE = 1.5
MARGIN = 18

LIVE, MOVING = (1320, 1000), (1240, 800)
"""CSS pixels of the page in the still picture of it, and in the animated one."""
EVERY = 0.4
"""Seconds between two frames at least; a frame that shows nothing new is left out."""
QUALITY = 62
LAST = 2_500
"""Milliseconds that the last frame stays."""

_LOADED = (
    "(log => log.querySelectorAll('img').length > 2 && [...log.querySelectorAll('img')].every(one => one.complete))"
    "(document.querySelector('#slack-log'))"
)


@asynccontextmanager
async def demo() -> AsyncIterator[str]:
    """The address of a demo."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "aion_bot", "demo"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def of_the_tour(browser: Tab, address: str) -> bytes:
    """Take a plan that ended."""
    await browser.resize(WIDTH, 800, dark=True, scale=SCALE)
    await browser.go(address)
    return await browser.picture(PLAN, margin=MARGIN)


async def of_the_page(browser: Tab, address: str) -> bytes:
    """Take an answer that grows under the pictures of the one before, beside a plan that waits for its decision."""
    await browser.resize(*LIVE, scale=SCALE)
    await browser.go(address)
    await browser.until("document.querySelectorAll('.online').length === 2")
    await browser.click("#slack .suggestions button:nth-of-type(1)")
    await browser.click("#discord .suggestions button:nth-of-type(4)")
    await browser.until(_LOADED)
    await browser.until("document.querySelector('#discord-log button.primary') !== null")
    await browser.evaluate("(document.querySelector('#slack-words').focus(), 1)")
    await browser.type("Which of them is the most urgent?")
    await browser.key("Enter", "\r")
    await browser.until("document.querySelector('#slack-log').innerText.includes('nobody should ride')")
    return await browser.picture("body")


async def of_the_commands(browser: Tab, address: str) -> bytes:
    """Take `/aion` on both sides: documents to choose beside what is left of a conversation."""
    await browser.resize(*LIVE, scale=SCALE)
    await browser.go(address)
    await browser.until("document.querySelectorAll('.online').length === 2")
    for side, words, shows in (
        ("slack", "/aion context documents site 7 hoist gate", "Add 1"),
        ("discord", "/aion status", "Left in this"),
    ):
        await browser.click(f"#{side} .suggestions button:nth-of-type(2)")
        await browser.until(f"document.querySelector('#{side}-log').innerText.includes('Both are due')")
        await browser.evaluate(f"(document.querySelector('#{side}-words').focus(), 1)")
        await browser.type(words)
        await browser.key("Enter", "\r")
        await browser.until(f"document.querySelector('#{side}-log').innerText.includes('{shows}')")
    return await browser.picture("body")


async def of_the_rest(browser: Tab, address: str) -> bytes:
    """Take a private answer with *Share* beside a cancelled plan with *Ask for another plan* and a question that waits."""
    await browser.resize(*LIVE, scale=1)
    await browser.go(address)
    await browser.until("document.querySelectorAll('.online').length === 2")
    await _say(browser, "slack", "/aion ask What does the safety report say?")
    await browser.until("document.querySelector('#slack').innerText.includes('direct messages')")
    await _open(browser, "slack", "What does the safety")
    await _shows(browser, "slack", "Share")
    await browser.click("#discord .suggestions button:nth-of-type(4)")
    await browser.until("document.querySelector('#discord-log button.primary') !== null")
    await _press(browser, "discord", "Cancel")
    await _shows(browser, "discord", "Ask for another plan")
    for words in ("Which of them is the most urgent?", "Who inspected them?"):
        await _say(browser, "discord", words)
    await _shows(browser, "discord", "Withdraw")
    return await browser.picture("body")


async def _say(browser: Tab, side: str, words: str) -> None:
    await browser.evaluate(f"(document.querySelector('#{side}-words').focus(), 1)")
    await browser.type(words)
    await browser.key("Enter", "\r")
    await browser.until(f"document.querySelector('#{side}-words').value === ''")


async def _shows(browser: Tab, side: str, words: str) -> None:
    await browser.until(f"document.querySelector('#{side}-log').innerText.includes('{words}')")


async def _press(browser: Tab, side: str, label: str) -> None:
    one = f"[...document.querySelectorAll('#{side}-log button')].find(one => one.innerText.trim() === '{label}')"
    await browser.evaluate(f"({one}.click(), 1)")


async def _open(browser: Tab, side: str, name: str) -> None:
    """Open a place by words of its name."""
    one = f"[...document.querySelectorAll('#{side} nav a')].find(one => one.innerText.includes('{name}'))"
    await browser.until(f"{one} !== undefined")
    await browser.evaluate(f"({one}.click(), 1)")


async def moving(browser: Tab, address: str) -> bytes:
    """Take the same while it happens, on to the end of the plan."""
    await browser.resize(*MOVING)
    await browser.go(address)
    await browser.until("document.querySelectorAll('.online').length === 2")
    frames: list[tuple[bytes, float]] = []

    async def record() -> None:
        while True:
            shot = await browser.picture("body", kind="webp", quality=QUALITY)
            if not frames or frames[-1][0] != shot:
                frames.append((shot, time.monotonic()))
            await asyncio.sleep(EVERY)

    recording = asyncio.create_task(record())
    await browser.click("#slack .suggestions button:nth-of-type(1)")
    await browser.until(_LOADED)
    await browser.click("#discord .suggestions button:nth-of-type(4)")
    await browser.until("document.querySelector('#discord-log button.primary') !== null")
    await asyncio.sleep(2)
    await browser.click("#discord-log button.primary")
    await browser.until("document.querySelector('#discord-log').innerText.includes('says how it went')")
    await asyncio.sleep(2 * EVERY)
    recording.cancel()
    times = [at for _, at in frames]
    shown = [round(1000 * (after - at)) for at, after in pairwise(times)] + [LAST]
    return animated([(frame, milliseconds) for (frame, _), milliseconds in zip(frames, shown, strict=True)])


async def take(tour: str) -> dict[str, bytes]:
    """Take all of them, by the names of their files."""
    async with tab() as browser:
        taken = {"plan.png": await of_the_tour(browser, tour)}
        for name, picture in (
            ("demo.png", of_the_page),
            ("demo.webp", moving),
            ("commands.png", of_the_commands),
            ("private.png", of_the_rest),
        ):
            async with demo() as address:
                taken[name] = await picture(browser, address)
    return taken


if __name__ == "__main__":
    if BROWSER is None:
        sys.exit(ABSENT)
    for name, content in asyncio.run(take(Path(sys.argv[1]).resolve().as_uri())).items():
        Path(sys.argv[2], name).write_bytes(content)
