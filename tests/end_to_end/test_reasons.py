"""A reason for a decision: in the thread, in the audit, and with the next question to Aion."""

import json
import sqlite3
from contextlib import closing

import pytest

from aion_bot.conversation import reasons
from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import PlanEnd
from aion_bot.simulators.workspace import SimulatedPerson
from aion_bot.storage import export_audit, verify_audit
from aion_bot.storage.erasure import Erasure, erase
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_approvals import needs, proposed

WORDS = "Checked with “Ben”;\nsite 7 only, not @everyone <!channel>"


async def explains(bot: Bot, person: SimulatedPerson, thread: str, words: str = WORDS) -> None:
    """Press the button on the card and write a reason into the form."""
    await bot.until(lambda: any(one.adds_reason for each in bot.bots(thread) for one in each.buttons))
    await bot.press(person, thread, strings.ADD_REASON)
    await bot.until(lambda: bot.workspace.open_form(person) is not None)
    await bot.workspace.submit_form(person, words)


def told(bot: Bot) -> list[str]:
    """All that Aion was told so far, one text a question."""
    return [str(body["message"]) for body in bot.aion.bodies("send_stream")]


def of_reasons(bot: Bot) -> list[dict[str, object]]:
    """The rows of the audit that are about reasons."""
    rows = [json.loads(line) for line in export_audit(bot.database)]
    return [one for one in rows if one["record"]["kind"] == "reason"]


@pytest.mark.slow
@pytest.mark.parametrize("action", ["Approve", "Cancel"])
async def test_a_reason_stands_in_the_thread_and_reaches_aion_once(idle: Bot, action: str) -> None:
    """Escaped, with its person's name, pinging nobody; quoted behind the next question and no other; in the audit."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, action)
    await explains(idle, idle.ada, thread)
    done = "approving" if action == "Approve" else "cancelling"
    await idle.shows(thread, f"Reason for {done}, by @{idle.ada.name}: “Checked with “Ben”; site 7 only")
    (shown,) = [one for one in idle.bots(thread) if "Reason for" in one.text]
    assert [one for one in shown.pings if one != idle.ada.id] == []
    await idle.press(idle.ada, thread, strings.ADD_REASON)
    await idle.replies_privately(thread, idle.ada, strings.REASON_GIVEN)
    for question in ("And what is damaged on site 7?", "Anything else?"):
        known = len(told(idle))
        await idle.workspace.reply(idle.ada, thread, question)
        await idle.until(lambda known=known: len(told(idle)) > known)  # type: ignore[misc]  # bound at once
        await idle.aion.until(lambda: idle.aion.streaming == 0)
    first, second, third = told(idle)
    assert "> Checked with “Ben”;\n> site 7 only" in second
    assert second.index(strings.REASON_QUOTED) > second.index("And what is damaged")
    assert strings.REASON_QUOTED not in first + third
    await idle.stop()
    (row,) = of_reasons(idle)
    assert row["clear"]["reason_words"] == WORDS  # type: ignore[index]  # an object
    assert verify_audit(idle.database).broken == ""


@pytest.mark.slow
async def test_each_of_a_quorum_gives_their_own_reason(idle: Bot) -> None:
    """Before the last approval and after it; who has not decided is told so privately, and Aion gets all of them at once."""
    await idle.start(rules=needs(idle, 2))
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Approve")
    await explains(idle, idle.ada, thread, "Ada's reason")
    await idle.press(idle.cy, thread, strings.ADD_REASON)
    await idle.replies_privately(thread, idle.cy, strings.NOT_YOUR_DECISION)
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "Done")
    await explains(idle, idle.ben, thread, "Ben's reason")
    await idle.shows(thread, "“Ada's reason”", "“Ben's reason”")
    await idle.workspace.reply(idle.ada, thread, "What is damaged on site 7?")
    await idle.until(lambda: len(told(idle)) == 2)
    assert told(idle)[1].index("> Ada's reason") < told(idle)[1].index("> Ben's reason")


@pytest.mark.slow
async def test_a_crash_before_the_message_shows_a_reason_once(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is written first: the next process posts it, one after that does not, and Aion gets it once."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Cancel")
    await idle.shows(thread, strings.DROPPED)
    written = []

    async def never(*_: object, **__: object) -> bool:
        written.append(True)
        await idle.aion.until(lambda: False)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(reasons, "_show", never)
        await explains(idle, idle.ada, thread)
        await idle.until(lambda: bool(written))
        await idle.kill()
    for _ in range(2):
        await idle.start()
        await idle.shows(thread, "Reason for cancelling")
        await idle.stop()
    assert idle.text(thread).count("Reason for cancelling") == 1
    await idle.start()
    await idle.workspace.reply(idle.ada, thread, "What is damaged on site 7?")
    await idle.until(lambda: len(told(idle)) == 2)
    await idle.kill()  # Aion may have it: it is not told again
    await idle.start()
    await idle.workspace.reply(idle.ada, thread, "What can you do?")
    await idle.until(lambda: len(told(idle)) == 3)
    assert [strings.REASON_QUOTED in one for one in told(idle)] == [False, True, False]


async def test_words_that_nobody_sees_are_no_reason(idle: Bot) -> None:
    """Whoever sends blanks is told to write words, and may."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Cancel")
    await explains(idle, idle.ada, thread, " \u200b\n")
    await idle.replies_privately(thread, idle.ada, strings.NOTHING_WRITTEN)
    await explains(idle, idle.ada, thread, "Wrong photos")
    await idle.shows(thread, "Reason for cancelling")


async def test_an_erased_reason_is_nowhere(idle: Bot) -> None:
    """After an erasure of its person no file of the database has its words, Aion is not told them, and the audit is whole."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Cancel")
    await explains(idle, idle.ada, thread, f"The word is pomegranate, the key {idle.aion.api_key}")
    await idle.shows(thread, "pomegranate", without=[idle.aion.api_key])
    await idle.stop()
    erase(idle.database, Erasure(user=idle.ada.id), wait=0)
    held = b"".join(one.read_bytes() for one in idle.database.parent.glob("bot.db*"))
    assert b"pomegranate" not in held
    assert verify_audit(idle.database).broken == ""
    (row,) = of_reasons(idle)
    assert row["clear"]["reason_words"] is None  # type: ignore[index]  # an object
    await idle.start()
    await idle.workspace.reply(idle.ben, thread, "What is damaged on site 7?")
    await idle.until(lambda: len(told(idle)) == 2)
    assert "pomegranate" not in told(idle)[1]


async def test_a_changed_reason_is_found(idle: Bot) -> None:
    """`audit verify` names the row of a reason whose words were changed by hand."""
    await idle.start()
    thread = await proposed(idle, PlanEnd.DONE)
    await idle.press(idle.ada, thread, "Cancel")
    await explains(idle, idle.ada, thread)
    await idle.shows(thread, "Reason for cancelling")
    await idle.stop()
    with closing(sqlite3.connect(idle.database, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="erased or stays"):
            connection.execute("UPDATE reason SET words = 'forged'")
        connection.execute("DROP TRIGGER reason_stays")
        connection.execute("UPDATE reason SET words = 'forged'")
    assert "reason" in verify_audit(idle.database).broken
