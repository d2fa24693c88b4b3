"""What people get wrong with `/aion`, and what is gone meanwhile: each gets one private sentence, and nothing is lost."""

from dataclasses import replace
from typing import Any

import pytest

from aion_bot.domain import strings
from aion_bot.domain.access import Refusal
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.workspace import ShownButton
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import private_messages, shown, told

DAMAGE = "What is damaged on site 7?"
HOSTILE = "`@everyone` <!channel> [a](https://b.test) \u202egpj.exe" + "`*_~|" * 60

# Words behind /aion, and what the person is told. Discord lets nobody send the first ones: it knows the subcommands and
# their options.
ON_SLACK_ALONE = {
    "": "/aion status",
    "exprot json": "Did you mean /aion export?",
    HOSTILE: "Try /aion help.",
    "rename": strings.RENAME_HOW,
    "search": strings.SEARCH_HOW,
    "export json text": strings.EXPORT_HOW,
    "export markdown later": strings.EXPORT_HOW,
    "ask": strings.HINT,
    "close it": strings.takes_no_words("close"),
    "new x": strings.takes_no_words("new"),
    "NEW \u2003 what is damaged?": strings.takes_no_words("new"),
    "status foo": strings.takes_no_words("status"),
    "sessions of Ben": strings.takes_no_words("sessions"),
    "help me": "/aion status",
}
EVERYWHERE = {
    "export pdf": strings.EXPORT_HOW,  # a client that is behind, or a forged one, sends what Discord's list does not offer
    f"search {'x' * 501}": strings.WORDS_TOO_LONG,
    f"context {'x' * 501}": strings.WORDS_TOO_LONG,
    f"context documents {'x' * 501}": strings.WORDS_TOO_LONG,
    "search xylophone": strings.FOUND_NOTHING,
    "context videos xylophone": "No videos for",
    f"search {HOSTILE[:400]}": strings.FOUND_NOTHING,
    f"rename {HOSTILE}": "This conversation is now called",
    f"rename {'é' * 400}": "This conversation is now called",
}


async def each_is_told(bot: Bot, table: dict[str, str], thread: str) -> None:
    """Use each command; its person alone hears of it, once, and nobody is notified."""
    await bot.until(lambda: strings.ONLY_THESE in bot.pressable(thread))  # the last message under the answer
    public = len(bot.bots(thread))
    for words, sentence in table.items():
        answer = await told(bot, bot.ada, words, thread=thread, shows=sentence)
        assert answer.pings == []
        assert len(answer.text) <= 2_000
    assert len(bot.bots(thread)) == public
    assert private_messages(bot, bot.ben) == []


