"""What the bot shows on a platform, as values: replies, plan cards, buttons, and the names of threads and messages."""

from dataclasses import dataclass, field
from enum import StrEnum

from aion_bot.ports.inline import in_words


@dataclass(frozen=True, slots=True)
class ThreadKey:
    """Names one conversation on one platform.

    `id` is opaque: only the platform's adapter (`ids.py`) makes or reads it.
    """

    platform: str
    id: str


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Names one message. `id` is opaque, and may name another channel than the thread's own."""

    thread: ThreadKey
    id: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a platform. `name` may be empty where the platform's event carries none.

    `apps` are the ids of the app that wrote, for itself or in the name of a person; empty for who wrote themselves.
    """

    id: str
    name: str = ""
    apps: frozenset[str] = frozenset()


Line = tuple[str | Person, ...]
"""A sentence of the bot's own. Its `Person`s become the platform's mention; everything else is text, which
no adapter may let ping anybody."""


class Action(StrEnum):
    """What a button of ours does."""

    APPROVE = "approve"
    CANCEL = "cancel"
    RETRY = "retry"
    STOP = "stop"
    UPLOAD = "upload"
    """Lets the question's files into the library."""
    SUGGEST = "suggest"
    """Says what is to be done with files that came without words."""
    WITHDRAW = "withdraw"
    """Takes a question back that waits."""
    ONLY_THESE = "only"
    """Asks the question again about the pictures of its answer alone."""
    ANOTHER_PLAN = "another"
    """Asks for another plan in place of one that was cancelled."""
    CLOSER = "closer"
    """Asks the question again, for a detailed look at pictures."""
    GOOD = "good"
    """Rates an answer as a good one."""
    BAD = "bad"
    """Rates an answer as a bad one."""
    REASON = "reason"
    """Asks in a form why somebody decided a plan as they did."""
    WHY = "why"
    """Asks in a form why somebody rates an answer as a bad one."""
    MANAGE = "manage"
    """Does what a subcommand of `/aion` does; the key names it behind its thread's newest question."""
    OPEN = "open"
    """Goes on with an earlier conversation of the presser's in the thread."""
    PAGE = "page"
    """Shows more of a private list."""
    THESE = "these"
    """Lets the thread's questions be about the pictures that a search found."""
    SHARE = "share"
    """Posts a private question and its answer where it was asked."""
    PICK = "pick"
    """Adds a picture that a search found to those that the thread's questions are about, or removes it."""


@dataclass(frozen=True, slots=True)
class Button:
    """Something a person may press. `key` finds the row that has the rest; at most 64 characters.

    `caution` is a sentence that a platform with a dialog for it shows after the press, before the press counts; empty: none.
    """

    action: Action
    key: str
    label: str
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """Words in a thread.

    `text` is Markdown, mostly the model's; the last `closing` characters of it close what is open only because the
    text is not at its end. `note` and `byline` are small lines under it in the bot's own voice, of which the second
    may name a person. `plain`: the text is shown as it is, read by no Markdown parser and with as little work as
    possible, because showing it as Markdown failed or took too long. `notifies`: the persons of the byline are notified when
    it is posted, and it is as large as text; no adapter notifies anybody otherwise.
    """

    text: str
    note: str = ""
    byline: Line = ()
    buttons: tuple[Button, ...] = ()
    closing: int = 0
    plain: bool = False
    notifies: bool = False


class StepState(StrEnum):
    """How far a step of a plan is known to be; the value is the mark in front of its number."""

    WAITING = ""
    RUNNING = "⏳ "
    DONE = "✅ "
    FAILED = "❌ "


PARALLEL = "∥ "
"""Stands behind the number of a step that may run at the same time as the step above it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of a plan: who acts, in words for people, and what it will do.

    `number` is its place in the plan where that is not its place among the steps that are shown; 0: it is. `parallel`: it
    waits for nothing that the step before it does not wait for.
    """

    agent: str
    description: str
    number: int = 0
    parallel: bool = False
    state: StepState = StepState.WAITING

    def numbered(self, place: int) -> str:
        """Return what stands before its words: its marks and its number; `place` among the steps that are shown, from 1."""
        return f"{self.state}{self.number or place}. {PARALLEL if self.parallel else ''}"


