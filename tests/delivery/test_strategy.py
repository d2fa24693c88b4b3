"""Which delivery mode an answer takes, and which permits its steps need."""

import math
from dataclasses import replace

import pytest

from aion_bot.delivery.steps import AppendStream, Delete, Edit, Post, StartStream, Step, StopStream
from aion_bot.delivery.strategy import (
    Conditions,
    DeliveryMode,
    permit_for,
    prefers_stream,
    streams_due,
    wait_for_text,
)
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.messages import MessageRef, PlanCard, Reply, ThreadKey
from aion_bot.ports.rate_limits import Budget, Scope
from aion_bot.ratelimit.fair_share import SharedLimit, SharedLimits
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.outlook import Outlook
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.sliding_window import SlidingWindow

NEVER, CROWDED, PREFERRED = StreamingMode.NEVER, StreamingMode.WHEN_CROWDED, StreamingMode.PREFERRED
REF = MessageRef(ThreadKey("x", "t"), "0")
TEXT = Reply("text")
ONE, OTHER = Budget("this", 1, 1.0, Scope.BOT), Budget("end", 1, 1.0, Scope.BOT)


def limit(budget: Budget) -> SharedLimits:
    return (SharedLimit((budget, ""), SlidingWindow(budget, 0.0), Outlook(AnswerLengths(), budget.seconds)),)


THIS, END = limit(ONE), limit(OTHER)


@pytest.mark.parametrize(
    ("given", "stream"),
    [
        (Conditions(NEVER, crowded=True), False),
        (Conditions(CROWDED), False),
        (Conditions(CROWDED, crowded=True), True),
        (Conditions(CROWDED, posts_refused=True), True),
        (Conditions(CROWDED, crowded=True, stream_has_room=False), False),
        (Conditions(CROWDED, DeliveryMode.STREAM), True),
        (Conditions(CROWDED, DeliveryMode.EDITS, crowded=True), False),
        (Conditions(PREFERRED), True),
        (Conditions(PREFERRED, stream_has_room=False), False),
        (Conditions(PREFERRED, DeliveryMode.EDITS), False),
        (Conditions(PREFERRED, streams_wait=True), False),
        (Conditions(PREFERRED, ended=True), False),
        (Conditions(CROWDED, ended=True, crowded=True), False),
        (Conditions(CROWDED, ended=True, posts_wait=True), True),
        (Conditions(CROWDED, ended=True, posts_refused=True), True),
        (Conditions(CROWDED, posts_wait=True), False),
    ],
)
def test_edits_are_preferred_until_there_is_reason_for_a_stream(given: Conditions, stream: bool) -> None:
    """One case a line: what is known, and whether the next message is a native stream."""
    assert prefers_stream(given) is stream
    assert not prefers_stream(replace(given, stream_has_room=False))


def permit(step: Step, *, urgent: bool = False, end: SharedLimits = (), text_wait: float = 0.0) -> Permit:
    return permit_for(step, THIS, 5.0, urgent=urgent, end=end, began=3.0, text_wait=text_wait)


def test_a_first_message_waits_for_a_reservation_and_for_text() -> None:
    """It is not issued before the text had time to gather."""
    found = permit(Post(0, TEXT, 0), end=END, text_wait=1.0)
    assert (found.priority, found.reserve) == (Priority.FIRST_MESSAGE, END)
    assert (found.since, found.earliest) == (5.0, 4.0)
    assert permit(StartStream(0, TEXT, 0), end=END, text_wait=1.0).earliest == -math.inf
    assert permit(Post(1, TEXT, 0)).earliest == -math.inf


def test_the_first_message_of_a_question_without_any_sign_goes_before_others() -> None:
    """It waits for its reservation as others do, but not for ever."""
    post = Post(0, TEXT, 0)
    found = permit_for(post, THIS, 5.0, urgent=False, end=END, began=3.0, text_wait=0.0, indicated=False)
    assert (found.priority, found.reserve) == (Priority.FIRST_SIGN, END)
    assert found.insists_until == 15.0


