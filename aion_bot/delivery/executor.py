"""Performing a single step on the platform, and recording in the diff what came of it.

A nonce names each post, the same in every process that makes it again: so a process recognises messages that an earlier one
posted and could not note any more.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from aion_bot.delivery.diff import MessageDiff, is_of_plan, most_plainly
from aion_bot.delivery.steps import AppendStream, Delete, Edit, Post, PostFile, StartStream, Step, StopStream
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import FirstSeen
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.capabilities import NativeStreaming
from aion_bot.ports.errors import (
    CannotDraw,
    CannotEdit,
    Forbidden,
    Hindrance,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
    Unsupported,
    UploadRefused,
)
from aion_bot.ports.messages import (
    Content,
    Document,
    Gallery,
    MessageRef,
    Person,
    PlanCard,
    PostedOnce,
)

_log = structlog.get_logger(__name__)

OnPosted = Callable[[Content | PostedOnce, MessageRef], Awaitable[None]]
"""Awaited after each post with its content and the message that shows it."""

OnPosting = Callable[[str], Awaitable[object]]
"""Awaited before each post of which the platform may not tell after a kill, with its fingerprint or nonce; False: not noted."""

OnShown = Callable[[Content | PostedOnce], None]
"""Called with what a message shows, after each step that shows something."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How something is shown in a thread.

    `name` begins the nonces of its posts; `reader` is the person who sees a native stream of it growing. `posted` are messages
    that it takes over, `file` the one of them that is the file behind an answer. `resumed`: an earlier process may have posted
    others, and cards, which it leaves alone. `retried`: an earlier attempt may have posted some of `posted`. `owns_cards`: a
    plan's card is edited here; otherwise it is posted here and then belongs to the decision. `on_posting` is awaited before,
    `on_posted` after each post, and `on_shown` called after each step that shows something. `answers`: the message that the
    first one replies to, where the platform can show that. `claim`: the nonce of the first message, where that claims its
    question among several processes. `seen`: when people saw something of it first.
    """

    name: str
    reader: Person
    posted: tuple[MessageRef, ...] = ()
    file: MessageRef | None = field(default=None, kw_only=True)
    on_posted: OnPosted | None = None
    on_posting: OnPosting | None = None
    owns_cards: bool = False
    resumed: bool = False
    retried: bool = False
    on_shown: OnShown | None = None
    answers: MessageRef | None = None
    claim: str = ""
    seen: FirstSeen = field(default_factory=FirstSeen)


class Executor:
    """Performs one answer's steps, each with one operation of the adapter."""

    def __init__(self, thread: Thread, delivery: Delivery) -> None:
        """`diff` is what knows the delivery's messages, for whoever asks it for the next step."""
        self.thread, self.delivery = thread, delivery
        limits, streaming = thread.adapter.limits, thread.streaming
        self.diff = MessageDiff(
            limits.edit_gap,
            delivery.posted,
            file=delivery.file,
            owns_cards=delivery.owns_cards,
            resumed=delivery.resumed,
            retried=delivery.retried,
            stream_delta=streaming.stream_delta if streaming else None,
            stream_life=limits.stream_life,
        )
        # The nonces of all posts that were attempted.
        self.tried: set[str] = set()
        # The slots of the cards that it posted and that belong to their decisions, and of these plans' files.
        self.cards: set[int] = set()

    @property
    def _streaming(self) -> NativeStreaming:
        if self.thread.streaming is None:
            raise Unsupported(f"{self.thread.platform} has no native streams")
        return self.thread.streaming

    async def perform(self, step: Step) -> MessageRef | None:
        """Perform a step; the caller holds its permit. Returns the message that was posted, if the step posts one.

        Raises what the adapter raises, except for messages that are gone: the diff learns of these.
        """
        message: MessageRef | None = None
        await self._note_posting(step)
        if isinstance(step, Post | PostFile | StartStream):
            message = await self._post(step)
        else:
            try:
                match step:
                    case Edit():
                        await self.thread.adapter.edit(step.message, step.content)
                    case Delete():
                        await self.thread.adapter.delete(step.message)
                    case AppendStream():
                        await self._streaming.append_stream(step.message, step.shown, step.content)
                    case StopStream():
                        await self._streaming.stop_stream(step.message, step.shown, step.content)
            except PlatformError as error:
                self._note_refusal(step, error)
                return None
            if isinstance(step, Delete):
                self.diff.gone(step)
                return None
            self.diff.changed(step, time.monotonic())
        if self.delivery.on_shown is not None:
            self.delivery.on_shown(step.content)
        return message

    async def _note_posting(self, step: Step) -> None:
        """Note a post before it is made, where the platform could not tell of it after a kill. Raises PlatformDown where that failed."""
        forgetful, note = self.thread.fingerprints, self.delivery.on_posting
        if note is None:
            return
        if forgetful and isinstance(step, Post) and not step.content.buttons:
            # After a kill in this post neither a nonce nor a button would tell whose the message is.
            await note(forgetful.fingerprint(step.content))
            return
        if not (self.thread.reads_seldom and isinstance(step, Post | PostFile | StartStream)):
            return
        # Nobody would look for a message of which no row tells.
        if await note(self._nonce(step)) is False:
            raise PlatformDown("a post that could not be noted was not made")

    def _nonce(self, step: Post | PostFile | StartStream) -> str:
        """Name a post, in the same way in every process that makes it."""
        if step.slot == step.attempt == 0 and self.delivery.claim:
            return self.delivery.claim
        if isinstance(step.content, PlanCard):
            # By the plan's key, not by the slot: recovery finds the card wherever it stands.
            return card_nonce(step.content.key, step.attempt)
        if isinstance(step.content, Document):
            key = step.content.key
            return (
                file_nonce(key, step.attempt) if key else answer_file_nonce(self.delivery.name, step.attempt)
            )
        # Counted without cards: a process that goes on has those of the earlier one in no slot, and finds its other posts.
        number = step.slot - sum(slot < step.slot for slot in self.cards)
        return f"{self.delivery.name}-{number}-{step.attempt}"  # `adopted` reads it

    def _note_refusal(self, step: Edit | Delete | AppendStream | StopStream, error: PlatformError) -> None:
        """Tell the diff of a message that is gone, or that stays as it is. Raises `error` if it is about anything else."""
        if isinstance(error, MessageGone):
            # Somebody deleted it. For a post it would be the thread that is gone, which the caller has to know.
            self.diff.gone(step)
        elif isinstance(step, Delete) and (isinstance(error, Forbidden) or _may_be_replaced(error)):
            self.diff.deletion_refused(step)  # whatever the reason: its text stands elsewhere
            reason = error.hindrance if isinstance(error, Forbidden) else Hindrance.OTHER
            self.thread.limiter.deletions_refused |= reason is Hindrance.OTHER  # as admins may rule
        elif isinstance(step, Delete) or not (_may_be_replaced(error) or _is_undrawable(step, error)):
            raise error
        else:
            self.diff.edit_refused(step)

    async def _post(self, step: Post | PostFile | StartStream) -> MessageRef:
        nonce = self._nonce(step)
        # A platform that knows the nonce answers with what an earlier try, or an earlier process, posted.
        certain = nonce not in self.tried and not self.delivery.resumed
        # Before the request: where its answer is lost, the message may be there all the same.
        self.tried.add(nonce)
        thread = self.thread.key
        if isinstance(step, StartStream):
            reader = self.delivery.reader
            message = await self._streaming.start_stream(thread, reader, step.content, nonce=nonce)
        elif isinstance(step.content, Gallery):
            message = await self._post_gallery(step.content, nonce)
        elif isinstance(step, PostFile):
            if self.thread.files is None:
                raise UploadRefused
            message = await self.thread.files.post_file(thread, step.content, nonce=nonce)
        elif step.slot == 0 and self.delivery.answers is not None and self.thread.replies is not None:
            message = await self.thread.replies.post_reply(
                thread, step.content, to=self.delivery.answers, nonce=nonce
            )
        else:
            message = await self.thread.adapter.post(thread, step.content, nonce=nonce)
        # From now on the decision edits this card; here it is only counted, as the file above it is.
        if is_of_plan(step.content) and not self.delivery.owns_cards:
            self.cards.add(step.slot)
        self.diff.posted(step, message, time.monotonic(), certain=certain)
        return message

    async def _post_gallery(self, gallery: Gallery, nonce: str) -> MessageRef:
        """Post pictures, or their titles where the platform does not take them: nothing has failed but to show them."""
        try:
            if self.thread.galleries is not None:
                return await self.thread.galleries.post_gallery(self.thread.key, gallery, nonce=nonce)
        # None of these is about the pictures: their words would meet the same.
        except (MessageGone, PlatformDown, RateLimited, TokenRefused):
            raise
        except PlatformError as error:
            _log.warning("pictures refused", platform=self.thread.platform, reason=repr(error))
        return await self.thread.adapter.post(self.thread.key, gallery.in_words, nonce=nonce)