async def test_wrong_words_have_a_sentence_each(bot: Bot) -> None:
    """Too long, hostile, or about nothing: the person is told what to write, and a name is cut and shown as it is."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    await each_is_told(bot, EVERYWHERE, thread)
    (session,) = bot.aion.sessions
    assert session.title == "é" * 254 + "…"
    assert bot.aion.count("search_images") == 2


async def test_slack_s_wrong_words_have_a_sentence_each(on_slack: Bot) -> None:
    """Slack hands on whatever stands behind the command."""
    await on_slack.start()
    thread = await on_slack.asked(on_slack.ada, DAMAGE, "I found 3 pieces")
    await each_is_told(on_slack, ON_SLACK_ALONE, thread)
    (session,) = on_slack.aion.sessions
    assert (session.is_active, session.title) == (True, DAMAGE)


async def test_before_anything_was_asked(bot: Bot) -> None:
    """What is about a thread says that there is none; what is not works."""
    for words in ("new", "rename Roof", "close", "context pump", "status"):
        await told(bot, bot.ada, words, shows=strings.NO_THREAD)
    await told(bot, bot.ada, "export", shows=strings.EXPORT_NOTHING)
    await told(bot, bot.ada, "sessions", shows=strings.NO_CONVERSATIONS)
    await told(bot, bot.ada, "help", shows="/aion status")
    assert bot.aion.requests == []


async def test_a_thread_that_is_not_the_bot_s(on_discord: Bot) -> None:
    """A command in a thread of other people changes no thread elsewhere, also where its person has one in that channel."""
    await on_discord.start()
    await on_discord.asked(on_discord.ada, DAMAGE, "I found 3 pieces")
    workspace: Any = on_discord.workspace
    lunch = workspace.say(on_discord.ben, "Lunch?")
    workspace.backend.open_thread(lunch, {"name": "lunch"}, by=on_discord.ben)
    for words in ("new", "close", "rename Lunch", "context all", "export", "status"):
        shows = strings.EXPORT_NOTHING if words == "export" else strings.NOT_MY_THREAD
        await told(on_discord, on_discord.ada, words, thread="lunch", shows=shows)
    (session,) = on_discord.aion.sessions
    assert (session.is_active, session.title) == (True, DAMAGE)


async def test_the_menu_of_a_message_in_a_thread_that_is_not_the_bot_s(on_slack: Bot) -> None:
    """Slack's message menu is about that message alone, not about its person's newest thread."""
    await on_slack.start()
    await on_slack.asked(on_slack.ada, DAMAGE, "I found 3 pieces")
    lunch = on_slack.workspace.remark(on_slack.ben, "Lunch?")
    before = {one.id for one in private_messages(on_slack, on_slack.ada)}
    await on_slack.workspace.shortcut(on_slack.ada, lunch, "aion_manage")  # type: ignore[attr-defined]  # this platform has it
    await shown(on_slack, on_slack.ada, before, strings.NOT_MY_THREAD)


@pytest.mark.parametrize("code", ["SESSION_LIMIT_REACHED", "USAGE_LIMIT_EXCEEDED", "VALIDATION_ERROR"])
async def test_a_conversation_that_ran_out_is_replaced(bot: Bot, code: str) -> None:
    """Whatever Aion calls it, the answer comes in a new session and says why; it is not the month that is used up."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    (session,) = bot.aion.sessions
    session.tokens_left = 0
    if code != "SESSION_LIMIT_REACHED":
        bot.aion.fail_next("send_stream", 402 if code == "USAGE_LIMIT_EXCEEDED" else 400, code=code)
    await bot.workspace.reply(bot.ada, thread, "And the safety report?")
    await bot.shows(thread, strings.SESSION_RAN_OUT, "safety report of March")
    assert strings.NEW_SESSION not in bot.text(thread)
    assert len(list(bot.aion.sessions)) == 2


async def test_a_direct_conversation_that_ran_out_is_replaced(bot: Bot) -> None:
    """In a direct message, too, the next question is answered in a new session, which says why."""
    thread = await bot.workspace.direct_message(bot.ada, DAMAGE)
    await bot.shows(thread, "I found 3 pieces")
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    (session,) = bot.aion.sessions
    session.tokens_left = 0
    await bot.workspace.reply(bot.ada, thread, "And the safety report?")
    await bot.shows(thread, strings.SESSION_RAN_OUT, "safety report of March")
    assert bot.text(thread).count(strings.SESSION_RAN_OUT) == 1
    assert len(list(bot.aion.sessions)) == 2


