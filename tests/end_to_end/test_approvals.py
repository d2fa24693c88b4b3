"""Several people approve a plan, by the rules of its place."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rules import Rule, Rules, Section
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import PlanEnd
from aion_bot.storage.audit_check import verify_audit
from tests.end_to_end.bot import Bot

QUESTION = "Organize the photos of site 7 into folders"


def section(**said: object) -> Section:
    """One section of a file."""
    return {key: Rule(value, "test") for key, value in said.items()}


async def proposed(bot: Bot, *ends: PlanEnd) -> str:
    """Ask for something that leads to a plan, and wait for its card."""
    bot.aion.play(script.organize(*ends))
    thread = await bot.workspace.ask(bot.ada, QUESTION)
    await bot.card(thread)
    return thread


def needs(bot: Bot, count: int, **more: object) -> Rules:
    """Rules by which `count` of all three people have to approve."""
    people = frozenset({bot.ada.id, bot.ben.id, bot.cy.id})
    return Rules(section(**{"approvers": people, "approvals_required": count, **more}))


async def test_two_different_people_approve(idle: Bot) -> None:
    """The card shows who approved and how many are missing; one person's second press is none, and the last one decides."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.shows(thread, "Needs the approval of 2 people.")
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "Approved by", "1 more needed.")
    await idle.press(idle.ada, thread, "Approve")
    await idle.replies_privately(
        thread, idle.ada, "You've approved this already. 1 more person has to approve it."
    )
    assert idle.aion.count("plan_action") == 0
    await idle.press(idle.ben, thread, "Approve")
    text = await idle.shows(thread, "Done", without=["more needed"])
    assert text.count("Approved by") == 1
    assert idle.aion.count("plan_action") == 1


async def test_one_refusal_ends_it(idle: Bot) -> None:
    """After one approval of two, one Cancel cancels the plan; a cancellation that Aion refuses makes the approval void."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.FAILED, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await idle.press(idle.ben, thread, "Cancel")
    await idle.shows(thread, "Cancel pressed by", "Needs the approval of 2 people.")
    await idle.press(idle.cy, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    assert idle.aion.count("plan_action") == 1
    await idle.press(idle.ben, thread, "Cancel")
    await idle.shows(thread, strings.DROPPED)


async def test_four_eyes(idle: Bot) -> None:
    """The requester is told privately who can approve instead, and may cancel."""
    await idle.start(rules=needs(idle, 1, four_eyes=True))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.replies_privately(thread, idle.ada, strings.OWN_APPROVAL.strip())
    assert idle.aion.count("plan_action") == 0
    await idle.press(idle.ada, thread, "Cancel")
    await idle.shows(thread, strings.DROPPED)


async def test_a_destructive_plan_needs_more(idle: Bot) -> None:
    """The card says how many and why; another plan needs as many as otherwise."""
    rules = needs(idle, 1, destructive_words=("folders",), destructive_approvals_required=2)
    await idle.start(rules=rules)
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.shows(thread, "Needs the approval of 2 people, because it says “folders”.")
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed")
    await idle.press(idle.cy, thread, "Approve")
    await idle.shows(thread, "Done")
    assert idle.aion.count("plan_action") == 1


async def test_the_policy_at_the_click_counts(idle: Bot) -> None:
    """An approval before a restart stands; whoever gave it and may not approve any more does not count."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await idle.stop()
    rules = needs(idle, 2)
    narrowed = frozenset({idle.ben.id, idle.cy.id})
    await idle.start(rules=replace(rules, defaults=rules.defaults | section(approvers=narrowed)))
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    assert idle.aion.count("plan_action") == 0
    await idle.press(idle.cy, thread, "Approve")
    await idle.shows(thread, "Done")


