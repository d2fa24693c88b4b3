"""Private answers: never silence, and never louder than needed."""

import asyncio

import pytest

from adapters.discord.strings import UNANSWERABLE_EMOJI
from aion_bot.ports.errors import Forbidden, RateLimited
from aion_bot.ports.messages import Person
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot
from tests.support.recording_host import RecordingHost

CREATE_DM = "POST /users/@me/channels"
CREATE_MESSAGE = "POST /channels/{channel_id}/messages"
LINE = ("Only ", Person("42", "Ben"), " may decide.")


async def test_to_whoever_used_a_command(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A command is answered so that only its author sees it, whether its thread exists or not."""
    ada = discord.people[0]
    thread = await discord.ask(ada, "May I?")
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    told = discord.thread(thread)[-1]
    assert (told.text, told.only_for, told.pings) == ("Only <@42> may decide.", ada.id, [])


async def test_after_fifteen_minutes(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """When an interaction's token has expired, a direct message takes its place."""
    ada = discord.people[0]
    thread = await discord.ask(ada, "May I?")
    prompt = await host.prompt()
    discord.expire_tokens()
    await bot.adapter.reply_privately(prompt, LINE)
    assert [shown.text for shown in discord.thread(discord.direct(ada))] == ["Only <@42> may decide."]
    assert len(discord.thread(thread)) == 1


async def test_to_whoever_mentioned_the_bot(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A mention cannot be answered privately in the channel, so a direct message is."""
    ben = discord.people[1]
    message = await discord.mention(ben, "may I?")
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    assert [shown.text for shown in discord.thread(discord.direct(ben))] == ["Only <@42> may decide."]
    assert len(discord.thread(message)) == 1


async def test_many_direct_messages_go_one_at_a_time(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """No permit waits for direct messages: one follows the other, and after a refusal none is tried before its time."""
    for person in discord.people:
        await discord.mention(person, "may I?")
    prompts = [await host.prompt(at) for at in range(1, 4)]
    discord.fail_next(CREATE_MESSAGE, status=429, retry_after=0.2)
    replies = [bot.adapter.reply_privately(prompt, LINE, hidden=True) for prompt in prompts]
    results = await asyncio.gather(*replies, return_exceptions=True)
    assert [type(one) for one in results] == [RateLimited, type(None), type(None)]
    sent = [one for one in discord.log if one.name in {CREATE_DM, CREATE_MESSAGE}]
    assert [one.name for one in sent] == [CREATE_DM, CREATE_MESSAGE] * 3
    assert sent[2].at - sent[1].at >= 0.2


async def test_to_somebody_who_takes_no_direct_messages(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Where no direct message is taken, the mention is replied to in its channel, and pings nobody."""
    ben = discord.people[1]
    discord.world.closed_to_bot.add(ben.id)
    message = await discord.mention(ben, "may I?")
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    reply = discord.world.messages[discord.world.named("general").id][-1]
    assert (reply.content, reply.pings) == ("Only <@42> may decide.", [])
    assert reply.replied_to is not None
    assert reply.replied_to.id == message


async def test_about_a_message_that_was_deleted(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """If the mention is gone by then, the answer of last resort stands alone."""
    ben = discord.people[1]
    discord.world.closed_to_bot.add(ben.id)
    message = await discord.mention(ben, "may I?")
    prompt = await host.prompt()
    discord.backend.delete(discord.world.anywhere(message))
    await bot.adapter.reply_privately(prompt, LINE)
    (alone,) = discord.world.messages[discord.world.named("general").id]
    assert (alone.content, alone.replied_to) == ("Only <@42> may decide.", None)


async def test_in_a_thread_to_somebody_who_takes_none(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """In a thread the answer of last resort comes in the thread."""
    ben = discord.people[1]
    discord.world.closed_to_bot.add(ben.id)
    thread = await discord.ask(ben, "May I?")
    await bot.adapter.open_thread(await host.prompt())
    await discord.reply(ben, thread, "and now?")
    await bot.adapter.reply_privately(await host.prompt(2), LINE)
    assert discord.thread(thread)[-1].text == "Only <@42> may decide."


async def test_in_a_direct_conversation(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A direct conversation is private as it is."""
    direct = await discord.direct_message(discord.people[0], "may I?")
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    assert discord.thread(direct)[-1].text == "Only <@42> may decide."


async def test_while_the_gateway_is_away(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A command is still answered privately after listening has ended, as during a shutdown."""
    ada = discord.people[0]
    thread = await discord.ask(ada, "May I?")
    prompt = await host.prompt()
    bot.listening.cancel()
    await discord.until(lambda: not discord.gateway.listening)
    await bot.adapter.reply_privately(prompt, LINE)
    assert discord.thread(thread)[-1].only_for == ada.id


async def test_a_hidden_word_is_never_seen_by_others(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """A refusal has no last resort: where neither way is open a reaction is all that is shown, and the caller knows."""
    ada = discord.people[0]
    discord.world.closed_to_bot.add(ada.id)
    thread = await discord.ask(ada, "May I?")
    discord.expire_tokens()
    with pytest.raises(Forbidden):
        await bot.adapter.reply_privately(await host.prompt(), LINE, hidden=True)
    question = await discord.mention(ada, "may I?")
    with pytest.raises(Forbidden):
        await bot.adapter.reply_privately(await host.prompt(2), LINE, hidden=True)
    assert discord.world.anywhere(question).reactions == [UNANSWERABLE_EMOJI]
    assert len(discord.thread(thread)) == 1
    assert [one.by_bot for one in discord.thread(discord.world.named("general").id)] == [True, False]


@pytest.mark.parametrize(("status", "code"), [(400, 50033), (403, 50278), (400, 340013)])
async def test_no_refusal_of_a_direct_message_is_silence(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, status: int, code: int
) -> None:
    """Whatever Discord says against a direct message, the mention is replied to in its channel."""
    discord.fail_next("POST /users/@me/channels", status=status, code=code)
    await discord.mention(discord.people[1], "may I?")
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    assert discord.world.messages[discord.world.named("general").id][-1].content == "Only <@42> may decide."


@pytest.mark.parametrize(("status", "code"), [(400, 50035), (400, 50006), (404, 10015)])
async def test_no_refusal_of_a_token_is_silence(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, status: int, code: int
) -> None:
    """Whatever Discord says against the answer by a token, a direct message takes its place."""
    ada = discord.people[0]
    await discord.ask(ada, "May I?")
    discord.fail_next("POST /webhooks/{webhook_id}/{webhook_token}", status=status, code=code)
    await bot.adapter.reply_privately(await host.prompt(), LINE)
    assert [shown.text for shown in discord.thread(discord.direct(ada))] == ["Only <@42> may decide."]