def test_a_long_answer_takes_turns_with_others() -> None:
    """From the fourth message of an end on, whoever asked meanwhile goes first; a card does not wait."""
    found = [permit(Post(slot, TEXT, 0), urgent=True) for slot in (2, 3, 9)]
    assert [one.priority for one in found] == [Priority.FINAL, Priority.FIRST_SIGN, Priority.FIRST_SIGN]
    assert [one.since for one in found] == [5.0, 8.0, 14.0]
    assert permit(Post(9, PlanCard("Plan", ""), 0), urgent=True).priority is Priority.FINAL


def test_what_ends_an_answer_goes_first() -> None:
    """A whole answer reserves nothing, as it ends itself; a stream has to be stopped; cards wait for nobody."""
    whole, stream = (
        permit(Post(0, TEXT, 0), urgent=True, end=END),
        permit(StartStream(0, TEXT, 0), urgent=True, end=END),
    )
    assert (whole.priority, whole.reserve) == (Priority.FINAL, ())
    assert (stream.priority, stream.reserve) == (Priority.FINAL, END)
    assert permit(Post(0, PlanCard("title", "text"), 0)).priority is Priority.FINAL
    assert permit(Edit(0, REF, TEXT, 9.0), urgent=True).earliest == -math.inf
    assert permit(StopStream(0, REF, TEXT, TEXT)).priority is Priority.FINAL


def test_a_stream_in_a_channel_gathers_its_first_words() -> None:
    """They are all that others see until it ends; in direct messages there are no others."""
    begun = StartStream(0, TEXT, 0)
    waiting = permit_for(begun, THIS, 5.0, urgent=False, end=END, began=3.0, text_wait=0.0, stream_wait=1.0)
    assert waiting.earliest == 4.0
    whole = permit_for(begun, THIS, 5.0, urgent=True, end=END, began=3.0, text_wait=0.0, stream_wait=1.0)
    assert whole.earliest == -math.inf


def test_a_mention_gives_way_to_answers() -> None:
    """What only tells somebody of an answer is posted behind answers that do not stand yet."""
    told = Post(0, Reply("", byline=("ready",), notifies=True), 0)
    assert permit(told, urgent=True).priority > permit(Post(0, TEXT, 0), urgent=True).priority


@pytest.mark.parametrize("step", [Edit(0, REF, TEXT, 9.0), AppendStream(0, REF, TEXT, TEXT, 9.0)])
def test_previews_keep_their_distance(step: Step) -> None:
    """A growing message is changed when its gap is over."""
    found = permit(step)
    assert (found.priority, found.earliest) == (Priority.PREVIEW, 9.0)
    assert permit(Delete(0, REF)).priority is Priority.PREVIEW


@pytest.mark.parametrize(
    ("gap", "queue", "indicated", "wait"),
    [
        (1.4, 0.0, True, 0.0),
        (1.4, 0.0, False, 0.0),
        (1.8, 0.0, True, 1.8),
        (8.0, 0.0, True, 1.9),
        (8.0, 1.0, True, 1.9 - 1.0),
        (8.0, 5.0, True, 0.6),
        (8.0, 0.0, False, 0.3),
    ],
)
def test_a_first_message_waits_for_text_in_a_crowd(
    gap: float, queue: float, indicated: bool, wait: float
) -> None:
    """Where previews are not frequent; longer where people see that the bot works, less where posts have to wait."""
    assert wait_for_text(gap, queue, indicated=indicated) == wait


def test_only_where_nothing_else_shows_is_a_message_posted_that_may_end_late() -> None:
    """Who sees another sign gets the whole answer in one post, where its end cannot be reserved."""
    post = Post(0, TEXT, 0)
    found = permit_for(post, THIS, 5.0, urgent=False, end=END, began=3.0, text_wait=0.0, indicated=True)
    assert found.insists_until == math.inf


@pytest.mark.parametrize("answers", range(6, 60))
def test_bystanders_see_answers_at_most_three_times_as_late_as_edits_permit(answers: int) -> None:
    """In the mean of those that are streams, of which they see the beginning and the end, and of those that are edited."""
    streams = streams_due(answers, 50.0)
    permitted = 1 / (1 + 50 / answers)
    mean = (streams * 1.0 + (answers - streams) * 1.5 * permitted) / answers
    assert mean <= 3.0 * permitted + 1e-9
    assert streams > 0
