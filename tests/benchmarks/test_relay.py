"""The relay benchmark: its bounds against schedules made by hand, and its pure modules."""

import itertools
import math

import pytest

from aion_bot.simulators.visible_changes import VisibleChange
from aion_bot.simulators.workspace import Logged
from benchmarks.relay import numbered_words
from benchmarks.relay.load_bounds import turns
from benchmarks.relay.load_processes import MAX_CONCURRENT, batches
from benchmarks.relay.loads import CHANNELS, Limiting, Load, Place, Relayer, concurrent, late, rolling
from benchmarks.relay.metrics import most_in_a_minute
from benchmarks.relay.observations import ObservedAnswer
from benchmarks.relay.staleness_bounds import (
    ConcurrentAnswers,
    SharedBudget,
    Streams,
    buckets,
    method_bounds,
    shared,
)
from benchmarks.relay.targets import lag_allowed

EDITS = SharedBudget(50, 60.0, headroom=5)
STREAMS = Streams(starts=18, stops=20, appends=SharedBudget(100, 60.0, headroom=5))


def staleness(times: list[float], length: float) -> float:
    """The mean staleness of an answer that is shown at these times, the last at its end."""
    return sum((later - earlier) ** 2 for earlier, later in itertools.pairwise([0.0, *times])) / (2 * length)


def in_channels(answers: int, length: float = 10.0, streams: Streams | None = None) -> ConcurrentAnswers:
    return ConcurrentAnswers(answers, length, 1.0, CHANNELS, EDITS, streams)


def test_an_answer_alone_is_bound_by_the_gap() -> None:
    """With enough requests the bound is half the gap."""
    assert method_bounds(in_channels(1)).staleness == 0.5
    assert staleness([float(second) for second in range(1, 11)], 10.0) == 0.5


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_in_the_long_run_the_pace_is_what_the_window_renews(windows: int) -> None:
    """Over whole windows the bound is S/2R, with R = N/W."""
    assert shared(7, 60.0 * windows, 60.0, 40) == pytest.approx(7 * 60.0 / (2 * 40))


def test_in_less_than_a_window_all_requests_are_available() -> None:
    """In less than a window the bound is that of the burst: S·T/2N."""
    assert shared(10, 10.0, 60.0, 40) == pytest.approx(10 * 10.0 / (2 * 40))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_no_schedule_that_the_window_allows_is_fresher(share: float) -> None:
    """No split of the requests between the halves of a window is below the bound."""
    calls, window, length = 60, 60.0, 90.0
    early = round(calls * share)
    first = [30.0 * (number + 1) / early for number in range(early)]
    second = [30.0 + 30.0 * (number + 1) / (calls - early) for number in range(calls - early)]
    times = [*first, *second, *(60.0 + at for at in first)]
    assert all(sum(at <= other < at + window - 1e-6 for other in times) <= calls for at in times)
    bound = shared(1, length, window, calls)
    assert bound <= staleness(times, length)


def test_the_best_split_reaches_the_bound() -> None:
    """The bound is reached where the half of the window that returns twice gets √2 times the requests of the other."""
    calls, length = 6_000, 90.0
    early = round(calls * math.sqrt(2) / (1 + math.sqrt(2)))
    first = [30.0 * (number + 1) / early for number in range(early)]
    second = [30.0 + 30.0 * (number + 1) / (calls - early) for number in range(calls - early)]
    times = [*first, *second, *(60.0 + at for at in first)]
    assert staleness(times, length) == pytest.approx(shared(1, length, 60.0, calls), rel=1e-3)


def test_ten_short_answers_share_what_the_window_holds() -> None:
    """In hindsight ten answers share 45 edits: five get five, five get four, the last of them at the end."""
    by_hand = [staleness([10.0 * (n + 1) / shown for n in range(shown)], 10.0) for shown in (5, 4)]
    assert method_bounds(in_channels(10)).hindsight == pytest.approx(sum(by_hand) / 2)
    assert method_bounds(in_channels(10)).staleness == pytest.approx(10 * 10.0 / (2 * 35))


def test_one_channel_begins_one_answer_a_second() -> None:
    """Thirty answers of ten seconds in one channel: the eleventh is posted whole, the last 19 s after its end."""
    permitted = method_bounds(ConcurrentAnswers(30, 10.0, 1.0, 1, EDITS))
    assert permitted.worst_lag == 19.0
    assert permitted.staleness > method_bounds(in_channels(30)).staleness


def test_streams_begin_answers_outside_the_queue() -> None:
    """Eighteen streams and ten posts begin in time; two of thirty answers wait in the queue."""
    permitted = method_bounds(ConcurrentAnswers(30, 10.0, 1.0, 1, EDITS, STREAMS))
    assert permitted.worst_lag == 1.0


def test_what_a_hundred_answers_permit() -> None:
    """Of a hundred answers 45 end by an edit, 18 by a stream's end, and 37 are posted whole, ten a second."""
    assert method_bounds(in_channels(100)).worst_lag == 5.0
    assert method_bounds(in_channels(100, streams=STREAMS)).worst_lag == 3.0
    assert method_bounds(in_channels(100, streams=STREAMS)).lag == 0.0


