"""Another key of Aion's takes over while the bot serves."""

import asyncio
from collections.abc import Mapping

import structlog

from aion_bot.aion import AionVision
from aion_bot.aion.pictures import PictureReader
from aion_bot.config import Settings
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.diagnosis.aion import KEY
from aion_bot.keys.clients import KeyClients, asks
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.storage import recorded

_log = structlog.get_logger(__name__)


class KeyRotation:
    """Lets another key of Aion's take over, if a file holds one that Aion takes; the address and the rest stay."""

    def __init__(
        self, settings: Settings, aion: AionVision, reader: PictureReader,
        month: MonthAllowance | None = None, others: KeyClients | None = None,
    ) -> None:  # fmt: skip
        self.settings, self._aion, self._reader, self._month = settings, aion, reader, month
        self._others = others

    async def rotate(self, env: Mapping[str, str]) -> None:
        """Read the key's file, and those of other keys, and ask Aion about a new key; one that it does not take is refused in the log, and the old one stays."""
        if self._others is not None:
            await self._others.rotate(env)
        files = await asyncio.to_thread(read_secret_files, env, Settings.required())
        # Before anything is logged or asked with it.
        KNOWN.know(secrets_in(files.env))
        # A file that cannot be read leaves its variable unset: that would be a second line about the same.
        read, problems = (None, ()) if files.problems else Settings.read(files.env)
        for problem in (*files.problems, *problems):
            _log.error("key refused", variable=problem.variable, mend=problem.mend)
        if read is None or read.api_key == self.settings.api_key:
            return
        new = self.settings.model_copy(update={"api_key": read.api_key})
        if not await asks(new, KEY):
            return
        self.settings = new
        self._aion.use_key(new.api_key.get_secret_value())
        self._reader.use_settings(new)
        _log.info("key replaced", variable=KEY)
        if self._month is not None:
            await recorded(_log, self._month.use_key(new.api_key.get_secret_value()), "month")
