"""Indicators: that a message is queued, that the bot is typing; and finding what the bot posted."""

import pytest

from adapters.discord import ids
from adapters.discord.client import TIME_LIMIT
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.messages import Action, Button, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rounds import in_round
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot
from tests.support.loop_time import loop_seconds
from tests.support.recording_host import RecordingHost

ADA = Person("1", "Ada")
TYPING = "POST /channels/{channel_id}/typing"


async def _source(host: RecordingHost) -> MessageRef:
    prompt = await host.prompt()
    assert prompt.source is not None
    return prompt.source


async def test_a_queued_message(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A question in a channel gets an hourglass and loses it; doing either twice is harmless."""
    message = await discord.mention(discord.people[0], "what is damaged?")
    source = await _source(host)
    for _ in range(2):
        await bot.adapter.mark_queued(source, queued=True)
        assert discord.world.anywhere(message).reactions == ["⏳"]
    for _ in range(2):
        await bot.adapter.mark_queued(source, queued=False)
        assert not discord.is_marked(message)


async def test_a_queued_message_that_is_gone(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Marking a message that was deleted, or removing its mark, raises MessageGone."""
    message = await discord.mention(discord.people[0], "what is damaged?")
    source = await _source(host)
    discord.withdraw(message)
    for waiting in (True, False):
        with pytest.raises(MessageGone):
            await bot.adapter.mark_queued(source, queued=waiting)


async def test_a_mark_that_may_not_be_set(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """Without the permission to react the mark is forbidden."""
    await discord.mention(discord.people[0], "what is damaged?")
    source = await _source(host)
    discord.world.read_only.add(discord.world.named("general").id)
    with pytest.raises(Forbidden):
        await bot.adapter.mark_queued(source, queued=True)


async def test_a_command_has_no_message(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A command's acknowledgement is the bot's message, not the person's: there is nothing to mark."""
    thread = await discord.ask(discord.people[0], "What is damaged?")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    said = discord.say(discord.people[0], f"<@{discord.world.bot.id}> and the roof?", thread)
    assert prompt.source is None
    assert (await host.prompt(2)).source == ids.message_ref(prompt.thread, int(thread), int(said.id))


async def test_typing(discord: SimulatedDiscord, bot: Bot) -> None:
    """Working shows as typing, once; ending shows nothing."""
    direct = ThreadKey("discord", discord.direct(discord.people[0]))
    assert await bot.adapter.show_activity(direct, ADA, active=True)
    assert await bot.adapter.show_activity(direct, ADA, active=False)
    await discord.until(lambda: bool(discord.world.typing))
    assert discord.world.typing == [direct.id]


async def test_typing_never_delays(discord: SimulatedDiscord, bot: Bot) -> None:
    """Where Discord does not answer, nobody waits for the indicator for long, it is requested once, and closing ends it."""
    direct = ThreadKey("discord", discord.direct(discord.people[0]))
    discord.fail_next(TYPING, hang=True)
    async with loop_seconds(TIME_LIMIT / 2):
        for _ in range(3):
            await bot.adapter.show_activity(direct, ADA, active=True)
        await discord.until(lambda: discord.server.calls[TYPING] == 1)
        await bot.adapter.show_activity(direct, ADA, active=True)
        await bot.adapter.post(direct, Reply("here"), nonce="n")
    assert discord.server.calls[TYPING] == 1


async def test_typing_raises_nothing(discord: SimulatedDiscord, bot: Bot) -> None:
    """An indicator that Discord refuses is left out, and the next one is shown."""
    thread = ThreadKey("discord", discord.world.named("general").id)
    discord.fail_next(TYPING, status=403, code=50013)
    await bot.adapter.show_activity(thread, ADA, active=True)
    await discord.until(lambda: discord.server.calls[TYPING] == 1)
    while not discord.world.typing:
        await bot.adapter.post(thread, Reply("x"), nonce=f"n-{discord.server.calls[TYPING]}")
        await bot.adapter.show_activity(thread, ADA, active=True)
    assert set(discord.world.typing) == {thread.id}


async def test_the_bots_own_messages(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """What the bot posted in a thread is found, newest first, without what others wrote and what Discord added."""
    ada = discord.people[0]
    thread = await discord.ask(ada, "What is damaged?")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    refs = []
    for number in range(22):
        refs.append(await bot.adapter.post(prompt.thread, Reply(f"answer {number}"), nonce=f"n-{number}"))
        discord.say(ada, "hm", thread)
    found = await bot.adapter.own_messages(prompt.thread)
    assert [one.message for one in found] == refs[:1:-1]
    assert {one.nonce for one in found} == {None}


async def test_own_messages_tell_the_keys_of_their_buttons(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """As Discord forgets the nonce, the buttons say whose answer a message is, whatever their round; an edit takes that away with them. Words that grow are told."""
    await discord.ask(discord.people[0], "What is damaged?")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    grows = Reply("the roo", "Thinking…", buttons=(Button(Action.STOP, in_round("t1", 1), "Stop"),))
    ref = await bot.adapter.post(prompt.thread, grows, nonce="n")
    shown = bot.adapter.fingerprint(grows)
    assert await bot.adapter.own_messages(prompt.thread) == [
        OwnMessage(ref, None, keys=frozenset({"t1"}), fingerprint=shown, growing="the roo")
    ]
    await bot.adapter.edit(ref, Reply("the roof"))
    shown = bot.adapter.fingerprint(Reply("the roof"))
    assert await bot.adapter.own_messages(prompt.thread) == [OwnMessage(ref, None, fingerprint=shown)]
    rated = tuple(Button(action, "t1", "Rate") for action in (Action.GOOD, Action.BAD))
    await bot.adapter.edit(ref, Reply("the roof", buttons=rated))
    assert await bot.adapter.own_messages(prompt.thread) == [
        OwnMessage(ref, None, fingerprint=shown, rates=frozenset({"t1"}))
    ]


async def test_own_messages_in_a_direct_conversation(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """The acknowledgement of a command is no answer."""
    ada = discord.people[0]
    direct = discord.direct(ada)
    await discord.use(ada, "ask", "What is damaged?", direct)
    prompt = await host.prompt()
    ref = await bot.adapter.post(prompt.thread, Reply("the roof"), nonce="n")
    assert [one.message for one in await bot.adapter.own_messages(prompt.thread)] == [ref]


async def test_own_messages_where_nothing_is(discord: SimulatedDiscord, bot: Bot) -> None:
    """A thread that was never opened, or is gone, says so."""
    with pytest.raises(MessageGone):
        await bot.adapter.own_messages(ThreadKey("discord", discord.world.new_id()))
