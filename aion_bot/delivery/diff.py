"""What a thread should show against what it shows: the next single step. No I/O."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from aion_bot.ports.messages import Content, Document, MessageRef, PlanCard, Reply
from aion_bot.rendering.screen import Screen

StreamDelta = Callable[[Reply | None, Reply, bool], str | None]
"""`NativeStreaming.stream_delta`: what to append to a stream that shows one reply so that it shows another."""


@dataclass(frozen=True, slots=True)
class Post:
    """Post the content of a slot as a new message. `attempt` counts the messages of the slot that are gone."""

    slot: int
    content: Content
    attempt: int


@dataclass(frozen=True, slots=True)
class PostFile:
    """Post a document as the file of a slot; `attempt` as for `Post`."""

    slot: int
    content: Document
    attempt: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Show other content in a slot's message, not before `earliest`."""

    slot: int
    message: MessageRef
    content: Content
    earliest: float = -math.inf


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a slot's message."""

    slot: int
    message: MessageRef


@dataclass(frozen=True, slots=True)
class StartStream:
    """Post what there is of a growing reply as a native stream."""

    slot: int
    content: Reply
    attempt: int


@dataclass(frozen=True, slots=True)
class AppendStream:
    """Let a stream, which shows `shown`, grow to `content`, not before `earliest`."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply
    earliest: float


@dataclass(frozen=True, slots=True)
class StopStream:
    """End a stream, which shows `shown`; with the rest of `content`, if that can still be appended."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply


@dataclass(frozen=True, slots=True)
class Idle:
    """The thread shows what it should."""


Step = Post | PostFile | Edit | Delete | StartStream | AppendStream | StopStream
"""One operation on the platform."""


@dataclass(slots=True)
class _Slot:
    message: MessageRef | None = None
    shown: Content | Document | None = None
    """What the message shows; None where that is not known, and for a stream."""
    holds_card: bool = False
    edited_at: float = -math.inf
    attempt: int = 0
    lost: bool = False
    """Whether its message was deleted by somebody: the content is posted again only when it is final."""
    streamed: Reply | None = None
    """What a stream that is open shows; None for any other message."""
    stream_began: float = 0.0


