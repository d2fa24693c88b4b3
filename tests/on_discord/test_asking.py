"""Questions, from a person in the simulated Discord through the real client to the core."""

import pytest

from adapters.discord import wording
from aion_bot.demo.discord import SimulatedDiscord
from aion_bot.demo.discord.model import THREAD, VOICE, Channel
from aion_bot.port.messages import Person, Prompt, ThreadKey
from tests.on_discord.conftest import Bot, running
from tests.on_discord.host import RecordingHost

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"


async def _thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> str:
    """Open a thread by asking; returns its id."""
    thread = await discord.ask(discord.people[0], "What is damaged on site 7?")
    await bot.adapter.open(await host.prompt())
    host.inbound.clear()
    return thread


@pytest.mark.usefixtures("bot")
async def test_a_command_in_a_channel(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """`/ask` in a text channel is answered at once by a quote, from which a thread is to be opened."""
    ada = discord.people[0]
    thread = await discord.ask(ada, "What is damaged on site 7?")
    prompt = await host.prompt()
    assert prompt.thread == ThreadKey("discord", thread)
    assert prompt.text == prompt.opening == "What is damaged on site 7?"
    assert prompt.person == Person(ada.id, "Ada")
    assert (prompt.place.workspace, prompt.place.channel) == (
        discord.world.guild,
        discord.world.named("general").id,
    )
    assert [shown.text for shown in discord.thread(thread)] == ["> What is damaged on site 7?"]
    assert prompt.reply_token
    assert prompt.addressed
    assert not prompt.place.direct


async def test_opening_a_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """The thread is named after the question; opening it again, or another way, is harmless."""
    thread = await discord.ask(discord.people[0], "What is\ndamaged? " + "x" * 200)
    prompt = await host.prompt()
    await bot.adapter.open(prompt)
    await bot.adapter.open(prompt)
    assert discord.title(thread).startswith("What is damaged? xxx")
    assert len(discord.title(thread)) == 100


async def test_a_command_in_a_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """`/ask` in a thread is answered in place, and the place is the parent channel."""
    thread = await _thread(discord, bot, host)
    assert await discord.ask(discord.people[1], "And on site 8?", channel=thread) == thread
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening) == (thread, None)
    assert prompt.place.channel == discord.world.named("general").id
    assert discord.thread(thread)[-1].text == "> And on site 8?"


@pytest.mark.usefixtures("bot")
async def test_a_command_in_a_direct_conversation(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """`/ask` in a direct conversation is answered in place."""
    ben = discord.people[1]
    direct = discord.direct(ben)
    await discord.ask(ben, "Only you and me?", channel=direct)
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening, prompt.place.direct) == (direct, None, True)
    assert (prompt.place.workspace, prompt.person.name) == ("", "Ben")


