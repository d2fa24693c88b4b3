"""What a thread should show against what it shows: the next single step. No I/O."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from aion_bot.delivery.steps import (
    AppendStream,
    Delete,
    Edit,
    Idle,
    Post,
    PostFile,
    StartStream,
    Step,
    StopStream,
)
from aion_bot.ports.messages import Content, Document, MessageRef, PlanCard, PostedOnce, Reply
from aion_bot.rendering.screen import Screen

StreamDelta = Callable[[Reply | None, Reply, bool], str | None]
"""`NativeStreaming.stream_delta`: what to append to a stream that shows one reply so that it shows another."""


@dataclass(slots=True)
class _Slot:
    message: MessageRef | None = None
    shown: Content | PostedOnce | None = None
    """What the message shows; None where that is not known, and for a stream."""
    holds_card: bool = False
    """Whether its message is a plan's card, or the file that has the whole plan."""
    edited_at: float = -math.inf
    attempt: int = 0
    lost: bool = False
    """Whether its message was deleted by somebody, or cannot be edited: the content is posted again only when it is final."""
    frozen: bool = False
    """Whether its message cannot be edited: what it should show is posted as a new one."""
    undeletable: bool = False
    plainness: int = 0
    """How plainly its content has to be drawn; see `draw_plainly`."""
    streamed: Reply | None = None
    """What a stream that is open shows; None for any other message."""
    stream_began: float = 0.0


