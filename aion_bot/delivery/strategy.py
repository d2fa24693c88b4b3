"""Which delivery mode an answer takes, and what its steps need of the limits: decisions on values and on what those say. No I/O.

An answer is shown by edits of its messages, which everybody sees grow, or by native streams, which have limits of
their own. Edits are preferred until there is reason for a stream; an answer that began by edits stays with them.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from aion_bot.delivery.steps import AppendStream, Delete, Edit, Post, PostFile, StartStream, Step, StopStream
from aion_bot.delivery.thread import Thread
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.messages import PlanCard, Reply
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimits, queue_of
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.tuning import RESERVATION_PATIENCE

OPERATIONS: dict[type[Step], Operation] = {
    Post: Operation.POST,
    PostFile: Operation.POST_FILE,
    Edit: Operation.EDIT,
    Delete: Operation.DELETE,
    StartStream: Operation.START_STREAM,
    AppendStream: Operation.APPEND_STREAM,
    StopStream: Operation.STOP_STREAM,
}
"""What each step asks of the platform."""

MANY_MESSAGES = 3
"""Messages of an answer whose posts go before everything but other ends; those of a longer one take turns with others, who would
wait for half a minute behind twenty posts. Each counts as unseen a second later than the one before, as fast as a platform takes posts.
"""

LONGEST_TEXT_WAIT = 1.9
"""Seconds at most for which a first message waits for text, while people see another sign of life: within three they see first
words, also where another post of the channel comes first.
"""

INDICATOR_WAIT = 0.3
"""Seconds for which it waits to know whether they do."""

WORDLESS_WAIT = 1.0
"""Seconds for which a first message waits for words, while people see another sign, where posts go one at a time."""

_FREQUENT = 1.5
"""Seconds between two previews below which a first message does not wait: it shows its first words soon enough."""


NEARLY_FULL = 4 / 5
"""The part of a message from which on a further one is foreseen: on Discord the rest lasts some six seconds, longer than its window."""


class DeliveryMode(Enum):
    """How an answer's growing messages are shown: the operation that shows what is new, and the one that ends it."""

    EDITS = Operation.EDIT, Operation.EDIT
    STREAM = Operation.APPEND_STREAM, Operation.STOP_STREAM
    REPLACED = Operation.EDIT, Operation.DELETE
    """By what edits are free; a new message with the whole answer replaces it: see `delivery.replacement`."""

    def __init__(self, preview: Operation, end: Operation) -> None:
        self.preview = preview
        self.end = end


POSTED = frozenset({DeliveryMode.EDITS, DeliveryMode.REPLACED})
"""The modes of an answer that began by a post, and stays with that."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the choice between edits and a stream for the next message depends on.

    `support`: what native streams are good for in the thread. `mode`: that of the answer so far, None before its first message.
    `ended`: nothing will be added to the answer. `crowded`: so many answers share the edits that one more stream is due
    (`streams_due`). `posts_refused`: a post was refused here a moment ago. `posts_wait`, `streams_wait`: a post or a stream of
    this answer had to wait. `stream_has_room`: the start and the end of one more stream can be reserved.
    """

    support: StreamingMode
    mode: DeliveryMode | None = None
    ended: bool = False
    crowded: bool = False
    posts_refused: bool = False
    posts_wait: bool = False
    streams_wait: bool = False
    stream_has_room: bool = True


def with_limits(given: Conditions, thread: Thread, *, waits: bool) -> Conditions:
    """Return what the choice depends on, with what the thread's platform and its limits say now.

    `waits`: the answer waits for its first message already.
    """
    streaming, limits, key = thread.streaming, thread.limiter.limits, thread.key
    if streaming is None:
        return given
    now, crowded_from = time.monotonic(), thread.adapter.limits.crowded_from
    stops = limits(Operation.STOP_STREAM, key)
    stream = limits(Operation.START_STREAM, key) + stops
    return replace(
        given,
        support=streaming.streaming_mode(key),
        crowded=is_stream_due(limits(Operation.EDIT, key), stops, crowded_from, waits=waits),
        posts_refused=any(limit.window.recently_refused(now) for limit in limits(Operation.POST, key)),
        stream_has_room=all(one.reservable_at(now, one.awaiting_reservation) <= now for one in stream),
    )


