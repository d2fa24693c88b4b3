"""Reads `aion-bot.toml` and the file of Aion's key again while the bot serves; running answers go on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain.rules import Rules, Section
from aion_bot.ports.settings import Problem
from aion_bot.runtime import service_manager

_log = structlog.get_logger(__name__)

ReadRules = Callable[[], tuple[Rules, Sequence[Problem]]]
"""Returns the rules of the file as it is now, and every problem with it."""

Rotate = Callable[[Mapping[str, str]], Awaitable[None]]
"""Reads the files that these variables name, and lets a new key take over."""


Changed = Callable[[], Awaitable[None]]
"""Does what new rules need."""


class Reloading:
    """Waits until it is `asked`, then reads the files; several requests meanwhile are one."""

    def __init__(self, env: Mapping[str, str], read: ReadRules) -> None:
        self.asked = asyncio.Event()
        self._env, self._read = env, read

    async def run(
        self, access: AccessControl, variables: Section, rotate: Rotate, changed: Changed | None = None
    ) -> None:
        """Serve until cancelled; `variables` hold where no section of the file names the key. `changed` is called after new rules."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            # systemd compares the time with that of its own request: sd_notify(3).
            service_manager.notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")
            try:
                if await self._reload(access, variables) and changed is not None:
                    await changed()
                await rotate(self._env)
            except Exception:  # noqa: BLE001  # the next request may find another file
                _log.exception("reload failed")
            service_manager.notify("READY=1")

    async def _reload(self, access: AccessControl, variables: Section) -> bool:
        """Put the rules of the file in force; one that does not hold is said in the log, and the old rules stay.

        Returns whether the rules of the file are in force.
        """
        rules, problems = await asyncio.to_thread(self._read)
        for problem in problems:
            _log.error("rules refused", place=problem.variable, mend=problem.mend)
        if not problems:
            access.rules = rules.with_variables(variables)
            access.changed.set()
            _log.info("rules", **access.rules.describe())
        return not problems
