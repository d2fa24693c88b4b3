"""Requesters and approvers who leave, are deactivated or lose a role while a plan waits."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY
from aion_bot.domain.rules import Rules
from aion_bot.simulators.aion.scene import PlanEnd
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_approvals import needs, proposed, section

pytestmark = pytest.mark.slow


async def let_pass(bot: Bot, seconds: int, rules: Rules | None = None) -> None:
    """Restart the bot with every plan so many seconds older: what it knows of people is forgotten as well."""
    await bot.stop()
    with closing(sqlite3.connect(bot.database, isolation_level=None)) as connection:
        connection.execute("UPDATE plan SET created_at = created_at - ?", (seconds,))
    await bot.start(rules=rules)


async def test_a_requester_who_left_decides_nothing(idle: Bot) -> None:
    """The card says that nobody can, and how it can go on; others are told so; who comes back can decide again."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.leave(idle.ada)
    await let_pass(idle, 601)
    await idle.shows(thread, strings.REQUESTER_LEFT)
    await idle.press(idle.ben, thread, "Approve")
    await idle.replies_privately(thread, idle.ben, strings.REQUESTER_LEFT)
    assert idle.aion.count("plan_action") == 0
    idle.workspace.come_back(idle.ada)
    await let_pass(idle, 1)
    await idle.shows(thread, f"Only @{idle.ada.name} can approve", without=[strings.REQUESTER_LEFT])
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "Done")


async def test_others_find_out_at_their_press(idle: Bot) -> None:
    """Nobody had looked yet: whoever presses is told that the requester has left, and the card says so from then on."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.leave(idle.ada)
    await idle.press(idle.ben, thread, "Cancel")
    await idle.replies_privately(thread, idle.ben, strings.REQUESTER_LEFT)
    await idle.shows(thread, strings.REQUESTER_LEFT)


async def test_other_approvers_are_the_way_out(idle: Bot) -> None:
    """Once the admin has named an approver, the card names them, and their approval counts."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.leave(idle.ada)
    await let_pass(idle, 601)
    await idle.shows(thread, strings.REQUESTER_LEFT)
    await let_pass(idle, 0, Rules(section(approvers=frozenset({idle.ben.id}))))
    await idle.shows(thread, f"Only @{idle.ben.name} can approve", without=[strings.REQUESTER_LEFT])
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "Done")


async def test_a_deadline_counts_as_no_though_nobody_can_decide(idle: Bot) -> None:
    """A plan whose requester has left is cancelled when its time is over."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.leave(idle.ada)
    await let_pass(idle, 601)
    await idle.shows(thread, strings.REQUESTER_LEFT)
    await let_pass(idle, 86_400)
    await idle.shows(thread, strings.DROPPED)


async def test_nobody_is_taken_for_gone_while_the_platform_is_silent(idle: Bot) -> None:
    """Where the platform does not answer, the card stays as it was and the requester's press counts."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.refuse(Operation.LOOK_UP_PERSON, Failure.DOWN, times=20)
    await idle.press(idle.ben, thread, "Approve")
    await idle.replies_privately(thread, idle.ben, f"Only @{idle.ada.name} can approve")
    assert strings.REQUESTER_LEFT not in idle.text(thread)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "Done")


async def test_an_approval_of_somebody_who_left_counts_no_more(idle: Bot) -> None:
    """Two of three: the one who left is named on the card, another one is needed, and Aion is told by two who are there."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    idle.workspace.leave(idle.ada)
    await let_pass(idle, 1, needs(idle, 2))
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(
        thread, f"Approved by @{idle.ben.name}. 1 more needed.", f"the approval of @{idle.ada.name}."
    )
    assert idle.aion.count("plan_action") == 0
    await idle.press(idle.cy, thread, "Approve")
    await idle.shows(thread, "Done")
    assert idle.aion.count("plan_action") == 1


async def test_an_approval_that_cannot_be_checked_does_not_count_now(idle: Bot) -> None:
    """While the platform does not say whether the first approver is there, the plan waits; the same press counts later."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await let_pass(idle, 1, needs(idle, 2))
    idle.workspace.refuse(Operation.LOOK_UP_PERSON, Failure.DOWN, times=9)
    await idle.press(idle.ben, thread, "Approve")
    await idle.replies_privately(thread, idle.ben, strings.APPROVALS_UNCHECKED)
    assert "No longer counts" not in idle.text(thread)
    assert idle.aion.count("plan_action") == 0
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "Done")
    assert idle.aion.count("plan_action") == 1


async def test_who_left_is_not_reminded(idle: Bot) -> None:
    """A reminder names those who can still decide."""
    rules = needs(idle, 2, approval_reminder=60)
    await idle.start(rules=rules)
    thread = await proposed(idle, PlanEnd.DONE)
    idle.workspace.leave(idle.ben)
    await let_pass(idle, 61, rules)
    await idle.shows(thread, f"@{idle.ada.name}, @{idle.cy.name}: this plan still waits")


async def lost_role(bot: Bot, role: str, lose: Callable[[], object]) -> None:
    """Approve as Ada, take the role from her, and approve as the others."""
    rules = Rules(section(approvers=NOBODY, approver_roles=frozenset({role}), approvals_required=2))
    await bot.start(rules=rules)
    thread = await proposed(bot, PlanEnd.DONE)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "1 more needed.")
    lose()
    await let_pass(bot, 1, rules)
    await bot.press(bot.ben, thread, "Approve")
    await bot.shows(
        thread, f"Approved by @{bot.ben.name}. 1 more needed.", f"the approval of @{bot.ada.name}."
    )
    assert bot.aion.count("plan_action") == 0
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, "people with an approver role")
    await bot.press(bot.cy, thread, "Approve")
    await bot.shows(thread, "Done")


async def test_an_approver_who_lost_a_group_on_slack(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Slack: the approval given as a member of a user group counts no more once they are out of it, and the card says whose."""
    slack.conversations.groups["S0LEADS"] = "leads"
    slack.conversations.members["S0LEADS"] = {on_slack.ada.id, on_slack.ben.id, on_slack.cy.id}
    await lost_role(
        on_slack, "S0LEADS", lambda: slack.conversations.members["S0LEADS"].discard(on_slack.ada.id)
    )


async def test_an_approver_who_lost_a_role_on_discord(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """Discord: the same with a role."""
    role = discord.world.new_id()
    discord.world.roles[role] = "leads"
    discord.world.holders[role] = {on_discord.ada.id, on_discord.ben.id, on_discord.cy.id}
    await lost_role(on_discord, role, lambda: discord.world.holders[role].discard(on_discord.ada.id))
