"""Plans wait for a decision, and Aion gets one plan action."""

import asyncio

import pytest

from aion_bot.aion import PlanActionResponse
from aion_bot.aion._async.chats import ChatResource
from aion_bot.conversation.session_history import Polling
from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import Content, MessageRef
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import Operation, Plan, PlanEnd, proposed
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

QUESTION = "Organize the photos of site 7 into folders"


async def proposed_plan(bot: Bot, *ends: PlanEnd, stays_open: bool = False) -> str:
    """Ask for something that leads to a plan, and wait for its card."""
    bot.aion.play(script.organize(*ends, stays_open=stays_open))
    thread = await bot.workspace.ask(bot.ada, QUESTION)
    await bot.card(thread)
    return thread


async def test_a_card_describes_its_plan(bot: Bot) -> None:
    """The card shows the description, the steps in order with words for their agents, the count, and who may decide."""
    thread = await proposed_plan(bot)
    text = (await bot.card(thread)).text
    steps = ["Image search", "Find all photos", "Visual analysis", "Folder organization", "Make two folders"]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)
    assert "Organize the photos of site 7 into folders" in text
    assert "3 operations" in text
    assert "can approve or cancel this." in text


@pytest.mark.parametrize(
    ("end", "label", "sentences", "calls"),
    rest_slow(
        [
            (PlanEnd.DONE, "Approve", ["Approved by", "Done", "3 photos are in two folders"], 1),
            (PlanEnd.DONE, "Cancel", ["Cancelled · Aion's plan", strings.DROPPED], 1),
            (
                PlanEnd.ACCEPTED,
                "Approve",
                ["Approved by", strings.SEE_BELOW, "3 photos are in two folders"],
                1,
            ),
            (PlanEnd.BUSY, "Approve", ["Approved by", strings.SEE_BELOW, "3 photos are in two folders"], 1),
            (PlanEnd.EXPIRED, "Approve", ["Approved by", strings.EXPIRED], 1),
        ],
        quick=3,
    ),
)
async def test_a_card_records_the_decision_and_its_outcome(
    bot: Bot, end: PlanEnd, label: str, sentences: list[str], calls: int
) -> None:
    """However a decision ends, the card loses its buttons, names who decided what, and says how it ended."""
    thread = await proposed_plan(bot, end)
    await bot.press(bot.ada, thread, label)
    text = await bot.shows(thread, *sentences)
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.aion.count("plan_action") == calls
    if end is PlanEnd.EXPIRED:
        assert "Done" not in text


@pytest.mark.parametrize("end", [PlanEnd.FAILED])
async def test_a_refused_decision_can_be_made_again(bot: Bot, end: PlanEnd) -> None:
    """After a 5xx response the card says so and its buttons return; the next attempt counts."""
    thread = await proposed_plan(bot, end, PlanEnd.DONE)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Nothing was changed.")
    await bot.card(thread)
    assert bot.aion.count("plan_action") == 1
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Done")
    assert bot.aion.count("plan_action") == 2


async def test_a_plan_that_another_request_decides_can_be_tried_again(bot: Bot) -> None:
    """After a 409 the card says so, the session is polled, and where it shows no result the buttons return."""
    thread = await proposed_plan(bot)
    bot.aion.fail_next("plan_action", 409, code="CONFLICT")
    await bot.press(bot.ada, thread, "Cancel")
    text = await bot.shows(thread, strings.STILL_BUSY)
    assert "🚫 Cancelled" not in text
    await bot.card(thread)
    assert bot.aion.count("plan_action") == 1
    await bot.press(bot.ada, thread, "Cancel")
    await bot.shows(thread, "Cancelled · Aion's plan", strings.DROPPED)


async def test_a_plan_that_was_busy_does_not_expire(bot: Bot) -> None:
    """A 404 after a 409 means that the other request decided the plan."""
    thread = await proposed_plan(bot, PlanEnd.EXPIRED)
    bot.aion.fail_next("plan_action", 409, code="CONFLICT")
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.STILL_BUSY)
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.SETTLED, without=[strings.EXPIRED])


async def test_a_rate_limited_decision_is_not_repeated_by_the_bot(bot: Bot) -> None:
    """After a 429 the card says that nothing was done, and the bot does not repeat the plan action."""
    thread = await proposed_plan(bot)
    bot.aion.fail_next("plan_action", 429, code="RATE_LIMIT_ERROR", retry_after=0.01)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Nothing was changed.")
    await bot.card(thread)
    assert bot.aion.count("plan_action") == 1


async def test_a_decision_that_was_not_sent_can_be_made_again(bot: Bot) -> None:
    """While Aion refuses connections the card says that nothing was done, and the buttons return."""
    thread = await proposed_plan(bot)
    await bot.aion.stop()
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Nothing was changed.")
    await bot.card(thread)
    await bot.aion.start()
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")
    assert bot.aion.count("plan_action") == 1


