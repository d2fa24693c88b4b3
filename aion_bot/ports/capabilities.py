"""What a platform may do for the core beside `PlatformAdapter`: a Protocol for each, used where an adapter has it."""

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import Protocol, runtime_checkable

from aion_bot.ports.diagnosis import Diagnosis, Subjects
from aion_bot.ports.events import Click, HomeOpened, ManageCommand, Prompt
from aion_bot.ports.messages import (
    Content,
    Document,
    Gallery,
    HomeSection,
    MessageRef,
    Person,
    PrivateAnswer,
    Reply,
    ThreadKey,
)


class StreamingMode(Enum):
    """What native streams are good for in a thread."""

    NEVER = auto()
    WHEN_CROWDED = auto()
    """Only the person who asked sees them grow: for when edits are scarce."""
    PREFERRED = auto()
    """They are the better choice."""


@runtime_checkable
class NativeStreaming(Protocol):
    """Messages that the platform itself lets grow by appending, for an adapter that has them."""

    def streaming_mode(self, thread: ThreadKey) -> StreamingMode:
        """Tell what native streams are good for in a thread."""

    async def start_stream(
        self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str
    ) -> MessageRef:
        """Post what a reply shows so far as a stream that `person` sees growing; `nonce` as for `post`.

        Raises `Unsupported` where the platform refuses streams; `streaming_mode` then knows.
        """

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream that shows `shown` grow to `content`. Raises `Unsupported` if it takes nothing any more."""

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream. Where `stream_delta` has a rest, it shows all of `content` then, note, byline and buttons as well.

        Raises `Unsupported` if it had ended.
        """

    def stream_delta(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """What has to be appended to a stream that shows `shown` to show the words of `content`. Pure.

        None where appending cannot do it, or the stream would take more than it can hold; `last`: it ends with this.
        """


@runtime_checkable
class ActivityIndicator(Protocol):
    """The platform's own indicator that the bot works, such as "is typing"; `Limits.activity_lasts` says for how long."""

    async def show_activity(
        self, thread: ThreadKey, person: Person, *, active: bool, title: str = ""
    ) -> bool:
        """Show that the bot works for `person` in a thread, or end that.

        `title` names the conversation that begins with it, where the platform lists conversations; one line.

        Returns whether that is so now: one attempt, which may raise `RateLimited` and nothing else.
        """


@runtime_checkable
class QueuedMarker(Protocol):
    """A mark on a person's message, such as a reaction."""

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Show on a message that it waits in the queue, or remove that; a second call of either changes nothing."""


@runtime_checkable
class ChannelLines(Protocol):
    """A platform whose limits leave many questions at once without signs of their own: one message in the channel is for all."""

    def line_channel(self, prompt: Prompt) -> ThreadKey | None:
        """Name the channel itself, where a question was asked; None where it was asked in a thread or a direct message.

        What is posted there is seen by all who ask there. Pure.
        """


@runtime_checkable
class BotStatus(Protocol):
    """A status beside the bot's name, which everybody sees who looks at the bot, and which counts against no limit of requests."""

    async def show_status(self, words: str) -> bool:
        """Show one line of at most 128 characters, or nothing any more where it is empty; returns whether that was sent.

        One attempt, which does not raise. The caller does not call it more than five times a minute.
        """


@runtime_checkable
class Reactions(Protocol):
    """A platform that tells of reactions on the bot's messages only if it is asked to."""

    takes_reactions: bool
    """Whether it is asked to, from the next connection on that is no continuation of an earlier one."""

    reactions_at_once: bool
    """Whether a change of that counts from the next event on already."""


@runtime_checkable
class Diagnosable(Protocol):
    """A platform that can be asked, without listening, whether the bot is set up well.

    `address` is the base of its API.
    """

    address: str

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Ask the platform about the variables, the app, and `subjects`. Changes nothing, also beside a running bot.

        Raises `PlatformDown` where it cannot be reached, and what parsing an answer raises that is not the platform's.
        """


@runtime_checkable
class Files(Protocol):
    """Files in a thread, for an adapter that can post them."""

    async def post_file(self, thread: ThreadKey, document: Document, *, nonce: str) -> MessageRef:
        """Post a document as a file, as `post` does: a second one with the same nonce is not made.

        The reference can be given to `delete`, not to `edit`; `own_messages` returns the same one. Raises
        `UploadRefused` where the platform takes no file here.
        """


@runtime_checkable
class Galleries(Protocol):
    """Pictures in a thread, for an adapter that can post them. `picture_types` are the media types that the platform draws."""

    picture_types: Collection[str]

    async def post_gallery(self, thread: ThreadKey, gallery: Gallery, *, nonce: str) -> MessageRef:
        """Post a gallery in one message, as `post` does: a second one with the same nonce is not made.

        Each picture has its description for people who do not see it. Raises `UploadRefused` where the platform takes no
        pictures here.
        """


@runtime_checkable
class PrivateAnswers(Protocol):
    """A platform that can show one person more than a sentence: words with buttons, and files."""

    async def answer_privately(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Show `answer` to the person behind `event` alone.

        Raises `UploadRefused` where the platform does not take the document or the pictures; the words are shown then.
        """


@runtime_checkable
class Home(Protocol):
    """A platform that has a page for the bot, which each person sees for themselves."""

    async def publish_home(self, event: HomeOpened, sections: Sequence[HomeSection]) -> None:
        """Show the person behind `event` these sections on it, in place of what it showed."""


@runtime_checkable
class ReplyReferences(Protocol):
    """A platform whose messages can say which message they reply to."""

    async def post_reply(
        self, thread: ThreadKey, content: Content, *, to: MessageRef, nonce: str
    ) -> MessageRef:
        """Post a message as `PlatformAdapter.post` does, as a reply to `to`; without that if `to` is gone. Pings nobody."""


@runtime_checkable
class ClaimedQuestions(Protocol):
    """A platform that gives an event to every process with the token: who posts first for a question answers it."""

    def claim_of(self, prompt: Prompt) -> str:
        """Return the nonce for the first post of an answer, the same in every process; "" where no other can have the prompt.

        `post` raises `TakenElsewhere` where another process has posted with it.
        """

    @property
    def contested(self) -> bool:
        """Whether another process was noticed lately: then a question is claimed before it is asked."""


@runtime_checkable
class Fingerprints(Protocol):
    """A platform that forgets nonces: a message without buttons is known by what it shows alone."""

    def fingerprint(self, content: Content) -> str:
        """Return the fingerprint that `own_messages` tells of a message that was posted with this content."""


@runtime_checkable
class SeldomReading(Protocol):
    """A platform that may let the app read threads so seldom that going on after a restart must not depend on it."""

    @property
    def reads_seldom(self) -> bool:
        """Whether it may: then each post is noted before it is made, and only threads that may have more than that are read."""


@runtime_checkable
class MentionsOnly(Protocol):
    """A platform that may keep back what people write without mentioning the bot, so that replies need a mention."""

    @property
    def mentions_only(self) -> bool:
        """Whether it does."""


@runtime_checkable
class DirectThreads(Protocol):
    """A platform on which each message to the bot alone begins a thread of its own."""

    direct_threads: bool
