"""Many questions at once, at the documented limits: each has a sign as soon as they permit, and none is refused."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from adapters.discord.rate_limits import Method
from adapters.slack import rate_limits as slack_limits
from aion_bot.conversation import indicators
from aion_bot.ports.errors import Forbidden
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.discord import rates as discord_rates
from aion_bot.simulators.slack import rates as slack_rates
from tests.support.bursts import ANSWERED_AFTER, Burst, in_burst
from tests.support.limited_platforms import LimitedDiscord, LimitedPlatform, LimitedSlack
from tests.support.virtual_time import run_in_virtual_time

CREATE_THREAD = str(Method.CREATE_THREAD)


@pytest.mark.parametrize("channels", [["C"] * 60, [f"D{n}" for n in range(60)]])
@pytest.mark.parametrize("platform", [LimitedSlack, LimitedDiscord])
def test_sixty_questions_at_once_have_their_signs_within_two_seconds(
    monkeypatch: pytest.MonkeyPatch, platform: Callable[[], LimitedPlatform], channels: Sequence[str]
) -> None:
    """Of sixty questions at once, mentions or direct messages, each has a sign within two seconds on both platforms."""
    opening = channels == ["C"] * 60 and platform is LimitedDiscord
    limited = in_burst(monkeypatch, platform, channels, opening=opening)
    assert limited.seen.last <= 2.0
    assert set(limited.refused) <= {CREATE_THREAD}


def test_a_direct_message_has_its_sign_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question in a direct message has a sign with the first request."""
    assert in_burst(monkeypatch, LimitedSlack, ["D"]).seen.last <= 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    "channels",
    [
        ["C"] * 200,
        [f"C{n % 20}" for n in range(200)],
        [f"C{n}" for n in range(200)],
        [f"D{n}" for n in range(200)],
        ["C" if n % 2 else f"D{n}" for n in range(400)],
    ],
)
def test_two_hundred_people_on_slack_have_a_sign_within_half_a_second(
    monkeypatch: pytest.MonkeyPatch, channels: Sequence[str]
) -> None:
    """25 statuses, 100 private remarks and 50 marks come at once, and one line in each channel is a sign for all others."""
    limited = in_burst(monkeypatch, LimitedSlack, channels)
    assert limited.refused == []
    assert limited.seen.last <= 0.5
    posts = sorted(
        (at, int(question)) for question, (at, kind) in limited.seen.first.items() if kind == "post"
    )
    late = [question for at, question in posts if at > 2.0]
    assert len(set(channels)) > 1 or late == sorted(late)  # the oldest first
    assert max(limited.seen.ended.values()) <= ANSWERED_AFTER + 150.0


@pytest.mark.slow
@pytest.mark.long
def test_the_last_of_a_burst_have_a_sign_as_soon_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty-five that come when the others have used up what room there was, and have their signs, see a line at once."""
    limited = in_burst(monkeypatch, LimitedSlack, ["C"] * 200, late=25)
    assert limited.refused == []
    assert limited.seen.last <= 0.5
    assert Counter(kind for _, kind in limited.seen.first.values())["line"] == 25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("channels", "opening", "last"),
    [(["C"] * 200, True, 2.0), ([f"D{n}" for n in range(200)], False, 6.0)],
)
def test_two_hundred_people_on_discord_have_a_sign_as_soon_as_the_limits_permit(
    monkeypatch: pytest.MonkeyPatch, channels: Sequence[str], last: float, *, opening: bool
) -> None:
    """Typing is one request for all of a channel; two hundred direct messages take the bot's 45 requests a second."""
    limited = in_burst(monkeypatch, LimitedDiscord, channels, opening=opening)
    assert limited.seen.last <= last
    # Nobody documents how many threads may be created: only a refusal tells, a few in each of the five minutes.
    assert set(limited.refused) <= {CREATE_THREAD}
    assert len(limited.refused) <= 30


@pytest.mark.slow
def test_one_person_takes_no_signs_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks a hundred and fifty questions before fifty others ask is told once; the others have signs within two seconds."""
    people = ["U1"] * 150 + [f"U{n}" for n in range(2, 52)]
    limited = in_burst(monkeypatch, LimitedSlack, ["C"] * 200, people=people)
    assert limited.refused == []
    assert limited.seen.last <= 2.0


def test_in_limits_of_one_call_each_kind_of_sign_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each limit is one call a minute, one sign of each kind comes at once, and no request is refused."""
    monkeypatch.setattr(indicators, "_BURST", 1)

    def one_call_each() -> LimitedSlack:
        budgets = {
            operation: tuple(replace(budget, calls=1, headroom=0) for budget in of)
            for operation, of in slack_limits.LIMITS.budgets.items()
        }
        limits = slack_rates.SlackLimits(dict.fromkeys(slack_rates.DOCUMENTED, 1))
        return LimitedSlack(limits, replace(slack_limits.LIMITS, budgets=budgets))

    limited = in_burst(monkeypatch, one_call_each, ["C"] * 4)
    assert limited.refused == []
    assert Counter(kind for _, kind in limited.seen.first.values()) == dict.fromkeys(
        ("status", "remark", "mark", "line"), 1
    )
    assert limited.seen.last <= 2.0


