"""What people wrote before a question, read by one request of the newest messages of its thread or channel.

Without the privileged intent Discord keeps back what does not mention the bot, here as in events (Discord's documentation,
*Gateway*, Message Content Intent).
"""

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

import discord

from adapters.discord import content, ids
from adapters.discord.backfill import MESSAGES, read_messages, snowflake_at
from adapters.discord.client import RestClient
from adapters.discord.events import as_read
from adapters.discord.writers import is_by_person, replied_to
from aion_bot.ports.earlier import WITHIN, EarlierMessage, Since
from aion_bot.ports.events import Prompt, QuoteSource
from aion_bot.ports.messages import Person

_KEPT = 100
"""Threads that were read for the files of a question that are remembered."""


class History:
    """The newest messages before a question, by one bot account."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._read: OrderedDict[int, list[discord.Message]] = OrderedDict()

    async def up_to(self, channel: int, question: int | None) -> list[discord.Message]:
        """Return the newest `MESSAGES` up to a question, oldest first; None: up to now.

        What was read for a question is returned once more without a request.
        """
        # Not kept longer: a question's earlier messages and the files of its thread are asked for once each.
        if question is not None and (known := self._read.pop(question, None)) is not None:
            return known
        # Discord leaves out the message that `before` names, and this one may have files.
        before = None if question is None else question + 1
        async with self._rest.call() as client:
            place = client.get_partial_messageable(channel)
            found = await read_messages(client, place, limit=MESSAGES, before=before)
        if question is not None:
            self._read[question] = found
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return found

    async def read(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what the port's `earlier_messages` does, of the newest `MESSAGES`."""
        if prompt.source is None:
            return ()
        channel, question = ids.address_of(prompt.source)
        if isinstance(since, float):
            # An id holds milliseconds: whatever was written in that one is read once more, rather than never.
            after = snowflake_at(since) - 1 if since else 0
        else:
            after = ids.address_of(since)[1]
        if str(channel) == prompt.place.channel:  # the channel itself, not a thread of it
            asked = discord.utils.snowflake_time(question).timestamp()
            after = max(after, snowflake_at(asked - WITHIN))
        elif after and self._rest.thread_files.only_own(prompt.thread, after, question):
            return ()
        listed = await self.up_to(channel, question)
        told = (_said(one, channel) for one in listed if after < one.id < question)
        return [one for one in told if one is not None]


def _said(message: discord.Message, channel: int) -> EarlierMessage | None:
    """Read a message of a list; None for what no person said.

    At the top of a thread that was opened from a message Discord shows that message in a notice.
    """
    begins = message.type is discord.MessageType.thread_starter_message
    said = replied_to(message) if begins else message
    if said is None or not is_by_person(said):
        return None
    read = partial(as_read, guild=said.guild, people=said.mentions)
    author = said.author
    return EarlierMessage(
        ids.prompt_key(said.id),
        Person(str(author.id), author.display_name),
        "\n".join(one.text for one in content.about(said, QuoteSource.ASKED_ABOUT, read)),
        content.file_count(said),
        first=begins or said.id == channel,
    )