async def test_a_lost_response_is_resolved_from_the_session(bot: Bot) -> None:
    """When the response to a plan action is lost, the session shows the result, and the action is not repeated."""
    thread = await proposed_plan(bot, PlanEnd.LOST_AFTER_ACTING)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.SEE_BELOW, "3 photos are in two folders")
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.aion.count("plan_action") == 1


async def test_a_crash_in_an_approval_never_claims_that_nothing_was_done(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash with the plan action sent, in a session that listed no messages, the outcome is unknown."""
    bot.polling = Polling().scaled(0.001)
    thread = await proposed_plan(bot)
    for session in bot.aion.sessions:
        session.messages.clear()
    acted, approve = asyncio.Event(), ChatResource.approve_plan

    async def fatal(chats: ChatResource, session_id: str, plan_id: str) -> PlanActionResponse:
        await approve(chats, session_id, plan_id)
        for one in bot.aion.sessions:
            one.messages.clear()
        acted.set()
        await asyncio.Event().wait()
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(ChatResource, "approve_plan", fatal)
        await bot.press(bot.ada, thread, "Approve")
        await acted.wait()
        await bot.kill()
    await bot.start()
    text = await bot.shows(thread, strings.STILL_UNKNOWN)
    assert "Nothing was changed." not in text
    assert bot.aion.count("plan_action") == 1


async def test_an_unknown_outcome_is_reported_and_can_be_decided_again(bot: Bot) -> None:
    """When neither the response nor the session shows a result, the card says so, and its buttons return."""
    thread = await proposed_plan(bot, PlanEnd.LOST_BEFORE_ACTING, PlanEnd.DONE)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.STILL_UNKNOWN)
    await bot.card(thread)
    assert bot.aion.count("plan_action") == 1
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")


async def test_a_404_after_a_lost_response_means_decided(bot: Bot) -> None:
    """After an unknown outcome a 404 says that the plan was decided before, and claims no success."""
    thread = await proposed_plan(bot, PlanEnd.LOST_BEFORE_ACTING, PlanEnd.EXPIRED)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.STILL_UNKNOWN)
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    text = await bot.shows(thread, strings.SETTLED)
    assert "Done" not in text


async def test_a_decision_overtaken_by_the_next_one_leaves_its_card(idle: Bot) -> None:
    """Buttons that come back may be pressed before the platform has confirmed them: the card stays and shows the newer end."""
    pressed_again = asyncio.Event()

    def confirm_late(adapter: PlatformAdapter) -> None:
        edit = adapter.edit

        async def slow(message: MessageRef, content: Content) -> None:
            await edit(message, content)
            if strings.STILL_UNKNOWN in str(content):
                await pressed_again.wait()

        setattr(adapter, "edit", slow)  # noqa: B010  # mypy takes no assignment to a method

    idle.watch = confirm_late
    await idle.start()
    thread = await proposed_plan(idle, PlanEnd.LOST_BEFORE_ACTING, PlanEnd.EXPIRED)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, strings.STILL_UNKNOWN)
    await idle.press(idle.ada, thread, "Approve")
    await idle.aion.until(lambda: idle.aion.count("plan_action") == 2)
    pressed_again.set()
    await idle.shows(thread, strings.SETTLED)
    assert idle.private_replies(thread, idle.ada) == []


async def test_a_stream_that_continues_after_the_decision_is_shown(bot: Bot) -> None:
    """A stream that stays open is shown below the card, once, and the card records the decision."""
    thread = await proposed_plan(bot, stays_open=True)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by")
    await bot.until(
        lambda: (
            "**Other** (0)" in bot.bots(thread)[-1].text
            and strings.PLAN_TITLE not in bot.bots(thread)[-1].text
        )
    )
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    cards = [strings.PLAN_TITLE in one.text for one in bot.bots(thread)]
    assert cards[-3:] == [False, True, False]
    await bot.until(lambda: "Done" in bot.bots(thread)[-2].text)


async def test_a_question_is_answered_while_a_plan_waits(bot: Bot) -> None:
    """An undecided plan does not block its thread, although its stream stays open."""
    thread = await proposed_plan(bot, stays_open=True)
    await bot.workspace.reply(bot.ada, thread, "What does the safety report say?")
    await bot.shows(thread, "Both are due this week")
    assert bot.aion.streaming == 1


async def test_many_presses_lead_to_one_plan_action(bot: Bot) -> None:
    """Double clicks, and Approve against Cancel, lead to one plan action; every click that does not count gets a private reply."""
    thread = await proposed_plan(bot)
    card = await bot.card(thread)
    approve, cancel = card.buttons
    await asyncio.gather(
        *(
            bot.workspace.press(bot.ada, thread, card.id, one.id)
            for one in (approve, approve, cancel, approve)
        )
    )
    await bot.until(lambda: len(bot.private_replies(thread, bot.ada)) == 3)
    await bot.until(lambda: not bot.pressable(thread))
    await bot.aion.until(lambda: bot.aion.count("plan_action") == 1)
    await bot.until(lambda: "Done" in bot.text(thread) or strings.DROPPED in bot.text(thread))
    assert bot.aion.count("plan_action") == 1
    await bot.stop()
    assert len(bot.private_replies(thread, bot.ada)) == 3


async def test_a_person_who_may_not_decide_is_refused_privately(bot: Bot) -> None:
    """Somebody who may not decide gets a private reply, and the card stays as it is."""
    thread = await proposed_plan(bot)
    await bot.press(bot.ben, thread, "Approve")
    await bot.replies_privately(thread, bot.ben, "can approve or cancel this.")
    assert bot.pressable(thread) == ["Approve", "Cancel"]
    assert bot.aion.count("plan_action") == 0


async def test_approvers_may_be_anyone_or_named(idle: Bot) -> None:
    """Named approvers decide and the requester does not; with `anyone` everybody decides."""
    await idle.start(AION_BOT_APPROVERS=idle.ben.id)
    thread = await proposed_plan(idle)
    await idle.press(idle.ada, thread, "Approve")
    await idle.replies_privately(thread, idle.ada, "can approve or cancel this.")
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "Approved by", "Done")
    await idle.stop()
    await idle.start(AION_BOT_APPROVERS="anyone")
    other = await proposed_plan(idle)
    await idle.press(idle.cy, other, "Cancel")
    await idle.shows(other, "Cancelled · Aion's plan", strings.DROPPED)


async def test_buttons_work_after_a_restart(bot: Bot) -> None:
    """A process can decide a plan that a killed process showed."""
    thread = await proposed_plan(bot)
    await bot.kill()
    await bot.start()
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")


async def test_a_press_on_a_decided_card_gets_a_private_reply(bot: Bot) -> None:
    """A click on a decided card, as an outdated client may send it, gets a private reply."""
    thread = await proposed_plan(bot)
    card = await bot.card(thread)
    await bot.workspace.press(bot.ada, thread, card.id, card.buttons[0].id)
    await bot.until(lambda: not bot.pressable(thread))
    await bot.shows(thread, "Done")
    body = dict(card.payload)
    if bot.workspace.name == "Discord":
        await bot.workspace.press(bot.ada, thread, card.id, card.buttons[0].id)
    else:
        await _press_stale(bot, thread, card.id, body)
    await bot.replies_privately(thread, bot.ada, "This plan was already decided.")
    assert bot.aion.count("plan_action") == 1


async def test_a_plan_too_long_for_a_card_is_shown_whole(bot: Bot) -> None:
    """Every step of a long plan is readable above its card, and the card can be decided."""
    steps = tuple(
        Operation("FolderOrganizationAgent", f"Step number {n}: move folder {n} " + "with care " * 60)
        for n in range(10)
    )
    bot.aion.play(proposed(Plan("Tidy up everything", steps, "All tidy.")))
    thread = await bot.workspace.ask(bot.ada, "Tidy up")
    await bot.card(thread)
    text = bot.text(thread)
    assert all(f"Step number {n}:" in text for n in range(10))
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "All tidy.")


async def test_a_plan_event_with_only_an_id_can_be_cancelled(bot: Bot) -> None:
    """A plan event that says nothing but its id makes a card that can be cancelled: nobody approves what nobody sees."""
    plan = Plan("", (), "Done as you said.", only_id=True)
    bot.aion.play(proposed(plan))
    thread = await bot.workspace.ask(bot.ada, "Do it")
    await bot.shows(thread, strings.PLAN_NOT_SHOWN)
    await bot.until(lambda: bot.pressable(thread) == ["Cancel"])
    await bot.press(bot.ada, thread, "Cancel")
    await bot.shows(thread, "Cancelled · Aion's plan", strings.DROPPED)


async def _press_stale(bot: Bot, thread: str, message: str, body: dict[str, object]) -> None:
    """Press a Slack button that the message no longer has."""
    found = bot.workspace.conversations.thread(thread)  # type: ignore[attr-defined]  # an attribute of SimulatedSlack
    shown = next(one for one in found if one.ts == message)
    newest = shown.versions[-1]
    shown.versions[-1] = body
    await bot.workspace.press(bot.ada, thread, message, "aion_plan_approve")
    shown.versions[-1] = newest
