"""One use of a command or of a button under its answer: who, where, and which conversation it is about."""

import secrets
from dataclasses import dataclass

import structlog

from aion_bot.conversation.aion_keys import is_ours
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent, Refusal
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Click, ManageCommand
from aion_bot.ports.messages import PrivateAnswer, Reply
from aion_bot.storage.conversations import Conversation

_log = structlog.get_logger(__name__)

Answer = str | Reply | PrivateAnswer
"""What the person alone is shown; a string is a sentence of the bot's own."""


class DeclinedError(Exception):
    """A command does nothing; `said` is the sentence that tells why and what helps."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


@dataclass(frozen=True, slots=True)
class Use:
    """`asked_in` is where the answer goes, `target` the thread that it is about, None where the person has none here.

    `words` stood behind the subcommand; `private`: the answer's file is for the person alone.
    """

    services: Services
    event: Click | ManageCommand
    asked_in: Thread
    target: Thread | None
    words: str = ""
    private: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether the command does not say by itself which thread it is about."""
        return self.target is not None and self.target.key != self.asked_in.key

    def where(self) -> Thread:
        """Return the target. Raises `DeclinedError` where there is none."""
        if self.target is None:
            inside = isinstance(self.event, ManageCommand) and self.event.inside
            raise DeclinedError(strings.NOT_MY_THREAD if inside else strings.NO_THREAD)
        return self.target

    async def session(self) -> str | None:
        """Return the session of the target; None where its next question opens one, also because another key is used there now."""
        session = await self.services.store.threads.session(self.where().key)
        return session if session is None or await is_ours(self.services, session) else None

    async def needed_session(self) -> str:
        """Return the session of the target. Raises `DeclinedError` where there is none."""
        if (session := await self.session()) is None:
            raise DeclinedError(strings.NOTHING_YET)
        return session

    async def begun(self, session: str) -> Conversation | None:
        """Return who began a session."""
        return await self.services.store.conversations.of_session(self.asked_in.platform, session)

    async def check_may_change(self, conversation: Conversation | None) -> None:
        """Raise `DeclinedError` unless the person may end, rename or replace a conversation.

        One whose beginning is not kept any more is anybody's.
        """
        event, owner = self.event, None if conversation is None else conversation.owner
        access = self.services.access
        if not await access.allows(self.asked_in.platform, Intent.CHANGE, event.place, event.person, owner):
            raise DeclinedError(strings.NOT_BEGUN_BY_YOU)

    async def check_may_announce(self) -> None:
        """Raise `DeclinedError` where others read the target and the person may not write there themselves."""
        event, platform, access = self.event, self.asked_in.platform, self.services.access
        refusal = await access.judge(platform, Intent.ANNOUNCE, event.place, event.person)
        if refusal is Refusal.MUTED and await self.is_public():
            raise DeclinedError(strings.MUTED_HERE)

    async def switch(self, before: str | None, session: str | None) -> None:
        """Let the target go on in another session, None: in a new one. Raises `DeclinedError` where somebody was quicker."""
        if not await self.services.store.conversations.switch(self.where().key, before, session):
            raise DeclinedError(strings.CHANGED_MEANWHILE)

    async def newest_turn(self) -> str:
        """Return the key of the target's newest question, which names the thread in buttons; "" where there is none."""
        turn = None if self.target is None else await self.services.store.turns.newest(self.target.key)
        return "" if turn is None else turn.key

    async def is_public(self) -> bool:
        """Return whether others than the person may read the target."""
        turn = await self.services.store.turns.newest(self.where().key)
        return turn is None or not (turn.place.direct or turn.place.private)

    async def announce(self, words: str) -> None:
        """Say in the target what the person did there, for everybody who reads it."""
        view, person = OneMessage(Reply("", byline=(self.event.person, words))), self.event.person
        delivery = Delivery(f"{secrets.token_hex(8)}m0", person)
        try:
            await self.services.registry.sync(self.where(), view, delivery).run()
        except PlatformError as error:  # the person has an answer of their own
            _log.info("announcement refused", platform=self.asked_in.platform, reason=repr(error))


async def use_of(services: Services, thread: Thread, event: ManageCommand) -> Use:
    """Find the thread that a command is about: the one it was used in, or the person's newest one in that channel.

    None: they have none there, or the command was used inside of a thread that is not the bot's.
    """
    target: Thread | None = thread
    if not await services.store.threads.known(event.thread):
        if event.inside:
            return Use(services, event, thread, None, event.words.strip(), event.private)
        newest = services.store.conversations.newest_thread
        found = await newest(thread.platform, event.place, event.person)
        target = None if found is None else services.registry.thread(thread.adapter, found)
    return Use(services, event, thread, target, event.words.strip(), event.private)


async def use_of_press(
    services: Services, thread: Thread, click: Click, turn: str, words: str = ""
) -> Use | None:
    """Find the thread of the question that a button names, which may be forged; None where the press is not about it.

    A private message may be shown elsewhere than in its thread, but in its channel, or to whoever asked.
    """
    found = await services.store.turns.get(turn)
    if found is None or found.thread.platform != thread.platform:
        return None
    elsewhere = found.place.private or found.place.channel != click.place.channel
    if elsewhere and found.asker.id != click.person.id:
        return None
    return Use(services, click, thread, services.registry.thread(thread.adapter, found.thread), words)
