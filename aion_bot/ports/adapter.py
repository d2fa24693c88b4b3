"""What every platform does for the core: the Protocol that each adapter implements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Content, Line, MessageRef, ThreadKey
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message that the bot posted. `nonce` is the one it was posted with, or None where the platform forgets it.

    `stream`: it may be a native stream that was never stopped. `keys` are those of its buttons, without rounds, where no nonce names it,
    and `fingerprint` that of what it shows, where the platform has `Fingerprints`. `rates` are the keys of its buttons that
    rate, which are not among `keys`: they stand under the end of an answer. `growing` are the words of a message with the button
    that stops an answer, or of such a stream, None of any other.
    """

    message: MessageRef
    nonce: str | None
    stream: bool = False
    keys: frozenset[str] = frozenset()
    fingerprint: str = ""
    rates: frozenset[str] = frozenset()
    growing: str | None = None


class PlatformAdapter(Protocol):
    """One platform. Every method may raise the errors of `ports.errors`, and nothing else but cancellation.

    An operation performs its requests before it returns, and reports each of them to the observer of
    `observe_requests` before it is sent and after it is answered.
    """

    platform: str
    limits: Limits

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises `TokenRefused` or `PlatformDown`; the core starts it again after the latter."""

    async def close(self) -> None:
        """Close every connection. `post` and `edit` work until this is called, listening or not."""

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:
        """Make the thread of a prompt with an `opening` exist; harmless if it does.

        `again`: an earlier attempt of the bot's may have opened it. Otherwise one that the bot's own account has opened is
        another process's: `TakenElsewhere`.
        """

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a new message. `nonce`: at most 25 characters of A-Z, a-z, 0-9 and "-".

        Posting again with the same nonce after an error never makes a second message: where the first one did
        arrive, its reference is returned. The platform decides how long that holds; it has to be minutes at least.
        """

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace what a message shows, buttons included. Never queues.

        A message that is still a stream, of this process or an earlier one, is stopped first.
        """

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest messages in a thread, at most twenty, newest first."""

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
        """Answer the person behind `event` so that nobody else sees it, where the platform can.

        `hidden`: where it cannot, no words are shown, and `Forbidden` is raised: a refusal is nobody else's business. A
        reaction to the person's own message (`Prompt.source`) may say that there is something to be told.
        """

    def measure(self, content: Content) -> int:
        """Size of `content` as this platform counts it, against `limits.page`. Pure."""

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """Name what a thread shares a budget with: all threads with the same name count together. Pure."""

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request to the platform to `observer` from now on."""
