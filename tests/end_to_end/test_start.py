"""What a start says, and a wrong Aion key or address: said at the start, by readiness and to people."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aion_bot import __version__, app
from aion_bot.cli import compose
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, Scene, Speak
from aion_bot.storage import migrations
from tests.end_to_end.bot import Bot

WRONG_KEY = "aion_wrong_0123456789abcdef"

pytestmark = pytest.mark.parametrize("workspace", ["slack"], indirect=True)


@pytest.mark.parametrize(
    ("name", "value", "check", "mend"),
    [
        ("AIONVISION_API_KEY", lambda _: WRONG_KEY, "AIONVISION_API_KEY", "copy the key again"),
        (
            "AIONVISION_BASE_URL",
            lambda aion: aion.base_url.removesuffix("/api/v2"),
            "AIONVISION_BASE_URL",
            "add /api/v2 to its end",
        ),
    ],
    ids=["key", "address"],
)
async def test_a_wrong_key_or_address_is_said(
    idle: Bot, name: str, value: Callable[[SimulatedAion], str], check: str, mend: str
) -> None:
    """The bot starts, one line says in its log what is wrong, and who asks is told to tell the admin."""
    with capture_logs() as logs:
        await idle.start(check_aion=True, **{name: value(idle.aion)})
        await idle.asked(idle.ada, "What is damaged?", "I'm not set up correctly. Please tell your admin.")
    (line,) = [one for one in logs if one["event"] == "aion check failed"]
    assert (line["log_level"], line["check"]) == ("error", check)
    assert line["mend"].startswith(mend)
    assert WRONG_KEY not in str(logs)


async def test_a_silent_aion_delays_no_start(idle: Bot) -> None:
    """The bot is connected, and can be stopped, while the first request has no answer."""
    idle.aion.fail_next("get_all_images", None, silent=True)
    await idle.start(check_aion=True)
    await idle.aion.until(lambda: idle.aion.count("get_all_images") == 1)
    await idle.stop()


async def test_one_line_says_what_starts(idle: Bot) -> None:
    """Version, platforms, the database's absolute path and schema, the policy in force, and the addresses."""
    with capture_logs() as logs:
        await idle.start(check_aion=True, AION_BOT_ALLOW_CHANNELS="C0GENERAL")
        await idle.aion.until(lambda: idle.aion.count("get_all_images") == 1)
    (line,) = [one for one in logs if one["event"] == "starting"]
    assert (line["version"], line["platforms"]) == (__version__, "slack")
    assert Path(line["database"]).is_absolute()
    assert line["schema"] == migrations()[-1][0]
    assert line["access"].startswith("slack (people: all, channels: C0GENERAL, ")
    assert (line["aion"], line["http"]) == (idle.aion.base_url, "none")
    assert "aion check failed" not in str(logs)


def of_the_bot(tasks: Iterable[asyncio.Task[Any]]) -> list[str]:
    """The tasks that run code of the bot, by the names of their functions; those of simulators and of the test are others."""
    codes = (getattr(one.get_coro(), "cr_code", None) for one in tasks)
    files = Path(app.__file__).parent, Path(app.__file__).parents[1] / "adapters"
    return [
        code.co_qualname
        for code in codes
        if code
        and "simulators" not in code.co_filename
        and code.co_filename.startswith(tuple(map(str, files)))
    ]


async def test_a_start_that_fails_in_its_middle_leaves_nothing_running(idle: Bot) -> None:
    """Answers that it took up end with it: the next attempt in the same process takes them up again, with clients of its own."""
    idle.aion.play(Scene((Speak("The first half,"), Hold("go", pings=True))))
    await idle.start()
    await idle.asked(idle.ada, "What is damaged?", "The first half,")
    await idle.kill()
    with sqlite3.connect(idle.database) as connection:
        connection.execute("ALTER TABLE shared_line RENAME TO shared_line_away")
    settings, adapters, _ = compose(idle.env())
    assert settings is not None
    with pytest.raises(sqlite3.OperationalError, match="shared_line"):
        await app.serve(settings, adapters, asyncio.Event(), idle.polling)
    assert of_the_bot(asyncio.all_tasks()) == []
