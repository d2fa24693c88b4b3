"""What every simulated platform has in common: people who write, read and press buttons, and failures on request.

`Workspace` is what any platform's simulator offers, and what the contract suite needs of one. `FullWorkspace` adds what
only a platform with direct messages, queued markers and message shortcuts has.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """A person of a simulated workspace."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button as a person sees it; `id` is the platform's name for it (`action_id`, `custom_id`)."""

    label: str
    id: str
    value: str = ""


@dataclass(slots=True)
class Shown:
    """One message as a person sees it.

    `versions` holds every text it has shown, oldest first, the newest last; `only_for` is the id of the one
    person who sees it, or None; `pings` are those whom it would have notified, by id or as "@everyone";
    `payload` is the newest body the bot sent.
    """

    id: str
    author: str
    versions: list[str]
    by_bot: bool = False
    buttons: tuple[ShownButton, ...] = ()
    only_for: str | None = None
    pings: list[str] = field(default_factory=list)
    payload: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What it shows now, as plain text: words, notes and card lines in reading order."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Logged:
    """A call that a simulator took: when on the monotonic clock, which one, in which channel, and how it ended."""

    at: float
    name: str
    channel: str
    status: int


CALLS_KEPT = 2_000
"""How many of the newest calls a simulator remembers."""


class Operation(StrEnum):
    """What a bot does on any platform, whatever the platform's requests for it are called."""

    OPEN_THREAD = auto()
    POST = auto()
    EDIT = auto()
    DELETE = auto()
    LIST_MESSAGES = auto()
    MARK_QUEUED = auto()
    UNMARK_QUEUED = auto()
    REPLY_PRIVATELY = auto()


class Failure(StrEnum):
    """How a request fails."""

    DOWN = auto()
    """The platform answers that it cannot now; it did nothing."""
    LOST = auto()
    """The platform carries the request out and its answer is lost."""
    RATE_LIMITED = auto()
    """The platform wants a pause."""
    FORBIDDEN = auto()
    """The platform does not allow it here."""


class Workspace(Protocol):
    """A simulated platform, used the way a person uses it. Thread and message ids are the platform's own.

    `requests` names the requests by which a bot performs an operation, as `log` and the inspector name them; an
    operation that the platform does not have is missing.
    """

    name: str
    people: Sequence[SimulatedPerson]
    requests: Mapping[Operation, Sequence[str]]

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to this workspace."""

    @property
    def log(self) -> Sequence[Logged]:
        """The newest requests that it took, at most `CALLS_KEPT`, oldest first."""

    async def start(self) -> None:
        """Serve on a free loopback port; after a `stop`, on the same one."""

    async def stop(self) -> None:
        """Cut every connection and stop serving."""

    async def connected(self, *, timeout: float = 30.0) -> None:
        """Wait until a bot listens. Raises TimeoutError."""

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""

    async def ask(self, person: SimulatedPerson, text: str) -> str:
        """Ask the bot in the general channel as the platform would have it; returns the thread's id."""

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> None:
        """Write in a thread, so that the bot takes it as a question."""

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press the button with this id on a message of the thread. Raises LookupError if it is not there."""

    def edit_message(self, message: str, text: str) -> None:
        """Let a person edit a question of theirs. Raises LookupError if it is not there."""

    def delete_message(self, message: str) -> None:
        """Let a person delete a message of theirs. Raises LookupError if it is not there."""

    def thread(self, thread: str) -> Sequence[Shown]:
        """Everything in the thread, oldest first, private messages included."""

    def private_messages(self, thread: str, person: SimulatedPerson) -> Sequence[Shown]:
        """What the bot told this person alone about a thread: there, or in the direct conversation, oldest first."""

    def refuse(
        self, operation: Operation, failure: Failure, *, retry_after: float = 0.2, times: int = 1
    ) -> None:
        """Let the next requests of an operation fail; `retry_after` in seconds where they are rate limited."""


@runtime_checkable
class QueuedMarkers(Protocol):
    """A platform where a bot can mark a person's message."""

    def is_marked(self, message: str) -> bool:
        """Tell whether the bot marks a message of a person as waiting. Raises LookupError if it is not there."""


class FullWorkspace(Workspace, QueuedMarkers, Protocol):
    """A workspace with all that Slack and Discord both have.

    `repeats_events`: the platform sends an event again that the bot did not acknowledge. Elsewhere the bot has to look
    for what it missed, and finds it where it takes part already.
    """

    repeats_events: bool

    @property
    def secrets(self) -> Sequence[str]:
        """What the platform gave the bot besides its settings and no log may hold."""

    async def mention(self, person: SimulatedPerson, text: str) -> str:
        """Mention the bot in the general channel; returns the id of the thread in which it answers."""

    async def direct_message(self, person: SimulatedPerson, text: str) -> str:
        """Write to the bot alone; returns the thread's id."""

    def remark(self, person: SimulatedPerson, text: str) -> str:
        """Write in the general channel to nobody in particular; returns the message's id."""

    async def ask_about(self, person: SimulatedPerson, message: str) -> str:
        """Use the bot's shortcut on a message; returns the id of the thread in which it answers."""

    async def press_forged(
        self, person: SimulatedPerson, thread: str, message: str, button: ShownButton
    ) -> None:
        """Press a button that the message does not have, as a forged or outdated client does."""

    def shows_lasting_activity(self, thread: str) -> bool:
        """Tell whether the platform shows in a thread that the bot works, until the bot says otherwise.

        Never where the platform ends the indicator by itself.
        """


Inspector = Callable[[str, Mapping[str, Any]], Awaitable[None] | None]
"""Told of every request a simulator takes: its name and its body. The tests inject validators of the published
contracts; what it raises fails the request and is kept in the simulator's `violations`."""
