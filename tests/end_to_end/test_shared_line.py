"""One line in a channel for the questions that have no room for a sign of their own."""

import pytest

from aion_bot.conversation import indicators
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.runtime import active_turns
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot


def lines(slack: SimulatedSlack) -> int:
    """How many messages of the channel say that questions wait."""
    return sum(
        one.by_bot and one.thread_ts is None and "waiting here" in str(one.body)
        for one in slack.conversations.messages
    )


@pytest.mark.slow
async def test_the_line_of_a_channel_stands_while_somebody_waits_and_survives_no_restart(
    on_slack: Bot, slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither mark nor private remark has room one line is posted in the channel; a kill leaves none behind."""
    bot = on_slack
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    monkeypatch.setattr(indicators, "_BURST", 0)
    budgets = {
        one: (Budget(one.name, 1, 3600.0, Scope.WORKSPACE),)
        for one in (Operation.MARK_QUEUED, Operation.REPLY_PRIVATELY)
    }
    bot.limits = {"edit_gap": 0.1, "budgets": budgets}
    await bot.start()
    bot.aion.play(spoken("Answer 0.", Hold("go", pings=True)))
    await bot.workspace.mention(bot.ada, "first")
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    marked = await bot.workspace.mention(bot.ben, "marked")
    await bot.until(lambda: bot.queued_marker_count(marked) == 1)
    await bot.workspace.mention(bot.cy, "told, or counted")
    waiting = await bot.workspace.mention(bot.ada, "counted")
    await bot.until(lambda: lines(slack) == 1)
    await bot.kill()
    assert lines(slack) == 1
    bot.limits = {"edit_gap": 0.1, "budgets": {}}
    bot.aion.play(*(spoken(f"Answer {number}.") for number in range(1, 4)))
    await bot.start()
    await bot.until(lambda: lines(slack) == 0)
    bot.aion.release("go")
    await bot.shows(waiting, "Answer 3.")
    assert lines(slack) == 0
