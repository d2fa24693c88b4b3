"""`/ask` and `Ask Aion`, from a person in the simulated Discord through the real client to the core."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.discord import handlers, interactions, strings
from adapters.discord.other_process import OtherProcess
from aion_bot.ports.events import InboundEvent, Place, Prompt, Quote, QuoteSource
from aion_bot.ports.messages import Line, Person, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot, opened_thread
from tests.support.recording_host import RecordingHost

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original"


def _ask_data(discord: SimulatedDiscord, text: str) -> dict[str, object]:
    known = discord.world.command("ask", 1)
    option = {"name": "prompt", "type": 3, "value": text}
    return {"id": known["id"], "name": "ask", "type": 1, "options": [option]}


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


@pytest.mark.usefixtures("bot")
async def test_a_closer_look(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """`/ask` with `detail` asks for a closer look at the pictures, and without it for none."""
    known = discord.world.command("ask", 1)
    assert [(one["name"], one["type"]) for one in known["options"]][-1] == ("detail", 5)
    prompt = {"name": "prompt", "type": 3, "value": "What is damaged?"}
    closer = {"name": "detail", "type": 5, "value": True}
    data = {**_ask_data(discord, ""), "options": [prompt, closer]}
    discord.interact(2, discord.people[0], discord.world.named("general"), data)
    assert (await host.prompt()).detailed
    await discord.ask(discord.people[0], "And on site 8?")
    assert not (await host.prompt(2)).detailed


async def test_opening_a_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """The thread is named after the question; opening it again, or another way, is harmless."""
    thread = await discord.ask(discord.people[0], "What is\ndamaged? " + "x" * 200)
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    await bot.adapter.open_thread(prompt)
    assert discord.title(thread).startswith("What is damaged? xxx")
    assert len(discord.title(thread)) == 100


async def test_a_command_in_a_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """`/ask` in a thread is answered in place, and the place is the parent channel."""
    thread = await opened_thread(discord, bot, host)
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
    assert discord.thread(thread)[0].text == "@Ada asked:\n> Too late?"
    await bot.adapter.open_thread(prompt)
    assert discord.title(thread) == "Too late?"


@pytest.mark.usefixtures("bot")
async def test_a_lost_acknowledgement(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """An acknowledgement whose connection breaks is made up for by the bot's token."""
    discord.fail_next(CALLBACK, drop=True)
    general = discord.world.named("general").id
    discord.interact(2, discord.people[0], discord.world.channel(general), _ask_data(discord, "Lost?"))
    prompt = await host.prompt()
    assert discord.thread(prompt.thread.id)[0].text.endswith("> Lost?")


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.usefixtures("bot")
async def test_an_acknowledgement_that_arrived(
    discord: SimulatedDiscord, host: RecordingHost, *, times: int
) -> None:
    """Where only Discord's answer is lost, the acknowledgement is found and nothing is posted beside it."""
    discord.fail_next(CALLBACK, drop=True, acted=True, times=times)
    thread = await discord.ask(discord.people[0], "Lost?")
    assert (await host.prompt()).thread.id == thread
    asked = [one.text for one in discord.thread(discord.world.named("general").id) if "Lost?" in one.text]
    assert asked == ["> Lost?"]


@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"status": 502}, {"cut": True}, {"status": 429, "retry_after": 0.01}]
)
@pytest.mark.usefixtures("bot")
async def test_an_acknowledgement_that_is_not_found_at_once(
    discord: SimulatedDiscord,
    host: RecordingHost,
    monkeypatch: pytest.MonkeyPatch,
    fault: Mapping[str, Any],
) -> None:
    """Where Discord does not say at once whether an acknowledgement arrived, it is asked again, and nothing is posted beside."""
    monkeypatch.setattr(interactions, "RETRY_DELAYS", (0.01, 0.01))
    discord.fail_next(CALLBACK, status=502, acted=True)
    discord.fail_next(ORIGINAL, times=2, **fault)
    general = discord.world.named("general").id
    discord.interact(2, discord.people[0], discord.world.channel(general), _ask_data(discord, "Lost?"))
    prompt = await host.prompt()
    assert [one.text for one in discord.thread(general)] == ["> Lost?"]
    assert discord.thread(general)[0].id == prompt.thread.id