def prefers_stream(given: Conditions) -> bool:
    """Tell whether the next message should be a native stream."""
    if given.support is StreamingMode.NEVER or given.mode in POSTED or given.streams_wait:
        return False
    if given.ended and not (given.posts_wait or given.posts_refused):
        return False  # a whole answer is one post, unless posts have to wait
    # The later messages of an answer that streams are streams as well, so that all of it is shown alike.
    edits_are_scarce = (
        given.crowded or given.posts_refused or given.ended or given.mode is DeliveryMode.STREAM
    )
    return given.stream_has_room and (edits_are_scarce or given.support is StreamingMode.PREFERRED)


BYSTANDERS = 3.0
"""What people who look on see may be so many times as stale as the best that edits alone permit."""

_EDITED = 1.5
"""So many times as stale are answers that are edited while nobody knows how long they go on."""


def streams_due(answers: int, edits: float) -> float:
    """Return how many of so many answers are best native streams, where they share so many edits of a window.

    Whoever asked sees a stream grow by appends, which have a limit of their own, and the other answers have its edits. But
    others see only its first words until it ends: of `T` seconds they are `T/2` stale, where edits alone would permit
    `T/2(1 + edits/answers)`. So many answers are streams that the mean over all is `BYSTANDERS` times that at most.
    """
    stale = 1 + edits / answers
    return answers * min(1.0, (BYSTANDERS - _EDITED) / max(stale - _EDITED, BYSTANDERS - _EDITED))


def is_stream_due(edits: SharedLimits, stops: SharedLimits, crowded_from: int, *, waits: bool) -> bool:
    """Tell whether so many answers share these edits that one more is best a stream, of those that end by these stops.

    `crowded_from`: of fewer answers none is. `waits`: the one more waits for its first message already.
    """
    streams = max(limit.reserved + limit.awaiting_reservation for limit in stops)
    # An answer that waits for its reservation is about to share the edits.
    answers = [limit.answers + limit.awaiting_reservation + streams + (not waits) for limit in edits]
    return any(
        count >= crowded_from and streams + 1 <= streams_due(count, limit.window.calls)
        for count, limit in zip(answers, edits, strict=True)
    )


def wait_for_text(preview_gap: float, queue: float, *, indicated: bool) -> float:
    """Return the seconds that an answer's first message waits for text: a preview's gap, so that it counts as one.

    Of equal gaps from the question to the end, which are best, the first one ends with the first message. It is shorter by
    the `queue`, the seconds that posts which wait will take. Nothing where previews are frequent. `indicated`: people see
    another sign of life.
    """
    if preview_gap < _FREQUENT:
        return 0.0
    if not indicated:
        return INDICATOR_WAIT
    # Who sees nothing yet goes first.
    return max(min(preview_gap, LONGEST_TEXT_WAIT) - queue, 2 * INDICATOR_WAIT)


def wait_of_stream(thread: Thread) -> float:
    """Return the seconds that a stream in a thread waits for its first words.

    Whoever asked sees its next words at once. But its first ones are all that others see until it ends: as long as the
    shortest gap between two edits they gather, where there are others.
    """
    support = thread.streaming and thread.streaming.streaming_mode(thread.key)
    return thread.adapter.limits.edit_gap if support is StreamingMode.WHEN_CROWDED else 0.0


def _wait_for_words(step: Step, limits: SharedLimits, *, indicated: bool) -> float:
    """Return the seconds that a first post waits which takes the only one that a limit has for a while; 0 for another step.

    On Slack that is one a second in a channel: of a crowd another question may need it more, as for a line that is a sign for
    many (`conversation.shared_lines`). Without words it waits for some; `indicated` as for `wait_for_text`.
    """
    if not isinstance(step, Post) or all(limit.window.budget.calls > 1 for limit in limits):
        return 0.0
    wordless = isinstance(step.content, Reply) and not step.content.text
    return WORDLESS_WAIT if wordless and indicated else INDICATOR_WAIT


