"""`aion-bot demo` as a process."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demo(folder: Path, **streams: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo on a free port, in a folder and an environment without settings."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aion_bot", "demo", "--port", "0"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        **streams,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address(lines: asyncio.StreamReader) -> str:
    """The address that it prints."""
    async with asyncio.timeout(20):
        async for line in lines:
            if found := re.search(r"http://127\.0\.0\.1:\d+/[\w-]+/", line.decode()):
                return found[0]
    raise AssertionError("no address was printed")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_without_a_terminal_it_serves_until_a_signal(tmp_path: Path, end: signal.Signals) -> None:
    """The printed address serves the page; a signal ends the demo with status 0 and no error."""
    async with demo(
        tmp_path,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        where = await address(process.stdout)
        async with aiohttp.ClientSession() as http, http.get(where) as answer:
            assert answer.status == 200
        process.send_signal(end)
        async with asyncio.timeout(30):
            _, complaints = await process.communicate()
        assert process.returncode == 0
        assert complaints == b""


async def test_a_terminal_accepts_questions_beside_the_page(tmp_path: Path) -> None:
    """Typed questions are asked while the page is served; /quit ends the demo with status 0."""
    ours, theirs = os.openpty()
    screen = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        async with demo(tmp_path, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            loop.add_reader(ours, lambda: screen.feed_data(os.read(ours, 4096)))
            try:
                await address(screen)
                terminal.write(b"What is damaged on site 7?\n")
                async with asyncio.timeout(20):
                    await screen.readuntil(b"inspection_site7.pdf")
                terminal.write(b"/quit\n")
                async with asyncio.timeout(30):
                    assert await process.wait() == 0
            finally:
                loop.remove_reader(ours)