def test_a_question_whose_thread_waits_for_minutes_has_signs_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While Discord takes no more threads for minutes, typing is renewed, the question is marked, and after 30 s a sentence comes."""
    rare = discord_rates.DiscordLimits(threads=discord_rates.Rate(1, 300.0))
    limited = in_burst(monkeypatch, lambda: LimitedDiscord(rare), ["C"] * 2, opening=True)
    assert limited.seen.last <= 1.0
    typed = [at for at, kind in limited.seen.signs["1"] if kind == "typing"]
    assert all(later - sooner <= 10.0 for sooner, later in itertools.pairwise([*typed, 300.0]))
    assert [kind for _, kind in limited.seen.signs["1"] if kind in {"mark", "remark"}] == ["mark", "remark"]
    assert limited.refused == [CREATE_THREAD]


class SlowToMark(LimitedSlack):
    """Begins to mark a question, and goes on when `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.marking, self.go = asyncio.Event(), asyncio.Event()

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        if queued:
            self.marking.set()
            await self.go.wait()
        await super().mark_queued(message, queued=queued)


def test_a_mark_that_is_on_its_way_at_the_first_message_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark is not abandoned on its way: it would arrive after its removal, and stay."""

    async def run() -> LimitedPlatform:
        burst = Burst(platform := SlowToMark())
        turn = burst.turn(0, "C", "U1")
        platform.ask(turn.asker.id, turn.key)
        burst.indicators.queued(burst.thread(turn), turn)
        await platform.marking.wait()
        removing = asyncio.create_task(burst.indicators.dequeued(burst.thread(turn), turn))
        await asyncio.sleep(0.1)
        platform.go.set()
        await removing
        await burst.tasks.wait(60.0)
        return platform

    platform = run_in_virtual_time(monkeypatch, run())
    assert platform.seen.first["0"][1] == "mark"
    assert platform.marks == set()


class WithoutMarks(LimitedSlack):
    """Lacks the scope for reactions."""

    attempts = 0

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:  # noqa: ARG002  # the port's signature
        self.attempts += 1
        raise Forbidden("missing_scope")


def test_without_marks_everybody_has_another_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the platform refuses marks, a question is not marked again and again, and its first message does not wait for words."""
    limited = in_burst(monkeypatch, WithoutMarks, ["C"] * 29)
    assert isinstance(limited, WithoutMarks)
    assert limited.attempts <= 29
    assert limited.seen.last <= 6.0


@pytest.mark.slow
@pytest.mark.long
def test_questions_that_wait_in_their_queues_have_signs_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two hundred that wait behind others at once, 150 have a mark or a private remark at once, and one line is for the rest."""

    async def run() -> LimitedPlatform:
        burst = Burst(LimitedSlack())
        turns = [burst.turn(at, "C", f"U{at}") for at in range(200)]
        for turn in turns:
            burst.platform.channels[turn.key] = turn.place.channel
            burst.platform.ask(turn.asker.id, turn.key)
            burst.indicators.queued(burst.thread(turn), turn)
        await asyncio.sleep(70.0)
        for turn in turns:
            await burst.indicators.dequeued(burst.thread(turn), turn)
        await burst.tasks.wait(1_000.0)
        return burst.platform

    platform = run_in_virtual_time(monkeypatch, run())
    assert platform.refused == []
    assert platform.seen.within(0.5) == 200
    assert Counter(kind for _, kind in platform.seen.first.values())["line"] == 50
    assert platform.lines == set()
    assert platform.marks == set()


def test_a_private_reply_in_a_direct_message_waits_for_the_limit_of_its_posts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a direct message a private reply is a post: several at once are taken one a second, and none is refused."""

    async def run() -> LimitedPlatform:
        burst = Burst(LimitedSlack())
        turn = burst.turn(0, "D1", "U1")
        assert turn.origin is not None
        await asyncio.gather(
            *(burst.thread(turn).reply_privately(turn.origin, ("Hello.",)) for _ in range(4))
        )
        return burst.platform

    assert run_in_virtual_time(monkeypatch, run()).refused == []
