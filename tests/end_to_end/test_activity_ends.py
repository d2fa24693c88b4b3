"""Slack's status that the bot works: shown anew before it runs out, and gone before the last text."""

import pytest

from aion_bot.conversation import indicators
from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    AwaitDecision,
    Emit,
    Hold,
    Operation,
    Plan,
    PlanEnd,
    Propose,
    Scene,
    Speak,
)
from aion_bot.simulators.workspace import SimulatedFile
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

STATUS = "agents.sessions.setStatus"


def requests(bot: Bot) -> list[str]:
    return [one.name for one in bot.workspace.log]


async def test_the_status_is_gone_before_the_last_text(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a whole answer under a status that says that the bot still works."""
    monkeypatch.setattr(indicators, "_UNNOTICED", 60.0)  # a busy machine ends a status slowly
    on_slack.watch = lambda adapter: setattr(adapter._status, "_timeout", 60.0)
    await on_slack.start()
    steps = (Speak("The wh"), Hold("on", pings=True), Speak("ole answer."), *ENDING)
    on_slack.aion.play(Scene(steps, Answer("The whole answer, resolved.")))
    thread = await on_slack.workspace.mention(on_slack.ada, "Tell me")
    await on_slack.until(lambda: on_slack.workspace.shows_lasting_activity(thread))
    on_slack.aion.release("on")
    await on_slack.shows(thread, "The whole answer, resolved.")
    assert not on_slack.workspace.shows_lasting_activity(thread)
    made = requests(on_slack)
    assert made.count(STATUS) == 2
    last_status, last_edit = (len(made) - made[::-1].index(name) for name in (STATUS, "chat.update"))
    assert last_status < last_edit


async def test_the_status_is_shown_anew_while_an_answer_grows(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack ends it after two minutes, whether text comes or not."""
    bot = on_slack
    monkeypatch.setattr(indicators, "_LASTING", 0.01)
    bot.limits["activity_lasts"] = 0.1
    bot.aion.token_delay = 0.01
    await bot.start()
    bot.aion.play(Scene((Speak("word " * 1_600), *ENDING), Answer("word")))
    thread = await bot.workspace.mention(bot.ada, "Tell me")
    await bot.until(lambda: requests(bot).count(STATUS) >= 3)
    assert bot.text(thread).count("word") < 1_600


async def test_the_first_question_names_the_session(on_slack: Bot) -> None:
    """Later ones do not, so that a title which somebody has changed stays."""
    await on_slack.start()
    thread = await on_slack.asked(on_slack.ada, "What is damaged\non site 7?", "I found 3 pieces")
    await on_slack.workspace.reply(on_slack.ada, thread, "What does the safety report say?")
    await on_slack.shows(thread, "Both are due this week")
    titles = [body.get("title") for body in on_slack.workspace.api.bodies[STATUS]]  # type: ignore[attr-defined]  # Slack's
    assert [title for title in titles if title] == ["What is damaged on site 7?"]


@pytest.mark.parametrize("direct", [True, False])
async def test_nothing_works_while_a_plan_waits(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    """Aion keeps the stream open for what comes after the decision; people see no status and no message that still grows."""
    monkeypatch.setattr(indicators, "_UNNOTICED", 60.0)  # a busy machine ends a status slowly
    bot = on_slack
    await bot.start()
    plan = Propose(
        Plan("Sort", (Operation("ImageSearchAgent", "Find them"),), "All are sorted.", (PlanEnd.DONE,))
    )
    steps = (
        Speak("I will sort them as soon as you agree."),
        Hold("on", pings=True),
        plan,
        AwaitDecision(),
        *ENDING,
    )
    bot.aion.play(Scene(steps, Answer("I will sort them as soon as you agree.")))
    ask = bot.workspace.direct_message if direct else bot.workspace.mention
    thread = await ask(bot.ada, "Sort the photos")
    await bot.shows(thread, "as soon as you agree")
    assert bot.workspace.shows_lasting_activity(thread)
    bot.aion.release("on")
    await bot.card(thread)
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))
    assert bot.aion.streaming == 1
    assert requests(bot).count("chat.startStream") == requests(bot).count("chat.stopStream") == direct
    await bot.press(bot.ada, thread, "Approve")
    text = await bot.shows(thread, "All are sorted.")
    assert text.count("as soon as you agree") == 1
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))
    assert requests(bot).count("chat.startStream") == requests(bot).count("chat.stopStream")


