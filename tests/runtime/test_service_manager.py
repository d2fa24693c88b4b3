"""systemd's protocol: what a service manager is told over its socket."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aion_bot.runtime.service_manager import announced, notify


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A service manager's socket, which `NOTIFY_SOCKET` names."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


async def _next(manager: socket.socket) -> str:
    async with asyncio.timeout(60):
        return (await asyncio.get_running_loop().sock_recv(manager, 100)).decode()


async def test_signs_of_life_follow_the_readiness(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """READY=1 comes first, then WATCHDOG=1 again and again for as long as the bot serves."""
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    async with announced():
        assert [await _next(manager) for _ in range(4)] == ["READY=1", *["WATCHDOG=1"] * 3]


async def test_no_sign_of_life_is_sent_where_none_is_wanted(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `WATCHDOG_USEC`, with one that is no number, and with that of another process."""
    for period, process in (None, None), ("soon", None), ("1000", "1"):
        for name, value in ("WATCHDOG_USEC", period), ("WATCHDOG_PID", process):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        async with announced():
            assert await _next(manager) == "READY=1"
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            manager.recv(100)


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all", "@aion-bot-nobody", "/" + "x" * 500])
def test_a_service_manager_that_does_not_listen_is_no_error(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Nor is an address that is none."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("READY=1")


async def test_an_abstract_socket_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """An @ stands for the zero byte with which the name of an abstract socket begins."""
    name = f"aion-bot-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("STOPPING=1")
        assert await _next(listener) == "STOPPING=1"
