"""What the core does for an adapter."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.ports.events import Click, InboundEvent, Place, Prompt
from aion_bot.ports.forms import Form
from aion_bot.ports.messages import ThreadKey

SECOND_PROCESS = "second process"
"""Name of the value that says when another process with the same token was seen last, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What a platform says once it is connected, for the operator.

    `workspaces` are the names of the workspaces that the bot is a member of; `notices` are lines of their own, and
    `warnings` those that the operator should act on.
    """

    workspaces: tuple[str, ...]
    bot: str
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Host(Protocol):
    """The core, as an adapter sees it."""

    async def accept(self, event: InboundEvent) -> None:
        """Take over `event`; when this returns it is durable, and the platform may be acknowledged.

        Returns at once for a duplicate. Raises if it could not be written: then do not acknowledge.
        """

    async def unread(self, reply: Prompt) -> None:
        """Tell that somebody wrote a message in a thread whose words the platform withholds; `reply` has no words.

        For a platform that shows the bot only what mentions it.
        """

    def may_ask(self, apps: frozenset[str]) -> bool:
        """Tell whether an app with any of these ids may ask; an adapter need not read what other apps write."""

    async def objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a question would get instead of an answer; None if it is taken when it comes. Fast.

        For a platform that acknowledges a question where everybody sees it: a refusal is told to the person alone. After
        None its place is kept for half a minute, in which `accept` has to follow.
        """

    async def form(self, click: Click) -> Form | None:
        """Return the form that a press opens before it is accepted; None where it is accepted as it is. Fast.

        What the person wrote is accepted as the same press with `words`. A press whose form cannot be opened is accepted
        without them. `Click.place` need not be checked yet.
        """

    def answers_privately(self, place: Place) -> bool:
        """Tell whether every question at a place is answered to its asker alone: then nothing may acknowledge it in public."""

    async def connected(self, presence: Presence) -> None:
        """Tell that events can arrive from now on."""

    def heard(self) -> None:
        """Tell that the platform has answered or sent something over the connection, which therefore is alive.

        A platform of which nothing is heard for 90 seconds after `connected` counts as lost, for `/readyz`.
        """

    async def present(self, workspaces: Mapping[str, str]) -> None:
        """Tell in which workspaces the bot is as a connection begins, before the first event: names by id.

        For a platform where anybody may invite the bot; a name is empty where it is not known yet.
        """

    async def joined(self, workspace: str, name: str) -> None:
        """Tell that a workspace has invited the bot while it is connected."""

    async def takes_part(self, thread: ThreadKey) -> bool:
        """Tell whether a thread is recorded as one that the bot takes part in. Fast."""

    async def knows(self, key: str) -> bool:
        """Tell whether a button's key is of something that this process has recorded, whatever its round. Fast."""

    async def answered_before(self, prompt: str) -> bool:
        """Tell whether an earlier process with this database began to answer a question, by its `Prompt.key`. Fast."""

    async def second_process(self, sign: str) -> None:
        """Tell that another process seems to use the same token; `sign` says what shows it, for the operator."""

    async def channel_renamed(self, old: str, new: str, renamed: Callable[[str], str]) -> None:
        """Tell that a channel has another id; `renamed` returns the new id of any thread, message or prompt.

        When this returns, what was recorded of the channel's threads is recorded under their new ids.
        """

    async def known_threads(self) -> Sequence[ThreadKey]:
        """Threads of this platform that the bot takes part in: at most 200, those with the newest questions first."""

    async def missed_since(self) -> float | None:
        """Seconds since the epoch after which events may have been missed; None if none can have been."""

    async def recall(self, name: str) -> str | None:
        """Read what this platform's `remember` stored, in this process or an earlier one."""

    async def remember(self, name: str, value: str) -> None:
        """Store a small fact beyond the process."""
