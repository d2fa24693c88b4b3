"""What people wrote before a question on Discord: whose words count, and by which request."""

from aion_bot.domain import strings
from aion_bot.domain.earlier import quoted_before
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import SimulatedPerson
from tests.adapters.discord.conftest import Bot
from tests.support.conversations import CONVERSATIONS, Talk
from tests.support.recording_host import RecordingHost

LIST = "GET /channels/{channel_id}/messages"


async def asked(host: RecordingHost, text: str) -> Prompt:
    """The question with these words."""
    await host.until(lambda: any(one.text == text for one in host.prompts))
    return next(one for one in host.prompts if one.text == text)


def source_of(prompt: Prompt) -> MessageRef:
    """The message that asked."""
    assert prompt.source is not None
    return prompt.source


def reads(discord: SimulatedDiscord) -> int:
    return sum(one.name == LIST for one in discord.log)


async def test_each_conversation_reaches_aion_whole(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """Twenty questions that make sense in their conversation alone: Aion gets all of it, each line in its writer's name."""
    ada, ben, cy = reading.people
    for said, question in CONVERSATIONS:
        talk, done = Talk(reading, ben, said[0]), reads(reading)
        for number, text in enumerate(said[1:]):
            talk.say((cy, ben)[number % 2], text)
        talk.ask(ada, question)
        prompt = await asked(host, question)
        told, count = quoted_before(question, await reader.adapter.earlier_messages(prompt, since=0.0), 20)
        wanted = [
            f"{(ben, cy)[number % 2].name} wrote:\n" + "\n".join(f"> {line}" for line in text.split("\n"))
            for number, text in enumerate(said)
        ]
        assert told.split("\n\n") == ["", strings.EARLIER, *wanted]
        assert (count, reads(reading)) == (len(said), done + 1)


async def test_what_nobody_said_is_left_out(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """Other apps, the bot itself, deleted messages, and what was written afterwards."""
    ada, ben, _ = reading.people
    alarm = SimulatedPerson(reading.world.new_id(), "alarm")
    reading.world.other_bots.append(alarm)
    talk = Talk(reading, ben, "Beam 4.")
    talk.say(alarm, "beep")
    talk.say(reading.world.bot, "my own")
    reading.delete_message(talk.say(ben, "Forget it."))
    talk.say(ben, "This stays.")
    talk.ask(ada, "Well?")
    talk.say(ben, "Too late.")
    found = await reader.adapter.earlier_messages(await asked(host, "Well?"), since=0.0)
    assert [(one.text, one.first) for one in found] == [("Beam 4.", True), ("This stays.", False)]


async def test_a_mention_in_a_channel_reads_its_last_hour(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """By one request of the newest hundred."""
    ada, ben, _ = reading.people
    old = reading.say(ben, "Yesterday.")
    old.id = str(int(old.id) - (4_000_000 << 22))
    reading.say(ben, "Beam 4.")
    await reading.mention(ada, "Well?")
    found = await reader.adapter.earlier_messages(await asked(host, "Well?"), since=0.0)
    assert [one.text for one in found] == ["Beam 4."]
    assert reads(reading) == 1


async def test_nothing_is_requested_where_events_told_that_nobody_wrote(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """Between two questions the bot's answer alone costs no request; somebody's words cost one."""
    ada, ben, _ = reading.people
    talk = Talk(reading, ben, "Beam 4.")
    talk.ask(ada, "First?")
    first = await asked(host, "First?")
    talk.say(reading.world.bot, "answer")
    talk.ask(ada, "Second?")
    second = await asked(host, "Second?")
    assert await reader.adapter.earlier_messages(second, since=source_of(first)) == ()
    assert reads(reading) == 0
    talk.say(ben, "It is beam 5.")
    talk.ask(ada, "Third?")
    found = await reader.adapter.earlier_messages(await asked(host, "Third?"), since=source_of(second))
    assert [one.text for one in found] == ["It is beam 5."]
    assert reads(reading) == 1


async def test_files_and_words_of_a_thread_take_one_request(
    reading: SimulatedDiscord, reader: Bot, host: RecordingHost
) -> None:
    """What was read for the files of a question is not read once more for what was said."""
    ada, ben, _ = reading.people
    talk = Talk(reading, ben, "Beam 4.")
    talk.ask(ada, "Well?")
    prompt = await asked(host, "Well?")
    reader.adapter._rest.thread_files.forget()
    await reader.adapter.recent_files(prompt.thread, before=prompt.source)
    texts = [one.text for one in await reader.adapter.earlier_messages(prompt, since=0.0)]
    assert (texts, reads(reading)) == (["Beam 4."], 1)