@dataclass(frozen=True, slots=True)
class PlanCard:
    """A plan that waits for a decision, or the record of one.

    `title` is the bot's, and `headline`, the plan's first sentence as one line of plain words, stands behind it (`heading`).
    `description`, `steps` and `said` are the model's words, which every adapter shows as a quote, so that nobody takes them for
    the bot's own; `said` is about the outcome and stands under the record. `decided_at` is when the newest decision was made,
    in seconds since 1970, shown in the reader's time zone; 0: not shown. `facts` are lines under the steps (how many
    operations, who may decide); `record` says what became of it and is empty while nobody decided. `key` tells the core which
    plan it is; it is not shown. `plain` as for `Reply`.
    """

    title: str
    description: str
    steps: tuple[Step, ...] = ()
    facts: tuple[Line, ...] = ()
    record: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = ()
    key: str = ""
    said: str = ""
    plain: bool = False
    headline: str = ""
    decided_at: int = 0

    @property
    def heading(self) -> str:
        """The title, and the plan's first sentence where there is one."""
        return f"{self.title}: {self.headline}" if self.headline else self.title

    @property
    def rest(self) -> str:
        """The description without a first sentence that the heading has word for word; stars may be missing there."""
        said, at = self.description, 0
        for character in self.headline:
            while said[at : at + 1] == "*" != character:
                at += 1
            if said[at : at + 1] != character:
                return said
            at += 1
        after = said[at:].lstrip("*") if self.headline else said
        begun = said[: len(said) - len(after)]
        if "*" in begun and in_words(begun) != self.headline:
            return said  # the emphasis goes on behind the sentence
        # Some scripts have no blank behind the sign that ends a sentence.
        ends = (
            not after
            or after[0].isspace()
            or not (self.headline[-1:].isascii() or self.headline[-1].isalnum())
        )
        return after.lstrip() if ends else said


Content = Reply | PlanCard
"""What every adapter can show as one message."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text that is too long for messages: posted as a file named `name`, in UTF-8, and never changed.

    `key` is that of the plan that it belongs to, above whose card it stands; empty for any other text.
    """

    name: str
    text: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of Aion's library as it is shown.

    `data` are its bytes, of `media_type`, which the content says: JPEG, PNG, GIF or WebP. `name` is that of its file, and
    `description` the alternative text for people who do not see it; both are somebody's words.
    """

    name: str
    title: str
    description: str
    media_type: str = field(repr=False)
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures that an answer refers to, in a message under its last one, which is posted once and never changed.

    `pictures` are `MOST_PICTURES` at most. `note` is a line in the bot's own voice that counts those that are not shown,
    and names those that could not be had.
    """

    pictures: tuple[Picture, ...]
    note: str = ""
    buttons: tuple[Button, ...] = ()

    @property
    def in_words(self) -> Reply:
        """What stands in its place where the platform takes no pictures: the titles, and the same line and buttons."""
        return Reply(
            "", "\n".join(filter(None, (*(one.title for one in self.pictures), self.note))), (), self.buttons
        )


MOST_PICTURES = 10
"""Pictures of a gallery: as many files as Discord takes in a message (Discord's documentation, *Uploading Files*)."""

PostedOnce = Document | Gallery
"""What is posted by an upload and never changed."""


@dataclass(frozen=True, slots=True)
class HomeSection:
    """A part of the bot's own page: a title and lines of plain text."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrivateAnswer:
    """What one person sees in answer to a command or a press, and may act on.

    `document` or `pictures` stand with it, where the platform can show them to that person alone.
    """

    content: Reply
    document: Document | None = None
    pictures: tuple[Picture, ...] = ()
