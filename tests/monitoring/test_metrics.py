"""The metrics: their names, labels and number."""

import asyncio
import itertools
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aion_bot import __version__
from aion_bot.aion import AionvisionError, AuthenticationError, RateLimitError, ServerError
from aion_bot.domain.plan import PlanPhase
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.monitoring.metrics import Metrics
from aion_bot.monitoring.staleness import Staleness
from aion_bot.ports.messages import Action, Person, ThreadKey
from aion_bot.ports.rate_limits import PlatformRequest, RequestStatus
from aion_bot.runtime.watchdog import Watchdog

PLATFORMS = ("slack", "discord")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(PLATFORMS, lambda platform: platform == "slack")


def series(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Every series: its name and its labels' values in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def turn(platform: str = "slack", key: str = "0" * 16) -> Turn:
    return Turn(key, ThreadKey(platform, "T1/C1/1.1"), Person("U1", "Ada"), "the question")


GROUPS = (
    "sessions", "messages", "plans", "images", "export", "uploads", "documents", "storage", "files", "tenant",
)  # fmt: skip
"""Every `operation` that docs/operations.md names."""


def _error(error: AionvisionError, status: int | None) -> AionvisionError:
    error.status_code = status
    return error


def test_before_anything_happened_the_state_is_told(metrics: Metrics) -> None:
    """The version, the connections, and a zero for each end of a turn are there from the start."""
    found = series(metrics)
    assert next(labels for labels in found if labels[0] == "aion_bot_build_info")[2] == __version__
    assert found["aion_bot_connected", "slack"] == 1
    assert found["aion_bot_connected", "discord"] == 0
    for platform in PLATFORMS:
        for outcome in ("answered", "failed", "stopped", "interrupted", "withdrawn"):
            assert found["aion_bot_turns_total", outcome, platform] == 0


def test_two_bots_in_one_process_count_for_themselves(metrics: Metrics) -> None:
    """No registry is shared: what one counts the other does not."""
    other = Metrics(PLATFORMS, lambda _: True)
    metrics.observe_lag(0.1)
    assert series(other)["aion_bot_event_loop_lag_seconds_count",] == 0


@pytest.mark.parametrize("reason", EndReason)
def test_each_end_of_a_turn_has_an_outcome(metrics: Metrics, reason: EndReason) -> None:
    """A turn counts once, by how it ended; whatever is no outcome of its own has failed.

    An answer without one of its files is one, and so is the question what to do with them.
    """
    metrics.ended(turn(), reason, timed=True)
    counted = {
        labels[1]: value for labels, value in series(metrics).items() if labels[0] == "aion_bot_turns_total"
    }
    as_answered = {EndReason.INCOMPLETE: "answered", EndReason.HELD: "answered"}
    outcome = as_answered.get(reason) or (reason.value if reason.value in counted else "failed")
    assert series(metrics)["aion_bot_turns_total", outcome, "slack"] == 1
    assert sum(v for labels, v in series(metrics).items() if labels[0] == "aion_bot_turns_total") == 1


def test_how_long_a_turn_took_is_measured_from_its_first_acceptance(metrics: Metrics) -> None:
    """A turn that moved is measured once; one that brought a plan, or of an earlier process, is not."""
    first, plan, earlier = turn(key="a" * 16), turn(key="b" * 16), turn(key="c" * 16)
    metrics.accepted(first)
    metrics.accepted(first)
    metrics.accepted(plan)
    metrics.ended(first, EndReason.ANSWERED, timed=True)
    metrics.ended(plan, EndReason.ANSWERED, timed=False)
    metrics.ended(earlier, EndReason.ANSWERED, timed=True)
    assert series(metrics)["aion_bot_turn_seconds_count", "slack"] == 1
    assert series(metrics)["aion_bot_turns_total", "answered", "slack"] == 3


def test_the_first_sign_and_the_first_words_are_measured_once(metrics: Metrics) -> None:
    """Later signs of a turn, and turns of an earlier process, are not measured."""
    asked = turn()
    metrics.accepted(asked)
    metrics.showed(asked, text=False)
    metrics.showed(asked, text=True)
    metrics.showed(asked, text=True)
    metrics.showed(turn(key="f" * 16), text=True)
    metrics.end_shown(asked, 0.3)
    found = series(metrics)
    for name in ("first_sign", "first_text", "final_lag"):
        assert found[f"aion_bot_{name}_seconds_count", "slack"] == 1
    assert found["aion_bot_final_lag_seconds_sum", "slack"] == pytest.approx(0.3)


def test_a_turn_that_went_on_after_a_restart_is_measured_from_its_acceptance(metrics: Metrics) -> None:
    """Its first sign and words are measured unless people saw them before; how long it took is not, as none ran meanwhile."""
    unseen, marked = turn(key="a" * 16), turn(key="b" * 16)
    metrics.resumed(unseen, 9.0, signed=False, worded=False)
    metrics.resumed(marked, 9.0, signed=True, worded=False)
    for one in (unseen, marked):
        metrics.showed(one, text=True)
        metrics.ended(one, EndReason.ANSWERED, timed=True)
    found = series(metrics)
    assert found["aion_bot_first_sign_seconds_count", "slack"] == 1
    assert found["aion_bot_first_text_seconds_count", "slack"] == 2
    assert found["aion_bot_first_sign_seconds_sum", "slack"] >= 9.0
    assert not found.get(("aion_bot_turn_seconds_count", "slack"))


@pytest.mark.parametrize(
    ("shown", "mean"),
    [
        ([(2.0, 0, 3.0)], 1.5),
        ([(1.0, 0, 1.0), (2.0, 0, 2.0)], 0.0),
        ([(1.0, 0, 2.0), (2.0, 0, 2.0)], 0.5),
        ([(2.0, 10, 3.0)], 2.0),
        ([(2.0, 10, 3.0), (2.0, 0, 5.0)], 2.5),
        ([(2.0, 5, 3.0), (2.0, 10, 9.0), (2.0, 0, 3.0)], 1.5),
        ([(0.5, 0, 1.0)], None),
    ],
)
def test_staleness_is_the_mean_over_the_characters(
    shown: list[tuple[float, int, float]], mean: float | None
) -> None:
    """Ten characters arrive at 1 and ten at 2: each counts once, from there until a message first shows it."""
    staleness = Staleness()
    staleness.received(1, 10, 1.0)
    staleness.received(1, 10, 1.5)  # a ping brings nothing
    staleness.received(2, 10, 2.0)
    for until, behind, at in shown:
        staleness.shown(until, behind, at)
    assert staleness.mean == (None if mean is None else pytest.approx(mean))


def test_what_waits_to_be_shown_is_bounded() -> None:
    """Text for a platform that is down for long counts from the last arrival that is kept, and none is lost."""
    staleness = Staleness()
    for length in range(1, 3_001):
        staleness.received(1, length, 0.0)
    staleness.shown(0.0, 0, 2.0)
    assert staleness.mean == pytest.approx(2.0)
    assert staleness.characters == 3_000


def test_staleness_is_observed_once_a_turn(metrics: Metrics) -> None:
    """A turn whose text was shown is one observation; one without text, or of an earlier process, is none."""
    answered, silent, earlier = turn(key="a" * 16), turn(key="b" * 16), turn(key="c" * 16)
    for one in (answered, silent):
        metrics.accepted(one)
    for one in (answered, earlier):
        metrics.received(one, 1, 5)
        metrics.showed(one, text=True, until=time.monotonic())
    for one in (answered, silent, earlier):
        metrics.ended(one, EndReason.ANSWERED, timed=True)
    assert series(metrics)["aion_bot_staleness_seconds_count", "slack"] == 1


def test_the_load_is_read_at_each_scrape(metrics: Metrics) -> None:
    """How many turns run and wait is asked for when somebody looks."""
    metrics.load = lambda platform: (3, 5) if platform == "discord" else (0, 1)
    assert series(metrics)["aion_bot_active_turns", "discord"] == 3
    assert series(metrics)["aion_bot_queued_turns", "discord"] == 5
    assert series(metrics)["aion_bot_queued_turns", "slack"] == 1


def test_requests_count_once_they_are_answered(metrics: Metrics) -> None:
    """A request to a platform counts by method and status; one refused as too many counts there as well."""
    request, observer = PlatformRequest("chat.update"), metrics.requests_of("slack")
    observer.sent(request)
    observer.answered(request, RequestStatus.RATE_LIMITED, 3.0)
    found = series(metrics)
    assert found["aion_bot_platform_requests_total", "chat.update", "slack", "rate_limited"] == 1
    assert found["aion_bot_rate_limited_total", "chat.update", "slack"] == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "ok"),
        (_error(RateLimitError(), 429), "rate_limited"),
        (_error(AuthenticationError(), 401), "refused"),
        (_error(ServerError(), 503), "error"),
        (_error(ServerError(), None), "error"),
    ],
)
def test_requests_to_aion_count_by_what_came_of_them(
    metrics: Metrics, error: AionvisionError | None, status: str
) -> None:
    """Aion's answers have the statuses of a platform's."""
    metrics.aion_answered("messages", error)
    assert series(metrics)["aion_bot_aion_requests_total", "messages", status] == 1


