"""What people edit and delete, from the simulated Discord through the real client to the core."""

from datetime import UTC, datetime

import pytest

from adapters.discord import handlers, ids
from adapters.discord.edit_times import EditTimes
from aion_bot.ports.events import MessageChange, Prompt
from aion_bot.ports.messages import Person, Reply
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import THREAD, Channel
from tests.adapters.discord.conftest import Bot, running
from tests.support.recording_host import RecordingHost


@pytest.mark.usefixtures("bot")
async def test_an_edited_question(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """An edit names the question by the key and place it had, with the new text as a question has it."""
    message = await discord.mention(discord.people[0], "what is damged?")
    prompt = await host.prompt()
    discord.rewrite(message, f"<@{discord.world.bot.id}> what is damaged?")
    amendment = await host.change(2)
    assert amendment == MessageChange(
        prompt.key, prompt.thread, prompt.place, prompt.person, "what is damaged?"
    )


@pytest.mark.usefixtures("bot")
async def test_an_edited_message_is_a_question_as_it_reads_now(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A mention that is added makes a question like one that was written so; one that is taken away makes none."""
    ada, ben, _ = discord.people
    me = f"<@{discord.world.bot.id}>"
    said = discord.say(ada, "what is damaged?")
    discord.rewrite(said.id, f"{me} what is damaged?")
    asked = (await host.change()).question
    assert asked is not None
    assert (asked.key, asked.text, asked.addressed) == (f"discord:{said.id}", "what is damaged?", True)
    assert (asked.thread.id, asked.opening) == (said.id, "what is damaged?")
    discord.rewrite(said.id, f"<@{ben.id}> what is damaged?")
    discord.rewrite(said.id, f"{me} and the roof?")
    question = (await host.change(2)).question
    assert question is not None
    assert question.text == "and the roof?"


@pytest.mark.usefixtures("bot")
async def test_a_deleted_question(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A deletion names the question, and nobody: Discord does not say whose message it was."""
    message = await discord.mention(discord.people[0], "what is damaged?")
    prompt = await host.prompt()
    discord.withdraw(message)
    assert await host.change(2) == MessageChange(prompt.key, prompt.thread, prompt.place, Person(""), None)


@pytest.mark.usefixtures("bot")
async def test_in_a_direct_conversation(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A direct message is edited, emptied and deleted like any other."""
    await discord.direct_message(discord.people[0], "what is damaged?")
    prompt = await host.prompt()
    assert prompt.source is not None
    message = str(ids.address_of(prompt.source)[1])
    discord.rewrite(message, "and the roof?")
    discord.rewrite(message, "")
    discord.withdraw(message)
    await host.change(4)
    told = [one for one in host.events if isinstance(one, MessageChange)]
    assert [one.text for one in told] == ["and the roof?", "", None]
    assert {(one.prompt, one.thread, one.place) for one in told} == {
        (prompt.key, prompt.thread, prompt.place)
    }


async def test_in_a_thread(reading: SimulatedDiscord, reader: Bot, host: RecordingHost) -> None:
    """With the intent, an edit in a thread needs no mention."""
    ada = reading.people[0]
    thread = await reading.ask(ada, "What is damaged?")
    await reader.adapter.open_thread(await host.prompt())
    said = reading.say(ada, "and the rof?", thread)
    prompt = await host.prompt(2)
    reading.rewrite(said.id, "and the roof?")
    amendment = await host.change(3)
    assert (amendment.prompt, amendment.thread.id, amendment.text) == (prompt.key, thread, "and the roof?")
    assert amendment.place == prompt.place


@pytest.mark.usefixtures("bot")
async def test_several_deleted_at_once(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A moderator who removes many messages withdraws every one of them."""
    general = discord.world.named("general")
    said = [discord.say(discord.people[0], "x") for _ in range(3)]
    discord.backend.purge(general, said)
    await host.change(3)
    told = [one for one in host.events if isinstance(one, MessageChange)]
    assert [(one.prompt, one.text) for one in told] == [(f"discord:{one.id}", None) for one in said]


@pytest.mark.usefixtures("bot")
async def test_what_is_no_edit(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A link preview, early or late, and content that the bot may not read, are no edits."""
    me = f"<@{discord.world.bot.id}>"
    message = discord.world.anywhere(await discord.mention(discord.people[0], "see https://aion.example"))
    discord.backend.preview(message)
    discord.rewrite(message.id, f"{me} look at https://aion.example")
    discord.backend.preview(message)
    among_others = discord.say(discord.people[1], "among us")
    discord.rewrite(among_others.id, "still among us")
    await discord.mention(discord.people[1], "the last word")
    await host.prompt(3)
    texts = [one.text for one in host.events if isinstance(one, Prompt | MessageChange)]
    assert texts == ["see https://aion.example", "look at https://aion.example", "the last word"]


async def test_the_bots_own_edits(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A growing answer amends nothing."""
    direct = ids.thread_key(int(discord.direct(discord.people[0])))
    ref = await bot.adapter.post(direct, Reply("growing"), nonce="n")
    await bot.adapter.edit(ref, Reply("growing further"))
    await discord.direct_message(discord.people[0], "hello")
    assert [await host.prompt()] == host.events


@pytest.mark.usefixtures("bot")
async def test_a_deletion_where_the_gateway_described_nothing(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A message deleted in an archived thread belongs to that thread, and nothing is looked up for it."""
    general = discord.world.named("general")
    old = discord.world.add(
        Channel(discord.world.new_id(), THREAD, "old", discord.world.guild, parent=general.id)
    )
    discord.withdraw(discord.say(discord.people[0], "x", old.id).id)
    amendment = await host.change()
    assert amendment.thread.id == old.id
    assert discord.server.calls["GET /channels/{channel_id}"] == 1  # for the message, not for its deletion


async def test_an_edit_never_overtakes(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """However slowly the core accepts a question, its edit and what was written after it come later."""
    async with running(discord, host):
        host.open.clear()
        message = await discord.mention(discord.people[0], "first")
        discord.rewrite(message, f"<@{discord.world.bot.id}> first, edited")
        await discord.mention(discord.people[0], "second")
        await host.until(lambda: host.accept_calls == 1)
        host.open.set()
        await host.prompt(3)
    texts = [one.text for one in host.events if isinstance(one, Prompt | MessageChange)]
    assert texts == ["first", "first, edited", "second"]


async def test_other_channels_do_not_wait(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """While one channel's message is being accepted, another channel's is too."""
    async with running(discord, host):
        host.open.clear()
        await discord.mention(discord.people[0], "here", "general")
        await discord.mention(discord.people[0], "there", "site-7")
        await host.until(lambda: host.accept_calls == 2)
        host.open.set()
        await host.prompt(2)


async def test_an_edit_that_cannot_be_taken(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Nobody is told that their question was not accepted when only its edit was not."""
    async with running(discord, host):
        ada = discord.people[0]
        message = await discord.mention(ada, "first")
        await host.prompt()
        host.fail(failure=OSError("disk full"))
        discord.rewrite(message, f"<@{discord.world.bot.id}> edited")
        await host.until(lambda: host.accept_calls == 2 + len(handlers.RETRY_DELAYS))
        host.fail(0)
        await discord.mention(ada, "second")
        await host.prompt(2)
        assert list(discord.thread(discord.direct(ada))) == []


def test_few_edits_are_remembered() -> None:
    """Only the newest edits are kept; a repeated one is new only if it was forgotten."""
    edits, at = EditTimes(capacity=2), datetime(2026, 1, 5, tzinfo=UTC)
    assert [edits.is_new(message, at) for message in (1, 2, 1)] == [True, True, False]
    assert [edits.is_new(message, at) for message in (3, 1, 3)] == [True, True, False]
    assert not edits.is_new(4, None)
