"""Answers on Slack for whose end no edit can be kept: at the end a new message takes the place of the one that grew."""

import pytest

from aion_bot.delivery import replacement, strategy
from aion_bot.domain import strings
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.ratelimit import limiter
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Shown
from tests.end_to_end.bot import Bot

FIRST, REST = "The hoist stands ", "and has no gate."
WHOLE = FIRST + REST

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # a killed process closes nothing
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # likewise
]


def growing(hold: str) -> Scene:
    """An answer that goes on once its hold is released."""
    return Scene((Speak(FIRST), Hold(hold, pings=True), Speak(REST), *ENDING), Answer(WHOLE))


@pytest.fixture
async def crowded(on_slack: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot on a Slack that takes one edit an hour, which is kept for an answer that goes on all the time."""
    monkeypatch.setattr(strategy, "LONGEST_TEXT_WAIT", 0.2)
    monkeypatch.setattr(replacement, "_EDIT_PATIENCE", 0.1)
    monkeypatch.setattr(limiter, "RECONSIDER_EVERY", 0.05)
    few = {one: (Budget(one.name, 1, 3600.0, Scope.WORKSPACE, reserved=True),) for one in (Operation.EDIT,)}
    many = {Operation.DELETE: (Budget("deletions", 50, 60.0, Scope.WORKSPACE, reserved=True),)}
    on_slack.limits = {"edit_gap": 0.1, "budgets": few | many}
    await on_slack.start()
    on_slack.aion.play(growing("other"), growing("go"))
    other = await on_slack.workspace.mention(on_slack.ben, "Tell me about the hoist")
    await on_slack.shows(other, FIRST.strip())
    return on_slack


async def begun(bot: Bot) -> tuple[str, Shown]:
    """Ask; returns the thread and the message with the first words."""
    thread = await bot.workspace.mention(bot.ada, "What of the hoist?")
    await bot.shows(thread, FIRST.strip())
    (first,) = bot.bots(thread)
    assert [one.label for one in first.buttons] == [strings.STOP]
    return thread, first


def stands_once(bot: Bot, thread: str) -> bool:
    """Whether one message has the whole answer, and nothing grows any more."""
    shown = bot.bots(thread)
    return [WHOLE in one.text for one in shown] == [True] and not bot.pressable(thread)


async def test_one_message_has_the_whole_answer(crowded: Bot) -> None:
    """The new message is there before the other is deleted, is rated and noted as the answer, and is told as said before."""
    thread, first = await begun(crowded)
    crowded.aion.release("go")
    await crowded.until(lambda: stands_once(crowded, thread))
    (last,) = crowded.bots(thread)
    assert last.id != first.id
    assert {strings.GOOD, strings.BAD} <= {one.label for one in last.buttons}
    assert isinstance(crowded.workspace, SimulatedSlack)
    done = [one.name for one in crowded.workspace.log if one.name in {"chat.postMessage", "chat.delete"}]
    assert done[-2:] == ["chat.postMessage", "chat.delete"]
    await crowded.press(crowded.ada, thread, strings.GOOD)
    await crowded.replies_privately(thread, crowded.ada, strings.RATED)