async def test_the_status_is_shown_anew_while_a_tool_runs_in_silence(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that says nothing for minutes leaves the status as it is; it ends with the answer, and not before."""
    bot = on_slack
    monkeypatch.setattr(indicators, "_LASTING", 0.01)
    bot.limits["activity_lasts"] = 0.05
    await bot.start()
    tool = Emit("tool_invocation", {"agent_name": "AnalyticsAgent"})
    bot.aion.play(
        Scene((tool, Hold("on", pings=True), Speak("All counted."), *ENDING), Answer("All counted."))
    )
    thread = await bot.workspace.mention(bot.ada, "Count")
    await bot.until(lambda: requests(bot).count(STATUS) >= 4)
    assert bot.workspace.shows_lasting_activity(thread)
    bot.aion.release("on")
    await bot.shows(thread, "All counted.")
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))


async def test_the_status_is_gone_however_an_answer_ends(on_slack: Bot) -> None:
    """After an error, after Stop, where Slack refuses the answer, and after a crash."""
    bot = on_slack
    scene = Scene(
        (Speak("The first part."), Hold("never", pings=True), *ENDING), Answer("The first part. All of it.")
    )
    error = Emit("error", {"message": "no", "code": "SERVER_ERROR"})
    await bot.start()

    async def gone(thread: str) -> None:
        await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))

    bot.aion.play(Scene((Speak("The first part."), Hold("on", pings=True), error), Answer("")))
    thread = await bot.workspace.direct_message(bot.ada, "One")
    await bot.until(lambda: bot.workspace.shows_lasting_activity(thread))
    bot.aion.release("on")
    await bot.shows(thread, "Press Retry")
    await gone(thread)
    bot.aion.play(scene)
    thread = await bot.workspace.mention(bot.ada, "Two")
    await bot.shows(thread, "The first part.")
    await bot.until(lambda: bot.workspace.shows_lasting_activity(thread))
    await bot.press(bot.ada, thread, "Stop")
    await gone(thread)
    bot.aion.play(scene)
    bot.workspace.fail_next("chat.postMessage", error="restricted_action")
    before = requests(bot).count(STATUS)
    thread = await bot.workspace.mention(bot.ada, "Three")
    await bot.until(lambda: requests(bot).count(STATUS) == before + 2)
    await gone(thread)
    bot.aion.play(scene)
    thread = await bot.workspace.mention(bot.ada, "Four")
    await bot.shows(thread, "The first part.")
    await bot.until(lambda: bot.workspace.shows_lasting_activity(thread))
    await bot.kill()
    assert bot.workspace.shows_lasting_activity(thread)
    await bot.start()
    await gone(thread)


async def test_the_status_lasts_while_files_are_uploaded_and_no_longer(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown anew in a long upload, is gone after a Stop there, and while a choice about files waits for somebody."""
    bot, large = on_slack, SimulatedFile("large.png", png("large", padding=2_000_000))
    monkeypatch.setattr(indicators, "_LASTING", 0.01)
    bot.limits["activity_lasts"] = 0.05
    await bot.start()
    bot.aion.hold_uploads()
    thread = await bot.workspace.mention(bot.ada, "What is this?", files=[large])
    await bot.aion.until(lambda: bot.aion.bytes_arrived > 0)
    await bot.until(lambda: requests(bot).count(STATUS) >= 3)
    assert bot.workspace.shows_lasting_activity(thread)
    await bot.until(lambda: "Stop" in bot.pressable(thread))
    await bot.press(bot.ada, thread, "Stop")
    await bot.shows(thread, "Stopped by")
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))
    bot.aion.release_uploads()
    thread = await bot.workspace.direct_message(bot.ada, "", files=[large])
    await bot.until(lambda: bot.pressable(thread) == list(strings.SUGGESTIONS))
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))
    before = requests(bot).count(STATUS)
    await bot.press(bot.ada, thread, strings.SUGGESTIONS[0])
    await bot.shows(thread, "I looked at")
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))
    assert requests(bot).count(STATUS) > before


@pytest.mark.slow
@pytest.mark.parametrize("way", ["edits", "footer", "stream", "pages", "stored"])
async def test_no_whole_answer_stands_under_a_status(
    on_slack: Bot, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """However it is shown, and whatever is still looked up for its end, there is no moment at which people see both."""
    monkeypatch.setattr(indicators, "_UNNOTICED", 60.0)  # a busy machine ends a status slowly
    bot, seen, before = on_slack, list[bool](), "word " * (4_000 if way == "pages" else 40)
    bot.watch = lambda adapter: setattr(adapter._status, "_timeout", 60.0)
    await bot.start(AION_BOT_FOOTER=str(way == "footer").lower())
    steps = (Speak(before), Hold("on", pings=True), Speak("and the last."), *ENDING)
    bot.aion.play(Scene(steps, Answer(f"{before}and the last.")))
    ask = bot.workspace.direct_message if way == "stream" else bot.workspace.mention
    thread = await ask(bot.ada, "Tell me")
    await bot.shows(thread, before[-400:].strip())
    await bot.until(lambda: bot.workspace.shows_lasting_activity(thread))

    def is_over() -> bool:
        if "and the last." in bot.text(thread):
            seen.append(bot.workspace.shows_lasting_activity(thread))
        return bool(seen) and "Stop" not in bot.pressable(thread)

    if way == "stored":
        await bot.kill()
    if way == "footer":
        bot.aion.fail_next("get_session", 503, times=3)
    bot.aion.release("on")
    if way == "stored":
        await bot.start()
    await bot.until(is_over)
    assert not any(seen)
