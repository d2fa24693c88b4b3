"""What a test has a platform do that each platform does differently: a module for each, found by the workspace's name."""

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import Protocol

from aion_bot.simulators.workspace import FullWorkspace, SimulatedFile, SimulatedPerson


class Use(Protocol):
    """A workspace, used in the ways of its platform. Thread and message ids are the platform's own.

    Attributes:
        general: The id of the channel where people ask.
        mention: What addresses the bot in a message.
        reads: The requests that read a conversation, as `Workspace.log` names them.
        blanks: The characters of a long message that the platform still takes.
        most_messages: The messages that show the beginning of a very long answer.
        most_posts: The posts of a very long answer, its file included.
        refers_to_replies: Whether a reply tells which message it replies to; elsewhere it stands in that one's thread.
    """

    general: str
    mention: str
    reads: Collection[str]
    blanks: int
    most_messages: int
    most_posts: int
    refers_to_replies: bool

    def show_every_message(self) -> Mapping[str, str]:
        """Let the bot have every message of its threads; returns the variables that it needs for that."""

    def begin_thread(self, person: SimulatedPerson, text: str) -> tuple[str, str]:
        """Let people begin a thread without the bot; returns the ids of its first message and of the thread."""

    def say(
        self, person: SimulatedPerson, thread: str, text: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Write any text in a thread; returns the message's id."""

    def reply_to(self, person: SimulatedPerson, message: str, text: str) -> str:
        """Reply to a message of the general channel, with a mention; returns the id of the thread for the answer."""

    def place_of(self, question: str) -> str:
        """Where a question of the general channel shows its signs until its thread is opened."""

    def referring(self, thread: str) -> Sequence[str]:
        """The texts of the messages in a thread that refer to another one."""

    def shown_in_general(self, person: SimulatedPerson, thread: str) -> Sequence[str]:
        """The private replies to a person who asked from the general channel itself."""

    def rename(self, thread: str, title: str) -> None:
        """Call a thread, or the bot's session in it, something else."""

    def silence(self, person: SimulatedPerson) -> None:
        """Take the right to write in the general channel from a person."""

    def withhold_rights(self) -> None:
        """Do not tell any more who may write where."""

    def allow_reactions(self) -> None:
        """Let the app have what reactions need, as the manifest says where they are on."""

    def react_as_bot(self, message: str, emoji: str) -> None:
        """Let the bot's own account react, where the platform tells a bot of that."""

    def hears_reactions(self) -> bool:
        """Whether the bot that listens has asked for reactions by itself."""

    async def stop_session(self, person: SimulatedPerson, thread: str) -> None:
        """Use the platform's own Stop. Raises LookupError where there is none."""

    async def ask_for_status(self, person: SimulatedPerson, thread: str) -> None:
        """Use the status in direct messages, as the platform offers it there."""

    def rotate(self, number: int) -> Mapping[str, str]:
        """Make other tokens hold, and no earlier one; returns them by variable."""

    async def end_connections(self) -> None:
        """End the connections whose token was revoked."""

    def limit(self) -> None:
        """Refuse what is above the documented limits from now on."""

    def strangers(self, count: int) -> Sequence[SimulatedPerson]:
        """Make so many people whom nobody knows, and let their messages be read at once."""


def use_of(workspace: FullWorkspace) -> Use:
    """Return how a workspace is used; a further platform is one more module here."""
    made: Use = import_module(f"{__name__}.{workspace.name.lower()}").Use(workspace)
    return made
