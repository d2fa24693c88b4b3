"""What was said in a conversation before a question, as a platform tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef, Person

WITHIN = 3600.0
"""Seconds before a question in which the messages of a channel belong to it, where the question begins its thread."""


Since = MessageRef | float
"""A message, or a time in seconds since the epoch by the platform's clock; 0: from the beginning."""


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """A message of a person's. `key` is the one that its `Prompt` has, or would have.

    `text` is all that it says, `files` how many files it has. `first`: its thread begins with it.
    """

    key: str
    author: Person
    text: str
    files: int = 0
    first: bool = False


@runtime_checkable
class EarlierMessages(Protocol):
    """A platform that lets the bot read what was said before a question."""

    async def earlier_messages(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what people said before the prompt, oldest first: in its thread, or `WITHIN` an hour in its channel.

        Only what was written after `since`.
        Without the prompt's own message, deleted messages, notices of the platform, and what apps wrote, this bot included.
        One request, and none where events told that there is nothing. Raises `RateLimited` where the platform lets the bot
        read less often, and other `PlatformError`s where it cannot be read.
        """


@runtime_checkable
class EarlierSearch(Protocol):
    """A platform that lets the bot search what was said before, where it lets it read that too rarely."""

    async def search_earlier(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what `EarlierMessages.earlier_messages` does, as far as a search for the words of the prompt finds it.

        Raises `Unsupported` where the bot may not search here.
        """
