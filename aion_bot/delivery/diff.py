"""What a thread should show against what it shows: the next single step. No I/O."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from aion_bot.ports.messages import Content, MessageRef, PlanCard, Reply
from aion_bot.rendering.screen import Screen

Tail = Callable[[Reply | None, Reply, bool], str | None]
"""What has to be appended to a stream that shows one reply so that it shows another; None where that cannot be done.
The last argument says whether it is the end of the stream."""


@dataclass(frozen=True, slots=True)
class Post:
    """Post the content of a slot as a new message."""

    slot: int
    content: Content
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
class Begin:
    """Post what there is of a growing reply as a stream."""

    slot: int
    content: Reply
    attempt: int


@dataclass(frozen=True, slots=True)
class Append:
    """Let a stream, which shows `shown`, grow to `content`, not before `earliest`."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply
    earliest: float


@dataclass(frozen=True, slots=True)
class Conclude:
    """End a stream, which shows `shown`; with the rest of `content`, if that can still be appended."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply


@dataclass(frozen=True, slots=True)
class Idle:
    """The thread shows what it should, or only what has to be waited for."""


Step = Post | Edit | Delete | Begin | Append | Conclude
"""A call."""


@dataclass(slots=True)
class _Slot:
    message: MessageRef | None = None
    shown: Content | None = None
    holds_card: bool = False
    edited_at: float = -math.inf
    attempt: int = 0
    lost: bool = False
    streamed: Reply | None = None
    """What a stream that is open shows; None for any other message."""
    began: float = 0.0


class MessageDiff:
    """One answer's messages.

    A growing message is changed every `gap` seconds at most. A plan's card is posted here and then belongs to the
    decision, unless `keeps_cards`: then it is edited here like any other message. `resumed`: an earlier process posted
    what is there, and nothing of it is removed before the end, as it will most likely be wanted again. A stream that
    is `life` seconds old is ended, and its message goes on by edits; `tail` says what can be appended to one.
    """

    def __init__(
        self,
        gap: float,
        posted: tuple[MessageRef, ...] = (),
        *,
        keeps_cards: bool = False,
        resumed: bool = False,
        tail: Tail | None = None,
        life: float = math.inf,
    ) -> None:
        self._gap = gap
        self._keeps_cards = keeps_cards
        self._resumed = resumed
        self._tail = tail
        self._life = life
        self._slots = [_Slot(message=message) for message in posted]

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in the order of their slots."""
        return tuple(slot.message for slot in self._slots if slot.message is not None and not slot.holds_card)

    def awaits_card(self, screen: Screen) -> bool:
        """Tell whether a plan's card should be there and is not."""
        return any(
            isinstance(content, PlanCard) and (index >= len(self._slots) or not self._slots[index].message)
            for index, content in enumerate(screen)
        )

    def next(self, screen: Screen, *, ended: bool, now: float, streams: bool = False) -> Step | Idle:
        """Compare `screen` with what is shown.

        `ended` says that no other screen will follow; `streams` that the next growing message should be a stream.
        """
        while len(self._slots) < len(screen):
            self._slots.append(_Slot())
        surplus: Delete | None = None
        last = max((i for i, wanted in enumerate(screen) if wanted is not None), default=-1)
        for index, slot in enumerate(self._slots):
            wanted = screen[index] if index < len(screen) else None
            if wanted is None:
                # From the end: what comes to be wanted again is posted behind the others.
                if slot.message is not None and (ended or not self._resumed):
                    surplus = Delete(index, slot.message)
                continue
            step = self._step(index, slot, wanted, index < last, ended=ended, now=now, streams=streams)
            if step is not None:
                return step
        return surplus or Idle()

    def _step(
        self, index: int, slot: _Slot, wanted: Content, full: bool, *, ended: bool, now: float, streams: bool
    ) -> Step | None:
        settled = ended or full
        if slot.message is None:
            streams = streams and (not settled or (ended and wanted == _plain(wanted)))
            return self._first(index, slot, wanted, settled=settled, streams=streams)
        if slot.streamed is not None and isinstance(wanted, Reply):
            return self._grown(index, slot, wanted, settled=settled, now=now)
        if wanted == slot.shown or (isinstance(wanted, PlanCard) and not self._keeps_cards):
            return None
        return Edit(index, slot.message, wanted, earliest=slot.edited_at + self._gap)

    def _first(
        self, index: int, slot: _Slot, wanted: Content, *, settled: bool, streams: bool
    ) -> Post | Begin | None:
        if slot.lost and not settled:
            return None
        if not (streams and self._tail and isinstance(wanted, Reply)):
            return Post(index, wanted, slot.attempt)
        if not self._tail(None, wanted, False):
            return Post(index, wanted, slot.attempt) if settled else None
        return Begin(index, wanted, slot.attempt)

    def _grown(
        self, index: int, slot: _Slot, wanted: Reply, *, settled: bool, now: float
    ) -> Append | Conclude | None:
        if slot.message is None or slot.streamed is None or self._tail is None:
            return None
        tail = self._tail(slot.streamed, wanted, False)
        if settled or tail is None or now - slot.began >= self._life:
            return Conclude(index, slot.message, slot.streamed, wanted)
        if not tail:
            return None
        return Append(index, slot.message, slot.streamed, wanted, earliest=slot.edited_at + self._gap)

    # What came of a step.

    def posted_at(self, step: Post | Begin, message: MessageRef, now: float, *, certain: bool = True) -> None:
        """Record that a post was made; not `certain`: the message may be an older one, whose content nobody knows."""
        for other in self._slots:
            if other.message == message:  # found again by its nonce: it can show one slot only
                other.message = other.shown = other.streamed = None
        slot = self._slots[step.slot]
        slot.message, slot.edited_at = message, now
        slot.holds_card = isinstance(step.content, PlanCard)
        if isinstance(step, Begin):
            slot.streamed, slot.began = step.content, now
        else:
            slot.shown = step.content if certain else None

    def edited(self, step: Edit | Append | Conclude, now: float) -> None:
        """Record that a message was changed."""
        slot = self._slots[step.slot]
        slot.edited_at = now
        match step:
            case Edit():
                slot.shown = step.content
            case Append():
                slot.streamed = step.content
            case Conclude():
                slot.streamed, slot.shown = None, self._concluded(step)
                slot.edited_at = -math.inf  # what a stream cannot show may be shown at once

    def broken(self, step: Append | Conclude) -> None:
        """Record that a stream takes nothing any more: its message goes on by edits."""
        slot = self._slots[step.slot]
        slot.streamed, slot.shown = None, None

    def gone(self, step: Edit | Delete | Append | Conclude) -> None:
        """Record that the message does not exist any more; what it should show is posted once at the end."""
        slot = self._slots[step.slot]
        slot.message = slot.shown = slot.streamed = None
        slot.lost = True
        slot.attempt += 1

    def _concluded(self, step: Conclude) -> Content | None:
        if self._tail is None or self._tail(step.shown, step.content, True) is None:
            return None
        return _plain(step.content)


def _plain(content: Content) -> Content:
    """Return what a stream can show of a content."""
    return replace(content, note="", byline=(), buttons=()) if isinstance(content, Reply) else content