class MessageDiff:
    """The messages of one answer, slot by slot.

    A growing message is changed every `gap` seconds at most. A plan's card is posted here and then belongs to the
    decision, unless this diff `owns_cards`: then it is edited here like any other message. `resumed`: an earlier process
    posted what is there, and nothing of it is removed before the end, as it will most likely be wanted again. `retried`:
    some of it may be an earlier attempt's. A stream that is `stream_life` seconds old is stopped, and its message goes on by edits.
    """

    def __init__(
        self,
        gap: float,
        posted: tuple[MessageRef, ...] = (),
        *,
        owns_cards: bool = False,
        resumed: bool = False,
        retried: bool = False,
        stream_delta: StreamDelta | None = None,
        stream_life: float = math.inf,
    ) -> None:
        self._gap = gap
        self._owns_cards = owns_cards
        self._resumed, self._retried = resumed, retried
        self._stream_delta = stream_delta
        self._stream_life = stream_life
        self._slots = [_Slot(message=message) for message in posted]

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in the order of their slots."""
        return tuple(slot.message for slot in self._slots if slot.message is not None and not slot.holds_card)

    @property
    def editable_at(self) -> float:
        """When the last message, which may be growing, may be changed again; `-inf` where there is none, or a card."""
        last = next((slot for slot in reversed(self._slots) if slot.message is not None), None)
        return -math.inf if last is None or last.holds_card else last.edited_at + self._gap

    def awaits_card(self, screen: Screen) -> bool:
        """Tell whether a plan's card should be there and is not."""
        return any(
            isinstance(content, PlanCard) and (index >= len(self._slots) or not self._slots[index].message)
            for index, content in enumerate(screen)
        )

    def next(self, screen: Screen, *, ended: bool, now: float, streams: bool = False) -> Step | Idle:
        """Compare `screen` with what is shown, and return the first step that makes them agree.

        `ended` says that no other screen will follow; `streams` that the next growing message should be a stream.
        """
        while len(self._slots) < len(screen):
            self._slots.append(_Slot())
        surplus: Delete | None = None
        last = max((i for i, wanted in enumerate(screen) if wanted is not None), default=-1)
        for index, slot in enumerate(self._slots):
            wanted = screen[index] if index < len(screen) else None
            if wanted is None:
                # From the end: a message that is wanted again after its removal is posted behind the others.
                if slot.message is not None and (ended or not self._resumed):
                    surplus = Delete(index, slot.message)
                continue
            # Only the last message grows: what stands before another one is complete.
            final = ended or index < last
            step: Step | None
            if slot.message is None:
                step = self._first_step(index, slot, wanted, ended=ended, final=final, streams=streams)
            else:
                step = self._change(index, slot, slot.message, wanted, final=final, now=now)
            if step is not None:
                return step
        return surplus or Idle()

    def _first_step(
        self, index: int, slot: _Slot, wanted: Content | Document, *, ended: bool, final: bool, streams: bool
    ) -> Post | PostFile | StartStream | None:
        """Return how a slot gets its message; None while it has to wait for words, or for its final content."""
        if isinstance(wanted, Document):
            return PostFile(index, wanted, slot.attempt)
        if slot.lost and not final:
            return None
        post = Post(index, wanted, slot.attempt)
        # What will not grow any more needs no stream; the last message may be one, if a stream can show all of it.
        may_stream = streams and (not final or (ended and wanted == _streamable(wanted)))
        if not may_stream or self._stream_delta is None or not isinstance(wanted, Reply) or wanted.plain:
            return post
        if not self._stream_delta(None, wanted, False):
            return post if final else None  # a stream begins with words
        return StartStream(index, wanted, slot.attempt)

    def _change(
        self,
        index: int,
        slot: _Slot,
        message: MessageRef,
        wanted: Content | Document,
        *,
        final: bool,
        now: float,
    ) -> Step | None:
        """Return how a slot's message gets to show `wanted`; None if it does."""
        if isinstance(wanted, Document):
            # A file is never changed. What an earlier attempt posted here is removed, and the file posted anew.
            ours = self._resumed and not self._retried
            posted = isinstance(slot.shown, Document) or (slot.shown is None and ours)
            return None if posted else Delete(index, message)
        earliest = slot.edited_at + self._gap
        if slot.streamed is None or self._stream_delta is None or not isinstance(wanted, Reply):
            if wanted == slot.shown or (isinstance(wanted, PlanCard) and not self._owns_cards):
                return None
            return Edit(index, message, wanted, earliest)
        delta = self._stream_delta(slot.streamed, wanted, False)
        if final or delta is None or now - slot.stream_began >= self._stream_life:
            return StopStream(index, message, slot.streamed, wanted)
        return AppendStream(index, message, slot.streamed, wanted, earliest) if delta else None

    # What came of a step.

    def posted(
        self, step: Post | PostFile | StartStream, message: MessageRef, now: float, *, certain: bool = True
    ) -> None:
        """Record that a post was made; not `certain`: the message may be an older one, whose content nobody knows."""
        for other in self._slots:
            if other.message == message:  # found again by its nonce: it can show one slot only
                other.message = other.shown = other.streamed = None
        slot = self._slots[step.slot]
        slot.message, slot.edited_at = message, now
        slot.holds_card = isinstance(step.content, PlanCard)
        if isinstance(step, StartStream):
            slot.streamed, slot.stream_began = step.content, now
        else:
            slot.shown = step.content if certain or isinstance(step, PostFile) else None

    def changed(self, step: Edit | AppendStream | StopStream, now: float) -> None:
        """Record that a message was changed."""
        slot = self._slots[step.slot]
        slot.edited_at = now
        match step:
            case Edit():
                slot.shown = step.content
            case AppendStream():
                slot.streamed = step.content
            case StopStream():
                slot.streamed, slot.shown = None, self._shown_after(step)
                slot.edited_at = -math.inf  # what a stream cannot show may be shown at once

    def stream_broke(self, step: AppendStream | StopStream) -> None:
        """Record that a stream takes nothing any more, and shows nobody knows what: its message goes on by edits."""
        slot = self._slots[step.slot]
        slot.streamed, slot.shown = None, None

    def gone(self, step: Edit | Delete | AppendStream | StopStream) -> None:
        """Record that the message does not exist any more; what it should show is posted once, when it is final."""
        slot = self._slots[step.slot]
        slot.message = slot.shown = slot.streamed = None
        slot.lost = True
        # With the nonce of the message that is gone, the platform would answer with that one.
        slot.attempt += 1

    def _shown_after(self, step: StopStream) -> Content | None:
        if self._stream_delta is None or self._stream_delta(step.shown, step.content, True) is None:
            return None
        return _streamable(step.content)


def _streamable(content: Content) -> Content:
    """Return what a stream can show of a content: its words."""
    return replace(content, note="", byline=(), buttons=()) if isinstance(content, Reply) else content
