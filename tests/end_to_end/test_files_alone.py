"""Files without words: what cannot be added is said at once, what can be is offered; words that follow are about them."""

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import gif, jpeg, png
from aion_bot.simulators.slack.state import BOT
from aion_bot.simulators.workspace import Failure, Operation, SimulatedFile
from tests.end_to_end.bot import Bot

PICTURE = SimulatedFile("roof.png", png("roof.png"))
HEIC = SimulatedFile("a.heic", b"\x00\x00\x00\x18ftypheic" + bytes(99))
LOOKED = "I looked at"

UNUSABLE = [
    (HEIC, "wrong type"),
    (SimulatedFile("a.mp4", b"\x00\x00\x00\x18ftypisom" + bytes(99)), "I can't add videos"),
    (SimulatedFile("a.png", png("a")[:-9]), "damaged"),
    (SimulatedFile("a.txt", b"", "text/plain"), "empty"),
    (SimulatedFile("a.gif", gif()[:-1] + bytes(9_000) + b";"), "too large (8.8 KB, the limit is 8 KB)"),
]


def stored(bot: Bot) -> list[str]:
    return [one.filename for one in bot.aion.files.uploaded]


@pytest.mark.parametrize("uploads", ["on", "ask"])
async def test_what_cannot_be_added_is_said_before_anything_is_offered(idle: Bot, uploads: str) -> None:
    """Each outcome stands at once in place of suggestions that could not work; nothing reaches Aion."""
    bot = idle
    bot.aion.files.limits.image = 8 * 1024
    await bot.start(AION_BOT_UPLOADS=uploads)
    files = [file for file, _ in UNUSABLE]
    thread = await bot.workspace.direct_message(bot.ada, "", files=files)
    shown = await bot.shows(thread, strings.NO_FILE_TO_USE, without=[strings.ASK_WHAT])
    assert all(f"`{file.name}`: {words}" in shown for file, words in UNUSABLE)
    await bot.until(lambda: bot.pressable(thread) == [])
    assert (stored(bot), bot.aion.count("send_stream")) == ([], 0)
    assert bot.aion.count("upload_image") == 0


async def test_of_several_files_the_others_are_offered(bot: Bot) -> None:
    """The line says what is missing; a suggestion is about what can be added."""
    thread = await bot.workspace.direct_message(bot.ada, "", files=[HEIC, PICTURE])
    await bot.shows(thread, strings.ASK_WHAT, "`a.heic`: wrong type", "`roof.png`: waiting")
    await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, LOOKED, "`a.heic`: wrong type", "`roof.png`: added")
    assert stored(bot) == ["roof.png"]


async def test_ask_offers_nothing_that_cannot_be_added(idle: Bot) -> None:
    """With words, and a file that cannot be added, no permission is asked: the words are answered."""
    bot = idle
    await bot.start(AION_BOT_UPLOADS="ask")
    thread = await bot.workspace.mention(bot.ada, "What is damaged on site 7?", files=[HEIC])
    await bot.shows(thread, "`a.heic`: wrong type", "hoist", without=[strings.ASK_UPLOAD])
    assert stored(bot) == []


async def test_a_held_file_that_cannot_be_read_now_is_tried_by_a_press(on_slack: Bot) -> None:
    """A platform that fails for a moment costs no suggestion; the file is read when somebody presses."""
    bot = on_slack
    await bot.start()
    bot.workspace.fail_next("url_private_download", status=503)  # type: ignore[attr-defined]  # the fixture is Slack's
    thread = await bot.workspace.direct_message(bot.ada, "", files=[PICTURE])
    await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, "`roof.png`: added", LOOKED)


async def test_a_suggestion_without_its_file_asks_nothing(bot: Bot) -> None:
    """It is about the file alone: where that does not arrive, Retry brings it, or another one is asked for."""
    thread = await bot.workspace.mention(bot.ada, "", files=[PICTURE])
    await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))
    bot.workspace.refuse(Operation.READ_FILE, Failure.DOWN)
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, "`roof.png`: couldn't be read", strings.NO_FILE_YET)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    assert bot.aion.count("send_stream") == 0
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, LOOKED, without=[strings.NO_FILE_YET])
    thread = await bot.workspace.mention(bot.ada, "", files=[SimulatedFile("b.jpg", jpeg("b"))])
    await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))
    bot.aion.files.limits.image = 10  # since it was looked at
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, "too large", strings.NO_FILE_TO_USE, without=[strings.ASK_WHAT])
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.aion.count("send_stream") == 1


