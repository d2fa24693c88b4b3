"""The month's allowance of the key: counted, warned of once, shared when it runs short, and closed when it is used up."""

import sqlite3

import pytest
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import spoken
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


async def test_a_month_that_runs_short_is_warned_of_once_and_shared(idle: Bot) -> None:
    """The first answer in the channel carries the warning, the log has it once, and the channel has its questions of the day."""
    idle.aion.files.month = (100, 97)
    idle.aion.play(*(spoken("Counted.") for _ in range(3)))
    with capture_logs() as logs:
        await idle.start(check_aion=True)
        await idle.until(lambda: any(one["event"] == "monthly allowance running low" for one in logs))
        told = strings.month_short(95, 97, 100)
        first = await idle.asked(idle.ada, "How many?", "Counted.", told)
        assert "<@" not in idle.text(first).partition(told)[2]
        second = await idle.workspace.mention(idle.ben, "And here?")
        await idle.until(
            lambda: bool(idle.private_replies(second, idle.ben) or "Counted" in idle.text(second))
        )
    assert told not in idle.text(second)
    assert [one["log_level"] for one in logs if one["event"] == "monthly allowance running low"] == [
        "warning"
    ]


@pytest.mark.slow
async def test_80_and_95_percent_are_warned_of_once_each(idle: Bot) -> None:
    """The channel that uses it reads each warning once, also after restarts; the log has each once, the operator's."""
    idle.aion.play(*(spoken("Counted.") for _ in range(5)))
    threads: list[str] = []
    with capture_logs() as logs:
        for used, warnings in ((7_900, 0), (8_100, 1), (8_200, 1), (9_600, 2), (9_700, 2)):
            idle.aion.files.month = (10_000, used)
            before = idle.aion.count("tenant_limits")
            await idle.start(check_aion=True)
            await idle.until(lambda before=before: idle.aion.count("tenant_limits") > before)  # type: ignore[misc]  # mypy infers no default of a lambda
            await idle.until(
                lambda warnings=warnings: (  # type: ignore[misc]  # mypy infers no default of a lambda
                    [one["event"] for one in logs].count("monthly allowance running low") == warnings
                )
            )
            threads.append(await idle.workspace.mention(idle.ada, f"How many? {used}"))
            await idle.shows(threads[-1], "Counted.")
            await idle.stop()
    told = [[percent for percent in (80, 95) if f"{percent} %" in idle.text(one)] for one in threads]
    assert told == [[], [80], [], [95], []]
    assert [one["event"] for one in logs].count("monthly allowance running low") == 2


async def test_what_is_left_is_shared_fairly_among_channels(idle: Bot) -> None:
    """Each of three places has one of the three questions that are left: whoever wants a second one is told until when to wait."""
    idle.aion.files.month = (100, 97)
    idle.aion.play(*(spoken("Counted.") for _ in range(3)))
    with capture_logs() as logs:
        await idle.start(check_aion=True)
        await idle.until(lambda: any(one["event"] == "monthly allowance running low" for one in logs))
    await idle.shows(await idle.workspace.direct_message(idle.ben, "How many?"), "Counted.")
    await idle.shows(await idle.workspace.mention(idle.ada, "How many?"), "Counted.")
    second = await idle.workspace.mention(idle.cy, "And once more?")
    await idle.replies_privately(second, idle.cy, "Few Aion questions are left this month. Ask again here in")
    await idle.shows(await idle.workspace.direct_message(idle.ada, "And directly?"), "Counted.")
    assert idle.aion.count("send_stream") == 3


async def test_a_month_that_is_used_up_says_when_it_opens(idle: Bot) -> None:
    """Nobody may ask, the private sentence says when and what still works, and nothing goes to Aion."""
    idle.aion.files.month = (100, 100)
    with capture_logs() as logs:
        await idle.start(check_aion=True)
        await idle.until(lambda: any(one["event"] == "monthly allowance running low" for one in logs))
    thread = await idle.workspace.mention(idle.ada, "How many?")
    await idle.replies_privately(thread, idle.ada, "or use /aion search")
    assert idle.aion.count("send_stream") == 0
    assert "No Aion questions are left this month. Ask again here in" in "".join(
        idle.private_replies(thread, idle.ada)
    )
    await idle.workspace.command(idle.ada, "search pump")
    await idle.until(lambda: idle.aion.count("search_images") == 1)


@pytest.mark.parametrize("hidden", [True, False])
async def test_own_questions_are_counted_where_aion_does_not_tell(idle: Bot, hidden: bool) -> None:
    """Each question is in the database by day and channel, under a digest of the key; nothing is assumed of a limit."""
    idle.aion.files.hides_limits = hidden
    idle.aion.play(spoken("One."), spoken("Two."))
    await idle.start(check_aion=True)
    await idle.until(lambda: idle.aion.count("tenant_limits") > 0)
    thread = await idle.asked(idle.ada, "How many?", "One.")
    await idle.workspace.reply(idle.ada, thread, "And now?")
    await idle.shows(thread, "Two.")
    await idle.stop()
    beside = sqlite3.connect(idle.database)
    rows = beside.execute("SELECT key, questions FROM month_use").fetchall()
    limits = beside.execute("SELECT count(*) FROM month_limit").fetchone()
    beside.close()
    assert sum(count for _, count in rows) == 2
    assert all(len(key) == 16 and idle.aion.api_key not in key for key, _ in rows)
    assert limits == (0,)
