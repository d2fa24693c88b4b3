"""The two Protocols at the seam: what a platform does for the core, and what the core does for a platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.port.messages import Content, Inbound, Line, MessageRef, Person, Prompt, ThreadKey
from aion_bot.port.settings import Problem


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `calls` in any `seconds`."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's sizes and budgets, as data.

    `page` is the largest `measure` of a message; `edit_gap` the shortest time in seconds between two edits of one
    message while it streams; `edits` what one pacing scope may spend on posts and edits together.
    """

    page: int
    edit_gap: float
    edits: Budget


@dataclass(frozen=True, slots=True)
class Presence:
    """What a platform says once it is connected, for the engineer.

    `workspaces` are the names of those that the bot sits in; `notices` are lines of their own.
    """

    workspaces: tuple[str, ...]
    bot: str
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message that the bot posted. `nonce` is the one it was posted with, or None where the platform forgets it."""

    message: MessageRef
    nonce: str | None


class Host(Protocol):
    """The core, as an adapter sees it."""

    async def accept(self, inbound: Inbound) -> None:
        """Take over `inbound`; when this returns it is durable, and the platform may be acknowledged.

        Returns at once for a duplicate. Raises if it could not be written: then do not acknowledge.
        """

    async def connected(self, presence: Presence) -> None:
        """Tell that events can arrive from now on."""

    async def threads(self) -> Sequence[ThreadKey]:
        """Threads of this platform that the bot takes part in, the two hundred with the newest questions, newest first."""

    async def away_since(self) -> float | None:
        """Seconds since the epoch after which events may have been missed; None if none can have been."""

    async def recall(self, name: str) -> str | None:
        """Read what this platform's `remember` stored, in this process or an earlier one."""

    async def remember(self, name: str, value: str) -> None:
        """Store a small fact beyond the process."""


class PlatformAdapter(Protocol):
    """One platform. Every method may raise the errors of `port.errors`, and nothing else but cancellation."""

    platform: str
    limits: Limits

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises `TokenRefused` or `PlatformDown`; the core starts it again after the latter."""

    async def close(self) -> None:
        """Let go of every connection. `post` and `edit` work until this is called, listening or not."""

    async def open(self, prompt: Prompt) -> None:
        """Make the thread of a prompt with an `opening` exist; harmless if it does."""

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a new message. `nonce`: at most 25 characters of A-Z, a-z, 0-9 and "-".

        Posting again with the same nonce after an error never makes a second message: where the first one did
        arrive, its reference is returned. How long that holds is the platform's business; minutes at least.
        """

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace what a message shows, buttons included. Never queues: one call, one request."""

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest messages in a thread, at most twenty, newest first."""

    async def mark_waiting(self, message: MessageRef, *, waiting: bool) -> None:
        """Show on a person's message that it waits for its turn, or no more; doing either twice is harmless."""

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> None:
        """Show that the bot works for `person` in a thread, where the platform has a sign for that; raises nothing."""

    async def whisper(self, inbound: Inbound, line: Line) -> None:
        """Answer the person behind `inbound` so that nobody else sees it, where the platform can."""

    def measure(self, content: Content) -> int:
        """Size of `content` as this platform counts it, against `limits.page`. Pure."""

    def scope(self, thread: ThreadKey) -> str:
        """Name of the budget that posts and edits in this thread share. Pure."""


class Platform(Protocol):
    """A folder in `adapters`: what its `__init__` offers."""

    def variables(self) -> Sequence[str]:
        """Every environment variable that belongs to this platform."""

    def configure(self, env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        """Build the adapter if its variables are set; None if it is not wanted. Connects to nothing."""