def test_there_are_fewer_than_300_series_whatever_happens(metrics: Metrics) -> None:
    """Every platform, outcome, action and status, and more methods than there are, stay below the bound; none is lost."""
    reasons, outcomes = list(EndReason), set(PlanPhase) - {PlanPhase.CLAIMED, PlanPhase.SENT}
    for platform in PLATFORMS:
        metrics.accepted(turn(platform))
        metrics.received(turn(platform), 1, 10)
        metrics.showed(turn(platform), text=True, until=time.monotonic())
        metrics.end_shown(turn(platform), 1.0)
        for reason in reasons:
            metrics.ended(turn(platform), reason, timed=True)
        for action, phase in itertools.product((Action.APPROVE, Action.CANCEL), outcomes):
            metrics.plan_decided(platform, action, phase)
        for number, status in itertools.product(range(100), RequestStatus):
            metrics.requests_of(platform).answered(PlatformRequest(f"method {number}"), status)
    for group, error in itertools.product(
        GROUPS,
        (None, _error(RateLimitError(), 429), _error(AuthenticationError(), 401), _error(ServerError(), 500)),
    ):
        metrics.aion_answered(group, error)
    found = series(metrics)
    assert len(found) < 300
    assert sum(v for labels, v in found.items() if labels[0] == "aion_bot_platform_requests_total") == 800
    assert sum(v for labels, v in found.items() if labels[0] == "aion_bot_rate_limited_total") == 200


