"""What the limits permit, against schedules that were made by hand, and the pure rooms of the relay's benchmark."""

import itertools
import math

import pytest

from aion_bot.simulators.visible_changes import VisibleChange
from aion_bot.simulators.workspace import Logged
from benchmarks.relay import numbered_words
from benchmarks.relay.load_bounds import turns
from benchmarks.relay.load_processes import MAX_CONCURRENT, batches
from benchmarks.relay.loads import CHANNELS, Limiting, Load, Place, Relayer, crowd, late, rolling
from benchmarks.relay.metrics import most_in_a_minute
from benchmarks.relay.observations import ObservedAnswer
from benchmarks.relay.staleness_bounds import Crowd, SharedBudget, Streams, buckets, crowded, shared
from benchmarks.relay.targets import lag_allowed

EDITS = SharedBudget(50, 60.0, headroom=5)
STREAMS = Streams(starts=18, stops=20, appends=SharedBudget(100, 60.0, headroom=5))


def staleness(times: list[float], length: float) -> float:
    """The mean staleness of an answer that is shown at these times, the last at its end."""
    return sum((later - earlier) ** 2 for earlier, later in itertools.pairwise([0.0, *times])) / (2 * length)


def in_channels(answers: int, length: float = 10.0, streams: Streams | None = None) -> Crowd:
    return Crowd(answers, length, 1.0, CHANNELS, EDITS, streams)


def test_an_answer_alone_is_bound_by_the_gap() -> None:
    """With calls enough, nothing is fresher than half the gap."""
    assert crowded(in_channels(1)).staleness == 0.5
    assert staleness([float(second) for second in range(1, 11)], 10.0) == 0.5


@pytest.mark.parametrize("windows", [1, 2, 3])
def test_in_the_long_run_the_pace_is_what_the_window_renews(windows: int) -> None:
    """Whole windows: S/2R, with R = N/W."""
    assert shared(7, 60.0 * windows, 60.0, 40) == pytest.approx(7 * 60.0 / (2 * 40))


def test_in_less_than_a_window_all_its_calls_are_there_at_once() -> None:
    """The burst: S·T/2N."""
    assert shared(10, 10.0, 60.0, 40) == pytest.approx(10 * 10.0 / (2 * 40))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
def test_no_schedule_that_the_window_allows_is_fresher(share: float) -> None:
    """Ninety seconds, a window of sixty: however the calls are split between its halves, the bound is below."""
    calls, window, length = 60, 60.0, 90.0
    early = round(calls * share)
    first = [30.0 * (number + 1) / early for number in range(early)]
    second = [30.0 + 30.0 * (number + 1) / (calls - early) for number in range(calls - early)]
    times = [*first, *second, *(60.0 + at for at in first)]
    assert all(sum(at <= other < at + window - 1e-6 for other in times) <= calls for at in times)
    bound = shared(1, length, window, calls)
    assert bound <= staleness(times, length)


def test_the_best_split_reaches_the_bound() -> None:
    """The half of the window that comes back twice gets √2 times the calls of the other."""
    calls, length = 6_000, 90.0
    early = round(calls * math.sqrt(2) / (1 + math.sqrt(2)))
    first = [30.0 * (number + 1) / early for number in range(early)]
    second = [30.0 + 30.0 * (number + 1) / (calls - early) for number in range(calls - early)]
    times = [*first, *second, *(60.0 + at for at in first)]
    assert staleness(times, length) == pytest.approx(shared(1, length, 60.0, calls), rel=1e-3)


def test_ten_short_answers_share_what_the_window_holds() -> None:
    """In hindsight 45 edits for ten answers: five get five, five get four, the last of them at the end."""
    by_hand = [staleness([10.0 * (n + 1) / shown for n in range(shown)], 10.0) for shown in (5, 4)]
    assert crowded(in_channels(10)).hindsight == pytest.approx(sum(by_hand) / 2)
    assert crowded(in_channels(10)).staleness == pytest.approx(10 * 10.0 / (2 * 35))


def test_one_channel_begins_one_answer_a_second() -> None:
    """Thirty answers of ten seconds: the eleventh stands whole when its place comes, the last after 19 s more."""
    permitted = crowded(Crowd(30, 10.0, 1.0, 1, EDITS))
    assert permitted.worst_lag == 19.0
    assert permitted.staleness > crowded(in_channels(30)).staleness


def test_streams_begin_answers_outside_the_queue() -> None:
    """Eighteen streams and ten posts begin in time; of thirty answers two are left for the queue."""
    permitted = crowded(Crowd(30, 10.0, 1.0, 1, EDITS, STREAMS))
    assert permitted.worst_lag == 1.0


def test_what_a_hundred_answers_permit() -> None:
    """45 end by an edit, 18 by a stream's end, 37 are posted whole, ten a second."""
    assert crowded(in_channels(100)).worst_lag == 5.0
    assert crowded(in_channels(100, streams=STREAMS)).worst_lag == 3.0
    assert crowded(in_channels(100, streams=STREAMS)).lag == 0.0


def test_more_answers_are_never_fresher() -> None:
    """Each answer more makes all staler, or as stale as before."""
    for streams in (None, STREAMS):
        for length in (10.0, 133.0):
            found = [crowded(in_channels(answers, length, streams)).staleness for answers in range(1, 40)]
            assert found == sorted(found)


