"""The common interface of simulated platforms: people who write, read and press buttons, and scheduled failures.

`Workspace` is what any platform's simulator offers, and what the contract suite needs. `FullWorkspace` adds what only a
platform with direct messages, queued markers and message shortcuts has.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Protocol, runtime_checkable

from aion_bot.simulators.waiting import PATIENCE


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """A person of a simulated workspace."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class SimulatedFile:
    """A file that a person attaches to a message. `external`: a link to another service, which alone has its bytes."""

    name: str
    content: bytes = b"\x89PNG\r\n\x1a\n" + 1_016 * b"\x00"
    media_type: str = "image/png"
    external: bool = False


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button as a person sees it; `id` is the platform's name for it (`action_id`, `custom_id`)."""

    label: str
    id: str
    value: str = ""

    @property
    def rates(self) -> bool:
        """Whether it rates a finished answer."""
        return self.id.removeprefix("aion:").startswith(("good:", "bad:"))

    @property
    def asks_anew(self) -> bool:
        """Whether it asks for another plan in place of one that was cancelled."""
        return self.id.startswith(("aion:another:", "aion_another_plan"))

    @property
    def adds_reason(self) -> bool:
        """Whether it adds a reason to a decision that was made."""
        return self.id.startswith(("aion_reason", "aion:reason:"))


@dataclass(frozen=True, slots=True)
class ShownForm:
    """A form as a person sees it: its title, the label of its field, what is said about that, and its button.

    `most`: how many characters the field takes.
    """

    title: str
    label: str
    hint: str
    submit: str
    most: int


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture as a person sees it, or hears of it: `description` is its alternative text."""

    name: str
    title: str
    description: str
    content: bytes


@dataclass(slots=True)
class Shown:
    """One message as a person sees it.

    `versions` has every text it has shown, oldest first; `only_for` is the id of the one person who sees it, or None;
    `pings` are those whom it would notify, by id or as "@everyone"; `payload` is the newest body that the bot sent; `files`
    are the texts of what the bot attached, by name, and `pictures` those that it shows.
    """

    id: str
    author: str
    versions: list[str]
    by_bot: bool = False
    buttons: tuple[ShownButton, ...] = ()
    only_for: str | None = None
    pings: list[str] = field(default_factory=list)
    payload: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[ShownPicture, ...] = ()

    @property
    def text(self) -> str:
        """The text that it shows now: words, notes and card lines in reading order."""
        return self.versions[-1]

    @property
    def offers(self) -> tuple[ShownButton, ...]:
        """Its buttons without those under what is over: they rate an answer, add a reason, or ask for another plan."""
        return tuple(one for one in self.buttons if not (one.rates or one.adds_reason or one.asks_anew))


@dataclass(frozen=True, slots=True)
class Logged:
    """A request that a simulator received: its time on the monotonic clock, its name, its channel, and its status."""

    at: float
    name: str
    channel: str
    status: int


CALLS_KEPT = 2_000
"""How many of the newest requests a simulator keeps."""


class Operation(StrEnum):
    """What a bot does on any platform, whatever the platform's requests for it."""

    OPEN_THREAD = auto()
    POST = auto()
    POST_FILE = auto()
    READ_FILE = auto()
    EDIT = auto()
    DELETE = auto()
    LIST_MESSAGES = auto()
    MARK_QUEUED = auto()
    UNMARK_QUEUED = auto()
    REPLY_PRIVATELY = auto()
    LOOK_UP_PERSON = auto()
    OPEN_FORM = auto()


class Failure(StrEnum):
    """How a request fails."""

    DOWN = auto()
    """The platform responds that it cannot perform the request now, and has not."""
    LOST = auto()
    """The platform performs the request and its response is lost."""
    RATE_LIMITED = auto()
    """The platform asks for a pause."""
    FORBIDDEN = auto()
    """The platform does not allow it here."""
    UNEDITABLE = auto()
    """The platform does not let this message be changed."""
    UNDRAWABLE = auto()
    """The platform does not take the form of this message."""


class Workspace(Protocol):
    """A simulated platform, used as a person uses it. Thread and message ids are the platform's own.

    `requests` names the requests by which a bot performs an operation, as `log` and the inspector name them; an operation
    that the platform does not have is missing.
    """

    name: str
    people: Sequence[SimulatedPerson]
    requests: Mapping[Operation, Sequence[str]]

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to this workspace."""

    @property
    def log(self) -> Sequence[Logged]:
        """The newest requests, at most `CALLS_KEPT`, oldest first."""

    async def start(self) -> None:
        """Serve on a free loopback port; after a `stop`, on the same one."""

    async def stop(self) -> None:
        """Close every connection and stop serving."""

    async def connected(self, *, timeout: float = PATIENCE) -> None:
        """Wait until a bot listens. Raises TimeoutError."""

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""

    async def ask(self, person: SimulatedPerson, text: str) -> str:
        """Ask the bot in the general channel in the platform's usual way; returns the thread's id."""

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> None:
        """Write in a thread so that the bot takes it as a question."""

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press the button with this id on a message of the thread. Raises LookupError if it does not exist."""

    def edit_message(self, message: str, text: str) -> None:
        """Edit a question as its author. Raises LookupError if it does not exist."""

    def delete_message(self, message: str) -> None:
        """Delete a message as its author. Raises LookupError if it does not exist."""

    def thread(self, thread: str) -> Sequence[Shown]:
        """Everything in the thread, oldest first, private replies included."""

    def private_messages(self, thread: str, person: SimulatedPerson) -> Sequence[Shown]:
        """The private replies to this person about a thread: in it, or as direct messages, oldest first."""

    def refuse(
        self, operation: Operation, failure: Failure, *, retry_after: float = 0.2, times: int = 1
    ) -> None:
        """Fail the next requests of an operation; `retry_after` in seconds where they are rate limited."""