def _may_be_replaced(error: PlatformError) -> bool:
    """Tell whether a refusal is about one message, so that a new one may be taken; its own refusal says what is wrong."""
    if isinstance(error, Forbidden) and not isinstance(error, CannotEdit):
        return error.hindrance in {Hindrance.OTHER, Hindrance.ARCHIVED}
    return isinstance(error, CannotEdit) or type(error) is PlatformError


def _is_undrawable(step: Step, error: PlatformError) -> bool:
    """Tell whether a message cannot be edited to what it should show, not even most plainly: a new one may be taken.

    A card does not get smaller, and must not keep buttons that were pressed; a reply that is too long gets smaller.
    """
    if not isinstance(step, Edit) or not isinstance(error, TooLong):
        return False
    if isinstance(error, CannotDraw):
        return step.content == most_plainly(step.content)
    return isinstance(step.content, PlanCard)


def card_nonce(plan_key: str, attempt: int = 0) -> str:
    """Name the post of a plan's card; `attempt` counts the messages that it had before."""
    return f"{plan_key}-card-{attempt}" if attempt else f"{plan_key}-card"


def file_nonce(plan_key: str, attempt: int = 0) -> str:
    """Name the post of the file that has a whole plan, as `card_nonce` names its card."""
    return f"{plan_key}-file-{attempt}" if attempt else f"{plan_key}-file"