def test_discord_gives_every_thread_a_bucket_and_the_bot_one_for_all() -> None:
    """Four edits in five seconds, one kept; a hundred answers share forty a second, and end as fifty a second come back."""
    own, common = SharedBudget(5, 5.0, headroom=1), SharedBudget(50, 1.0, headroom=10)
    assert buckets(1, 10.0, 1.2, own, common).staleness == pytest.approx(0.625)
    assert buckets(100, 10.0, 1.2, own, common).staleness == pytest.approx(1.25)
    assert buckets(100, 10.0, 1.2, own, common).worst_lag == pytest.approx(1.8)


def test_every_word_tells_its_number() -> None:
    """Whatever part of an answer is shown, with whatever else: the numbers of its words come out, nothing more."""
    pieces = numbered_words.tokens(4_000)
    assert list(numbered_words.numbers("".join(pieces))) == list(range(4_000))
    assert sum(map(len, pieces)) / len(pieces) == pytest.approx(4.0, abs=0.1)
    assert list(numbered_words.numbers("Thinking… 12 s\n" + "".join(pieces[700:703]) + "\nStop (2/3)")) == [
        700,
        701,
        702,
    ]


def sight(at: float, message: str, asker: str, bystanders: str) -> VisibleChange:
    return VisibleChange(at, "C", "T", message, asker, bystanders)


def test_a_word_counts_from_when_it_was_first_seen_by_whom() -> None:
    """The one who asked and bystanders are told apart, over several messages, and what vanishes is missing."""
    pieces = numbered_words.tokens(4)
    seen = ObservedAnswer.of(4)
    seen.follow(sight(1.0, "a", "".join(pieces[:2]), pieces[0]))
    seen.follow(sight(2.0, "b", "".join(pieces[2:]), "".join(pieces[2:])))
    assert seen.asker.first == [1.0, 1.0, 2.0, 2.0]
    assert (seen.asker.complete, seen.bystanders.complete) == (True, False)
    seen.follow(sight(3.0, "a", "".join(pieces[:2]), "".join(pieces[:2])))
    assert seen.complete
    assert seen.bystanders.first == [1.0, 3.0, 2.0, 2.0]
    assert (seen.begun, seen.last) == (1.0, 3.0)
    seen.follow(sight(4.0, "b", "", ""))
    assert seen.asker.missing == 2


def test_what_stands_twice_is_not_complete() -> None:
    """An answer that is doubled is as wrong as one with a gap."""
    whole, seen = "".join(numbered_words.tokens(3)), ObservedAnswer.of(3)
    complete = []
    for message in ("a", "b"):
        seen.follow(sight(1.0, message, whole, whole))
        complete.append(seen.complete)
    assert complete == [True, False]


def test_refusals_are_counted_by_scope_and_minute() -> None:
    """A method of the workspace is one scope, posts are one for each channel; a minute begins anywhere."""
    edits = [Logged(at, "chat.update", f"C{at}", 429) for at in (0.0, 59.0, 61.0, 200.0)]
    posts = [Logged(1.0, "chat.postMessage", channel, 429) for channel in ("C1", "C2")]
    assert most_in_a_minute([*edits, *posts]) == 2
    assert most_in_a_minute(posts) == 1
    assert most_in_a_minute([]) == 0


def test_a_load_survives_its_way_into_another_process() -> None:
    """JSON and back."""
    for load in (crowd(3, 300, Place.DISCORD, Limiting.HALF, Relayer.PLAIN), late(Place.CHANNELS)):
        assert Load.from_json(load.to_json()) == load


def test_at_most_as_many_answers_run_side_by_side_as_there_is_room_for() -> None:
    """Every load runs once; short and long ones never together, and no batch is over the room but a load alone."""
    loads = [crowd(size, tokens, Place.CHANNELS) for size in (1, 3, 10, 30, 100) for tokens in (300, 4_000)]
    loads.append(rolling(Place.CHANNELS, Limiting.DOUBLE, 6))
    found = list(batches(loads))
    assert sorted(itertools.chain(*found)) == list(range(len(loads)))
    for batch in found:
        assert len({loads[number].ends > 60.0 for number in batch}) == 1
        assert len(batch) == 1 or sum(loads[number].weight for number in batch) <= MAX_CONCURRENT


def test_a_long_answer_in_a_crowded_channel_ends_when_its_last_message_has_a_place() -> None:
    """Ten answers that fill their fourth message three seconds before their end, and one post a second."""
    assert turns(10, 16_000, 3_900, 1)[-1] == pytest.approx(9 - 400 / 120)
    assert max(turns(10, 16_000, 3_900, 10)) == 0.0
    assert max(turns(100, 1_200, 3_900, 1)) == 0.0


def test_the_final_lag_that_is_promised_grows_with_what_is_permitted() -> None:
    """Half a second up to ten, a second up to thirty; beyond that a quarter more than the budgets permit."""
    assert [lag_allowed(answers, 0.0) for answers in (1, 10, 30)] == [0.5, 0.5, 1.0]
    assert lag_allowed(100, 4.0) == 5.0
