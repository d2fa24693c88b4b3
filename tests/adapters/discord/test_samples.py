"""Events as Discord documents them, through the real client: what is a question, and what is not.

`$bot`, `$role`, `$guild`, `$general` and `$thread` in a sample stand for the simulated server's own ids.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import pytest

from aion_bot.ports.events import MessageChange, Prompt, Quote, QuoteSource
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.gateway import DIRECT_MESSAGES, GUILD_MESSAGES
from tests.adapters.discord.conftest import Bot
from tests.support.recording_host import RecordingHost

SAMPLES = Path(__file__).parents[2] / "samples" / "discord"
QUESTIONS: Mapping[str, dict[str, Any]] = {
    "mention_in_channel": {"text": "what is damaged on site 7?", "opening": "what is damaged on site 7?"},
    "mention_in_the_middle": {"text": "tell me, what is damaged?", "opening": "tell me, what is damaged?"},
    "mention_of_two": {"text": "@Ben and which roof?"},
    "reply_that_pings_the_bot": {"text": "", "quote": "", "opening": None, "addressed": True},
    "reply_to_a_deleted_message": {"text": "and now?", "quote": "", "opening": None},
    "direct_message_with_files": {"text": "what is this?", "attachments": 1, "opening": None},
    "direct_message_with_only_a_sticker": {"text": "", "attachments": 0},
    "forwarded_to_the_bot": {"text": "", "quote": "the roof of site 7 leaks"},
    "forwarded_with_a_comment_and_a_card": {
        "text": "do we have photos of this?",
        "quotes": (Quote(QuoteSource.FORWARDED, "the roof of site 7 leaks\nAlarm\nPump 3 stopped\nSite: 7"),),
        "attachments": 2,
    },
}
READABLE: Mapping[str, dict[str, Any]] = {
    "reply_to_an_alarm": {
        "text": "is this new?",
        "quotes": (Quote(QuoteSource.REPLIED_TO, "Alarm\nPump 3 stopped", "alarms"),),
        "attachments": 1,
    },
    "reply_to_a_message_of_components": {
        "quotes": (Quote(QuoteSource.REPLIED_TO, "# Pump 3 stopped\nsince 09:14", "alarms"),),
    },
    "reply_to_a_rich_link_preview": {
        "quotes": (Quote(QuoteSource.REPLIED_TO, "see https://aion.example/7", "Ben"),),
        "attachments": 0,
    },
    "reply_to_a_card_with_a_footer": {
        "quotes": (
            Quote(
                QuoteSource.REPLIED_TO,
                "Pump watch\nAlarm\nPump 3 stopped\nSite: 7\nurgent\nnorth roof",
                "alarms",
            ),
        ),
        "attachments": 0,
    },
    "reply_to_pictures_of_components": {
        "quotes": (Quote(QuoteSource.REPLIED_TO, "Pump 3", "alarms"),),
        "attachments": 2,
    },
    "reply_to_a_poll": {"quotes": (Quote(QuoteSource.REPLIED_TO, "Ask Aion?\n- Yes", "alarms"),)},
}
"""Questions about a message that does not mention the bot: Discord shows its words with the privileged intent only."""
NOT_QUESTIONS = (
    "follow_up_without_mention_stripped",
    "webhook_that_mentions",
    "thread_created_notice",
    "thread_starter_notice",
    "pin_notice",
    "own_answer",
    "everyone",
    "poll_that_mentions",
)

EDITS: Mapping[str, str | None] = {
    "edit_of_a_mention": "what is cracked on site 7?",
    "preview_on_a_mention": None,
    "edit_stripped": None,
}
DELETION = "deletion_of_a_mention"


@pytest.fixture
async def thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> str:
    """A thread that the bot opened; nothing was written in it yet."""
    opened = await discord.ask(discord.people[0], "What is damaged?")
    await bot.adapter.open_thread(await host.prompt())
    host.events.clear()
    return opened


def _deliver(discord: SimulatedDiscord, name: str, thread: str, kind: str = "MESSAGE_CREATE") -> None:
    """Send a sample to the client."""
    world = discord.world
    ids = {"bot": world.bot.id, "role": world.bot_role, "guild": world.guild, "thread": thread}
    text = Template((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    event = json.loads(text.substitute(ids, general=world.named("general").id))
    discord.gateway.dispatch(kind, event, GUILD_MESSAGES if "guild_id" in event else DIRECT_MESSAGES)


@pytest.mark.parametrize("name", QUESTIONS)
async def test_questions(discord: SimulatedDiscord, host: RecordingHost, thread: str, name: str) -> None:
    """A sample that asks something becomes a question with these parts."""
    _deliver(discord, name, thread)
    prompt = await host.prompt()
    assert {part: getattr(prompt, part) for part in QUESTIONS[name]} == QUESTIONS[name]
    assert prompt.person.name in {"Ada", "Ada L."}


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("name", READABLE)
async def test_questions_about_others(reading: SimulatedDiscord, host: RecordingHost, name: str) -> None:
    """A reply quotes all words of the message that it replies to, by their author, and counts its files."""
    _deliver(reading, name, "1")
    prompt = await host.prompt()
    assert {part: getattr(prompt, part) for part in READABLE[name]} == READABLE[name]


@pytest.mark.parametrize("name", NOT_QUESTIONS)
async def test_what_is_no_question(
    discord: SimulatedDiscord, host: RecordingHost, thread: str, name: str
) -> None:
    """A sample that asks nothing of the bot is left alone; the question after it arrives."""
    _deliver(discord, name, thread)
    _deliver(discord, "mention_in_channel", thread)
    await host.prompt()
    assert [one.text for one in host.events if isinstance(one, Prompt)] == ["what is damaged on site 7?"]


@pytest.mark.parametrize("name", EDITS)
async def test_edits(discord: SimulatedDiscord, host: RecordingHost, thread: str, name: str) -> None:
    """A sample that edits a person's message is a change, one that edits nothing readable is not; a deletion is."""
    _deliver(discord, name, thread, "MESSAGE_UPDATE")
    _deliver(discord, DELETION, thread, "MESSAGE_DELETE")
    number = 1 if EDITS[name] is None else 2
    assert (await host.change(number)).text is None
    assert [one.text for one in host.events[:-1] if isinstance(one, MessageChange)] == [EDITS[name]][
        : number - 1
    ]


def test_every_sample_is_used() -> None:
    """No sample lies about unused."""
    assert {path.stem for path in SAMPLES.glob("*.json")} == {
        *QUESTIONS,
        *READABLE,
        *NOT_QUESTIONS,
        *EDITS,
        DELETION,
    }
