"""`/aion` on both platforms: each use is answered to its person alone, and acts on the thread that it names."""

import pytest

from aion_bot.conversation.manage import sessions
from aion_bot.domain import strings
from aion_bot.ports.subcommands import SUBCOMMANDS
from aion_bot.simulators.aion import script
from aion_bot.simulators.workspace import Shown, ShownButton, SimulatedPerson
from tests.end_to_end.bot import Bot


async def told(bot: Bot, person: SimulatedPerson, words: str, *, thread: str = "", shows: str = "") -> Shown:
    """Use `/aion` and wait for the answer that shows something; returns it."""
    before = {one.id for one in private_messages(bot, person)}
    await bot.workspace.command(person, words, thread=thread)
    return await shown(bot, person, before, shows)


async def pressed(bot: Bot, person: SimulatedPerson, answer: Shown, label: str, shows: str) -> Shown:
    """Press a button of a private answer, and wait for the next one."""
    before = {one.id for one in private_messages(bot, person)}
    button = next(one for one in answer.buttons if one.label == label)
    await bot.workspace.press_private(person, answer.id, button.id)
    return await shown(bot, person, before, shows)


async def shown(bot: Bot, person: SimulatedPerson, before: set[str], words: str) -> Shown:
    """Wait until a person sees something else that has the words."""

    def found() -> list[Shown]:
        messages = private_messages(bot, person)
        return [one for one in messages if one.id not in before and words in one.text and one.text != "…"]

    await bot.until(lambda: bool(found()))
    return found()[0]


def private_messages(bot: Bot, person: SimulatedPerson) -> list[Shown]:
    """All that a person alone sees of the bot."""
    return [*bot.workspace.command_answers(person), *bot.workspace.direct_messages(person)]


def plain(answer: Shown) -> str:
    """The text of an answer without marks and escapes."""
    return answer.text.replace("`", "").replace("\\", "")


async def test_commands_are_answered_to_their_person_alone(bot: Bot) -> None:
    """Help lists every command, status says what the conversation is about and what is left; nobody else sees anything."""
    listed = await told(bot, bot.ada, "help", shows="/aion status")
    assert all(f"/aion {name}" in listed.text for name in SUBCOMMANDS)
    await told(bot, bot.ben, "status", shows=strings.NO_THREAD)
    bot.aion.files.more_left = {"monthly_chat_messages": 1_988, "api_calls_per_minute": 97}
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    answer = await told(bot, bot.ada, "status", thread=thread, shows="Left in this conversation")
    assert "What is damaged on site 7?" in answer.text
    assert "98 messages" in answer.text
    assert "1,988 messages this month, 97 requests this minute" in answer.text
    assert strings.CONTEXT_ALL in plain(answer)
    assert [one.label for one in answer.buttons] == [
        strings.NEW_BUTTON,
        strings.SESSIONS_BUTTON,
        strings.EXPORT_BUTTON,
        strings.CLOSE_BUTTON,
    ]
    assert bot.workspace.conversation_title(thread) == "What is damaged on site 7?"
    assert bot.private_replies(thread, bot.ben) == []
    assert "Left in this conversation" not in bot.text(thread)


@pytest.mark.slow
async def test_what_is_left_of_a_minute_is_not_said_of_the_month(bot: Bot) -> None:
    """Aion may tell how many messages are left of both, in any order."""
    bot.aion.files.more_left = {"chat_messages_per_minute": 7, "monthly_chat_messages": 120}
    thread = await bot.asked(bot.ada, "What can you do?", "Ask me what is damaged")
    answer = await told(bot, bot.ada, "status", thread=thread, shows="Left for everybody")
    assert "120 messages this month" in answer.text


