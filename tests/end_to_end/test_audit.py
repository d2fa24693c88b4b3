"""The audit beside a running bot, on both platforms: who tried and decided what, and that the chain is whole."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aion_bot.domain import strings
from aion_bot.storage import export_audit, verify_audit
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_what_was_shown import sent, shown


async def exported(path: Path) -> list[dict[str, Any]]:
    """The rows, read as by another process."""
    lines = await asyncio.to_thread(lambda: list(export_audit(path)))
    return [json.loads(line) for line in lines]


async def test_a_decision_is_in_the_audit_while_the_bot_runs(bot: Bot, tmp_path: Path) -> None:
    """The plan, a press of somebody who may not, the approval and that Aion had dropped the plan, under the policy in force."""
    thread = await shown(bot, sent("Sort", "Move them"))
    await bot.card(thread)
    await bot.press(bot.ben, thread, "Approve")
    await bot.replies_privately(thread, bot.ben, "can approve or cancel this.")
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.EXPIRED)  # the simulated Aion knows no such plan
    path = tmp_path / "bot.db"
    assert (await asyncio.to_thread(verify_audit, path)).broken == ""
    policy, *rows = await exported(path)
    assert policy["record"]["rules"]["approvers"] == "requester"
    assert [(one["record"]["kind"], one["clear"].get("person")) for one in rows][:3] == [
        ("asked", None), ("refused", bot.ben.id), ("attempt", bot.ada.id),
    ]  # fmt: skip
    assert [one["record"].get("phase") for one in rows][2:] == ["claimed", "sent", "expired"]
    assert {one["record"]["policy"] for one in rows} == {1}
    assert rows[1]["record"]["reason"] == "belongs to somebody else"
    assert len(rows[0]["record"]["digest"]) == 64


async def test_a_press_of_somebody_who_may_not_use_the_bot_is_a_refusal(idle: Bot, tmp_path: Path) -> None:
    """Who is on no list is refused before it counts whose plan it is, and that is in the audit as well."""
    await idle.start(AION_BOT_ALLOW_USERS=idle.ada.id)
    thread = await shown(idle, sent("Sort", "Move them"))
    await idle.card(thread)
    await idle.press(idle.ben, thread, "Cancel")
    await idle.replies_privately(thread, idle.ben, strings.NOT_HERE)
    rows = [one["record"] for one in await exported(tmp_path / "bot.db")]
    found = [(one["action"], one["reason"]) for one in rows if one["kind"] == "refused"]
    assert found == [("cancel", "not on the allow lists")]
