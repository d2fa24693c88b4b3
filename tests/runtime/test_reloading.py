"""Reading `aion-bot.toml` again while the bot serves."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain.rule_keys import FOOTER
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.events import Place
from aion_bot.ports.settings import Problem
from aion_bot.runtime.reloading import Reloading

HERE = Place("T1", "C1")
OLD, NEW = (Rules({FOOTER: Rule(value, "a file")}) for value in (False, True))


async def _next(manager: socket.socket) -> str:
    async with asyncio.timeout(60):
        return (await asyncio.get_running_loop().sock_recv(manager, 200)).decode()


@pytest.mark.slow
async def test_rules_are_replaced_and_bad_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file with a problem, and one whose reading fails, leave the old rules; the next good one holds.

    Each time a service manager is told RELOADING=1 with its time, then READY=1.
    """
    answers: list[tuple[Rules, Sequence[Problem]] | None] = [
        (NEW, [Problem("f, line 1", "mend it")]),
        None,
        (NEW, []),
    ]

    def read() -> tuple[Rules, Sequence[Problem]]:
        answer = answers.pop(0)
        if answer is None:
            raise RecursionError
        return answer

    async def rotate(_: Mapping[str, str]) -> None:
        """No key changes."""

    access, found = AccessControl({}, OLD), []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        reloading = Reloading({}, read)
        running = asyncio.create_task(reloading.run(access, {}, rotate))
        for _ in range(3):
            reloading.asked.set()
            state, _, time = (await _next(manager)).partition("\nMONOTONIC_USEC=")
            assert (state, time.isdecimal()) == ("RELOADING=1", True)
            assert await _next(manager) == "READY=1"
            found.append(access.rules.value(FOOTER, HERE))
        running.cancel()
    assert found == [False, False, True]


async def test_new_rules_are_told_of_and_refused_ones_are_not() -> None:
    """Whoever has to know what holds learns of each good file after it is in force; of a refused one nothing changes."""
    answers: list[tuple[Rules, Sequence[Problem]]] = [(NEW, [Problem("f, line 1", "mend it")]), (NEW, [])]
    access, ended, told_of = AccessControl({}, OLD), asyncio.Event(), list[object]()

    async def rotate(_: Mapping[str, str]) -> None:
        ended.set()

    async def changed() -> None:
        told_of.append(access.rules.value(FOOTER, HERE))

    reloading = Reloading({}, lambda: answers.pop(0))
    running = asyncio.create_task(reloading.run(access, {}, rotate, changed=changed))
    for told in ([], [True]):
        reloading.asked.set()
        async with asyncio.timeout(60):
            await ended.wait()
        ended.clear()
        assert told_of == told
    running.cancel()
