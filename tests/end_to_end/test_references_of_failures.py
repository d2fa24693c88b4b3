"""Every failure that a person is told of has a reference, the same in the chat, in the log and after a restart."""

import re

import pytest
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, PlanEnd, Scene, Speak
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

TRACE = "at http://10.0.0.7:8080/v2: Traceback (most recent call last): key=sk-live-0123456789"


def references(text: str) -> list[str]:
    """The references in a text."""
    return re.findall(r"\(ref ([a-z0-9]{6})\)", text)


@pytest.mark.parametrize("field", ["message", "error"])
@pytest.mark.parametrize("code", ["", "AI_ERROR", "key sk-live-0123456789"])
async def test_an_error_event_is_a_fixed_sentence(bot: Bot, field: str, code: str) -> None:
    """What Aion says about an error reaches no chat and no log above debug; the reference stands in both."""
    bot.aion.play(Scene((Speak("So far. "), Emit("error", {field: TRACE, "code": code}))))
    with capture_logs() as logs:
        thread = await bot.asked(bot.ada, "What?", "So far.", strings.trouble("REPORTED"))
    assert not any(part in bot.text(thread) for part in ("10.0.0.7", "Traceback", "sk-live"))
    (shown,) = references(bot.text(thread))
    told = [one for one in logs if one.get("ref") == shown]
    assert {"aion reported an error", "failure told"} <= {one["event"] for one in told}
    assert "sk-live" not in str([one for one in logs if one["log_level"] != "debug"])


async def test_a_failure_keeps_its_reference_over_a_restart(bot: Bot) -> None:
    """A turn that failed, is shown again by the next process, and fails again after Retry, has one reference."""
    bot.aion.play(*[Scene((Emit("error", {"message": TRACE}),))] * 2)
    thread = await bot.asked(bot.ada, "What?", strings.trouble("REPORTED"))
    before = references(bot.text(thread))
    await bot.stop()
    await bot.start()
    await bot.press(bot.ada, thread, "Retry")
    await bot.until(lambda: bot.aion.count("send_stream") == 2 and bot.pressable(thread) == ["Retry"])
    assert references(bot.text(thread)) == before
    assert len(before) == 1


async def test_a_failed_plan_has_a_reference(bot: Bot) -> None:
    """A decision that Aion refuses is told with the plan's reference, which the log has as well."""
    bot.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    with capture_logs() as logs:
        await bot.press(bot.ada, thread, "Approve")
        await bot.shows(thread, "Nothing was changed.")
    (shown,) = references(bot.text(thread))
    assert {"plan action failed", "failure told"} <= {one["event"] for one in logs if one.get("ref") == shown}


async def test_a_known_secret_in_an_answer_is_struck(bot: Bot) -> None:
    """A token that the model repeats, in two pieces, is in no message at any time."""
    secret = next(value for name, value in bot.env().items() if name in {"SLACK_BOT_TOKEN", "DISCORD_TOKEN"})
    pieces = f"The token is {secret[:9]}", f"{secret[9:]}, keep it."
    bot.aion.play(Scene((*map(Speak, pieces), *ENDING), Answer("".join(pieces))))
    thread = await bot.workspace.ask(bot.ada, "Which token?")
    await bot.shows(thread, "keep it.")
    assert secret[:9] not in bot.text(thread)
