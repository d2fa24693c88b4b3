"""Which delivery mode an answer takes, and which permits its steps need."""

import math
from dataclasses import replace

import pytest

from aion_bot.delivery.steps import AppendStream, Delete, Edit, Post, StartStream, Step, StopStream
from aion_bot.delivery.strategy import Conditions, DeliveryMode, permit_for, prefers_stream, wait_for_text
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.messages import MessageRef, PlanCard, Reply, ThreadKey
from aion_bot.ports.rate_limits import Budget, Scope
from aion_bot.ratelimit.fair_share import SharedLimit, SharedLimits
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.sliding_window import SlidingWindow

NEVER, CROWDED, PREFERRED = StreamingMode.NEVER, StreamingMode.WHEN_CROWDED, StreamingMode.PREFERRED
REF = MessageRef(ThreadKey("x", "t"), "0")
TEXT = Reply("text")
ONE, OTHER = Budget("this", 1, 1.0, Scope.BOT), Budget("end", 1, 1.0, Scope.BOT)
THIS: SharedLimits = (SharedLimit((ONE, ""), SlidingWindow(ONE, 0.0)),)
END: SharedLimits = (SharedLimit((OTHER, ""), SlidingWindow(OTHER, 0.0)),)


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
    """It is issued without a reservation after its time, and not before the text had time to gather."""
    found = permit(Post(0, TEXT, 0), end=END, text_wait=1.0)
    assert (found.priority, found.reserve) == (Priority.FIRST_MESSAGE, END)
    assert (found.since, found.earliest, found.insists_until) == (5.0, 4.0, 15.0)
    assert permit(StartStream(0, TEXT, 0), end=END, text_wait=1.0).earliest == -math.inf
    assert permit(Post(1, TEXT, 0)).earliest == -math.inf


def test_the_first_message_of_a_question_without_any_sign_goes_before_others() -> None:
    """It waits for its reservation as others do."""
    post = Post(0, TEXT, 0)
    found = permit_for(post, THIS, 5.0, urgent=False, end=END, began=3.0, text_wait=0.0, indicated=False)
    assert (found.priority, found.reserve) == (Priority.FIRST_SIGN, END)


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


@pytest.mark.parametrize("step", [Edit(0, REF, TEXT, 9.0), AppendStream(0, REF, TEXT, TEXT, 9.0)])
def test_previews_keep_their_distance(step: Step) -> None:
    """A growing message is changed when its gap is over."""
    found = permit(step)
    assert (found.priority, found.earliest) == (Priority.PREVIEW, 9.0)
    assert permit(Delete(0, REF)).priority is Priority.PREVIEW


@pytest.mark.parametrize(
    ("gap", "indicated", "wait"), [(7.9, True, 0.0), (7.9, False, 0.0), (8.0, True, 2.5), (8.0, False, 1.0)]
)
def test_a_first_message_waits_for_text_in_a_crowd(gap: float, indicated: bool, wait: float) -> None:
    """Where previews are rare, and longer where people see that the bot works."""
    assert wait_for_text(gap, indicated=indicated) == wait
