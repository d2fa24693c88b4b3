"""Nothing takes more than three actions: what docs/commands.md counts for each thing is what it takes."""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import Emit, Hold, Scene, Speak, spoken
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_manage import pressed, told
from tests.end_to_end.test_private import asked_privately, press, private

pytestmark = pytest.mark.slow  # everything on each platform

QUESTION = "What is damaged on site 7?"
FOUND = "I found 3 pieces"
ACTIONS = (
    "ask", "ask_about", "ask_privately", "command", "direct_message", "drop", "mention", "press", "press_private", "reply",
    "submit_form",
)  # fmt: skip
"""What people do in the simulated workspaces, each an action as the document counts them."""
ROW = re.compile(r"^\| (.+?) \| (\d)(?:: [^|]*|; [^|]*)? \|$", re.MULTILINE)


def documented() -> Mapping[str, int]:
    """The actions that each thing takes, by how its row begins."""
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8").partition("## Actions")[2]
    return {words: int(count) for words, count in ROW.findall(text)}


def row(begins: str) -> int:
    """The count of the row that begins so."""
    return next(count for words, count in documented().items() if words.startswith(begins))


class Counter:
    """Counts what is done in a workspace from now on."""

    def __init__(self, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done = 0
        for name in ACTIONS:
            monkeypatch.setattr(bot.workspace, name, self._counting(getattr(bot.workspace, name)))

    def _counting(self, act: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **more: object) -> object:
            self.done += 1
            return act(*args, **more)

        return counted

    async def takes(self, begins: str, work: Awaitable[object]) -> None:
        """Do something that a row is about, and compare."""
        self.done = 0
        await work
        assert self.done == row(begins), begins


def test_nothing_takes_more_than_three() -> None:
    """Every row of the table is read, and none counts more."""
    counts = documented().values()
    assert len(counts) == 11
    assert max(counts) == 3


async def test_questions_and_commands_take_what_is_documented(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking, going on with an earlier conversation, choosing what is looked at, and asking about what a search found."""
    first = await bot.asked(bot.ada, "What does the safety report say?", "Both are due")
    counter = Counter(bot, monkeypatch)
    await counter.takes("ask, ask privately", bot.asked(bot.ben, QUESTION, FOUND))

    async def go_on() -> None:
        listed = await told(bot, bot.ada, "sessions", thread=first, shows="safety report")
        await pressed(bot, bot.ada, listed, strings.open_here(1), strings.YOUR_QUESTION)

    async def choose() -> None:
        found = await told(bot, bot.ada, "context site", thread=first, shows="for `site`")
        await pressed(bot, bot.ada, found, strings.pick(1, chosen=False), "1 chosen image")

    async def search() -> None:
        found = await told(bot, bot.ada, "search pump", thread=first, shows="pump")
        await pressed(bot, bot.ada, found, strings.THESE, "only at these images")
        bot.aion.play(spoken("About these."))
        await bot.workspace.reply(bot.ada, first, "What is damaged there?")
        await bot.shows(first, "About these.")

    async def all_again() -> None:
        await told(bot, bot.ada, "context all", thread=first, shows="all images")

    await counter.takes("go on with an earlier", go_on())
    await counter.takes("choose pictures", choose())
    await counter.takes("let a thread see all", all_again())
    await counter.takes("ask about pictures that a search", search())


async def test_what_stands_under_an_answer_takes_what_is_documented(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop, Retry, Share, ratings, plans, another plan, a reason, a file without words: the button, and a form's words."""
    own = await asked_privately(bot, bot.ada)
    bot.aion.play(
        script.organize(), Scene((Speak("At work. "), Emit("error", {"message": "", "code": "SERVER_ERROR"})))
    )
    plan = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(plan)
    failed = await bot.workspace.mention(bot.ada, "fails")
    await bot.until(lambda: strings.RETRY in bot.pressable(failed))
    bot.aion.play(Scene((Speak("The first half, "), Hold("go", pings=True), Speak("the second."))))
    long = await bot.asked(bot.ada, "first", "The first half")
    file = await bot.workspace.direct_message(
        bot.ben, "", files=[SimulatedFile("notes.txt", b"Due.", "text/plain")]
    )
    await bot.until(lambda: bot.pressable(file) == list(strings.SUGGESTIONS))
    counter, one_press = Counter(bot, monkeypatch), "share a private answer"

    async def share() -> None:
        await press(bot, bot.ada, own, strings.SHARE)
        await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))

    async def stop() -> None:
        await bot.press(bot.ada, long, strings.STOP)
        await bot.shows(long, "Stopped by")

    async def again() -> None:
        bot.aion.play(spoken("The answer."))
        await bot.press(bot.ada, failed, strings.RETRY)
        await bot.shows(failed, "The answer.")

    async def cancel() -> None:
        await bot.press(bot.ada, plan, strings.CANCEL)
        await bot.shows(plan, strings.DROPPED)

    async def explain() -> None:
        await bot.press(bot.ada, plan, strings.ADD_REASON)
        await bot.until(lambda: bot.workspace.open_form(bot.ada) is not None)
        await bot.workspace.submit_form(bot.ada, "Not now.")
        await bot.shows(plan, "Not now.")

    async def another() -> None:
        bot.aion.play(script.organize(verb="Sort"))
        await bot.press(bot.ada, plan, strings.ANOTHER_PLAN)
        await bot.shows(plan, "Sort the photos")

    async def suggest() -> None:
        bot.aion.play(spoken("It is due."))
        await bot.press(bot.ben, file, strings.SUGGESTIONS[0])
        await bot.shows(file, "It is due.")

    for begins, work in (
        (one_press, share), (one_press, stop), (one_press, again), ("approve or cancel", cancel),
        ("add a reason", explain), ("ask about the pictures of an answer", another), ("ask what to do with a file", suggest),
    ):  # fmt: skip
        await counter.takes(begins, work())
