"""`/aion` on Discord: deferred where its author alone sees it, and answered in that place."""

import pytest

from aion_bot.ports.errors import UploadRefused
from aion_bot.ports.events import ManageCommand
from aion_bot.ports.messages import Action, Button, Document, Picture, PrivateAnswer, Reply
from aion_bot.ports.subcommands import SUBCOMMANDS
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot
from tests.support.recording_host import RecordingHost

ORIGINAL = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
BUTTONS = (Button(Action.MANAGE, "k-new", "New"),)
ANSWER = PrivateAnswer(
    Reply("**Yours**", buttons=BUTTONS), pictures=(Picture("a.png", "A", "A pump", "image/png", b"\x89PNG"),)
)


async def command(host: RecordingHost) -> ManageCommand:
    await host.until(lambda: bool(host.events))
    (found,) = host.events
    assert isinstance(found, ManageCommand)
    return found


@pytest.mark.usefixtures("bot")
async def test_every_subcommand_is_registered(discord: SimulatedDiscord) -> None:
    """One command with all of them; those that take words have options for them."""
    (aion,) = (one for one in discord.world.commands if one["name"] == "aion")
    assert {one["name"]: one["description"] for one in aion["options"]} == SUBCOMMANDS
    options = {one["name"]: [option["name"] for option in one.get("options", ())] for one in aion["options"]}
    taking = {name: names for name, names in options.items() if names}
    assert taking == {
        "rename": ["title"],
        "context": ["words"],
        "search": ["words"],
        "export": ["format", "private", "metadata"],
    }


@pytest.mark.usefixtures("bot")
async def test_a_subcommand_is_deferred_privately_and_read(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """Nobody else sees that it was used; what was filled in reaches the core, the token is shown nowhere."""
    ada = discord.people[0]
    await discord.command(ada, "export json private")
    read = await command(host)
    assert (read.name, read.words, read.private, read.person.id) == ("export", "json", True, ada.id)
    (deferred,) = (body for name, body in discord.server.bodies if name == CALLBACK)
    assert deferred == {"type": 5, "data": {"flags": 64}}
    assert not any(token in repr(read) for token in discord.secrets)


async def test_the_answer_takes_the_place_of_the_wait(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """One message with words, pictures and buttons, which its author alone sees."""
    ada = discord.people[0]
    await discord.command(ada, "status")
    await bot.adapter.answer_privately(await command(host), ANSWER)
    (shown,) = discord.command_answers(ada)
    assert (shown.text, shown.only_for, shown.pings) == ("**Yours**", ada.id, [])
    assert ([one.id for one in shown.buttons], [one.name for one in shown.pictures]) == (
        ["aion:manage:k-new"],
        ["a.png"],
    )


async def test_an_answer_after_fifteen_minutes_is_a_direct_message(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """With its buttons and files; so is the sentence of a refusal."""
    ada = discord.people[0]
    await discord.command(ada, "status")
    used = await command(host)
    discord.expire_tokens()
    await bot.adapter.answer_privately(used, ANSWER)
    await bot.adapter.reply_privately(used, ("No.",), hidden=True)
    first, second = discord.direct_messages(ada)
    assert (first.text, [one.name for one in first.pictures], second.text) == ("**Yours**", ["a.png"], "No.")


async def test_a_file_that_is_too_large_costs_no_words(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """The words stand there without it, and the refusal says why."""
    ada = discord.people[0]
    await discord.command(ada, "export private")
    used = await command(host)
    discord.fail_next(ORIGINAL, status=413, code=40005)
    with pytest.raises(UploadRefused, match="too large"):
        await bot.adapter.answer_privately(used, PrivateAnswer(Reply("Yours"), Document("a.md", "All")))
    assert [(one.text, one.files) for one in discord.command_answers(ada)] == [("Yours", {})]
