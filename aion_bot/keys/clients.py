"""A client of Aion's for each key that `aion-bot.toml` names beside the main one, made when it is first needed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog
from pydantic import SecretStr

from aion_bot.aion import AionVision, AionvisionError
from aion_bot.aion.pictures import PictureReader
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.config import Settings, read_key
from aion_bot.conversation.aion_keys import AionKeys
from aion_bot.conversation.gallery import Pictures
from aion_bot.conversation.library import SharedUploads
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.conversation.services import Services
from aion_bot.diagnosis.aion import PATIENCE, call, trouble
from aion_bot.storage import recorded

_log = structlog.get_logger(__name__)

_NO_KEY = "none_00000000000000000000"
"""Sent where a variable has no key any more: Aion refuses it, and people are told as of every refused key."""


class KeyClients:
    """The clients of one process. `watch` is told of each new one; `check`: whether Aion is asked at once about each key."""

    def __init__(
        self,
        settings: Settings,
        env: Mapping[str, str],
        watch: Callable[[AionVision], None],
        *,
        check: bool,
    ) -> None:
        self._settings, self._env, self._watch, self._check = settings, env, watch, check
        self._opened: dict[str, tuple[str, Services, PictureReader]] = {}
        self._tasks = BackgroundTasks()

    async def connected(self, main: Services) -> Services:
        """Return the services of the main key, which know the others."""
        keys = AionKeys(self._open, several=await main.store.session_keys.any())
        services = keys.in_use[""] = replace(main, keys=keys)
        for variable in main.access.rules.aion_keys():
            # Now, though it is needed later: what is wrong with a key is said at the start.
            keys.of(variable)
        return services

    def _open(self, variable: str, main: Services) -> Services:
        key, problem = read_key(variable, self._env)
        if problem:
            _log.error("key refused", variable=variable, mend=problem)
        settings = _with_key(self._settings, key or _NO_KEY)
        aion, reader, shared = AionVision.from_settings(settings), PictureReader(settings), main.uploads
        self._watch(aion)
        month = MonthAllowance(main.store, aion, variable)
        # The limits are those of the key; how many uploads run at once is of the process.
        uploads = SharedUploads(slots=shared.slots, locks=shared.locks, narrowed=shared.narrowed)
        services = replace(
            main, aion=aion, key=variable, uploads=uploads, month=month, pictures=Pictures(reader)
        )
        # Not `_NO_KEY`: any key that the variable gets later is a new one.
        self._opened[variable] = (key or "", services, reader)
        if self._check:
            self._tasks.spawn(self._begin(settings, month, variable))
        return services

    @staticmethod
    async def _begin(settings: Settings, month: MonthAllowance, variable: str) -> None:
        await asks(settings, variable)
        await month.run(settings.api_key.get_secret_value())

    async def rotate(self, env: Mapping[str, str]) -> None:
        """Let the keys take over that the variables, or their files, hold now; answers under way end with the old ones."""
        # Of a copy: while Aion is asked about a key, a section may name another variable, whose client is made then.
        for variable, (old, services, reader) in list(self._opened.items()):
            key, problem = await asyncio.to_thread(read_key, variable, env)
            if problem:
                _log.error("key refused", variable=variable, mend=problem)
            new = _with_key(self._settings, key or old)
            if not key or key == old or not await asks(new, variable):
                continue
            services.aion.use_key(key)
            reader.use_settings(new)
            self._opened[variable] = (key, services, reader)
            _log.info("key replaced", variable=variable)
            if services.month is not None:
                await recorded(_log, services.month.use_key(key), "month")

    async def close(self) -> None:
        """Close every client."""
        await self._tasks.cancel()
        for _, services, _ in self._opened.values():
            await services.aion.aclose()


@asynccontextmanager
async def closing(clients: KeyClients) -> AsyncIterator[None]:
    """Close the clients at the end."""
    try:
        yield
    finally:
        await clients.close()


async def asks(settings: Settings, variable: str) -> bool:
    """Ask Aion whether it takes a key; what is wrong with it is said in the log."""
    quick = settings.model_copy(update={"timeout": min(settings.timeout, PATIENCE), "max_retries": 0})
    try:
        async with AionVision.from_settings(quick) as asking:
            await call(asking)
    except AionvisionError as error:
        _log.error("key refused", variable=variable, mend=trouble(error, settings.base_url, variable).mend)
        return False
    return True


def _with_key(settings: Settings, key: str) -> Settings:
    return settings.model_copy(update={"api_key": SecretStr(key)})