async def test_a_month_that_is_used_up_replaces_no_conversation(bot: Bot) -> None:
    """The same refusal with room in the session is the month's: it is said, and the session stays."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    bot.aion.fail_next("send_stream", 402, code="USAGE_LIMIT_EXCEEDED")
    await bot.workspace.reply(bot.ada, thread, "And the safety report?")
    await bot.until(lambda: "ref " in bot.text(thread))
    assert strings.SESSION_RAN_OUT not in bot.text(thread)
    assert len(list(bot.aion.sessions)) == 1


async def test_buttons_that_are_forged_or_too_old(bot: Bot) -> None:
    """A key that nobody made, one of another kind, a number that the list does not have: the person is told to begin anew."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    found = await told(bot, bot.ada, "context site", thread=thread, shows="for `site`")
    button, public = found.buttons[0], bot.bots(thread)[0].id
    key = button.value or button.id.rpartition(":")[2]
    search = key.partition("-")[0]
    for forged in (
        "0" * 16 + "-a0",
        f"{search}-a99",
        f"{search}-x1",
        f"{search}-",
        f"{search}-a\u0661",
        "-",
        "a" * 60,
    ):
        before = {one.id for one in private_messages(bot, bot.ada)}
        await bot.workspace.press_forged(bot.ada, thread, public, with_key(button, key, forged))
        await shown(bot, bot.ada, before, strings.LIST_OLD)
    before = {one.id for one in private_messages(bot, bot.ben)}
    await bot.workspace.press_forged(bot.ben, thread, public, button)  # the list is Ada's
    await shown(bot, bot.ben, before, strings.LIST_OLD)
    await told(bot, bot.ada, "status", thread=thread, shows=strings.CONTEXT_ALL.split(".")[0])


def with_key(button: ShownButton, key: str, forged: str) -> ShownButton:
    """The button with another key: on Slack that is its value, on Discord a part of its id."""
    if button.value:
        return replace(button, value=forged)
    return replace(button, id=button.id.replace(key, forged))


REFUSED = ("status", "help", "search pump", "context pump", "export", "sessions")


async def test_where_the_bot_is_switched_off(idle: Bot) -> None:
    """The channel sees nothing, a command gets a private sentence, and Aion no request."""
    await idle.start(rules=Rules(defaults={"enabled": Rule(False, "")}))
    for words in REFUSED:
        await told(idle, idle.ada, words, shows=strings.refusal(Refusal.DISABLED))
    assert idle.aion.requests == []


async def test_a_guest_who_may_not_use_the_bot(on_slack: Bot) -> None:
    """Guests get the sentence about guests, in a channel as in a direct message."""
    await on_slack.start(rules=Rules(defaults={"guests": Rule(False, "")}))
    workspace = on_slack.workspace
    workspace.conversations.guests.add(on_slack.ben.id)  # type: ignore[attr-defined]  # this platform has it
    for words in REFUSED:
        await told(on_slack, on_slack.ben, words, shows=strings.refusal(Refusal.GUEST))
    assert on_slack.aion.requests == []


@pytest.mark.slow
async def test_nobody_is_a_guest_on_discord(on_discord: Bot) -> None:
    """Discord has none, so that `guests = false` keeps nobody out."""
    await on_discord.start(rules=Rules(defaults={"guests": Rule(False, "")}))
    await told(on_discord, on_discord.ben, "help", shows="/aion status")
    await on_discord.asked(on_discord.ben, DAMAGE, "I found 3 pieces")


async def test_in_a_direct_message(bot: Bot) -> None:
    """The commands are about the conversation with the bot there, and their answers stay there."""
    await bot.workspace.direct_message(bot.ada, DAMAGE)
    await bot.until(lambda: bot.aion.count("send_stream") == 1 and not bot.aion.streaming)
    use = bot.workspace
    if hasattr(use, "use_command"):
        channel = use.conversations.channels[f"D{bot.ada.id[1:]}"]
        use.use_command(bot.ada, "/aion", "status", channel)
    else:
        await use.command(bot.ada, "status", thread=use.world.direct(bot.ada).name)  # type: ignore[attr-defined]  # this platform has it
    await shown(bot, bot.ada, set(), "Left in this conversation")
    assert private_messages(bot, bot.ben) == []


async def test_a_command_while_the_bot_stops(bot: Bot) -> None:
    """What does not end within the grace is told to be used again; the next process answers as ever."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    bot.aion.fail_next("search_images", None, silent=True)
    await bot.workspace.command(bot.ada, "search pump", thread=thread)
    await bot.until(lambda: bot.aion.count("search_images") == 1)
    await bot.stop()
    assert any(strings.COMMAND_CUT in one.text for one in private_messages(bot, bot.ada))
    await bot.start()
    await told(bot, bot.ada, "status", thread=thread, shows="Left in this conversation")