async def test_words_right_after_a_file_in_a_direct_message_are_about_it(bot: Bot) -> None:
    """Two messages one after the other, of which Slack makes two threads, are one question, in the thread of the words."""
    first = await bot.workspace.direct_message(bot.ada, "", files=[PICTURE])
    await bot.until(lambda: bot.pressable(first) == list(strings.SUGGESTIONS))
    thread = await bot.workspace.direct_message(bot.ada, "Is the roof damaged?")
    await bot.shows(thread, "`roof.png`: added", LOOKED)
    (asked,) = bot.aion.bodies("send_stream")
    assert asked["message"].startswith("Is the roof damaged?")
    assert stored(bot) == ["roof.png"]
    # What comes next is a question of its own.
    last = await bot.workspace.direct_message(bot.ada, "What does the safety report say?")
    await bot.shows(last, "safety report of March")
    assert strings.ATTACHED not in str(bot.aion.bodies("send_stream")[-1]["message"])
    # The suggestions stay what they say: one more question about that file, which is not uploaded again.
    await bot.press(bot.ada, first, strings.SUGGESTIONS[0])
    await bot.shows(first, "`roof.png`: already there", LOOKED, without=[strings.ASK_WHAT])
    assert stored(bot) == ["roof.png"]


async def test_words_that_come_while_the_file_is_looked_at_are_about_it(on_slack: Bot) -> None:
    """The file's own thread still reads it: the words do not wait for that."""
    bot = on_slack
    await bot.start()
    bot.workspace.fail_next("files.info", hang=True)  # type: ignore[attr-defined]  # the fixture is Slack's
    await bot.workspace.direct_message(bot.ada, "", files=[PICTURE])
    await bot.until(lambda: bot.workspace.api.calls["files.info"] == 1)  # type: ignore[attr-defined]  # this platform has it
    thread = await bot.workspace.direct_message(bot.ada, "Is the roof damaged?")
    await bot.shows(thread, "`roof.png`: added", LOOKED)


async def forwarded(bot: Bot, said: str) -> str:
    return await bot.workspace.forward(bot.ada, said)


async def named_by_a_command(bot: Bot, said: str) -> str:
    return await bot.workspace.ask_about(bot.ada, said)


async def replied_to(bot: Bot, said: str) -> str:
    """Mention the bot without words in a reply, as on Discord."""
    return bot.uses.reply_to(bot.ada, said, "")


async def test_a_file_without_words_in_another_message_is_offered(idle: Bot) -> None:
    """A forward, a shortcut and a reply that have no words ask what to do with the file: its name is no question."""
    bot = idle
    asking = [forwarded, named_by_a_command, *([replied_to] if bot.uses.refers_to_replies else [])]
    await bot.start(**bot.uses.show_every_message())
    for number, ask in enumerate(asking):
        file = SimulatedFile(f"{number}.png", png(str(number)))
        thread = await ask(bot, bot.workspace.remark(bot.ben, "", files=[file]))
        await bot.shows(thread, strings.ASK_WHAT, f"`{number}.png`: waiting")
        await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))  # noqa: B023  # awaited here
    assert bot.aion.count("send_stream") == 0
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, LOOKED, f"`{number}.png`: added")


async def test_a_mention_without_words_under_somebodys_file_is_about_it(idle: Bot) -> None:
    """A file posted for others is not remarked on; a bare mention in its thread asks what to do with it."""
    bot = idle
    await bot.start(**bot.uses.show_every_message())
    if bot.uses.refers_to_replies:
        thread = await bot.asked(bot.ada, "What is damaged on site 7?", "hoist")
        bot.workspace.drop(bot.ben, thread, [PICTURE])
    else:
        thread = bot.workspace.remark(bot.ben, "The roof, from the west", files=[PICTURE])
    bot.uses.say(bot.ada, thread, bot.uses.mention)
    await bot.shows(thread, strings.ASK_WHAT, "`roof.png`: waiting")
    await bot.until(lambda: bot.pressable(thread)[-3:] == list(strings.SUGGESTIONS))
    assert stored(bot) == []
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, "`roof.png`: added", LOOKED)


async def test_a_mention_without_words_or_files_gets_things_to_try(on_slack: Bot) -> None:
    """In a thread without files, and where the thread cannot be read, which costs nothing but the files."""
    bot = on_slack
    await bot.start()
    thread = bot.workspace.remark(bot.ben, "The roof, from the west")
    bot.workspace.say(bot.ada, bot.workspace.general, f"<@{BOT.id}>", thread=thread)  # type: ignore[attr-defined]  # Slack's
    await bot.replies_privately(thread, bot.ada, strings.HINT)
    await bot.stop()
    await bot.start()
    bot.workspace.fail_next("conversations.replies", error="internal_error")  # type: ignore[attr-defined]  # Slack's
    bot.workspace.say(bot.ben, bot.workspace.general, f"<@{BOT.id}>", thread=thread)  # type: ignore[attr-defined]  # Slack's
    await bot.replies_privately(thread, bot.ben, strings.HINT)