class MessageDiff:
    """The messages of one answer, slot by slot.

    A growing message is changed every `gap` seconds at most. A plan's card is posted here and then belongs to the decision,
    unless this diff `owns_cards`: then it is edited here like any other message. `file` is the one of `posted` that is the file
    behind an answer. `resumed`: an earlier process posted what is there, and nothing of it is removed before the end, as it
    will most likely be wanted again. `retried`: some of it may be an earlier attempt's. A stream that is `stream_life` seconds
    old is stopped, and its message goes on by edits.
    """

    def __init__(
        self,
        gap: float,
        posted: tuple[MessageRef, ...] = (),
        *,
        file: MessageRef | None = None,
        owns_cards: bool = False,
        resumed: bool = False,
        retried: bool = False,
        stream_delta: StreamDelta | None = None,
        stream_life: float = math.inf,
    ) -> None:
        self._gap = gap
        self._owns_cards = owns_cards
        self._resumed = resumed
        self._stream_delta = stream_delta
        self._stream_life = stream_life
        self._file = None if retried else file
        """A file of an earlier process that has no slot yet: how many messages stand before it is not known."""
        self._files_gone = 0
        self._slots = [_Slot(message=message) for message in posted if message != self._file]
        self.past: tuple[Reply | None, ...] = ()
        """What a screen begins with while the first messages are left as they are."""
        self._replaced: list[MessageRef] = []
        """Messages that newer ones have taken the place of, still to be deleted."""

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in the order of their slots."""
        shown = [slot.message for slot in self._slots if slot.message is not None and not slot.holds_card]
        return (*shown, self._file) if self._file is not None else tuple(shown)

    @property
    def file(self) -> MessageRef | None:
        """The file behind the answer, if it stands."""
        files = (one.message for one in self._slots if not one.holds_card and isinstance(one.shown, Document))
        return next(files, self._file)

    @property
    def editable_at(self) -> float:
        """When the last message, which may be growing, may be changed again; `-inf` where there is none, or a card."""
        last = next((slot for slot in reversed(self._slots) if slot.message is not None), None)
        return -math.inf if last is None or last.holds_card else last.edited_at + self._gap

    @property
    def newest(self) -> tuple[MessageRef, Content | None] | None:
        """The newest message that is no card and no file, and what it shows as far as that is known; None if there is none."""
        for slot in reversed(self._slots):
            shown = slot.streamed or slot.shown
            if slot.message is not None and not slot.holds_card and not isinstance(shown, PostedOnce):
                return slot.message, shown
        return None

    def keep_before(self, message: MessageRef) -> bool:
        """Leave the messages before `message` as they are while screens begin with `past`; False where it is not there."""
        at = next((at for at, slot in enumerate(self._slots) if slot.message == message), None)
        if at is None:
            return False
        for slot in self._slots[:at]:
            slot.shown = Reply("")  # equal to what is wanted, and to no page
        self.past = tuple(None if slot.message is None else Reply("") for slot in self._slots[:at])
        return True

    def awaits_card(self, screen: Screen) -> bool:
        """Tell whether a plan's card should be there and is not."""
        cards = {index for index, content in enumerate(screen) if isinstance(content, PlanCard)}
        stand = {index for index, slot in enumerate(self._slots) if slot.message and slot.holds_card}
        return not cards <= stand

    def next(self, screen: Screen, *, ended: bool, now: float, streams: bool = False) -> Step | Idle:
        """Compare `screen` with what is shown, and return the first step that makes them agree.

        `ended` says that no other screen will follow; `streams` that the next growing message should be a stream.
        """
        self._slots += [_Slot() for _ in range(len(screen) - len(self._slots))]
        if self._file is not None:
            self._place_file(screen, self._file, ended=ended)
        if self._replaced:
            # Before any other step: an old card that stands beside its replacement still has buttons.
            return Delete(-1, self._replaced[0])
        surplus: Delete | Edit | None = None
        last = max((i for i, wanted in enumerate(screen) if wanted is not None), default=-1)
        for index, slot in enumerate(self._slots):
            wanted = screen[index] if index < len(screen) else None
            if wanted is None:
                # From the end: a message that is wanted again after its removal is posted behind the others.
                if slot.message is not None and (ended or not self._resumed):
                    surplus = self._removal(index, slot, slot.message) or surplus
                continue
            if slot.plainness and not isinstance(wanted, PostedOnce):
                wanted = _drawn(wanted, slot.plainness)
            # Only the last message grows: what stands before another one is complete.
            final = ended or index < last
            step: Step | None
            decided_elsewhere = isinstance(wanted, PlanCard) and not self._owns_cards
            if slot.frozen and (wanted == slot.shown or (slot.holds_card and decided_elsewhere)):
                continue
            if slot.message is None or slot.frozen:
                step = self._first_step(index, slot, wanted, ended=ended, final=final, streams=streams)
            else:
                step = self._change(index, slot, slot.message, wanted, final=final, now=now)
            if step is not None:
                return step
        return surplus or Idle()

    def _place_file(self, screen: Screen, file: MessageRef, *, ended: bool) -> None:
        """Give the file of an earlier process its slot; it goes where it is not wanted, or a message is missing before it.

        That one would be posted behind it; the file is posted anew behind that.
        """
        wanted = {at for at, one in enumerate(screen) if isinstance(one, Document) and not is_of_plan(one)}
        missing = any(
            one is not None and at not in wanted and self._slots[at].message is None
            for at, one in enumerate(screen)
        )
        if missing or (ended and not wanted):
            self._replaced.append(file)
            self._file, self._files_gone = None, 1
        for at in wanted if self._file else ():
            if self._slots[at].message is None:
                self._slots[at].message, self._slots[at].shown, self._file = file, screen[at], None

    def _first_step(
        self,
        index: int,
        slot: _Slot,
        wanted: Content | PostedOnce,
        *,
        ended: bool,
        final: bool,
        streams: bool,
    ) -> Post | PostFile | StartStream | None:
        """Return how a slot gets its message; None while it has to wait for words, or for its final content."""
        if isinstance(wanted, PostedOnce):
            return PostFile(index, wanted, slot.attempt + self._files_gone)
        # Somebody deleted this message, or it cannot be edited. Each post in its place notifies people, so it is posted
        # once, with its final content.
        if slot.lost and not final and (self._owns_cards or not isinstance(wanted, PlanCard)):
            return None
        post = Post(index, wanted, slot.attempt)
        # What will not grow any more needs no stream; the last message may be one, if a stream can show all of it.
        may_stream = streams and (not final or (ended and wanted == _streamable(wanted)))
        if not may_stream or self._stream_delta is None or not isinstance(wanted, Reply) or wanted.plain:
            return post
        if not self._stream_delta(None, wanted, False):
            return post if final else None  # a stream begins with words
        return StartStream(index, wanted, slot.attempt)

    def _removal(self, index: int, slot: _Slot, message: MessageRef) -> Delete | Edit | None:
        """Return the step that removes a message; one that the platform does not delete is edited to show nothing."""
        if not slot.undeletable:
            return Delete(index, message)
        nothing = Reply("")
        return None if slot.frozen or slot.shown == nothing else Edit(index, message, nothing)

    def _change(
        self,
        index: int,
        slot: _Slot,
        message: MessageRef,
        wanted: Content | PostedOnce,
        *,
        final: bool,
        now: float,
    ) -> Step | None:
        """Return the step that makes a slot's message show `wanted`; None if it shows that already."""
        if isinstance(wanted, PostedOnce):
            # A file is never changed. What an earlier attempt or process posted here is removed, and the file posted.
            if isinstance(slot.shown, PostedOnce):
                return None
            return PostFile(index, wanted, slot.attempt) if slot.undeletable else Delete(index, message)
        if isinstance(wanted, PlanCard) and not self._owns_cards:
            # The decision changes its card. A page that an earlier attempt or process posted in its place goes first.
            replaced = Post(index, wanted, slot.attempt) if slot.undeletable else Delete(index, message)
            return None if slot.holds_card else replaced
        earliest = slot.edited_at + self._gap
        if slot.streamed is None or self._stream_delta is None or not isinstance(wanted, Reply):
            return None if wanted == slot.shown else Edit(index, message, wanted, earliest)
        delta = self._stream_delta(slot.streamed, wanted, False)
        if final or delta is None or now - slot.stream_began >= self._stream_life:
            return StopStream(index, message, slot.streamed, wanted)
        return AppendStream(index, message, slot.streamed, wanted, earliest) if delta else None

    # The results of steps.

    def posted(
        self, step: Post | PostFile | StartStream, message: MessageRef, now: float, *, certain: bool = True
    ) -> None:
        """Record that a post was made; not `certain`: the message may be an older one, whose content nobody knows."""
        for other in self._slots:
            if other.message == message:  # found again by its nonce: it can show one slot only
                other.message = other.shown = other.streamed = None
        slot = self._slots[step.slot]
        # The new message stands before the old one is deleted, so that a crash in between loses no text.
        if slot.frozen and slot.message is not None:
            self._replaced.append(slot.message)
        slot.message, slot.edited_at, slot.frozen = message, now, False
        slot.holds_card = is_of_plan(step.content)
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
                slot.edited_at = -math.inf  # links may be shown at once

    def stream_broke(self, step: AppendStream | StopStream) -> None:
        """Record that a stream accepts no more text and shows unknown content: its message goes on by edits."""
        slot = self._slots[step.slot]
        slot.streamed, slot.shown = None, None

    def edit_refused(self, step: Edit | AppendStream | StopStream) -> None:
        """Record that a message cannot be edited: a new one takes its place, and it is deleted then.

        That happens when the content is final. Only a card is replaced at once, the first time: it may be pressed.
        """
        slot = self._slots[step.slot]
        slot.frozen, slot.streamed = True, None
        # A second card is replaced only once it is final: each replacement is a new message that notifies people.
        slot.lost = slot.attempt > 0 or not isinstance(step.content, PlanCard)
        slot.attempt += 1

    def deletion_refused(self, step: Delete) -> None:
        """Record that a message cannot be deleted."""
        if step.message in self._replaced:
            self._replaced.remove(step.message)
            self._slots.append(
                _Slot(message=step.message, undeletable=True)
            )  # what it shows stands elsewhere
        else:
            self._slots[step.slot].undeletable = True
            self._slots[step.slot].attempt += 1

    def draw_plainly(self, step: Post | Edit) -> bool:
        """Draw a slot more plainly from now on, after the platform refused its drawing; False where nothing is plainer.

        First as plain text; a reply then without its small lines and buttons, too.
        """
        slot = self._slots[step.slot]
        if slot.plainness >= (1 if isinstance(step.content, PlanCard) else _PLAINEST):
            return False
        slot.plainness += 1
        return True

    def gone(self, step: Edit | Delete | AppendStream | StopStream) -> None:
        """Record that the message does not exist any more; what it should show is posted once, when it is final."""
        if step.message in self._replaced:
            self._replaced.remove(step.message)
            return
        slot = self._slots[step.slot]
        slot.message = slot.shown = slot.streamed = None
        slot.lost = True
        # With the nonce of the message that is gone, the platform would answer with that one.
        slot.attempt += 1

    def _shown_after(self, step: StopStream) -> Content | None:
        delta = self._stream_delta and self._stream_delta(step.shown, step.content, True)
        return None if delta is None else step.content


def is_of_plan(content: Content | PostedOnce) -> bool:
    """Tell whether a content is a plan's card, or the file above it: the plan's row knows of these, the turn's does not."""
    return isinstance(content, PlanCard) or (isinstance(content, Document) and bool(content.key))


_PLAINEST = 2


def _drawn(content: Content, plainness: int) -> Content:
    """Return a content as plainly as the platform takes it; `plainness` is 1 at least."""
    plain = replace(content, plain=True)
    if plainness < _PLAINEST or not isinstance(plain, Reply):
        return plain
    return replace(plain, note="", byline=(), buttons=())


def most_plainly(content: Content) -> Content:
    """Return a content as text without anything that a platform could refuse to draw; a card keeps its buttons."""
    return _drawn(content, _PLAINEST)


def _streamable(content: Content) -> Content:
    """Return what a stream can show of a content: its words."""
    return replace(content, note="", byline=(), buttons=()) if isinstance(content, Reply) else content