@runtime_checkable
class QueuedMarkers(Protocol):
    """A platform where a bot can mark a person's message as queued."""

    def is_marked(self, message: str) -> bool:
        """Whether a person's message carries the queued marker. Raises LookupError if it does not exist."""


@runtime_checkable
class FormFilling(Protocol):
    """A platform where a press may open a form for who pressed."""

    def open_form(self, person: SimulatedPerson) -> ShownForm | None:
        """The form that a person sees; None where none is open."""

    def close_form(self, person: SimulatedPerson) -> None:
        """Close it without sending anything."""

    async def submit_form(self, person: SimulatedPerson, words: str) -> None:
        """Write into the form and send it.

        Raises LookupError if none is open, and ValueError where the platform does not let such words be sent.
        """


class FullWorkspace(Workspace, QueuedMarkers, FormFilling, Protocol):
    """A workspace with everything that Slack and Discord both have. `files` are attached to a message.

    `repeats_events`: the platform resends events that the bot did not acknowledge. Elsewhere the bot has to backfill what it
    missed, in conversations that it takes part in already.
    """

    repeats_events: bool

    @property
    def secrets(self) -> Sequence[str]:
        """Secrets that the platform gave the bot besides its settings, which no log may contain."""

    async def mention(
        self, person: SimulatedPerson, text: str, *, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Mention the bot in the general channel; returns the id of the thread in which it answers."""

    async def direct_message(
        self, person: SimulatedPerson, text: str, *, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Send the bot a direct message; returns the thread's id."""

    def drop(self, person: SimulatedPerson, thread: str, files: Sequence[SimulatedFile]) -> str:
        """Post files in a thread, without words and for nobody in particular; returns the message's id."""

    async def forward(self, person: SimulatedPerson, message: str, comment: str = "") -> str:
        """Forward a message to the bot as a direct message; returns the thread's id."""

    def remark(self, person: SimulatedPerson, text: str, *, files: Sequence[SimulatedFile] = ()) -> str:
        """Write in the general channel without addressing the bot; returns the message's id."""

    def edit_into_question(self, message: str, text: str) -> None:
        """Edit a message as its author so that it mentions the bot."""

    async def ask_about(self, person: SimulatedPerson, message: str) -> str:
        """Use the bot's shortcut on a message; returns the id of the thread in which it answers."""

    async def command(self, person: SimulatedPerson, words: str, *, thread: str = "") -> None:
        """Use `/aion` with these words, in a thread or where people ask. Raises LookupError where it is not offered."""

    async def ask_privately(self, person: SimulatedPerson, text: str) -> None:
        """Ask in the general channel so that this person alone sees the answer."""

    def close_direct_messages(self, person: SimulatedPerson) -> None:
        """Let this person take no direct messages of the bot from now on."""

    def thread_of(self, message: str) -> str:
        """The id of the thread that a message is in. Raises LookupError if it does not exist."""

    def public_messages(self) -> Sequence[Shown]:
        """Everything outside of direct messages that is not for one person alone, oldest first."""

    def command_answers(self, person: SimulatedPerson) -> Sequence[Shown]:
        """All that this person alone has been shown in channels and threads, oldest first."""

    def conversation_title(self, thread: str) -> str:
        """The name that the platform shows for a thread: of the thread itself, or of the bot's session in it."""

    def direct_messages(self, person: SimulatedPerson) -> Sequence[Shown]:
        """What the bot has written to a person in their direct messages, oldest first."""

    async def press_private(self, person: SimulatedPerson, message: str, button: str) -> None:
        """Press the button with this id on a message that its person alone sees. Raises LookupError if it is not there."""

    async def press_forged(
        self, person: SimulatedPerson, thread: str, message: str, button: ShownButton
    ) -> None:
        """Press a button that the message does not have, as a forged or outdated client does."""

    def react(self, person: SimulatedPerson, message: str, emoji: str) -> None:
        """Put a reaction on a message, an emoji of Unicode. Raises LookupError if the message does not exist."""

    def leave(self, person: SimulatedPerson) -> None:
        """Take a person out of the workspace: their account is closed, or they are no member any more."""

    def come_back(self, person: SimulatedPerson) -> None:
        """Let a person be a member again."""

    def shows_lasting_activity(self, thread: str) -> bool:
        """Whether the platform shows in a thread that the bot works, until the bot clears it.

        Always false where the platform ends the indicator by itself.
        """


Inspector = Callable[[str, Mapping[str, Any]], Awaitable[None] | None]
"""Called with the name and the body of every request that a simulator takes. The tests inject validators of the published
contracts; what it raises fails the request and is kept in the simulator's `violations`."""
