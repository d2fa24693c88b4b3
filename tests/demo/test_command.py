"""`aion-bot demo` as a process."""

import asyncio
import fcntl
import logging
import os
import re
import signal
import socket
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from typer.testing import CliRunner

from aion_bot import log_config
from aion_bot.cli import program
from aion_bot.concurrency.signals import default_again
from aion_bot.demo import modes
from aion_bot.demo.bot_process import BotProcess
from aion_bot.simulators.services import SimulatedServices

pytestmark = pytest.mark.slow  # each starts whole programs

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demo(folder: Path, **streams: Any) -> AsyncIterator[asyncio.subprocess.Process]:
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
    async with asyncio.timeout(60):
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
        async with asyncio.timeout(60):
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
                async with asyncio.timeout(60):
                    await screen.readuntil(b"inspection_site7.pdf")
                terminal.write(b"/quit\n")
                async with asyncio.timeout(60):
                    assert await process.wait() == 0
            finally:
                loop.remove_reader(ours)


def own_terminal() -> None:
    """Make standard input the controlling terminal of a new session, so that Ctrl-C reaches the process."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


async def test_ctrl_c_ends_the_demo_while_a_line_is_half_typed(tmp_path: Path) -> None:
    """In a terminal Ctrl-C ends the demo with status 0 and without Enter, also behind half a line."""
    ours, theirs = os.openpty()
    screen = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    with os.fdopen(ours, "r+b", buffering=0) as terminal:
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        async with demo(tmp_path, **streams, preexec_fn=own_terminal) as process:
            loop.add_reader(ours, lambda: screen.feed_data(os.read(ours, 4096)))
            try:
                async with asyncio.timeout(60):
                    await screen.readuntil(b"Ada> ")
                terminal.write(b"half a quest\x03")
                async with asyncio.timeout(60):
                    assert await process.wait() == 0
            finally:
                loop.remove_reader(ours)
                os.close(theirs)
        screen.feed_eof()
        assert b"Traceback" not in await screen.read()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_work_and_its_cleaning_up(end: signal.Signals) -> None:
    """Work that a signal ends is cancelled, cleans up, and has no result."""
    cleaned = []

    async def work() -> bool:
        try:
            os.kill(os.getpid(), end)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(end)
        return True

    try:
        assert await modes.until_signal(work()) is None
    finally:
        for one in (signal.SIGTERM, signal.SIGINT):
            default_again(one)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.disable(logging.NOTSET)
    assert cleaned == [end]


async def test_a_closed_input_is_no_terminal(
    services: SimulatedServices, idle: BotProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With standard input and output closed before the start the page is served."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", None)
    serving = asyncio.create_task(modes.serve(services, idle, 0))
    done, _ = await asyncio.wait({serving}, timeout=0.05)
    serving.cancel()
    assert not done


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_number_that_is_no_port_is_refused(port: str) -> None:
    """A port outside 0 to 65535 is a mistake in the command line: status 2, before anything starts."""
    ended = CliRunner().invoke(program, ["demo", "--port", port])
    assert ended.exit_code == 2
    assert "--port" in ended.output


def test_a_port_in_use_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that somebody else listens on ends the demo with one sentence and status 2."""
    monkeypatch.setattr(log_config, "configure", lambda *_: None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = CliRunner().invoke(program, ["demo", "--port", str(port)])
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert f"--port: {port} cannot be served (Address already in use)" in ended.stderr
