"""Messages, from a person in the simulated Discord through the real client to the core."""

import pytest

from aion_bot.ports.events import Prompt, Quote, QuoteSource
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import THREAD, VOICE, Channel
from tests.adapters.discord.conftest import Bot, opened_thread, running
from tests.support.recording_host import RecordingHost

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"


async def test_a_mention_in_a_channel(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A mention opens a thread from its own message; the mention itself is no part of the question."""
    message = await discord.mention(discord.people[2], "what is damaged?", "site-7")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.text, prompt.opening) == (
        message,
        "what is damaged?",
        "what is damaged?",
    )
    assert prompt.key == f"discord:{message}"
    await bot.adapter.open_thread(prompt)
    assert discord.title(message) == "what is damaged?"


@pytest.mark.usefixtures("bot")
async def test_a_mention_without_words(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A bare mention is handed over empty, so that the core can give a hint."""
    await discord.mention(discord.people[2], "")
    prompt = await host.prompt()
    assert (prompt.text, prompt.addressed) == ("", True)
    assert prompt.opening


async def test_a_mention_in_a_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A mention in a thread goes on there, without the privileged intent."""
    thread = await opened_thread(discord, bot, host)
    await discord.reply(discord.people[1], thread, "and the roof?")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.text, prompt.opening, prompt.addressed) == (
        thread,
        "and the roof?",
        None,
        True,
    )


@pytest.mark.usefixtures("bot")
async def test_a_thread_that_the_gateway_never_described(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A mention in a thread that was archived when the bot connected is read as one in a thread."""
    general = discord.world.named("general")
    old = discord.world.add(
        Channel(discord.world.new_id(), THREAD, "old", discord.world.guild, parent=general.id)
    )
    await discord.reply(discord.people[0], old.id, "still there?")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening, prompt.place.channel) == (old.id, None, general.id)


@pytest.mark.usefixtures("bot")
async def test_an_unknown_channel_that_cannot_be_looked_up(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """If Discord does not describe a channel either, the question is answered in place rather than not at all."""
    old = discord.world.add(Channel(discord.world.new_id(), THREAD, "old", discord.world.guild, parent="1"))
    discord.fail_next("GET /channels/{channel_id}", status=403, code=50001)
    await discord.reply(discord.people[0], old.id, "still there?")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening) == (old.id, None)


@pytest.mark.usefixtures("bot")
async def test_a_direct_message(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A direct message needs no mention."""
    direct = await discord.direct_message(discord.people[0], "what is damaged?")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.text, prompt.opening, prompt.addressed) == (
        direct,
        "what is damaged?",
        None,
        True,
    )
    assert prompt.place.direct


async def test_a_mention_beside_a_voice_channel(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where no thread can be opened, the answer comes in place."""
    voice = discord.world.add(Channel(discord.world.new_id(), VOICE, "stand-up", discord.world.guild))
    async with running(discord, host):
        await discord.mention(discord.people[0], "hello", voice.id)
        prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening) == (voice.id, None)


