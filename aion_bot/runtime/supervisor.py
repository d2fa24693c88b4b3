"""Keeps each platform connected, logs its state, and admits the workspaces that invite the bot."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from aion_bot.concurrency.backoff import Backoff
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.forms import form_of
from aion_bot.domain import strings
from aion_bot.domain.access import may_app_ask, may_use_workspace
from aion_bot.domain.observer import Accept, Observer
from aion_bot.domain.turn import read_key
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError, TokenRefused
from aion_bot.ports.events import Click, Place, Prompt
from aion_bot.ports.forms import Form
from aion_bot.ports.host import SECOND_PROCESS, Presence
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rounds import read_round
from aion_bot.ports.secret_files import variables
from aion_bot.ports.secret_rotation import TakesSecrets
from aion_bot.storage import Store, retry_write

_log = structlog.get_logger(__name__)

_LAST_HEARD = "heard"
"""Name of the value that says until when nothing can have been missed."""

ADMITTED = "workspaces"
"""Name of the value that holds the ids of the admitted workspaces, as a JSON list."""

_HEARD_EVERY = 15.0
"""Seconds between two writes of it."""

_SECOND_EVERY = 60.0
"""Seconds between two log lines about that."""

_OVERLAP = 180.0
"""Seconds for which a dead connection may look alive. An event that is delivered twice is known by its key."""

_MOST_THREADS = 200

PATIENCE = 600.0
"""Seconds for which a bot whose platforms have all been refused waits for another token: as long as running answers try again."""

RECONNECT = Backoff(1.0, cap=60.0)
"""Between two attempts to connect; it starts anew after each connection."""


Objection = Callable[[Prompt], Awaitable[str | None]]
"""Returns the sentence that a question would get instead of an answer."""

Unread = Callable[[Prompt], Awaitable[None]]
"""Takes a reply whose words the platform keeps back."""


async def delivered_from(store: Store, platform: str) -> float | None:
    """Return from when on a platform may deliver once more what was written there; None where nothing is read again."""
    heard = await store.kv.get(platform, _LAST_HEARD)
    return None if heard is None else float(heard) - _OVERLAP


async def load_admitted(store: Store, access: AccessControl, platform: str) -> None:
    """Let the workspaces of a platform that an earlier process admitted use the bot; see `PlatformHost.present`."""
    stored = await store.kv.get(platform, ADMITTED)
    if stored is not None:
        access.admit(platform, json.loads(stored))


class RefusedPlatforms:
    """The platforms whose token was refused; those with a token in a file wait for another one.

    While another platform serves they wait without an end, otherwise for `patience` seconds.
    """

    def __init__(
        self, adapters: Sequence[PlatformAdapter], env: Mapping[str, str], patience: float = PATIENCE
    ) -> None:
        self._patience = patience
        self._left = {one.platform for one in adapters}
        """The platforms that were not refused, or served once: while there are some, the bot goes on."""
        self._with_files = {
            one.platform
            for one in adapters
            if isinstance(one, TakesSecrets) and any(env.get(name) for name in variables(one.secrets))
        }
        self._waiting: dict[str, asyncio.Future[bool]] = {}

    async def wait(self, platform: str, *, served: bool) -> bool:
        """Wait until a refused platform may have another token; False where none can come.

        So it is, too, where every platform was refused before it served: then the bot ends, and says so at its start.
        """
        if not (served and platform in self._with_files):
            self._left.discard(platform)
        if not self._left:
            self._give_up()
        if platform not in self._with_files or not self._left:
            return False
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[platform] = waiting
        _log.warning("platform waits for token", platform=platform, mend=strings.REPLACE_IT)
        try:
            while not (await asyncio.wait([waiting], timeout=self._patience))[0]:
                # Each of those that are left waits as well, so that none serves.
                if self._left <= self._waiting.keys():
                    self._give_up()
            return waiting.result()
        finally:
            del self._waiting[platform]

    def _give_up(self) -> None:
        """Let every platform that waits end: none serves, and no token came in time."""
        for one in self._waiting.values():
            if not one.done():
                one.set_result(False)

    def may_listen(self, platform: str) -> None:
        """Let a platform that waits try again."""
        if (waiting := self._waiting.get(platform)) is not None and not waiting.done():
            self._left.add(platform)
            waiting.set_result(True)


async def supervise(
    adapter: PlatformAdapter,
    host: "PlatformHost",
    reconnect: Backoff = RECONNECT,
    refused: RefusedPlatforms | None = None,
) -> None:
    """Keep one platform listening; returns only when its token is refused, and `refused` expects no other one."""
    keeping_time = asyncio.create_task(host.keep_last_heard())
    log = _log.bind(platform=adapter.platform)
    delays, served = reconnect.delays(), False
    try:
        while True:
            host.was_connected = token_refused = False
            try:
                await adapter.listen(host)
                log.warning("platform stopped listening")
            except TokenRefused as error:
                # Without a traceback: the two fields say what to do.
                log.error("platform refused token", variable=error.variable, reason=error.reason)  # noqa: TRY400  # see above
                token_refused = True
            except PlatformError as error:
                log.warning("platform lost, reconnecting", reason=str(error))
            except Exception:  # a fault of one platform must not end the others
                log.exception("platform failed, reconnecting")
            finally:
                host.lost()
            # A connection that lasted shows that the platform is up: the next failure starts a new schedule.
            if host.was_connected:
                delays, served = reconnect.delays(), True
            if not token_refused:
                await asyncio.sleep(next(delays))
            elif refused is None or not await refused.wait(adapter.platform, served=served):
                return
    finally:
        keeping_time.cancel()


class PlatformHost:
    """What one adapter sees of the bot.

    `several_workspaces_expected`: an allow list says which workspaces may use the bot, so that several of them are no
    surprise. Without `access` no app may ask, and no workspace is admitted. `listening` is told when events begin to be taken, and
    when they cease to.
    """

    def __init__(
        self,
        platform: str,
        store: Store,
        accept: Accept,
        *,
        several_workspaces_expected: bool,
        objection: Objection | None = None,
        unread: Unread | None = None,
        access: AccessControl | None = None,
        observer: Observer | None = None,
        listening: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self.was_connected = False
        self._observer, self._listening = observer, listening
        self._platform = platform
        self._store = store
        self.accept = accept if observer is None else observer.around(platform, accept)
        """Hands an event over to the dispatcher; what it raises leaves the event unacknowledged."""
        self._several_workspaces_expected = several_workspaces_expected
        self._objection = objection
        self._unread = unread
        self._access = access
        self._caught_up = False
        self._second_seen_at = 0.0

    async def unread(self, reply: Prompt) -> None:
        """Hand over a reply whose words the platform keeps back."""
        if self._unread is not None:
            await self._unread(reply)

    def may_ask(self, apps: frozenset[str]) -> bool:
        """Look at the list of apps."""
        return self._access is not None and may_app_ask(self._access.policies[self._platform], apps)

    async def objection(self, prompt: Prompt) -> str | None:
        """Ask the dispatcher whether it would take a question."""
        return None if self._objection is None else await self._objection(prompt)

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Admit the workspaces of the platform's first start, and while there was none the first that invites the bot.

        Anybody can invite a public bot into a workspace of their own, and would reach the library of whoever runs it. So
        the admitted ones are remembered, and any other has to be listed. In a database of an older version the first
        start of this one counts.
        """
        if self._access is None:
            return
        admitted = self._access.policies[self._platform].admitted
        # Of several workspaces that joined while no process ran, the first is not known.
        if admitted is None or (not admitted and len(workspaces) == 1):
            # In force before it is written: a question may come meanwhile.
            self._access.admit(self._platform, workspaces)
            value = json.dumps(list(workspaces))
            await retry_write(lambda: self._store.kv.set(self._platform, ADMITTED, value))
        for workspace, name in workspaces.items():
            if not may_use_workspace(self._access.policies[self._platform], workspace):
                _log.warning(
                    "workspace not admitted",
                    platform=self._platform, workspace=workspace, name=name, mend=strings.LIST_IT,
                )  # fmt: skip

    async def joined(self, workspace: str, name: str) -> None:
        """Say which workspace has invited the bot, and whether it may use it."""
        _log.info("workspace joined", platform=self._platform, workspace=workspace, name=name)
        await self.present({workspace: name})

    async def keep_last_heard(self) -> None:
        """Write every few seconds until when no event was missed, once the adapter has read the missed ones."""
        while True:
            if self._caught_up:
                try:
                    await self.remember(_LAST_HEARD, str(time.time()))
                except sqlite3.Error as error:
                    _log.error("database write failed", platform=self._platform, reason=str(error))
            await asyncio.sleep(_HEARD_EVERY)

    async def connected(self, presence: Presence) -> None:
        """Say what is connected."""
        self.was_connected = True
        self._listening(True)
        self.heard()
        workspaces = ", ".join(presence.workspaces) or "none yet"
        _log.info("connected", platform=self._platform, workspaces=workspaces, bot=presence.bot)
        for warning in presence.warnings:
            _log.warning("platform warning", platform=self._platform, reason=warning)
        for notice in presence.notices:
            _log.info("platform notice", platform=self._platform, notice=notice)
        if len(presence.workspaces) > 1 and not self._several_workspaces_expected:
            reason = strings.several_servers(presence.workspaces)
            _log.warning("several workspaces without an allow list", platform=self._platform, reason=reason)

    def heard(self) -> None:
        """Note that the connection is alive. Does nothing before `connected`: until then there is no connection."""
        # An adapter may hear a refusal of its token: that is no connection.
        if self.was_connected and self._observer is not None:
            self._observer.heard(self._platform)

    def lost(self) -> None:
        """Note that there is no connection any more."""
        self._listening(False)
        if self._observer is not None:
            self._observer.lost(self._platform)

    async def form(self, click: Click) -> Form | None:
        """Look up which form a press opens; none where that cannot be read: then the press is told so."""
        try:
            return await form_of(self._store, click)
        except sqlite3.Error as error:
            _log.error("form not looked up", platform=self._platform, reason=str(error))
            return None

    async def knows(self, key: str) -> bool:
        """Look whether a button's key is of a turn, a plan or a search that is recorded here."""
        key, _ = read_round(key)
        owner, _ = read_key(key)
        found = await self._store.turns.get(owner) or await self._store.plans.get(key)
        return found is not None or await self._store.conversations.search(owner) is not None

    async def answered_before(self, prompt: str) -> bool:
        """Look whether the question's turn was started more than once."""
        turn = await self._store.turns.of_prompt(prompt)
        return turn is not None and turn.starts > 1

    async def takes_part(self, thread: ThreadKey) -> bool:
        """Look the thread up."""
        return await self._store.threads.known(thread)

    def answers_privately(self, place: Place) -> bool:
        """Return what the rules in force say."""
        return self._access is not None and self._access.rules.answers_privately(place)

    async def second_process(self, sign: str) -> None:
        """Log that another process uses the token, and keep when that was seen, for `doctor`; once in a while."""
        if self._observer is not None:
            self._observer.second_process(self._platform)
        now = time.time()
        if now - self._second_seen_at < _SECOND_EVERY:
            return
        # Before the write: an error of the database must not make each further sign a log line.
        self._second_seen_at = now
        _log.error("second process", platform=self._platform, reason=sign, mend=strings.SECOND_PROCESS)
        await self.remember(SECOND_PROCESS, str(now))

    async def channel_renamed(self, old: str, new: str, renamed: Callable[[str], str]) -> None:
        """Let the threads of a channel follow it to its new id."""
        await self._store.renaming.rename(self._platform, renamed, (old, new))
        _log.info("channel renamed", platform=self._platform, channel=new, before=old)

    async def known_threads(self) -> Sequence[ThreadKey]:
        """Return the threads with the newest questions."""
        return await self._store.turns.threads(self._platform, _MOST_THREADS)

    async def missed_since(self) -> float | None:
        """Return when the platform was heard last, less the time in which a dead connection may pass for a live one."""
        since = await delivered_from(self._store, self._platform)
        # From now on the adapter looks for what was missed; the time is written on while it listens.
        self._caught_up = True
        await self.remember(_LAST_HEARD, str(time.time()))
        return since

    async def recall(self, name: str) -> str | None:
        """Read a value of this platform."""
        return await self._store.kv.get(self._platform, name)

    async def remember(self, name: str, value: str) -> None:
        """Write a value of this platform."""
        await self._store.kv.set(self._platform, name, value)