def wait_of_first(
    step: Step, posts: SharedLimits, edits: SharedLimits, *, indicated: bool
) -> tuple[float, bool]:
    """Return the seconds that the first message of an answer waits for text, and whether that is for its first words.

    `posts` are the limits of the step, `edits` those of the previews that follow; `indicated` as for `wait_for_text`.
    """
    now = time.monotonic()
    gap = max(limit.preview_gap(now) for limit in edits)
    text_wait = wait_for_text(gap, queue_of(posts), indicated=indicated)
    word_wait = _wait_for_words(step, posts, indicated=indicated)
    return max(text_wait, word_wait), word_wait == WORDLESS_WAIT


def _yielding(post: Post, *, urgent: bool) -> Priority | None:
    """Return the priority of a post that gives way to ends of other answers; None of any other."""
    if isinstance(post.content, Reply) and post.content.notifies:
        return (
            Priority.FIRST_MESSAGE
        )  # it says that an answer stands: those that do not stand yet go before it
    if urgent and post.slot >= MANY_MESSAGES and not isinstance(post.content, PlanCard):
        return Priority.FIRST_SIGN
    return None


def permit_for(
    step: Step,
    limits: SharedLimits,
    since: float,
    *,
    urgent: bool,
    end: SharedLimits,
    began: float,
    text_wait: float,
    stream_wait: float = 0.0,
    indicated: bool = True,
) -> Permit:
    """Return the permit that a step needs.

    `limits` are those of the step; what it shows has been unseen `since` then. `urgent`: it ends the answer, or a decision
    waits for it. `end` are the limits of the answer's end, if the step has to reserve it. The answer `began` then, and its
    first message waits for text for `text_wait` seconds, a stream for `stream_wait`. `indicated` as for `wait_for_text`: no
    sign goes first.
    """
    if isinstance(step, Post) and (yielding := _yielding(step, urgent=urgent)) is not None:
        return Permit(limits, yielding, since + step.slot)
    if urgent or (isinstance(step, Post) and isinstance(step.content, PlanCard)):
        # A post of the whole answer ends it; a stream has to be ended by another request.
        return Permit(limits, Priority.FINAL, since, reserve=end if isinstance(step, StartStream) else ())
    match step:
        case Post() | StartStream():
            wait = text_wait if isinstance(step, Post) else stream_wait
            # Only the first message waits: before a further one the end is reserved already, so that `end` is empty.
            earliest = began + wait if wait and end else -math.inf
            # What cannot be ended in time is one post with the whole answer, unless nothing else shows that it comes.
            insists_until = math.inf if indicated else began + RESERVATION_PATIENCE
            priority = Priority.FIRST_MESSAGE if indicated else Priority.FIRST_SIGN
            return Permit(limits, priority, since, earliest, end, insists_until, began)
        case Edit() | AppendStream():
            return Permit(limits, Priority.PREVIEW, since, step.earliest)
        case StopStream() | PostFile():
            return Permit(limits, Priority.FINAL, since)
        case Delete():
            # What a new message has replaced goes before anything else: until then it stands twice.
            return Permit(limits, Priority.FINAL if step.slot < 0 else Priority.PREVIEW, since)


def foresee_page(
    share: AnswerShare, step: Edit | Post, page: int, limits: Callable[[Operation], SharedLimits]
) -> None:
    """Reserve the post of the next message in the limits that it shares with the end, or give that back where it stands.

    A further message is posted there, and the answer may end in the next moment: the last edit of the full message, the post
    and the end come within a second or two. Where posts and edits share one small limit, as on Discord, previews have to leave
    room for two of them. `step` makes or changes the growing message, which takes so much as a `page`; `limits` of an operation
    are looked up.
    """
    held = ending = share.previews
    if not ending or share.reserved[: len(ending)] != ending:
        return  # it ends by another operation than an edit
    if isinstance(step.content, Reply) and len(step.content.text) > NEARLY_FULL * page:
        held += tuple(one for one in limits(Operation.POST) if one in ending)
    if held != share.reserved:
        share.hold(held, ending)