@pytest.mark.usefixtures("bot")
async def test_attachments_are_counted(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The core learns how many files came with a question."""
    text = f"<@{discord.world.bot.id}> what is this?"
    discord.say(discord.people[0], text, attachments=("roof.jpg", "door.png"))
    assert (await host.prompt()).attachments == 2


@pytest.mark.usefixtures("bot")
async def test_marks_become_words(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Other people, channels, roles and emoji are named; only the bot's own mention is removed."""
    world, (_, ben, _) = discord.world, discord.people
    site = world.named("site-7").id
    text = (
        f"<@{world.bot.id}>, ask <@{ben.id}> about <#{site}> <:wave:42> and tell <@&{world.guild}> by <t:0:F>"
    )
    discord.say(discord.people[0], text)
    prompt = await host.prompt()
    assert prompt.text == "ask @Ben about #site-7 :wave: and tell @everyone by 1970-01-01 00:00 UTC"


@pytest.mark.usefixtures("bot")
async def test_the_role_of_the_same_name(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Somebody who picks the bot's role instead of the bot is not met with silence."""
    discord.say(discord.people[0], f"<@&{discord.world.bot_role}> what is damaged?")
    prompt = await host.prompt()
    assert (prompt.text, prompt.addressed) == ("", True)


@pytest.mark.usefixtures("bot")
async def test_a_reply_carries_what_it_is_about(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A mention in a reply to somebody's message quotes that message, as far as Discord shows it."""
    ada, ben, _ = discord.people
    first = discord.say(ada, f"<@{discord.world.bot.id}> look at the crack")
    await host.prompt()
    discord.say(ben, f"<@{discord.world.bot.id}> what do you think?", replied_to=first)
    prompt = await host.prompt(2)
    assert (prompt.text, prompt.quote) == ("what do you think?", "@Aion look at the crack")


@pytest.mark.usefixtures("bot")
async def test_a_reply_to_what_discord_keeps_back(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Without the privileged intent the core learns that the words are kept back; a sticker has none."""
    ada, ben, _ = discord.people
    said = discord.say(ben, "the north roof leaks")
    discord.say(ada, f"<@{discord.world.bot.id}> is this new?", replied_to=said)
    prompt = await host.prompt()
    assert (prompt.text, prompt.quotes) == ("is this new?", (Quote(QuoteSource.WITHHELD, ""),))
    notice = discord.say(ben, "", kind=7, attachments=("roof.jpg",))
    discord.say(ada, f"<@{discord.world.bot.id}> and this?", replied_to=notice)
    assert (await host.prompt(2)).quotes == ()


@pytest.mark.usefixtures("bot")
async def test_people_in_a_forward_are_named(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Discord sends no names with a forwarded message: they are looked up, in a direct message by the person's own name."""
    ada, ben, _ = discord.people
    said = discord.say(ben, f"<@{ben.id}> and <@1> saw the crack")
    await discord.forward(ada, said.id)
    assert (await host.prompt()).quote == "@Ben and <@1> saw the crack"


@pytest.mark.usefixtures("bot")
async def test_what_is_not_for_the_bot(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Bots, notices, @everyone, and messages without a mention are left alone."""
    world, (ada, *_) = discord.world, discord.people
    other = type(ada)(world.new_id(), "Other bot")
    world.other_bots.append(other)
    me = f"<@{world.bot.id}>"
    discord.say(other, f"{me} what is damaged?")
    discord.say(ada, f"{me} is pinned", kind=6)
    discord.say(ada, "@everyone look")
    discord.say(ada, "nothing for the bot")
    await discord.mention(ada, "the last word")
    await host.prompt()
    assert [one.text for one in host.events if isinstance(one, Prompt)] == ["the last word"]


@pytest.mark.usefixtures("bot")
async def test_a_mention_in_code(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Code that shows how to mention the bot speaks to nobody, and stays as it is beside a mention."""
    me = f"<@{discord.world.bot.id}>"
    discord.say(discord.people[0], f"write `{me} what?` to ask it")
    discord.say(discord.people[0], f"{me} what does ```{me} help``` do?")
    prompt = await host.prompt()
    assert prompt.text == "what does ```@Aion help``` do?"


async def test_a_reply_to_oneself_is_no_reply_to_somebody_else(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """In a thread, a reply to one's own message or to the bot's goes on; one to somebody else's does not."""
    thread = await opened_thread(reading, reader, host)
    ada, ben, _ = reading.people
    own = reading.say(ada, "the north roof", thread)
    await host.prompt()
    reading.say(ben, "not for the bot", thread, replied_to=own)
    reading.say(ada, "and its gutter?", thread, replied_to=own)
    prompt = await host.prompt(2)
    assert (prompt.text, prompt.addressed) == ("and its gutter?", False)
    assert prompt.quotes == (Quote(QuoteSource.REPLIED_TO, "the north roof", "Ada"),)


async def test_with_the_intent_a_picture_in_a_thread_is_for_the_others(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """In a thread, what names somebody anywhere, or has no words, is not for the bot."""
    thread = await opened_thread(reading, reader, host)
    ada, ben, _ = reading.people
    reading.say(ada, "", thread, attachments=("roof.jpg",))
    reading.say(ada, f"thanks! <@{ben.id}> can you check pole 12?", thread)
    reading.say(ada, "look @everyone", thread)
    reading.say(ada, "and pole 13?", thread)
    assert (await host.prompt()).text == "and pole 13?"
    assert host.unread_replies == []


async def test_without_the_intent_replies_are_told_of(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """What Discord keeps back in a thread is reported without words; what names or answers others is not."""
    thread = await opened_thread(discord, bot, host)
    ada, ben, _ = discord.people
    discord.say(ada, "not in a thread")
    discord.say(ben, f"<@{ada.id}> look", thread)
    said = discord.say(ben, "and the roof?", thread)
    discord.say(ada, "which roof?", thread, replied_to=said)
    await discord.reply(ada, thread, "the last word")
    assert (await host.prompt()).text == "the last word"
    (reply,) = host.unread_replies
    assert (reply.thread.id, reply.person.name, reply.text, reply.addressed) == (thread, "Ben", "", False)
    assert reply.place.channel == discord.world.named("general").id


async def test_without_the_intent_a_thread_is_private(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Without the privileged intent, what people say among themselves in a thread does not arrive."""
    thread = await opened_thread(discord, bot, host)
    discord.say(discord.people[1], "just between us", thread)
    await discord.reply(discord.people[1], thread, "and you?")
    assert (await host.prompt()).text == "and you?"


async def test_with_the_intent_a_thread_needs_no_mention(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """With the privileged intent a message in a thread is offered, as one that names nobody."""
    thread = await opened_thread(reading, reader, host)
    await reading.reply(reading.people[1], thread, "and the roof?")
    prompt = await host.prompt()
    assert (prompt.text, prompt.addressed, prompt.thread.id) == ("and the roof?", False, thread)


async def test_with_the_intent_people_still_talk_to_each_other(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """In a thread, what begins by mentioning somebody else or replies to them is theirs; in a channel, everything."""
    thread = await opened_thread(reading, reader, host)
    ada, ben, cy = reading.people
    reading.say(ada, f"<@{ben.id}> what do you think?", thread)
    theirs = reading.say(ben, f"<@{cy.id}> knows", thread)
    reading.say(cy, "I do not", thread, replied_to=theirs)
    reading.say(ada, "talking in the channel")
    reading.say(ada, "so, Aion?", thread)
    await host.prompt()
    assert [one.text for one in host.events if isinstance(one, Prompt)] == ["so, Aion?"]


@pytest.mark.parametrize(("times", "checked"), [(1, True), (9, False)])
@pytest.mark.usefixtures("bot")
async def test_a_failed_lookup_is_tried_again_and_then_told(
    discord: SimulatedDiscord, host: RecordingHost, times: int, checked: bool
) -> None:
    """A channel that Discord does not describe at once is asked about again; then it counts as not checked."""
    general = discord.world.named("general")
    old = discord.world.add(
        Channel(discord.world.new_id(), THREAD, "old", discord.world.guild, parent=general.id)
    )
    discord.fail_next("GET /channels/{channel_id}", status=503, times=times)
    await discord.reply(discord.people[0], old.id, "still there?")
    prompt = await host.prompt()
    assert prompt.place.checked is checked
    assert prompt.place.channel == (general.id if checked else old.id)


@pytest.mark.usefixtures("reader")
async def test_a_failed_lookup_loses_no_reply(reading: SimulatedDiscord, host: RecordingHost) -> None:
    """In a thread of which Discord does not tell more than its id, a reply without a mention may go on with it."""
    general = reading.world.named("general")
    old = reading.world.add(
        Channel(reading.world.new_id(), THREAD, "old", reading.world.guild, parent=general.id)
    )
    reading.fail_next("GET /channels/{channel_id}", status=503, times=9)
    reading.say(reading.people[0], "still there?", old.id)
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.addressed, prompt.place.checked) == (old.id, False, False)