@pytest.mark.slow
async def test_conversations_are_begun_anew_listed_opened_renamed_and_ended(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one is said in the thread; the older one is in its person's list, and goes on where they say; an ended one not."""
    monkeypatch.setattr(sessions, "PAGE", 1)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    hostile = await told(
        bot, bot.ada, "rename `<!channel> @everyone` [a](https://b.c)", thread=thread, shows="called"
    )
    assert (hostile.pings, hostile.text.splitlines()[-1].count("`")) == ([], 2)
    await told(bot, bot.ada, "rename Roof of site 7", thread=thread, shows="Roof of site 7")
    await told(bot, bot.ada, "new", thread=thread, shows="begins a new conversation")
    await bot.shows(thread, f"@{bot.ada.name}{strings.BEGAN_ANEW}")
    bot.aion.play(script.safety_report())
    await bot.workspace.reply(bot.ada, thread, "And the report?")
    await bot.until(lambda: bot.aion.count("send_stream") == 2)
    first, second = (session.id for session in bot.aion.sessions)
    listed = await told(bot, bot.ada, "sessions", thread=thread, shows="1. ")
    assert "And the report?" in listed.text
    assert [one.label for one in listed.buttons] == [strings.open_here(1), strings.MORE]
    listed = await pressed(bot, bot.ada, listed, strings.MORE, "2. ")
    assert "Roof of site 7" in listed.text
    assert [one.label for one in listed.buttons] == [strings.open_here(2)]
    await pressed(bot, bot.ada, listed, strings.open_here(2), "What is damaged on site 7?")
    await bot.shows(thread, strings.OPENED_HERE)
    bot.aion.play(script.safety_report())
    await bot.workspace.reply(bot.ada, thread, "More?")
    await bot.until(lambda: bot.aion.count("send_stream") == 3)
    assert [len(list(one.texts("user"))) for one in bot.aion.sessions] == [2, 1]
    await told(bot, bot.ada, "close", thread=thread, shows=strings.ENDED)
    ended = {one.id: one.is_active for one in bot.aion.sessions}
    assert ended == {first: False, second: True}
    await told(bot, bot.ada, "close", thread=thread, shows=strings.NOTHING_YET)


async def test_a_thread_gets_its_title_once(bot: Bot) -> None:
    """The first question names it; what people call it afterwards stays, whatever is asked then."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert bot.workspace.conversation_title(thread) == "What is damaged on site 7?"
    bot.uses.rename(thread, "Roof")
    bot.aion.play(script.safety_report())
    await bot.workspace.reply(bot.ada, thread, "And the report?")
    await bot.shows(thread, "safety report of March")
    assert bot.workspace.conversation_title(thread) == "Roof"
    assert [one.title for one in bot.aion.sessions] == ["What is damaged on site 7?"]


async def test_a_conversation_is_exported_to_the_thread_or_to_one_person(bot: Bot) -> None:
    """Aion's own export, in the format that is asked for; a private one is seen by its person alone."""
    await told(bot, bot.ada, "export", shows=strings.EXPORT_NOTHING)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await told(bot, bot.ada, "export json", thread=thread, shows=strings.EXPORTED)
    (posted,) = (one for one in bot.bots(thread) if one.files)
    (name,) = posted.files
    assert name.startswith("conversation")
    assert name.endswith(".json")
    assert "What is damaged on site 7?" in posted.files[name]
    await bot.until(
        lambda: strings.ONLY_THESE in [each.label for one in bot.bots(thread) for each in one.buttons]
    )
    before = len(bot.bots(thread))
    await bot.workspace.command(bot.ada, "export text private", thread=thread)
    await bot.until(lambda: strings.EXPORT_FILE in private_files(bot, bot.ada))
    assert "What is damaged on site 7?" in private_files(bot, bot.ada)[strings.EXPORT_FILE]
    assert private_files(bot, bot.ben) == {}
    assert len(bot.bots(thread)) == before
    assert [query["format"] for query in bot.aion.bodies("export_session")] == ["json", "text"]


def private_files(bot: Bot, person: SimulatedPerson) -> dict[str, str]:
    """The files that a person alone can open, by the beginning of their names."""
    seen = private_messages(bot, person)
    return {name.partition(".")[0]: words for one in seen for name, words in one.files.items()}


@pytest.mark.slow
async def test_pictures_are_found_privately_and_then_asked_about(bot: Bot) -> None:
    """A search opens no session and sends no question; its button narrows the thread's next question to what it found."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    opened, questions = bot.aion.count("create_session"), bot.aion.count("send_stream")
    await bot.workspace.command(bot.ada, "search pump", thread=thread)
    await bot.until(lambda: any(one.pictures for one in private_messages(bot, bot.ada)))
    seen = [one for one in private_messages(bot, bot.ada) if one.buttons][-1]
    assert "pump" in seen.text.lower()
    assert all(not one.pictures for one in private_messages(bot, bot.ben))
    assert (bot.aion.count("create_session"), bot.aion.count("send_stream")) == (opened, questions)
    await pressed(bot, bot.ada, seen, strings.THESE, "only at these images")
    await bot.workspace.reply(bot.ada, thread, "What is damaged there?")
    await bot.shows(thread, strings.CHOSEN.split(".")[0])
    asked = bot.aion.bodies("send_stream")[-1]
    assert asked["expected_image_ids"] == bot.aion.bodies("update_images")[0]["image_ids"]
    await bot.stop()
    await bot.start()
    await told(bot, bot.ada, "context", thread=thread, shows="chosen image")
    await told(bot, bot.ada, "context all", thread=thread, shows="all images")
    await bot.workspace.reply(bot.ada, thread, "And everywhere?")
    await bot.until(lambda: bot.aion.count("send_stream") == questions + 2)
    assert "expected_image_ids" not in bot.aion.bodies("send_stream")[-1]


async def test_pictures_are_added_and_removed(bot: Bot) -> None:
    """Each picture that a search of the context finds has a button; what is chosen is said, and survives the message."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    found = await told(bot, bot.ada, "context site", thread=thread, shows="for `site`")
    added = await pressed(bot, bot.ada, found, strings.pick(1, chosen=False), "1 chosen image")
    added = await pressed(bot, bot.ada, added, strings.pick(2, chosen=False), "2 chosen images")
    await pressed(bot, bot.ada, added, strings.pick(1, chosen=True), "1 chosen image")
    await told(bot, bot.ada, "status", thread=thread, shows="1 chosen image")


@pytest.mark.slow
async def test_what_is_somebody_else_s_stays_theirs(bot: Bot) -> None:
    """Nobody ends, renames, opens or exports elsewhere what another person began; each gets a private sentence."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    (session,) = bot.aion.sessions
    listed = await told(bot, bot.ada, "sessions", thread=thread, shows="What is damaged")
    bot.aion.play(script.safety_report())
    await bot.workspace.reply(bot.ben, thread, "And the report?")
    await bot.until(lambda: bot.aion.count("send_stream") == 2)
    for words in ("new", "rename Mine", "close"):
        await told(bot, bot.ben, words, thread=thread, shows=strings.NOT_BEGUN_BY_YOU)
    await told(bot, bot.ben, "sessions", thread=thread, shows=strings.NO_CONVERSATIONS)
    # The conversation was begun in this thread, which Ben reads as well.
    await told(bot, bot.ben, "export", thread=thread, shows=strings.EXPORTED)
    bot.aion.play(script.safety_report())
    other = await bot.asked(bot.ben, "What about site 8?", "safety report")
    button = next(one for one in listed.buttons if one.label == strings.open_here(1))
    target = await told(bot, bot.ben, "sessions", thread=other, shows="site 8")
    opening = next(one for one in target.buttons if one.label == strings.open_here(1))
    stolen = forged(button, opening)
    before = {one.id for one in private_messages(bot, bot.ben)}
    await bot.workspace.press_forged(bot.ben, other, bot.bots(other)[0].id, stolen)
    await shown(bot, bot.ben, before, strings.NOT_BEGUN_BY_YOU)
    assert (session.title, session.is_active) == ("What is damaged on site 7?", True)


def forged(wanted: ShownButton, own: ShownButton) -> ShownButton:
    """A button that opens the conversation of another one, in the presser's own thread."""
    # The target stands in front of the dash, the conversation behind it; on Slack in the value, on Discord in the id.
    value = f"{own.value.partition('-')[0]}-{wanted.value.partition('-')[2]}" if own.value else ""
    name = own.id if value else f"{own.id.rpartition('-')[0]}-{wanted.id.rpartition('-')[2]}"
    return ShownButton(own.label, name, value)


@pytest.mark.slow
async def test_what_is_gone_is_said_to_be_gone(bot: Bot) -> None:
    """A conversation that ran out or was ended elsewhere, a list of another time, a word that is none: each is answered in words."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    (session,) = bot.aion.sessions
    listed = await told(bot, bot.ada, "sessions", thread=thread, shows="What is damaged")
    session.tokens_left = 0
    await told(bot, bot.ada, "status", thread=thread, shows=strings.SESSION_FULL)
    used_up = await told(bot, bot.ada, "sessions", thread=thread, shows="What is damaged")
    assert "ended" in used_up.text
    assert used_up.buttons == ()
    session.is_active = False
    await told(bot, bot.ada, "status", thread=thread, shows=strings.CONVERSATION_GONE)
    await told(bot, bot.ada, "rename Other", thread=thread, shows=strings.CONVERSATION_GONE)
    await told(bot, bot.ada, "export", thread=thread, shows=strings.CONVERSATION_GONE)
    await pressed(bot, bot.ada, listed, strings.open_here(1), strings.CONVERSATION_GONE)
    await told(bot, bot.ada, "close", thread=thread, shows=strings.ENDED)
    await told(bot, bot.ada, "search xylophone", thread=thread, shows=strings.FOUND_NOTHING)
    bot.aion.fail_next("search_images", 503, times=9)
    assert "ref " in (await told(bot, bot.ada, "search pump", thread=thread)).text


async def test_buttons_outlive_a_restart(bot: Bot) -> None:
    """What a private answer offers works in the next process, too."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    answer = await told(bot, bot.ada, "status", thread=thread, shows="Left in this")
    await bot.stop()
    await bot.start()
    await pressed(bot, bot.ada, answer, strings.SESSIONS_BUTTON, "What is damaged on site 7?")
    await pressed(bot, bot.ada, answer, strings.NEW_BUTTON, "begins a new conversation")
    await bot.shows(thread, strings.BEGAN_ANEW)


async def test_a_command_where_the_lists_do_not_allow_it(idle: Bot) -> None:
    """Somebody who may not use the bot here is told so alone, and learns nothing."""
    await idle.start(AION_BOT_ALLOW_USERS=idle.ben.id)
    for words in ("status", "help", "search pump"):
        await told(idle, idle.ada, words, shows=strings.NOT_HERE)
    assert idle.aion.count("search_images") == 0


async def test_slack_says_which_command_is_like_an_unknown_one(on_slack: Bot) -> None:
    """A word that is no subcommand, no word at all, and a private question without words."""
    await on_slack.start()
    await told(on_slack, on_slack.ada, "exprot json", shows="Did you mean /aion export?")
    await told(on_slack, on_slack.ada, "`*@here*`" * 9, shows="Try /aion help.")
    await told(on_slack, on_slack.ada, "", shows="/aion status")
    await told(on_slack, on_slack.ada, "ask", shows=strings.HINT)
    assert all(not one.pings for one in private_messages(on_slack, on_slack.ada))


async def test_slack_s_command_acts_on_the_newest_thread_and_names_it(on_slack: Bot) -> None:
    """The command carries no thread; the menu of a message does, and needs no name."""
    await on_slack.start()
    first = await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    on_slack.aion.play(script.safety_report())
    await on_slack.asked(on_slack.ada, "What about the report?", "safety report")
    answer = await told(on_slack, on_slack.ada, "status", shows="Left in this")
    assert strings.named_thread("What about the report?") in answer.text
    answer = await told(on_slack, on_slack.ada, "export json", shows=strings.EXPORTED)
    assert strings.named_thread("What about the report?") in answer.text
    before = {one.id for one in private_messages(on_slack, on_slack.ada)}
    await on_slack.workspace.shortcut(on_slack.ada, on_slack.bots(first)[0].id, "aion_manage")  # type: ignore[attr-defined]  # this platform has it
    answer = await shown(on_slack, on_slack.ada, before, "Left in this")
    assert strings.conversation("What is damaged on site 7?") in answer.text


async def test_slack_s_direct_messages_act_in_the_channel_that_they_are_about(on_slack: Bot) -> None:
    """Pictures come as a direct message, whose button counts where the search was made, also where channels are listed."""
    await on_slack.start(AION_BOT_ALLOW_CHANNELS="C0GENERAL")
    await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    await on_slack.workspace.command(on_slack.ada, "search pump")
    await on_slack.until(lambda: bool(on_slack.workspace.direct_messages(on_slack.ada)))
    found = on_slack.workspace.direct_messages(on_slack.ada)[0]
    await pressed(on_slack, on_slack.ada, found, strings.THESE, "only at these images")
    direct = await on_slack.workspace.direct_message(on_slack.ben, "Hello")
    await on_slack.until(lambda: bool(on_slack.workspace.direct_messages(on_slack.ben)))
    (refused,) = on_slack.workspace.direct_messages(on_slack.ben)
    await on_slack.workspace.press_forged(on_slack.ben, direct, refused.id, found.buttons[0])
    await on_slack.until(lambda: len(on_slack.workspace.direct_messages(on_slack.ben)) == 2)
    assert on_slack.workspace.direct_messages(on_slack.ben)[1].text == strings.NOT_HERE


async def test_a_list_where_there_is_no_thread_opens_nothing(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a channel in which the person asked nothing, a list has pages and no buttons that open."""
    monkeypatch.setattr(sessions, "PAGE", 1)
    await on_slack.start()
    await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    on_slack.aion.play(script.safety_report())
    await on_slack.asked(on_slack.ada, "What about the report?", "safety report")
    workspace = on_slack.workspace
    workspace.use_command(on_slack.ada, "/aion", "sessions", workspace.open_channel("else"))  # type: ignore[attr-defined]  # this platform has it
    first = await shown(on_slack, on_slack.ada, set(), "What about the report?")
    assert [one.label for one in first.buttons] == [strings.MORE]
    second = await pressed(on_slack, on_slack.ada, first, strings.MORE, "What is damaged on site 7?")
    assert second.buttons == ()
