"""`images` of `aion-bot.toml`: the pictures that a session begins with are a choice that people can change."""

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.library import LIFT, PUMP
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import told


async def test_sessions_begin_with_the_pictures_that_the_operator_names(idle: Bot) -> None:
    """The first question is about them alone, and says so; `context all` lets the next one see everything."""
    named = frozenset({LIFT.id, PUMP.id})
    await idle.start(rules=Rules(defaults={IMAGES: Rule(named, "")}))
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", strings.CHOSEN.split(".")[0])
    assert set(idle.aion.bodies("send_stream")[0]["expected_image_ids"]) == named
    await told(idle, idle.ada, "context", thread=thread, shows="2 chosen images")
    await told(idle, idle.ada, "context all", thread=thread, shows="all images")
    await idle.workspace.reply(idle.ada, thread, "And everywhere?")
    await idle.until(lambda: idle.aion.count("send_stream") == 2)
    assert "expected_image_ids" not in idle.aion.bodies("send_stream")[1]
