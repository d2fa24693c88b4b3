"""What a simulated Slack and a simulated Discord have in common: people who write, read and press buttons."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Someone:
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


class Workspace(Protocol):
    """A simulated platform, used the way a person uses it. Thread ids are the platform's own."""

    name: str
    people: Sequence[Someone]

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to this workspace."""

    async def ask(self, person: Someone, text: str) -> str:
        """Ask the bot in the general channel as the platform would have it; returns the thread's id."""

    async def reply(self, person: Someone, thread: str, text: str) -> None:
        """Write in a thread, so that the bot takes it as a question."""

    async def press(self, person: Someone, thread: str, message: str, button: str) -> None:
        """Press the button with this id on a message of the thread."""

    def thread(self, thread: str) -> Sequence[Shown]:
        """Everything in the thread, oldest first, private messages included."""

    async def until(self, condition: Callable[[], bool], *, timeout: float = 30.0) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""

    async def connected(self, *, timeout: float = 30.0) -> None:
        """Wait until a bot listens. Raises TimeoutError."""

    async def start(self) -> None:
        """Serve on a free loopback port."""

    async def stop(self) -> None:
        """Cut every connection and stop serving."""


Inspector = Callable[[str, Mapping[str, Any]], Awaitable[None] | None]
"""Told of every request a simulator takes: its name and its body. The tests inject validators of the published
contracts; what it raises fails the request and is kept in the simulator's `violations`."""
