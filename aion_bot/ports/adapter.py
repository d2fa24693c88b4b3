"""The two Protocols at the seam: what a platform does for the core, and what the core does for a platform."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from aion_bot.ports.events import Inbound, Prompt
from aion_bot.ports.messages import Content, Line, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Limits, Per, Reading
from aion_bot.ports.settings import Problem


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
    """A message that the bot posted. `nonce` is the one it was posted with, or None where the platform forgets it.

    `stream`: it may be a native stream that was never concluded.
    """

    message: MessageRef
    nonce: str | None
    stream: bool = False


class Streams(Enum):
    """What native streams are good for in a thread."""

    NEVER = auto()
    CROWD = auto()
    """Only the person who asked sees them grow: for when edits are scarce."""
    FIRST = auto()
    """The best there is."""


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
        """Replace what a message shows, buttons included. Never queues: one call, one request.

        A message that is still a stream, of this process or an earlier one, is ended first.
        """

    async def begin(self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str) -> MessageRef:
        """Post what a reply shows so far as a native stream that `person` sees growing; `nonce` as for `post`.

        Raises `Unsupported` where streams are not to be had, which `streams` then knows.
        """

    async def append(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream that shows `shown` grow to `content`. Raises `Unsupported` if it takes nothing any more."""

    async def conclude(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream, with the rest of `content` where `tail` knows one. Raises `Unsupported` if it had ended."""

    def tail(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """What has to be appended to a stream that shows `shown` to show the words of `content`. Pure.

        None where appending cannot do it, or the stream would take more than it can hold; `last`: it ends with this.
        """

    def streams(self, thread: ThreadKey) -> Streams:
        """Tell what native streams are good for in a thread."""

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest messages in a thread, at most twenty, newest first."""

    async def mark_waiting(self, message: MessageRef, *, waiting: bool) -> None:
        """Show on a person's message that it waits for its turn, or no more; doing either twice is harmless."""

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:
        """Show that the bot works for `person` in a thread, or no more, where the platform has a sign for that.

        Tells whether that is so now: one attempt, which may raise `RateLimited` and nothing else.
        """

    async def whisper(self, inbound: Inbound, line: Line) -> None:
        """Answer the person behind `inbound` so that nobody else sees it, where the platform can."""

    def measure(self, content: Content) -> int:
        """Size of `content` as this platform counts it, against `limits.page`. Pure."""

    def scope(self, thread: ThreadKey, per: Per) -> str:
        """Name what a thread shares a budget with: all threads with the same name count together. Pure."""

    def watch_limits(self, heard: Callable[[Reading], None]) -> None:
        """Call `heard` from now on with whatever an answer says about a limit, before its call returns."""


class Platform(Protocol):
    """A folder in `adapters`: what its `__init__` offers."""

    def variables(self) -> Sequence[str]:
        """Every environment variable that belongs to this platform."""

    def configure(self, env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        """Build the adapter if its variables are set; None if it is not wanted. Connects to nothing."""
