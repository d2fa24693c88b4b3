"""The two simulated workspaces as the soak test uses them, with fast access to the messages of a thread."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.ports.rounds import read_round
from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.chaos.scenarios import Scenario

ACKNOWLEDGEMENT_TIMEOUT = 1.5
"""Seconds that Slack waits for an acknowledgement."""


Ended = tuple[float, float]
"""When a stop of the bot began and when it was over, in monotonic seconds; the same moment twice for a kill."""


def cut_short(delivered: float, within: float, ended: Collection[Ended]) -> bool:
    """Whether the bot ended less than `within` seconds after a delivery, or received it while it stopped."""
    return any(begun - within < delivered <= over for begun, over in ended)


def carried_key(button: str) -> str:
    """The key of a row in what a platform keeps for a button: what stands before it, and its round, is left out."""
    return read_round(button.rpartition(":")[2])[0]


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message of the bot that everybody sees; `buttons` are ids by label, `key` is the key that they carry, without its round."""

    id: str
    text: str
    buttons: dict[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """The thread of a question, and the message that asks it, or "" for a command."""

    thread: str
    message: str


class Workspace(Protocol):
    """One workspace."""

    people: Sequence[SimulatedPerson]

    async def ask(self, scenario: Scenario, text: str) -> AskedQuestion | None:
        """Ask in a way that begins a conversation; None where the platform reported that the bot did not respond."""

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> AskedQuestion | None:
        """Ask in a thread; None while the thread does not exist."""

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press a button."""

    def shown(self, thread: str) -> list[ShownMessage]:
        """The bot's messages in a thread that everybody sees, oldest first."""

    def was_not_delivered(self, message: str, broken: Collection[float], ended: Collection[Ended]) -> bool:
        """Whether the platform gave up delivering a message that begins a thread, or, on Slack, any message.

        `broken` are the moments at which Discord's connections broke, in monotonic seconds.
        """

    def is_cut_off(self, thread: str, ended: Collection[Ended]) -> bool:
        """Whether the bot ended before it can have recorded the command that opened a thread."""

    def threads(self) -> Iterable[str]:
        """All threads."""

    def private_replies(self) -> str:
        """The text of all private replies."""

    def indicators(self) -> list[tuple[str, str]]:
        """The indicators that are still shown, each with its thread."""

    def delete(self, thread: str, message: str) -> None:
        """Delete a message of the bot, as a moderator does."""

    def forbid(self, thread: str) -> None:
        """Forbid everybody to write in a thread."""

    def archive(self, thread: str) -> None:
        """Archive a thread, where the platform does so by itself; the next message ends that."""

    def rewrite(self, message: str, text: str) -> None:
        """Edit a question that begins no thread, as its author."""

    def withdraw(self, message: str) -> None:
        """Delete a question that begins no thread, as its author."""

    async def stop(self, person: SimulatedPerson, thread: str) -> bool:
        """Use the platform's own Stop; returns whether it is shown."""

    def forget(self, threads: set[str]) -> None:
        """Delete the data of threads that have ended."""
