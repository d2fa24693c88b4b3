"""`/aion export`: every format, with and without metadata, in the thread and privately; and what nobody else gets."""

import json
from itertools import product

import pytest

from aion_bot.conversation.manage import export
from aion_bot.domain import strings
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion import library, script
from aion_bot.simulators.aion.scene import Answer
from aion_bot.simulators.workspace import Shown
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import pressed, private_messages, shown, told
from tests.end_to_end.test_private import answered

pytestmark = pytest.mark.slow

DAMAGE = "What is damaged on site 7?"


def files(bot: Bot, thread: str, *, private: bool) -> list[tuple[str, str]]:
    """The files that are in the thread, or that Ada alone has: names and contents."""
    seen = private_messages(bot, bot.ada) if private else bot.bots(thread)
    return [file for one in seen for file in one.files.items()]


async def test_every_format_with_and_without_metadata_in_each_place(bot: Bot) -> None:
    """The file is Aion's own: its name says the format, its content the question; metadata is there where it was asked for.

    What an answer refers to is named; JSON has Aion's markers.
    """
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    await bot.until(lambda: strings.ONLY_THESE in bot.pressable(thread))
    table = [*product(export.FORMATS, (False, True), (False, True))]
    for kind, metadata, private in table:
        before = len(files(bot, thread, private=private)), len(bot.bots(thread))
        words = f"export {kind}{' metadata' if metadata else ''}{' private' if private else ''}"
        await bot.workspace.command(bot.ada, words, thread=thread)
        query = {"format": kind, "include_metadata": str(metadata).lower()}
        await bot.until(lambda: bot.aion.bodies("export_session")[-1:] == [query])  # noqa: B023  # awaited in this round
        await bot.until(lambda: len(files(bot, thread, private=private)) > before[0])  # noqa: B023  # the same
        name, content = files(bot, thread, private=private)[-1]
        assert name.endswith(f".{export.FORMATS[kind]}")
        assert DAMAGE in content
        assert library.PUMP.filename in content
        assert ("[[" in content) == (kind == "json")
        assert (len(bot.bots(thread)) == before[1]) == private
        if kind == "json":
            assert ("metadata" in json.loads(content)["messages"][1]) == metadata
    assert len(table) == 12
    assert private_messages(bot, bot.ben) == []


async def test_a_long_conversation_is_exported_up_to_a_bound(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two megabytes are one file, whole; what is larger than the platforms take is said, and nothing is posted."""
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    await bot.until(lambda: strings.ONLY_THESE in bot.pressable(thread))
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("word " * 400_000))
    await told(bot, bot.ada, "export text", thread=thread, shows=strings.EXPORTED)
    ((_, exported),) = files(bot, thread, private=False)
    assert len(exported) > 2_000_000
    monkeypatch.setattr(export, "LARGEST", 1_000_000)
    before = len(bot.bots(thread))
    await told(bot, bot.ada, "export text", thread=thread, shows=strings.EXPORT_TOO_LARGE)
    assert len(bot.bots(thread)) == before


async def test_what_was_begun_where_nobody_else_reads_is_exported_by_its_person_alone(idle: Bot) -> None:
    """Opened in a thread, it stays theirs, also where somebody else may decide plans."""
    await idle.start(rules=Rules(defaults={"approvers": Rule("anyone", "")}))
    await idle.workspace.direct_message(idle.ada, "What about the roof?")
    await idle.until(lambda: idle.aion.count("send_stream") == 1 and not idle.aion.streaming)
    thread = await idle.asked(idle.ada, DAMAGE, "I found 3 pieces")
    idle.aion.play(script.safety_report())
    await idle.workspace.reply(idle.ben, thread, "And the report?")
    await idle.until(lambda: idle.aion.count("send_stream") == 3 and not idle.aion.streaming)
    listed = await told(idle, idle.ada, "sessions", thread=thread, shows="the roof?")
    await pressed(idle, idle.ada, listed, strings.open_here(2), "What about the roof?")
    for words in ("export", "export json private"):
        await told(idle, idle.ben, words, thread=thread, shows=strings.NOT_BEGUN_BY_YOU)
    assert idle.aion.count("export_session") == 0
    await told(idle, idle.ada, "export", thread=thread, shows=strings.EXPORTED)


async def test_what_was_asked_privately_goes_on_in_no_public_thread(bot: Bot) -> None:
    """Its person finds it in their list, and is told to go on where the answer is: what others ask later sees nothing of it."""
    await bot.workspace.ask_privately(bot.ada, "What about the roof?")
    await answered(bot, bot.ada, strings.ASKED_PRIVATELY)
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    listed = await told(bot, bot.ada, "sessions", thread=thread, shows="the roof?")
    await pressed(bot, bot.ada, listed, strings.open_here(2), strings.STAYS_PRIVATE)
    await told(bot, bot.ben, "sessions", thread=thread, shows=strings.NO_CONVERSATIONS)
    await told(bot, bot.ada, "export text", thread=thread, shows=strings.EXPORTED)
    (exported,) = [words for _, words in files(bot, thread, private=False)]
    assert "roof" not in exported


async def test_what_others_read_goes_on_in_no_private_thread(bot: Bot) -> None:
    """What its person asked alone in it would be in everybody's export: they are told to go on in its thread."""
    await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    await bot.workspace.ask_privately(bot.ada, "What about the roof?")
    alone = bot.workspace.thread_of((await answered(bot, bot.ada, strings.ASKED_PRIVATELY)).id)
    status = await status_of(bot, alone)
    listed = await pressed(bot, bot.ada, status, strings.SESSIONS_BUTTON, "the roof?")
    await pressed(bot, bot.ada, listed, strings.open_here(2), strings.STAYS_PUBLIC)
    await pressed(bot, bot.ada, listed, strings.open_here(1), "the roof?")  # it is open there already
    await bot.workspace.reply(bot.ada, alone, "And the cellar?")
    await bot.until(lambda: bot.aion.count("send_stream") == 3)
    asked = [list(one.texts("user")) for one in bot.aion.sessions]
    assert asked == [[DAMAGE], ["What about the roof?", "And the cellar?"]]


async def test_what_goes_on_in_public_is_left_by_the_direct_messages(bot: Bot) -> None:
    """Once its person has opened it in a thread, what they ask alone is asked in a new conversation, and they know it."""
    alone = await bot.workspace.direct_message(bot.ada, "What about the roof?")
    await bot.until(lambda: bot.aion.count("send_stream") == 1 and not bot.aion.streaming)
    thread = await bot.asked(bot.ada, DAMAGE, "I found 3 pieces")
    listed = await told(bot, bot.ada, "sessions", thread=thread, shows="the roof?")
    await pressed(bot, bot.ada, listed, strings.open_here(2), strings.LEFT_PRIVATE)
    await bot.workspace.reply(bot.ada, alone, "And the cellar?")
    await bot.until(lambda: bot.aion.count("send_stream") == 3)
    assert [list(one.texts("user")) for one in bot.aion.sessions][-1] == ["And the cellar?"]


async def status_of(bot: Bot, thread: str) -> Shown:
    """Use the status in Ada's direct messages, as each platform offers it there."""
    before = {one.id for one in private_messages(bot, bot.ada)}
    await bot.uses.ask_for_status(bot.ada, thread)
    return await shown(bot, bot.ada, before, "Left in this conversation")