def test_no_id_is_in_any_label(metrics: Metrics) -> None:
    """What names a person, a channel, a turn or its words is nowhere in the text."""
    metrics.accepted(turn())
    metrics.ended(turn(), EndReason.ANSWERED, timed=True)
    text = metrics.text().decode()
    assert not any(secret in text for secret in ("U1", "C1", "T1", "Ada", "0" * 16, "the question"))


async def test_a_blocked_event_loop_is_in_the_histogram(metrics: Metrics) -> None:
    """The watchdog feeds the histogram: a block of a fifth of a second is one lag above a tenth."""
    watchdog = Watchdog(metrics.observe_lag, every=0.01)
    watchdog.start()
    try:
        async with asyncio.timeout(60):
            while series(metrics)["aion_bot_event_loop_lag_seconds_count",] == 0:  # noqa: ASYNC110  # a thread measures
                await asyncio.sleep(0.005)
            time.sleep(0.2)  # noqa: ASYNC251  # what blocks the loop
            while _above_a_tenth(metrics) == 0:  # noqa: ASYNC110  # a thread measures
                await asyncio.sleep(0.005)
    finally:
        watchdog.stop()


def _above_a_tenth(metrics: Metrics) -> float:
    found = series(metrics)
    name = "aion_bot_event_loop_lag_seconds"
    return found[f"{name}_count",] - found[f"{name}_bucket", "0.1"]
