"""Many people on a few requests a minute to Aion: nobody is refused, and whoever waits is told for how long."""

import pytest

from aion_bot.domain import strings
from aion_bot.ratelimit import request_pace
from aion_bot.simulators.aion.rate import RateLimit
from aion_bot.simulators.aion.scene import spoken
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


async def test_many_people_share_the_requests_a_minute(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more questions than a minute has requests, each is answered; those that wait say so, and Aion refuses none.

    A minute is a third of a second here.
    """
    monkeypatch.setattr(request_pace, "MINUTE", 0.3)
    monkeypatch.setattr(request_pace, "SHORTEST_TOLD", 0.1)
    idle.aion.rate = rate = RateLimit(12, 0.3)
    await idle.start()
    idle.aion.play(*(spoken("Counted.") for _ in range(9)))
    people = [idle.ada, idle.ben, idle.cy] * 3
    threads = [await idle.workspace.mention(one, f"How many? {number}") for number, one in enumerate(people)]
    seen = set[str]()

    def answered() -> bool:
        texts = [idle.text(one) for one in threads]
        seen.update(one for one in texts if strings.waiting_for_aion(1) in one)
        return all("Counted." in one for one in texts)

    await idle.until(answered)
    assert rate.refusals == 0
    assert idle.aion.count("send_stream") == len(people)


async def test_a_refusal_in_spite_of_it_loses_nothing(idle: Bot) -> None:
    """Where Aion refuses a question for its rate and says until when, the question waits, says so, and is answered."""
    await idle.start()
    idle.aion.fail_next("send_stream", 429, code="RATE_LIMIT_ERROR", retry_after=0.05, times=5)
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert idle.aion.count("send_stream") == 6


async def test_a_decision_goes_before_what_waits(idle: Bot) -> None:
    """While questions wait for the next minute, a plan is approved at once."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7 into folders")
    await idle.card(thread)
    idle.aion.rate = RateLimit(40)
    for _ in range(34):
        idle.aion.rate.take()
    idle.aion.play(*(spoken("Counted.") for _ in range(9)))
    waiting = [await idle.workspace.mention(idle.ben, f"How many? {number}") for number in range(4)]
    await idle.until(lambda: any("Waiting for Aion" in idle.text(one) for one in waiting))
    await idle.press(idle.ada, thread, "Approve")
    await idle.until(lambda: idle.aion.count("plan_action") == 1)
    assert idle.aion.rate.refusals == 0
    await idle.kill()
