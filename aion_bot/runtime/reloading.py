"""Reads `aion-bot.toml` and the files of secrets again while the bot serves; running answers go on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain.rules import Rules, Section
from aion_bot.ports.settings import Problem
from aion_bot.runtime import service_manager

_log = structlog.get_logger(__name__)

ReadRules = Callable[[], tuple[Rules, Sequence[Problem]]]
"""Returns the rules of the file as it is now, and every problem with it."""

Rotate = Callable[[Mapping[str, str]], Awaitable[None]]
"""Reads the files that these variables name, and lets new secrets take over."""


Changed = Callable[[], Awaitable[None]]
"""Does what new rules need."""


class Reloading:
    """Waits until it is `asked`, then reads the files; several requests meanwhile are one."""

    def __init__(self, env: Mapping[str, str], read: ReadRules) -> None:
        self.asked = asyncio.Event()
        self.env, self._read = env, read

    async def run(
        self, access: AccessControl, variables: Section, *rotate: Rotate, changed: Changed | None = None
    ) -> None:
        """Serve until cancelled; `variables` hold where no section of the file names the key. `changed` is called after new rules."""
        steps: list[Callable[[], Awaitable[None]]] = [partial(self._reload, access, variables, changed)]
        steps += [partial(one, self.env) for one in rotate]
        while True:
            await self.asked.wait()
            # Before the files are read: one that is written meanwhile is read by the next request.
            self.asked.clear()
            # systemd compares the time with that of its own request: sd_notify(3).
            service_manager.notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")
            for step in steps:
                try:
                    await step()
                except Exception:  # noqa: BLE001  # the next request may find another file
                    _log.exception("reload failed")
            service_manager.notify("READY=1")

    async def _reload(self, access: AccessControl, variables: Section, changed: Changed | None) -> None:
        """Put the rules of the file in force; one that does not hold is said in the log, and the old rules stay."""
        rules, problems = await asyncio.to_thread(self._read)
        for problem in problems:
            _log.error("rules refused", place=problem.variable, mend=problem.mend)
        if not problems:
            access.rules = rules.with_variables(variables)
            access.changed.set()
            _log.info("rules", **access.rules.describe())
            if changed is not None:
                await changed()
