"""Mentions by bots and webhooks, through the real client."""

import json
from pathlib import Path
from string import Template
from typing import Any

import pytest

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.gateway import GUILD_MESSAGES
from tests.adapters.discord.conftest import Bot
from tests.support.recording_host import RecordingHost

SAMPLE = Path(__file__).parents[2] / "samples" / "discord" / "webhook_that_mentions.json"
HOOK, APPLICATION = "1310000000000000001", "1310000000000000002"
A_BOT = {"author": {"id": HOOK, "username": "CI", "bot": True, "discriminator": "1", "avatar": None}}


def deliver(discord: SimulatedDiscord, **change: Any) -> None:
    """Send what a webhook wrote; `change` are fields of the event."""
    world = discord.world
    ids = {"bot": world.bot.id, "role": world.bot_role, "guild": world.guild}
    text = Template(SAMPLE.read_text(encoding="utf-8"))
    event = json.loads(text.substitute(ids, general=world.named("general").id)) | change
    if "author" in change:
        del event["webhook_id"]
    event["content"] = event["content"].replace("$bot", world.bot.id)
    discord.gateway.dispatch("MESSAGE_CREATE", event, GUILD_MESSAGES)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(
    ("listed", "change"),
    [
        (HOOK, {}),
        (APPLICATION, {"application_id": APPLICATION}),
        (HOOK, A_BOT),
        (APPLICATION, {**A_BOT, "application_id": APPLICATION}),
    ],
)
async def test_a_listed_app_asks_by_a_mention(
    discord: SimulatedDiscord, host: RecordingHost, listed: str, change: dict[str, Any]
) -> None:
    """A webhook or a bot asks by the id of its user, webhook or application."""
    host.allowed_apps = frozenset({listed})
    deliver(discord, **change)
    prompt = await host.prompt()
    assert (prompt.text, prompt.person.id, prompt.addressed) == ("build 12 failed", HOOK, True)
    assert prompt.person.apps == {HOOK, *([APPLICATION] if "application_id" in change else [])}


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(
    "change",
    [{"content": "build 12 failed"}, {"content": "`<@$bot>` build 12 failed"}, {"content": ""}],
    ids=["a reply that only pings", "a mention in code", "no words"],
)
@pytest.mark.parametrize("who", [{}, A_BOT], ids=["webhook", "bot"])
async def test_only_a_mention_in_its_words_counts(
    discord: SimulatedDiscord, host: RecordingHost, who: dict[str, Any], change: dict[str, Any]
) -> None:
    """Two bots that answer each other ping with each reply: that alone asks nothing."""
    host.allowed_apps = frozenset({HOOK})
    deliver(discord, **who, **change)
    await discord.mention(discord.people[0], "and now?")
    assert (await host.prompt()).text == "and now?"


async def test_the_bot_never_asks_itself(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """Not even where its own id is listed."""
    own = discord.world.bot
    host.allowed_apps = frozenset({own.id})
    me = {"id": own.id, "username": own.name, "bot": True, "discriminator": "1", "avatar": None}
    deliver(discord, author=me)
    await discord.mention(discord.people[0], "and now?")
    assert (await host.prompt()).text == "and now?"
    assert not bot.listening.done()
