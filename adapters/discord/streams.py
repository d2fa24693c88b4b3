"""Native streams, of which Discord has none. No I/O."""
# ruff: noqa: ARG002  the port names the arguments

from aion_bot.ports.adapter import Streams
from aion_bot.ports.errors import Unsupported
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey


class NoStreams:
    """The part of an adapter that is about streams."""

    async def begin(self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str) -> MessageRef:
        """Raise Unsupported."""
        raise Unsupported("Discord has no streams")

    async def append(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Raise Unsupported."""
        raise Unsupported("Discord has no streams")

    async def conclude(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Raise Unsupported."""
        raise Unsupported("Discord has no streams")

    def tail(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """Return None: nothing can be appended."""
        return None

    def streams(self, thread: ThreadKey) -> Streams:
        """Tell that there are none."""
        return Streams.NEVER