async def test_a_late_acknowledgement(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """Where Discord takes no acknowledgement any more, the bot's token asks on, and says who asked."""
    discord.late_acknowledgement = True
    thread = await discord.ask(discord.people[0], "Too late?")
    prompt = await host.prompt()
    assert (prompt.thread.id, prompt.opening, prompt.text) == (thread, "Too late?", "Too late?")
    assert discord.thread(thread)[0].text == f"<@{discord.people[0].id}> asked:\n> Too late?"
    await bot.adapter.open(prompt)
    assert discord.title(thread) == "Too late?"


@pytest.mark.usefixtures("bot")
async def test_a_lost_acknowledgement(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """An acknowledgement whose connection breaks is made up for by the bot's token."""
    discord.fail_next(CALLBACK, drop=True)
    general = discord.world.named("general").id
    discord.interact(2, discord.people[0], discord.world.channel(general), _ask_data(discord, "Lost?"))
    prompt = await host.prompt()
    assert discord.thread(prompt.thread.id)[0].text.endswith("> Lost?")


@pytest.mark.usefixtures("bot")
async def test_a_long_question_is_clipped_in_the_quote_only(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """The quote fits into a message; the question that Aion gets is whole."""
    question = "Tell me about " + "every single image " * 300
    thread = await discord.ask(discord.people[0], question)
    prompt = await host.prompt()
    assert prompt.text == question.strip()
    shown = discord.thread(thread)[0].text
    assert len(shown) <= 2_000
    assert shown.endswith("…")


@pytest.mark.usefixtures("bot")
async def test_a_question_that_cannot_be_taken(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """If the core cannot write a question down, the person is told privately."""
    host.refusal = OSError("disk full")
    thread = await discord.ask(discord.people[0], "Anybody there?")
    await discord.until(lambda: len(discord.thread(thread)) == 2)
    told = discord.thread(thread)[-1]
    assert (told.text, told.only_for) == (wording.NOT_TAKEN, discord.people[0].id)


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
    await bot.adapter.open(prompt)
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
    thread = await _thread(discord, bot, host)
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
    """A mention in a thread that was archived when the bot connected is taken as one in a thread."""
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
    """Other people, channels, roles and emoji are named; only the bot's own mention is taken out."""
    world, (_, ben, _) = discord.world, discord.people
    site = world.named("site-7").id
    text = (
        f"<@{world.bot.id}>, ask <@{ben.id}> about <#{site}> <:wave:42> and tell <@&{world.guild}> by <t:0:F>"
    )
    discord.say(discord.people[0], text)
    prompt = await host.prompt()
    assert prompt.text == "ask @Ben about #site-7 :wave: and tell @everyone by 1970-01-01 00:00 UTC"


@pytest.mark.usefixtures("bot")
async def test_marks_in_a_command_become_words(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A command's text names channels too; what nothing explains stays as it is."""
    site = discord.world.named("site-7").id
    await discord.ask(discord.people[0], f"what of <#{site}> and <@1>?")
    assert (await host.prompt()).text == "what of #site-7 and <@1>?"


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


async def test_asking_about_a_message(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """`Ask Aion` carries the message's text, without the privileged intent, and opens a thread named after it."""
    ada, ben, _ = discord.people
    message = discord.say(ada, "The roof of site 7 leaks", attachments=("roof.jpg",))
    thread = await discord.ask_about(ben, message.id)
    prompt = await host.prompt()
    assert (prompt.text, prompt.quote, prompt.attachments) == ("", "The roof of site 7 leaks", 1)
    assert (prompt.thread.id, prompt.opening, prompt.person.name) == (
        thread,
        "The roof of site 7 leaks",
        "Ben",
    )
    link = f"https://discord.com/channels/{discord.world.guild}/{message.channel}/{message.id}"
    answer = f"Asked about [a message of Ada]({link}):\n> The roof of site 7 leaks"
    assert discord.thread(thread)[0].text == answer
    await bot.adapter.open(prompt)


@pytest.mark.usefixtures("bot")
async def test_asking_about_a_message_too_late(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A late `Ask Aion` goes on by the bot's token, too."""
    ada, ben, _ = discord.people
    message = discord.say(ada, "The roof leaks")
    discord.late_acknowledgement = True
    thread = await discord.ask_about(ben, message.id)
    assert (await host.prompt()).thread.id == thread
    assert discord.thread(thread)[0].text.startswith(f"<@{ben.id}>: Asked about [a message of Ada]")


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
    assert [one.text for one in host.inbound if isinstance(one, Prompt)] == ["the last word"]


async def test_without_the_intent_a_thread_is_private(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Without the privileged intent, what people say among themselves in a thread does not arrive."""
    thread = await _thread(discord, bot, host)
    discord.say(discord.people[1], "just between us", thread)
    await discord.reply(discord.people[1], thread, "and you?")
    assert (await host.prompt()).text == "and you?"


async def test_with_the_intent_a_thread_needs_no_mention(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """With the privileged intent a message in a thread is offered, as one that names nobody."""
    thread = await _thread(reading, reader, host)
    await reading.reply(reading.people[1], thread, "and the roof?")
    prompt = await host.prompt()
    assert (prompt.text, prompt.addressed, prompt.thread.id) == ("and the roof?", False, thread)


async def test_with_the_intent_people_still_talk_to_each_other(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """In a thread, what begins by mentioning somebody else or replies to them is theirs; in a channel, everything."""
    thread = await _thread(reading, reader, host)
    ada, ben, cy = reading.people
    reading.say(ada, f"<@{ben.id}> what do you think?", thread)
    theirs = reading.say(ben, f"<@{cy.id}> knows", thread)
    reading.say(cy, "I do not", thread, replied_to=theirs)
    reading.say(ada, "talking in the channel")
    reading.say(ada, "so, Aion?", thread)
    await host.prompt()
    assert [one.text for one in host.inbound if isinstance(one, Prompt)] == ["so, Aion?"]


@pytest.mark.usefixtures("bot")
async def test_an_outdated_command(discord: SimulatedDiscord) -> None:
    """A command that Discord still shows, but that is gone, is answered privately."""
    discord.world.commands.append(
        {"id": "1", "name": "query", "type": 1, "description": "as it was last year"}
    )
    ada, general = discord.people[0], discord.world.named("general")
    discord.interact(2, ada, general, {"id": "1", "name": "query", "type": 1, "options": []})
    await discord.until(lambda: bool(discord.thread(general.id)))
    told = discord.thread(general.id)[-1]
    assert (told.text, told.only_for) == (wording.UNKNOWN_COMMAND, ada.id)


async def test_a_command_that_is_not_registered(discord: SimulatedDiscord) -> None:
    """The simulator shows only commands that were registered."""
    with pytest.raises(LookupError, match="ask"):
        await discord.ask(discord.people[0], "Anybody?")


def _ask_data(discord: SimulatedDiscord, text: str) -> dict[str, object]:
    known = discord.world.command("ask", 1)
    option = {"name": "prompt", "type": 3, "value": text}
    return {"id": known["id"], "name": "ask", "type": 1, "options": [option]}