def test_more_answers_are_never_fresher() -> None:
    """More answers never lower the bound."""
    for streams in (None, STREAMS):
        for length in (10.0, 133.0):
            found = [
                method_bounds(in_channels(answers, length, streams)).staleness for answers in range(1, 40)
            ]
            assert found == sorted(found)


def test_discord_gives_every_thread_a_bucket_and_the_bot_one_for_all() -> None:
    """An answer has four edits in five seconds, one reserved; a hundred answers share forty a second."""
    own, common = SharedBudget(5, 5.0, headroom=1), SharedBudget(50, 1.0, headroom=10)
    assert buckets(1, 10.0, 1.2, own, common).staleness == pytest.approx(0.625)
    assert buckets(100, 10.0, 1.2, own, common).staleness == pytest.approx(1.25)
    assert buckets(100, 10.0, 1.2, own, common).worst_lag == pytest.approx(1.8)


def test_words_are_numbered_in_any_part_of_a_message() -> None:
    """The numbers of the words are found in any part of an answer, and in nothing else."""
    pieces = numbered_words.tokens(4_000)
    assert list(numbered_words.numbers("".join(pieces))) == list(range(4_000))
    assert sum(map(len, pieces)) / len(pieces) == pytest.approx(4.0, abs=0.1)
    assert list(numbered_words.numbers("Thinking… 12 s\n" + "".join(pieces[700:703]) + "\nStop (2/3)")) == [
        700,
        701,
        702,
    ]


def change(at: float, message: str, asker: str, bystanders: str) -> VisibleChange:
    return VisibleChange(at, "C", "T", message, asker, bystanders)


def test_words_are_timed_for_asker_and_bystanders() -> None:
    """The first time of each word is kept for the asker and for bystanders, and deleted words are missing."""
    pieces = numbered_words.tokens(4)
    seen = ObservedAnswer.of(4)
    seen.follow(change(1.0, "a", "".join(pieces[:2]), pieces[0]))
    seen.follow(change(2.0, "b", "".join(pieces[2:]), "".join(pieces[2:])))
    assert seen.asker.first == [1.0, 1.0, 2.0, 2.0]
    assert (seen.asker.complete, seen.bystanders.complete) == (True, False)
    seen.follow(change(3.0, "a", "".join(pieces[:2]), "".join(pieces[:2])))
    assert seen.complete
    assert seen.bystanders.first == [1.0, 3.0, 2.0, 2.0]
    assert (seen.begun, seen.last) == (1.0, 3.0)
    seen.follow(change(4.0, "b", "", ""))
    assert seen.asker.missing == 2


def test_a_repeated_answer_is_not_complete() -> None:
    """An answer that is shown twice is not complete."""
    whole, seen = "".join(numbered_words.tokens(3)), ObservedAnswer.of(3)
    complete = []
    for message in ("a", "b"):
        seen.follow(change(1.0, message, whole, whole))
        complete.append(seen.complete)
    assert complete == [True, False]


def test_refusals_are_counted_by_scope_and_minute() -> None:
    """Refusals are counted for the workspace or, for posts, the channel, in any minute."""
    edits = [Logged(at, "chat.update", f"C{at}", 429) for at in (0.0, 59.0, 61.0, 200.0)]
    posts = [Logged(1.0, "chat.postMessage", channel, 429) for channel in ("C1", "C2")]
    assert most_in_a_minute([*edits, *posts]) == 2
    assert most_in_a_minute(posts) == 1
    assert most_in_a_minute([]) == 0


def test_a_load_is_the_same_after_json() -> None:
    """A load read from its JSON equals the original."""
    for load in (concurrent(3, 300, Place.DISCORD, Limiting.HALF, Relayer.PLAIN), late(Place.CHANNELS)):
        assert Load.from_json(load.to_json()) == load


def test_batches_keep_to_the_maximum_of_concurrent_answers() -> None:
    """Every load runs once, long and short ones apart, and only a single load exceeds the maximum."""
    loads = [
        concurrent(size, tokens, Place.CHANNELS) for size in (1, 3, 10, 30, 100) for tokens in (300, 4_000)
    ]
    loads.append(rolling(Place.CHANNELS, Limiting.DOUBLE, 6))
    found = list(batches(loads))
    assert sorted(itertools.chain(*found)) == list(range(len(loads)))
    for batch in found:
        assert len({loads[number].ends > 60.0 for number in batch}) == 1
        assert len(batch) == 1 or sum(loads[number].weight for number in batch) <= MAX_CONCURRENT


def test_a_long_answer_ends_when_the_channel_takes_its_last_message() -> None:
    """Ten answers that fill their messages together end when a channel with one post a second has taken the last one."""
    assert turns(10, 16_000, 3_900, 1)[-1] == pytest.approx(9 - 400 / 120)
    assert max(turns(10, 16_000, 3_900, 10)) == 0.0
    assert max(turns(100, 1_200, 3_900, 1)) == 0.0


def test_the_target_of_the_final_lag_grows_with_the_bound() -> None:
    """The target is half a second up to ten answers, a second up to thirty, and then 1.25 times the bound."""
    assert [lag_allowed(answers, 0.0) for answers in (1, 10, 30)] == [0.5, 0.5, 1.0]
    assert lag_allowed(100, 4.0) == 5.0
