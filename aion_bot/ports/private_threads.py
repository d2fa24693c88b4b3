"""A conversation that one person alone sees, for questions whose answers are nobody else's business."""

from typing import Protocol, runtime_checkable

from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Reply, ThreadKey


@runtime_checkable
class PrivateThreads(Protocol):
    """A platform that has such conversations."""

    @property
    def ask_privately(self) -> str:
        """What a person writes there to ask privately, as in help."""

    def private_thread(self, prompt: Prompt) -> ThreadKey:
        """Name the thread of a private question until `open_private` says which it is: the same in every process. Pure.

        Nothing can be posted in it, and it has no messages.
        """

    async def open_private(self, prompt: Prompt, question: Reply, *, nonce: str) -> ThreadKey:
        """Post `question` where the person behind `prompt` alone reads it, and return the thread that begins with it.

        `nonce` as for `PlatformAdapter.post`, where the platform can find it again there. Raises `Forbidden` where the
        person takes no messages; then nobody has seen anything.
        """
