"""What a platform does for the core: one Protocol that every adapter implements, and optional capabilities."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, runtime_checkable

from aion_bot.ports.diagnosis import CreatedApp, Diagnosis, Subjects
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import (
    Content,
    Document,
    Gallery,
    Line,
    MessageRef,
    Person,
    PrivateAnswer,
    Reply,
    ThreadKey,
)
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope
from aion_bot.ports.settings import IdForms, Problem


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message that the bot posted. `nonce` is the one it was posted with, or None where the platform forgets it.

    `stream`: it may be a native stream that was never stopped. `keys` are those of its buttons, where no nonce names it,
    and `fingerprint` that of what it shows, where the platform has `Fingerprints`.
    """

    message: MessageRef
    nonce: str | None
    stream: bool = False
    keys: frozenset[str] = frozenset()
    fingerprint: str = ""


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
        """End a stream, with the rest of `content` where `stream_delta` has one. Raises `Unsupported` if it had ended."""

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
class MentionsOnly(Protocol):
    """A platform that may keep back what people write without mentioning the bot, so that replies need a mention."""

    @property
    def mentions_only(self) -> bool:
        """Whether it does."""


@runtime_checkable
class KnownIds(Protocol):
    """A platform whose ids have a known form, as package and as adapter, so that lists in the settings are checked.

    Without it every id counts as one of the platform's.
    """

    id_forms: IdForms


def id_forms_of(offered: object) -> IdForms:
    """Return the forms of a platform's ids, none where it has no `KnownIds`."""
    return offered.id_forms if isinstance(offered, KnownIds) else {}


@runtime_checkable
class Platform(Protocol):
    """A sub-package of `adapters`: what its `__init__` offers. None of it may import the platform's SDK by itself."""

    def variables(self) -> Sequence[str]:
        """Every environment variable that belongs to this platform.

        A name that ends in TOKEN, KEY, SECRET or PASSWORD holds a secret: its value is kept out of the logs.
        """

    def required(self) -> Sequence[str]:
        """Those of `variables` that must be set for the platform to be used.

        Each may be given as the file that `<NAME>_FILE` names; the environment that the platform gets has its value.
        """

    def loggers(self) -> Sequence[str]:
        """Names of the loggers of its SDK. They are kept quiet below warning."""

    def configure(self, env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        """Build the adapter if its variables are set; None if it is not wanted. Connects to nothing."""


@runtime_checkable
class MessageLinks(Protocol):
    """A sub-package of `adapters` that reads the links to messages which people copy."""

    def message_of_link(self, link: str) -> str | None:
        """Return the id of the `MessageRef` that a link leads to; None if it is none of this platform's. Pure."""


@runtime_checkable
class SetUpGuide(Protocol):
    """A sub-package of `adapters` that tells what a person does by hand before the bot runs."""

    def manual_steps(self) -> Mapping[str, str]:
        """Return one sentence for each step, in order: by the variable that it yields, or by a name of its own."""

    def manifest(self, url: str = "") -> str:
        """Return the text from which the platform makes the app, "" where it takes none.

        `url`: the public address, without a slash at its end, where the platform sends events over HTTP; empty: it does not.
        """


@runtime_checkable
class VariableProbe(Protocol):
    """A sub-package of `adapters` that can check one variable by a real call, before the others are given."""

    async def probe(self, env: Mapping[str, str], variable: str) -> Diagnosis:
        """Check the form of one of `Platform.required`, then ask the platform about it. Changes nothing.

        Raises `PlatformDown` where the platform cannot be reached, and `RateLimited`.
        """


@runtime_checkable
class AppCreation(Protocol):
    """A sub-package of `adapters` whose platform creates the app by itself, for a token that serves this alone."""

    def creation_token(self) -> str:
        """Name the variable of that token."""

    async def create_app(self, env: Mapping[str, str]) -> CreatedApp:
        """Create the app from the manifest, which the platform validates first. Sent once: a second app would be another one.

        Raises `PlatformDown` where the platform cannot be reached, then no app is known to exist, and `RateLimited`.
        """

    def steps_of_app(self, app: str) -> Mapping[str, str]:
        """Return the `manual_steps` that are left for a created app, with the addresses of its pages."""
