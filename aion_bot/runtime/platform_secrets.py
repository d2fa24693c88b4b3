"""Other secrets of the platforms take over while the bot serves."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.ports.secret_rotation import TakesSecrets
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import Problem
from aion_bot.runtime.supervisor import RefusedPlatforms

_log = structlog.get_logger(__name__)


class PlatformSecrets:
    """Lets other secrets of the platforms take over, if files hold some that the platforms take."""

    def __init__(
        self, adapters: Sequence[PlatformAdapter | HostedPlatform], refused: RefusedPlatforms
    ) -> None:
        self._adapters, self._refused = adapters, refused

    async def rotate(self, env: Mapping[str, str]) -> None:
        """Read each platform's files, and ask it about new secrets; what it refuses is said in the log, and the old ones stay."""
        await asyncio.gather(*(self._rotate(one, env) for one in self._adapters))

    async def _rotate(self, adapter: PlatformAdapter | HostedPlatform, env: Mapping[str, str]) -> None:
        if not isinstance(adapter, TakesSecrets):
            return
        log = _log.bind(platform=adapter.platform)
        files = await asyncio.to_thread(read_secret_files, env, adapter.secrets)
        # Before anything is asked or said: the old ones stay known, so neither ever shows in a log.
        KNOWN.know(secrets_in(files.env))
        replaced: Sequence[str] = ()
        problems: Sequence[Problem] = files.problems
        if not problems:
            try:
                replaced, problems = await adapter.take_secrets(files.env)
            except PlatformError as error:
                names, mend = ", ".join(adapter.secrets), strings.secret_not_checked(str(error))
                log.error("key refused", variable=names, mend=mend)  # noqa: TRY400  # it says what to do
                return
        for problem in problems:
            log.error("key refused", variable=problem.variable, mend=problem.mend)
        for variable in replaced:
            log.info("key replaced", variable=variable)
        if not problems:
            self._refused.may_listen(adapter.platform)
