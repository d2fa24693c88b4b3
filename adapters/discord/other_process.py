"""What another process with the same token posts, and which questions it answers, so that one of the two does. No requests.

Discord gives each event to both. The first post of an answer has a nonce that is made of its question (`ids.claim_of`), and
two posts with one nonce make one message: who comes second is given the message of the first, and keeps out. Discord
knows a nonce for some minutes (its documentation, *Create Message*); claims that the gateway showed are remembered here.
Nothing is left to a process that has not claimed it: it may be gone.
"""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from weakref import WeakValueDictionary

import discord

from adapters.discord import ids, strings
from adapters.discord.channels import ChannelInfo
from adapters.discord.errors import Claimed
from adapters.discord.rendering import Body, fingerprint
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.events import Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Action, ThreadKey
from aion_bot.ports.rounds import read_round

_log = logging.getLogger(__name__)

_MOST = 10_000
"""Claims and channels that are remembered."""
POSTED = {discord.MessageType.default, discord.MessageType.reply}
"""Types of the bot's answers; the acknowledgement of a command has another one."""
REMEMBERED = 3_600.0
"""Seconds for which another process is taken to be there after it was seen."""
YIELD = 3.0
"""Seconds in which another process that goes first claims a question, as a rule."""


class OtherProcess:
    """Knows which questions another process has claimed, and where it spoke last."""

    def __init__(self) -> None:
        self.host: Host | None = None
        self.seen_at = -math.inf
        """When another process was seen last, by the monotonic clock."""
        self.claims: OrderedDict[int, bool] = OrderedDict()
        """The questions that another process has claimed."""
        self._spoke_last: OrderedDict[int, bool] = OrderedDict()
        """Whether the newest message of the bot's account in a channel is another process's."""
        self._waiting: WeakValueDictionary[int, asyncio.Event] = WeakValueDictionary()
        """What is set when another process may have written in a channel."""

    async def noticed(self, sign: str) -> None:
        """Note a sign of another process, and tell the core."""
        self.seen_at = time.monotonic()
        if self.host is not None:
            await self.host.second_process(sign)

    async def note_message(self, message: discord.Message, *, own: bool) -> None:
        """Note a message of the bot's account; `own`: this process has posted it.

        One that this database knows, by a button or by its nonce, was on its way when the process before this one ended.
        """
        if message.type not in POSTED or message.nonce is None:
            return
        channel, nonce = message.channel.id, str(message.nonce)
        # The core names its posts by the key of their row and a number; a claim has another form.
        named = () if ids.claimed_by(nonce) is not None else (nonce.partition("-")[0],)
        if own or await self._knows((*keys_of(message), *named)):
            _remember(self._spoke_last, channel, False)
        else:
            await self.note_post(channel, nonce)

    async def note_post(self, channel: int, nonce: str) -> None:
        """Note that another process has posted in a channel."""
        _remember(self._spoke_last, channel, True)
        if (claimed := ids.claimed_by(nonce)) is not None:
            _remember(self.claims, claimed, True)
        # Before the core is told, which writes: whoever waits for a claim goes on at once.
        self.note_edit(channel)
        await self.noticed(strings.POSTED_ELSEWHERE)

    def note_edit(self, channel: int) -> None:
        """Note that a message of the bot's account was edited: where another process spoke last it is probably its."""
        if (waiting := self._waiting.get(channel)) is not None:
            waiting.set()

    async def older_message(self, channel: int, nonce: str, found: Claimed) -> int:
        """Return the message that claims a question if this database knows it; else note whose it is and raise `found`.

        A full first page has no buttons any more, which would tell. Where an earlier process with this database began the
        answer and did not note the page, it is that one's.
        """
        claimed = ids.prompt_key(ids.claimed_by(nonce) or 0)
        if await self._knows(found.keys) or (
            not found.keys and self.host is not None and await self.host.answered_before(claimed)
        ):
            return found.message
        await self.note_post(channel, nonce)
        raise found

    async def _knows(self, keys: Iterable[str]) -> bool:
        return self.host is not None and any([await self.host.knows(key) for key in keys])

    async def answers(
        self, channel: ChannelInfo, message: int, prompt: Prompt, bot: int, *, began: int = 0
    ) -> bool:
        """Tell whether another process answers a question, the `message`.

        Where it goes first that takes as long as it writes there, and `YIELD` seconds. What was written before the event
        `began` and is a question by an edit alone may have been answered before this process listened.
        """
        if prompt.opening is None and await self._goes_first(channel, prompt, bot):
            if message < began:
                return True
            await self._wait(channel.id, message)
        if message in self.claims:
            _log.info("left to another process", extra={"kind": "message"})
            return True
        return False

    async def _goes_first(self, channel: ChannelInfo, prompt: Prompt, bot: int) -> bool:
        """Tell whether another process knows what was said in a channel: it spoke last, or opened a thread not known here."""
        last = self._spoke_last.get(channel.id)
        if last is not None or channel.opened_by != bot or self.host is None:
            return bool(last)
        try:
            return not await self.host.takes_part(prompt.thread)
        except Exception as error:  # noqa: BLE001  # nothing is left to another process: the question would be lost
            _log.warning("thread not looked up", extra={"reason": type(error).__name__})
            return False

    async def _wait(self, channel: int, message: int) -> None:
        """Wait until a question is claimed, or another process has been silent in its channel for `YIELD` seconds."""
        # Weak: whoever waits holds it, and a channel in which nobody does has none.
        news = self._waiting.setdefault(channel, asyncio.Event())
        while message not in self.claims:
            # Nothing is awaited since the look, so no news is lost.
            news.clear()
            try:
                async with asyncio.timeout(YIELD):
                    await news.wait()
            except TimeoutError:
                return


