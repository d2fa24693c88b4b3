"""The two simulated workspaces as the soak uses them: what their threads show, found without searching everything."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.chaos.scenarios import Scenario

WITHIN = 1.5
"""Seconds that Slack waits for an acknowledgement."""


Ended = tuple[float, float]
"""When a stop of the bot began and when it was over, in monotonic seconds; the same moment twice for a kill."""


def cut_short(delivered: float, within: float, ended: Collection[Ended]) -> bool:
    """Whether the bot ended less than `within` seconds after it was told something, or was told it while it stopped."""
    return any(begun - within < delivered <= over for begun, over in ended)


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message of the bot's as everybody sees it; `buttons` are ids by label, `key` is what they carry."""

    id: str
    text: str
    buttons: dict[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """Where a question was asked, and the message that asks it, or "" where it is none."""

    thread: str
    message: str


class Workspace(Protocol):
    """One workspace."""

    people: Sequence[SimulatedPerson]

    async def ask(self, scenario: Scenario, text: str) -> AskedQuestion | None:
        """Ask in a way that begins a conversation; None where the platform itself said that nobody took it."""

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> AskedQuestion | None:
        """Ask in a thread; None while it does not exist."""

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press a button."""

    def shown(self, thread: str) -> list[ShownMessage]:
        """The bot's messages in a thread that everybody sees, oldest first."""

    def was_not_delivered(self, message: str, broken: Collection[float], ended: Collection[Ended]) -> bool:
        """Whether the platform gave up telling the bot of a message that begins a thread, or, on Slack, of any.

        `broken` are the moments at which Discord's connections broke, in monotonic seconds.
        """

    def is_cut_off(self, thread: str, ended: Collection[Ended]) -> bool:
        """Whether the bot ended before it can have taken over the command that opened a thread."""

    def threads(self) -> Iterable[str]:
        """Every thread."""

    def private_replies(self) -> str:
        """All that the bot said privately, in whatever way."""

    def indicators(self) -> list[tuple[str, str]]:
        """What still says that the bot is at work, or that a message waits, with its thread."""

    def delete(self, thread: str, message: str) -> None:
        """Delete a message of the bot's, as a moderator does."""

    def forbid(self, thread: str) -> None:
        """Let nobody write in a thread any more."""

    def archive(self, thread: str) -> None:
        """Put a thread away, where the platform does so by itself; whoever writes there takes it out again."""

    def rewrite(self, message: str, text: str) -> None:
        """Let somebody edit a question that begins no thread."""

    def withdraw(self, message: str) -> None:
        """Let somebody delete a question that begins no thread."""

    async def stop(self, person: SimulatedPerson, thread: str) -> bool:
        """Use the platform's own Stop; tell whether it shows one."""

    def forget(self, threads: set[str]) -> None:
        """Forget threads that are over."""
