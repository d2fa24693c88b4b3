"""A bot under a service manager that listens on `NOTIFY_SOCKET`, as systemd does for `Type=notify`."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program


async def _told(manager: socket.socket, state: str) -> list[str]:
    """Return what is told up to a state, that one included."""
    told = [""]
    async with asyncio.timeout(60):
        while told[-1] != state:
            told.append((await asyncio.get_running_loop().sock_recv(manager, 100)).decode())
    return told[1:]


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_service_manager_is_told_of_start_life_and_stop(idle: Bot, tmp_path: Path) -> None:
    """READY=1 once, with the database open; then WATCHDOG=1; STOPPING=1 at SIGTERM; the process ends with 0."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        program = Program(tmp_path)
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "100000"}
        await program.start({**idle.env(), **env})
        try:
            assert await _told(manager, "WATCHDOG=1") == ["READY=1", "WATCHDOG=1"]
            await program.prints("connected")
            program.send(signal.SIGTERM)
            assert set(await _told(manager, "STOPPING=1")) <= {"WATCHDOG=1", "STOPPING=1"}
            assert (await program.end())[0] == 0, program.output
        finally:
            await program.kill()