def check_claim(message: discord.Message, body: Body, *, tried: bool) -> None:
    """Raise `Claimed` where the message for a claim cannot be the one that was sent; `tried`: an earlier one may have been.

    What an earlier attempt of this process posted may have lost its buttons since.
    """
    buttons = [one["custom_id"] for row in body["components"] for one in row["components"]]
    sent = _keys(buttons)
    shown = keys_of(message)
    if not sent & shown and (shown or (sent and not tried)):
        raise Claimed(message.id, shown)


def own_message(thread: ThreadKey, message: discord.Message) -> OwnMessage:
    """Read a message of the bot's account as the core sees it; what lists messages knows no nonces."""
    return OwnMessage(
        ids.message_ref(thread, message.channel.id, message.id), None,
        keys=keys_of(message), fingerprint=fingerprint(message.content),
        rates=_rated_by(message), growing=_growing_words(message),
    )  # fmt: skip


def keys_of(message: discord.Message) -> frozenset[str]:
    """Read the keys of the bot's buttons under a message, as `_keys` does."""
    return _keys(_custom_ids(message))


def _rated_by(message: discord.Message) -> frozenset[str]:
    """Read the keys of the buttons under a message that rate."""
    parsed = filter(None, map(ids.parse_custom_id, _custom_ids(message)))
    return frozenset(key for action, key in parsed if action in {Action.GOOD, Action.BAD})


def _growing_words(message: discord.Message) -> str | None:
    """Read the words above the small print of a message with the button that stops an answer; None without that button."""
    parsed = filter(None, map(ids.parse_custom_id, _custom_ids(message)))
    if all(action is not Action.STOP for action, _ in parsed):
        return None
    lines = message.content.split("\n")
    while lines and lines[-1].startswith("-# "):
        lines.pop()
    return "\n".join(lines).strip()


def _custom_ids(message: discord.Message) -> Iterable[str]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return (one.custom_id or "" for row in rows for one in row.children)


def _keys(custom_ids: Iterable[str]) -> frozenset[str]:
    """Read the keys of buttons, without rounds, but for those that rate: they stand under finished text, and not under its pictures."""
    parsed = filter(None, map(ids.parse_custom_id, custom_ids))
    return frozenset(read_round(key)[0] for action, key in parsed if action not in {Action.GOOD, Action.BAD})


def _remember(where: OrderedDict[int, bool], number: int, value: bool) -> None:
    where[number] = value
    where.move_to_end(number)
    if len(where) > _MOST:
        where.popitem(last=False)
