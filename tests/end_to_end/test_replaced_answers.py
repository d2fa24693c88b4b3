"""Answers on Slack for whose end no edit can be kept: at the end a new message takes the place of the one that grew."""

import asyncio
from typing import Any

import pytest

from adapters.slack.adapter import SlackAdapter
from aion_bot.conversation.turn_record import TurnRecord
from aion_bot.delivery import replacement, strategy
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.ports import rate_limits
from aion_bot.ports.rate_limits import Budget, Scope
from aion_bot.ratelimit import limiter
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Operation, Plan, Propose, Scene, Speak
from aion_bot.simulators.workspace import Shown
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_reactions import EXPORT, started

FIRST, REST = "The hoist stands ", "and has no gate."
WHOLE = FIRST + REST

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # a killed process closes nothing
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # likewise
]


def growing(hold: str) -> Scene:
    """An answer that goes on once its hold is released."""
    return Scene((Speak(pieces=(FIRST,)), Hold(hold, pings=True), Speak(REST), *ENDING), Answer(WHOLE))


@pytest.fixture
async def crowded(on_slack: Bot, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot on a Slack that takes two edits an hour: one is kept for an answer that goes on, another answer has used one."""
    monkeypatch.setattr(strategy, "LONGEST_TEXT_WAIT", 0.2)
    monkeypatch.setattr(strategy, "INDICATOR_WAIT", 1.0)  # a post without words would need an edit for them
    monkeypatch.setattr(replacement, "EDIT_PATIENCE", 0.1)
    monkeypatch.setattr(limiter, "RECONSIDER_EVERY", 0.05)
    on_slack.limits = {"edit_gap": 0.1, "budgets": budgets(edits=2)}
    await started(on_slack)
    on_slack.aion.play(growing("other"), growing("used"), growing("go"))
    for _ in range(2):
        thread, _ = await begun(on_slack)
    on_slack.aion.release("used")
    await on_slack.until(lambda: stands_once(on_slack, thread))
    return on_slack


def budgets(*, edits: int) -> dict[rate_limits.Operation, tuple[Budget, ...]]:
    """Limits of so many edits an hour, and of deletions that hardly end."""
    calls = {rate_limits.Operation.EDIT: edits, rate_limits.Operation.DELETE: 50}
    return {
        one: (Budget(one.name, many, 3600.0, Scope.WORKSPACE, reserved=True),) for one, many in calls.items()
    }


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


@pytest.mark.slow
async def test_one_message_has_the_whole_answer(crowded: Bot) -> None:
    """The new message is there before the other is deleted, and is the answer: it is rated, and exported by a reaction."""
    thread, first = await begun(crowded)
    crowded.aion.release("go")
    await crowded.until(lambda: stands_once(crowded, thread))
    (last,) = crowded.bots(thread)
    assert last.id != first.id
    assert {strings.GOOD, strings.BAD} <= {one.label for one in last.buttons}
    done = [one.name for one in crowded.workspace.log if one.name in {"chat.postMessage", "chat.delete"}]
    assert done[-2:] == ["chat.postMessage", "chat.delete"]
    await crowded.press(crowded.ada, thread, strings.GOOD)
    await crowded.replies_privately(thread, crowded.ada, strings.RATED)
    crowded.workspace.react(crowded.ben, last.id, EXPORT)
    await crowded.until(lambda: any(one.files for one in crowded.workspace.direct_messages(crowded.ben)))
    (export,) = (
        text for one in crowded.workspace.direct_messages(crowded.ben) for text in one.files.values()
    )
    assert export.count(WHOLE) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name"), [(Executor, "_post"), (TurnRecord, "note_posted"), (SlackAdapter, "delete")]
)
async def test_a_kill_while_it_is_replaced_leaves_one_message(
    crowded: Bot, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    """Killed once the new message is posted, noted, or the other one deleted, the bot shows the whole answer once; Aion is asked once."""
    thread, _ = await begun(crowded)
    reached, step = asyncio.Event(), getattr(owner, name)

    async def hanging(*arguments: Any, **more: Any) -> Any:
        done = await step(*arguments, **more)
        if any(WHOLE in one.text for one in crowded.bots(thread)):
            reached.set()
            await asyncio.Event().wait()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, hanging)
        crowded.aion.release("go")
        await reached.wait()
        await crowded.kill()
    crowded.limits["budgets"] = {}
    asked = crowded.aion.count("send_stream")
    await crowded.start()
    await crowded.until(lambda: stands_once(crowded, thread))
    assert crowded.aion.count("send_stream") == asked


@pytest.mark.slow
async def test_stop_ends_it_under_its_words(crowded: Bot) -> None:
    """Stopped, the answer is one message with what people have read of it, and who stopped it."""
    thread, first = await begun(crowded)
    await crowded.press(crowded.ada, thread, strings.STOP)
    await crowded.shows(thread, FIRST.strip(), "Stopped by")
    await crowded.until(lambda: len(crowded.bots(thread)) == 1)
    (last,) = crowded.bots(thread)
    assert last.id != first.id
    assert FIRST.strip() in last.text
    assert not crowded.pressable(thread)


@pytest.mark.slow
async def test_somebody_deletes_the_message_that_grows(crowded: Bot) -> None:
    """The whole answer is posted all the same, once."""
    thread, first = await begun(crowded)
    crowded.workspace.delete_message(first.id)
    crowded.aion.release("go")
    await crowded.until(lambda: stands_once(crowded, thread))


@pytest.mark.slow
async def test_a_plan_does_not_wait_for_an_edit(crowded: Bot) -> None:
    """Where a card comes below words that cannot be edited, they are posted anew, and the card stands at once below them."""
    await begun(crowded)
    plan = Plan("Sort the photos", (Operation("Files", "sort"),), "Sorted.")
    lead = Scene(
        (Speak(pieces=(FIRST,)), Hold("plan", pings=True), Speak(REST), Propose(plan), *ENDING), Answer(WHOLE)
    )
    crowded.aion.play(lead)
    thread, first = await begun(crowded)
    crowded.aion.release("plan")
    await crowded.card(thread)
    shown = crowded.bots(thread)
    assert [WHOLE in one.text for one in shown] == [True, False]
    assert first.id not in {one.id for one in shown}