def answer_file_nonce(name: str, attempt: int = 0) -> str:
    """Name the post of the file behind an answer or a result: it is told from their messages, however many these are."""
    return f"{name}-f-{attempt}"


def adopted(
    name: str,
    noted: tuple[MessageRef, ...],
    found: Sequence[OwnMessage],
    unnamed: Sequence[MessageRef] = (),
) -> tuple[MessageRef, ...]:
    """Return the noted messages of an answer and behind them those that only their nonces tell, in slot order.

    Behind these stand those that nothing names, which can only be this answer's.
    """
    slots: dict[int, MessageRef] = {}
    for own in found:
        head, _, tail = (own.nonce or "").partition(f"{name}-")
        slot = tail.split("-")[0]
        if not head and slot.isdecimal() and own.message not in noted:
            slots[int(slot)] = own.message
    named = (*noted, *(slots[slot] for slot in sorted(slots)))
    return (*named, *(message for message in unnamed if message not in named))


def card_of(plan_key: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the newest card of a plan, if one was posted; `found` is newest first."""
    return _newest(card_nonce(plan_key), found)


def file_of(plan_key: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the newest file of a plan, as `card_of` returns its card."""
    return _newest(file_nonce(plan_key), found)


def answer_file_of(name: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the newest file behind an answer or a result of this name, as `card_of` returns a card."""
    return _newest(f"{name}-f", found)


def _newest(first: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    return next(
        (
            own.message
            for own in found
            if own.nonce and (own.nonce == first or own.nonce.startswith(f"{first}-"))
        ),
        None,
    )