async def test_an_acknowledgement_while_the_connection_is_closed(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """A bot that stops before Discord has answered its acknowledgement finds it, and posts nothing beside it."""
    discord.fail_next(CALLBACK, hang=True, acted=True)
    general = discord.world.named("general").id
    discord.interact(2, discord.people[0], discord.world.channel(general), _ask_data(discord, "Lost?"))
    await discord.until(lambda: bool(discord.thread(general)))
    bot.listening.cancel()
    prompt = await host.prompt()
    assert [one.text for one in discord.thread(general)] == ["> Lost?"]
    assert discord.thread(general)[0].id == prompt.thread.id


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.usefixtures("bot")
async def test_a_command_in_the_worst_moment(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch, *, acted: bool
) -> None:
    """A command that can neither be acknowledged nor be made up for at first is asked all the same, and once."""
    monkeypatch.setattr(interactions, "RETRY_DELAYS", (0.01, 0.01))
    discord.late_acknowledgement = True
    discord.fail_next("POST /channels/{channel_id}/messages", drop=True, acted=acted, times=2)
    general = discord.world.named("general").id
    discord.interact(2, discord.people[0], discord.world.channel(general), _ask_data(discord, "Lost?"))
    prompt = await host.prompt()
    assert [one.text for one in discord.thread(general)] == ["@Ada asked:\n> Lost?"]
    assert discord.thread(general)[0].id == prompt.thread.id


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
    host.fail(failure=OSError("disk full"))
    thread = await discord.ask(discord.people[0], "Anybody there?")
    await discord.until(lambda: len(discord.thread(thread)) == 2)
    told = discord.thread(thread)[-1]
    assert told.only_for == discord.people[0].id
    assert re.fullmatch(re.escape(strings.NOT_TAKEN) + r" \(ref [a-z0-9]{6}\)", told.text)


@pytest.mark.usefixtures("bot")
async def test_a_question_that_can_be_taken_a_moment_later(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the core cannot write a question down at first it is delivered again, because Discord sends it once."""
    monkeypatch.setattr(handlers, "RETRY_DELAYS", (0.1,))
    host.fail(failure=OSError("disk full"))
    thread = await discord.ask(discord.people[0], "Anybody there?")
    await host.until(lambda: host.accept_calls == 1)
    host.fail(0)
    assert (await host.prompt()).thread.id == thread
    assert len(discord.thread(thread)) == 1


@pytest.mark.usefixtures("bot")
async def test_somebody_is_told_though_discord_fails(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The person is told that a question was not accepted once Discord takes the message, if not at first."""
    host.fail(failure=OSError("disk full"))
    ada = discord.people[0]
    discord.fail_next("POST /users/@me/channels", status=503)
    await discord.mention(ada, "Anybody there?")
    await discord.until(lambda: len(discord.thread(discord.direct(ada))) == 1)
    assert discord.thread(discord.direct(ada))[0].text.startswith(strings.NOT_TAKEN)


@pytest.mark.usefixtures("bot")
async def test_marks_in_a_command_become_words(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A command's text names channels too; what nothing explains stays as it is."""
    site = discord.world.named("site-7").id
    await discord.ask(discord.people[0], f"what of <#{site}> and <@1>?")
    assert (await host.prompt()).text == "what of #site-7 and <@1>?"


@pytest.mark.usefixtures("bot")
async def test_people_in_a_command_are_named(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Discord sends no names with a command's text: they are looked up once, and the thread is named with them."""
    ada, ben, _ = discord.people
    for number in (1, 2):
        await discord.ask(ada, f"photos that <@{ben.id}> took")
        prompt = await host.prompt(number)
        assert (prompt.text, prompt.opening) == ("photos that @Ben took",) * 2
    assert discord.server.calls["GET /guilds/{guild_id}/members/{user_id}"] == 1


@pytest.mark.usefixtures("bot")
async def test_a_command_does_not_wait_for_names(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A command is acknowledged and asked with ids where Discord does not tell a name."""
    discord.fail_next("GET /guilds/{guild_id}/members/{user_id}", status=503)
    await discord.ask(discord.people[0], f"photos that <@{discord.people[1].id}> took")
    assert (await host.prompt()).text == f"photos that <@{discord.people[1].id}> took"


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
    await bot.adapter.open_thread(prompt)


@pytest.mark.usefixtures("bot")
async def test_asking_about_an_alarm(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """`Ask Aion` reads the cards of a message without text, and what it forwards, each by its author."""
    ada, ben, _ = discord.people
    said = discord.say(ada, "The roof leaks", attachments=("roof.jpg",))
    card = {"type": "rich", "title": "Pump 3", "description": "stopped"}
    alarm = discord.say(ada, "", embeds=[card], forwarded=said)
    await discord.ask_about(ben, alarm.id)
    prompt = await host.prompt()
    assert prompt.quotes == (
        Quote(QuoteSource.ASKED_ABOUT, "Pump 3\nstopped", "Ada"),
        Quote(QuoteSource.FORWARDED, "The roof leaks"),
    )
    assert (prompt.attachments, prompt.opening) == (1, "Pump 3 stopped")


@pytest.mark.usefixtures("bot")
async def test_asking_about_a_message_too_late(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A late `Ask Aion` goes on by the bot's token, too."""
    ada, ben, _ = discord.people
    message = discord.say(ada, "The roof leaks")
    discord.late_acknowledgement = True
    thread = await discord.ask_about(ben, message.id)
    assert (await host.prompt()).thread.id == thread
    assert discord.thread(thread)[0].text.startswith("@Ben: Asked about [a message of Ada]")


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
    assert (told.text, told.only_for) == (strings.UNKNOWN_COMMAND, ada.id)


async def test_a_command_that_is_not_registered(discord: SimulatedDiscord) -> None:
    """The simulator shows only commands that were registered."""
    with pytest.raises(LookupError, match="ask"):
        await discord.ask(discord.people[0], "Anybody?")


@pytest.mark.parametrize("addressed", [True, False])
async def test_whoever_asked_nothing_is_told_nothing(
    host: RecordingHost,
    bot: Bot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    addressed: bool,
) -> None:
    """A message in a thread that does not mention the bot is no question that was lost; the log has why it was, all the same."""
    monkeypatch.setattr(handlers, "RETRY_DELAYS", ())
    host.fail(failure=OSError("disk full"))
    told: list[InboundEvent] = []

    async def tell(event: InboundEvent, _: Line) -> None:
        told.append(event)

    said = Prompt("k", ThreadKey("discord", "1"), Place("2", "1"), Person("3"), "Look.", addressed=addressed)
    delivery = handlers.EventDelivery(
        host, bot.adapter._rest, bot.adapter._names, tell, OtherProcess()
    )  # its requests are of no concern here
    with pytest.raises(OSError, match="disk full"):
        await delivery.deliver(said)
    assert told == [said] * addressed
    lost = [one for one in caplog.records if one.getMessage() == "event was not accepted"]
    assert [vars(one).get("reason") for one in lost] == ["OSError"]


@pytest.mark.usefixtures("bot")
async def test_a_command_that_the_core_cannot_judge_is_answered(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the core fails before a command is acknowledged, its author reads that it was not taken."""

    async def fails(_: Prompt) -> None:
        raise OSError("disk")

    monkeypatch.setattr(host, "objection", fails)
    ada, general = discord.people[0], discord.world.named("general")
    discord.interact(2, ada, general, _ask_data(discord, "What?"))
    await discord.until(lambda: [one.only_for for one in discord.thread(general.id)] == [ada.id])
    assert discord.thread(general.id)[0].text.startswith(f"{strings.NOT_TAKEN} (ref ")
