"""What a thread should show against what it shows: the next single step. No I/O."""

from dataclasses import dataclass

from aion_bot.port.messages import Content, MessageRef, PlanCard

Screen = tuple[Content | None, ...]
"""What a thread should show of one answer: slot i is message i; None is a message that should not be there."""


@dataclass(frozen=True, slots=True)
class Post:
    """Post the content of a slot as a new message."""

    slot: int
    content: Content
    attempt: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Show other content in a slot's message. `urgent` edits do not wait for the gap and may use the reserve."""

    slot: int
    message: MessageRef
    content: Content
    urgent: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a slot's message."""

    slot: int
    message: MessageRef


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing may be done before this time, in the clock's seconds."""

    until: float


@dataclass(frozen=True, slots=True)
class Idle:
    """The thread shows what it should."""


Step = Post | Edit | Delete | Wait | Idle


@dataclass(slots=True)
class _Slot:
    message: MessageRef | None = None
    shown: Content | None = None
    holds_card: bool = False
    edited_at: float = float("-inf")
    attempt: int = 0
    lost: bool = False


class Outbox:
    """One answer's messages.

    A streaming message is edited every `gap` seconds at most. A plan's card is posted here and then belongs to the
    decision, unless `keeps_cards`: then it is edited here like any other message. `resumed`: an earlier process posted
    what is there, and nothing of it is removed before the end, as it will most likely be wanted again.
    """

    def __init__(
        self,
        gap: float,
        posted: tuple[MessageRef, ...] = (),
        *,
        keeps_cards: bool = False,
        resumed: bool = False,
    ) -> None:
        self._gap = gap
        self._keeps_cards = keeps_cards
        self._resumed = resumed
        self._slots = [_Slot(message=message) for message in posted]

    @property
    def replies(self) -> tuple[MessageRef, ...]:
        """The messages so far that are no cards, in the order of their slots."""
        return tuple(slot.message for slot in self._slots if slot.message is not None and not slot.holds_card)

    def next(self, screen: Screen, *, ended: bool, now: float) -> Step:
        """Compare `screen` with what is shown. `ended` says that no other screen will follow."""
        while len(self._slots) < len(screen):
            self._slots.append(_Slot())
        waits: list[float] = []
        surplus: Delete | None = None
        last = max((i for i, wanted in enumerate(screen) if wanted is not None), default=-1)
        for index, slot in enumerate(self._slots):
            wanted = screen[index] if index < len(screen) else None
            step = self._step(index, slot, wanted, settled=ended or index < last)
            if isinstance(step, Delete) and self._resumed and not ended:
                continue
            if isinstance(step, Edit) and not step.urgent and slot.edited_at + self._gap > now:
                waits.append(slot.edited_at + self._gap)
                continue
            if isinstance(step, Delete):
                surplus = step  # from the end: what comes to be wanted again is posted behind the others
                continue
            if step is not None:
                return step
        return surplus or (Wait(min(waits)) if waits else Idle())

    def _step(self, index: int, slot: _Slot, wanted: Content | None, *, settled: bool) -> Step | None:
        if wanted is None:
            return None if slot.message is None else Delete(index, slot.message)
        if slot.message is None:
            return Post(index, wanted, slot.attempt) if settled or not slot.lost else None
        if wanted == slot.shown or (isinstance(wanted, PlanCard) and not self._keeps_cards):
            return None
        return Edit(index, slot.message, wanted, urgent=settled)

    def posted_at(self, step: Post, message: MessageRef, now: float, *, certain: bool = True) -> None:
        """Record that a post was made; not `certain`: the message may be an older one, whose content nobody knows."""
        for other in self._slots:
            if other.message == message:  # found again by its nonce: it can show one slot only
                other.message, other.shown = None, None
        slot = self._slots[step.slot]
        slot.message, slot.shown, slot.edited_at = message, step.content if certain else None, now
        slot.holds_card = isinstance(step.content, PlanCard)

    def edited(self, step: Edit, now: float) -> None:
        """Record that an edit was made."""
        slot = self._slots[step.slot]
        slot.shown, slot.edited_at = step.content, now

    def gone(self, step: Edit | Delete) -> None:
        """Record that the message does not exist any more; what it should show is posted once at the end."""
        slot = self._slots[step.slot]
        slot.message, slot.shown, slot.lost = None, None, True
        slot.attempt += 1
