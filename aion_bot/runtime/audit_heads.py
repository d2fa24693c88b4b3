"""The audit's policies and heads: what holds is recorded at the start, the newest hash every hour and at the stop."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.rules import NO_RULES, Rules
from aion_bot.storage import Store, recorded

_log = structlog.get_logger(__name__)

HOUR = 3600.0


@asynccontextmanager
async def audited(
    store: Store, policies: Mapping[str, AccessPolicy], rules: Rules = NO_RULES, *, pause: float = HOUR
) -> AsyncIterator[None]:
    """Record what holds, and heads of the chain every `pause` seconds and at the end.

    After an error or a cancellation there is no head, as after a kill: the next start goes on with the chain.
    """
    await note_policies(store, policies, rules)
    keeping = BackgroundTasks()
    keeping.spawn(_keep_heads(store, pause))
    try:
        yield
    finally:
        await keeping.cancel()
    await _keep_head(store)


async def note_policies(store: Store, policies: Mapping[str, AccessPolicy], rules: Rules) -> None:
    """Record what holds on each platform from now on."""
    for platform, policy in policies.items():
        await recorded(_log, store.audit.note_policy(platform, policy, rules), "policy")


async def _keep_heads(store: Store, pause: float) -> None:
    while True:
        await asyncio.sleep(pause)
        await _keep_head(store)


async def _keep_head(store: Store) -> None:
    """Store the newest hash and say it in the log, where the database cannot be cut off together with it."""
    try:
        head = await store.audit.keep_head()
    except sqlite3.Error as error:
        _log.error("audit head not stored", reason=str(error))
        return
    if head is not None:
        _log.info("audit head", number=head.number, head=head.hash)