async def test_a_deadline_counts_as_no_also_after_a_restart(idle: Bot) -> None:
    """Nobody approved in time: Aion is told to drop the plan, the card and the record say why, and no press approves it.

    Where Aion did not take the cancellation, the card offers Cancel alone, under a longer deadline as well.
    """
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.FAILED, PlanEnd.DONE)
    approve = (await idle.card(thread)).buttons[0]
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await idle.stop()
    with closing(sqlite3.connect(idle.database, isolation_level=None)) as connection:
        connection.execute("UPDATE plan SET created_at = created_at - 86401")
    await idle.start(rules=needs(idle, 2))
    await idle.shows(thread, "Not approved in time:")  # Aion did not take it
    await idle.until(lambda: idle.pressable(thread) == ["Cancel"])
    assert strings.DEADLINE_PASSED in idle.text(thread)
    card = next(one for one in idle.bots(thread) if one.buttons)
    await idle.workspace.press_forged(idle.ben, thread, card.id, approve)
    await idle.replies_privately(thread, idle.ben, strings.DEADLINE_PASSED)
    await idle.stop()
    await idle.start(rules=needs(idle, 2, approval_expires=0))
    await idle.shows(thread, "Cancelled · Aion's plan", strings.DROPPED)
    assert idle.aion.count("plan_action") == 2
    await idle.stop()
    with closing(sqlite3.connect(idle.database)) as connection:
        said = [
            json.loads(record)
            for (record,) in connection.execute("SELECT record FROM audit WHERE kind = 'expired'")
        ]
    assert [(one["reason"], one["action"], one.get("person")) for one in said] == [
        ("not approved in time", "cancel", None)
    ] * 2
    assert verify_audit(idle.database).broken == ""


@pytest.mark.slow
async def test_who_may_decide_is_reminded_once(idle: Bot) -> None:
    """Those who have not approved are mentioned in the thread, once, over restarts as well."""
    rules = needs(idle, 2, approval_reminder=60)
    await idle.start(rules=rules)
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await idle.stop()
    with closing(sqlite3.connect(idle.database, isolation_level=None)) as connection:
        connection.execute("UPDATE plan SET created_at = created_at - 61")
    for _ in range(2):
        await idle.start(rules=rules)
        await idle.shows(thread, "this plan still waits for your decision.")
        await idle.press(idle.ada, thread, "Approve")
        await idle.replies_privately(thread, idle.ada, "You've approved this already.")
        await idle.stop()
    (reminder,) = [one for one in idle.bots(thread) if "still waits" in one.text]
    assert f"@{idle.ben.name}, @{idle.cy.name}: this plan" in reminder.text


async def test_a_change_of_rules_is_shown_on_open_cards(idle: Bot) -> None:
    """After other rules came into force the card says who decides now, without a press."""
    await idle.start(rules=needs(idle, 1))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.stop()
    await idle.start(rules=needs(idle, 3))
    await idle.shows(thread, "Needs the approval of 3 people.")


@pytest.mark.slow
async def test_a_key_that_may_not_decide_plans(idle: Bot) -> None:
    """Aion's 403 is said on the card; from then on no card offers Approve, old or new, also after a restart; a forged press is told.

    A key that may is another one: its cards have both buttons.
    """
    await idle.start()
    older, thread = await proposed(idle, PlanEnd.DONE), await proposed(idle, PlanEnd.DONE)
    idle.aion.fail_next("plan_action", 403)
    await idle.press(idle.ada, thread, "Approve")
    await idle.until(lambda: idle.pressable(thread) == ["Cancel"])
    await idle.shows(thread, strings.KEY_REFUSED)
    await idle.until(lambda: idle.pressable(older) == ["Cancel"])
    asked = idle.aion.count("plan_action")
    await idle.stop()
    await idle.start()
    idle.aion.play(script.organize(PlanEnd.DONE))
    newer = await idle.workspace.ask(idle.ada, QUESTION)
    await idle.until(lambda: idle.pressable(newer) == ["Cancel"])
    assert strings.KEY_REFUSED in idle.text(newer)
    card = next(one for one in idle.bots(newer) if one.buttons)
    approve = replace(card.buttons[0], id=card.buttons[0].id.replace("cancel", "approve"))
    await idle.workspace.press_forged(idle.ada, newer, card.id, approve)
    await idle.replies_privately(newer, idle.ada, strings.KEY_REFUSED)
    assert idle.aion.count("plan_action") == asked
    await idle.stop()
    idle.aion.api_key += "x"
    await idle.start()
    await proposed(idle, PlanEnd.DONE)
