"""Pictures that an answer refers to stand in a message under it, on both platforms."""

import asyncio
import re
from typing import Any

import pytest

from aion_bot.conversation import gallery as galleries
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.domain.plan import PlanPhase
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import Forbidden, PlatformError, TooLong, Unsupported
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.photos import photo
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Emit,
    Hold,
    Operation,
    Plan,
    PlanEnd,
    Scene,
    Speak,
    proposed,
)
from aion_bot.simulators.workspace import Shown, SimulatedFile
from aion_bot.storage.galleries import Galleries
from aion_bot.storage.plans import Plans
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow
from tests.support.crashes import hang_after


@pytest.fixture
def pictures() -> bool:
    """Default answers have pictures to fetch."""
    return True


TOLD = {one.filename: one.description for one in (library.PUMP, library.SCAFFOLD, library.LIFT)}


async def gallery(bot: Bot, thread: str) -> Shown:
    """Wait for the message with pictures; whichever way they come, each has its alternative text."""
    await bot.until(lambda: any(one.pictures for one in bot.bots(thread)))
    (found,) = (one for one in bot.bots(thread) if one.pictures)
    assert all(
        one.description and one.description == TOLD.get(one.name, one.description) for one in found.pictures
    )
    return found


async def test_pictures_stand_under_their_answer(bot: Bot) -> None:
    """The pictures are the last message, in the order of their citations, with titles and alternative texts."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    shown = await gallery(bot, thread)
    wanted = (library.PUMP, library.SCAFFOLD, library.LIFT)
    assert bot.bots(thread)[-1].id == shown.id
    assert [one.name for one in shown.pictures] == [one.filename for one in wanted]
    assert [one.description for one in shown.pictures] == [one.description for one in wanted]
    assert [one.content for one in shown.pictures] == [photo(one.filename) for one in wanted]
    assert all(one.title in shown.text for one in wanted)
    assert [button.label for button in shown.buttons] == [strings.ONLY_THESE, strings.CLOSER]


async def test_an_answer_about_attached_files_cites_and_shows_them(bot: Bot) -> None:
    """A picture that a person attached stands under the answer about it; a document is among its sources."""
    roof = SimulatedFile("roof.png", png("roof.png"))
    notes = SimulatedFile("notes.txt", b"The hoist has no gate.", "text/plain")
    thread = await bot.workspace.mention(bot.ada, "What is this?", files=[roof, notes])
    await bot.shows(thread, "I looked at 2 of your files", "[1]", "[2]")
    shown = await gallery(bot, thread)
    assert [(one.name, one.content) for one in shown.pictures] == [(roof.name, roof.content)]
    assert strings.SOURCES in bot.text(thread)


async def asked_about(bot: Bot) -> str:
    """Ask what is answered with pictures, and wait for them; returns the thread."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await gallery(bot, thread)
    return thread


async def test_a_question_about_these_pictures_alone(bot: Bot) -> None:
    """The same question is asked once more while the session sees these pictures alone; then it sees all again."""
    thread = await asked_about(bot)
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.shows(thread, strings.ABOUT_PICTURES)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)
    await bot.aion.until(lambda: bot.aion.count("update_mode") == 2)
    ids = [library.PUMP.id, library.SCAFFOLD.id, library.LIFT.id]
    first, again = bot.aion.bodies("send_stream")
    assert (again["message"], again["expected_image_ids"]) == (first["message"], ids)
    assert bot.aion.bodies("update_images") == [{"image_ids": ids}]
    assert [body["use_all_images"] for body in bot.aion.bodies("update_mode")] == [False, True]


async def test_a_closer_look(bot: Bot) -> None:
    """The same question is asked once more, for a detailed analysis; a second press asks nothing, also after a restart."""
    thread = await asked_about(bot)
    await bot.press(bot.ada, thread, strings.CLOSER)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)
    assert bot.aion.bodies("send_stream")[1]["force_detailed_analysis"] is True
    await bot.until(lambda: len([one for one in bot.bots(thread) if one.pictures]) == 2)
    closer = bot.bots(thread)[-1].pictures
    assert [one.description for one in closer] == [TOLD[one.name] for one in closer]
    pressed = next(one for one in bot.bots(thread) if one.pictures)
    button = next(one for one in pressed.buttons if one.label == strings.CLOSER)
    await bot.stop()
    await bot.start()
    await bot.workspace.press(bot.ben, thread, pressed.id, button.id)
    await bot.replies_privately(thread, bot.ben, strings.ASKED_ALREADY)
    assert bot.aion.count("send_stream") == 2


async def test_a_press_counts_as_a_question(bot: Bot) -> None:
    """Whoever presses has asked: what their allowance does not hold is not asked, and they alone are told."""
    await bot.stop()
    await bot.start(rules=Rules(defaults={"questions_per_person_hour": Rule(1, "test")}))
    thread = await asked_about(bot)
    await bot.press(bot.ada, thread, strings.CLOSER)
    await bot.until(lambda: bool(bot.private_replies(thread, bot.ada)))
    assert bot.aion.count("send_stream") == 1


async def test_pictures_that_cannot_be_had_are_named(bot: Bot) -> None:
    """A picture that is gone costs its place; the line under the others names it."""
    bot.aion.files.remove(library.SCAFFOLD.id)
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    shown = await gallery(bot, thread)
    assert [one.name for one in shown.pictures] == [library.PUMP.filename, library.LIFT.filename]
    assert strings.other_pictures(0, [library.SCAFFOLD.filename]) in shown.text.replace("\\", "")


async def test_two_questions_about_pictures_have_an_answer_each(bot: Bot) -> None:
    """The second answer is a message of its own, and leaves the first one as it is."""
    thread = await asked_about(bot)
    pressed = next(one for one in bot.bots(thread) if one.pictures)
    for label, told in ((strings.CLOSER, strings.CLOSER_LOOK), (strings.ONLY_THESE, strings.ABOUT_PICTURES)):
        button = next(one for one in pressed.buttons if one.label == label)
        await bot.workspace.press(bot.ada, thread, pressed.id, button.id)
        await bot.shows(thread, told)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 3)
    assert strings.CLOSER_LOOK in bot.text(thread)


@pytest.mark.parametrize("killed", [True, False])
async def test_pictures_of_an_answer_that_was_found_after_a_restart(bot: Bot, killed: bool) -> None:
    """Killed or stopped while the answer came: the stored one has its pictures, also where its words refer to none."""
    images = (library.PUMP.to_context(),)
    steps = (Speak("Here it is"), Hold("on", pings=True), *ENDING)
    bot.aion.play(Scene(steps, Answer("Here it is, whole.", images=images)))
    thread = await bot.asked(bot.ada, "Show me the pump", "Here it is")
    await (bot.kill() if killed else bot.stop())
    bot.aion.release("on")
    await bot.start()
    await bot.shows(thread, "Here it is, whole.")
    assert [one.name for one in (await gallery(bot, thread)).pictures] == [library.PUMP.filename]


@pytest.mark.parametrize(
    "error",
    rest_slow([Forbidden("no"), TooLong("too long"), Unsupported("unknown"), ValueError("drawing")], quick=1),
)
async def test_pictures_that_the_platform_refuses_for_good(idle: Bot, error: Exception) -> None:
    """Neither the pictures nor their titles are taken: they are tried once, and the answer stays as it is."""
    tried: list[str] = []

    def refuse(adapter: PlatformAdapter) -> None:
        post = adapter.post

        async def gallery(*_: Any, **__: Any) -> Any:
            tried.append("pictures")
            raise PlatformError("refused")

        async def words(thread: Any, content: Any, **more: Any) -> Any:
            if any(one.label == strings.CLOSER for one in getattr(content, "buttons", ())):
                tried.append("titles")
                raise error
            return await post(thread, content, **more)

        adapter.post_gallery, adapter.post = gallery, words  # type: ignore[attr-defined, method-assign]  # replaces methods of the adapter

    idle.watch = refuse
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces", strings.SOURCES)
    text = idle.text(thread)
    await idle.until(lambda: len(tried) >= 2)
    await idle.stop()
    assert tried == ["pictures", "titles"]
    assert idle.text(thread) == text
    assert idle.private_replies(thread, idle.ada) == []


async def test_a_press_while_aion_is_down(bot: Bot) -> None:
    """The person is told that, and not that the answer is gone: a later press asks."""
    thread = await asked_about(bot)
    bot.aion.fail_next("get_session", 503, times=9)
    await bot.press(bot.ada, thread, strings.CLOSER)
    await bot.until(lambda: bool(bot.private_replies(thread, bot.ada)))
    (told,) = bot.private_replies(thread, bot.ada)
    assert re.fullmatch(
        re.escape(strings.trouble("SERVER_ERROR", retry=False)) + r" \(ref [a-z0-9]{6}\)", told
    )


@pytest.mark.parametrize("crash", rest_slow(["due", "recorded", "fetched", "posted"], quick=1))
@pytest.mark.slow
async def test_a_kill_between_an_answer_and_its_pictures(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    """Killed at any step behind the text, the bot shows the pictures once at its next start."""
    owner, name = {
        "due": (Galleries, "add"),
        "recorded": (Turns, "note_shown"),
        "fetched": (galleries.Pictures, "gallery"),
        "posted": (Executor, "_post_gallery"),
    }[crash]
    with monkeypatch.context() as patch:
        reached = hang_after(patch, owner, name)
        await idle.start()
        thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
        await reached.wait()
        await idle.kill()
    await idle.start()
    await gallery(idle, thread)
    thread_again = await idle.asked(idle.ben, "What can you do?", "Ask me what is damaged")
    assert thread_again != thread
    assert len([one for one in idle.bots(thread) if one.pictures]) == 1
    assert idle.text(thread).count("I found 3 pieces") == 1
    await idle.stop()
    await idle.start()
    await idle.asked(idle.ben, "What can you do?", "Ask me what is damaged")
    assert len([one for one in idle.bots(thread) if one.pictures]) == 1


async def test_pictures_that_were_only_found_can_be_asked_about(bot: Bot) -> None:
    """Where only a search's results had the pictures, the question about them alone works, also after a restart."""
    found = (library.PUMP, library.LIFT)
    results = Emit("image_results", {"images": [one.to_context() for one in found], "count": 2})
    bot.aion.play(Scene((results, Speak("Two are damaged."), *ENDING), Answer("Two are damaged.")))
    thread = await bot.asked(bot.ada, "What is damaged?", "Two are damaged.")
    await gallery(bot, thread)
    await bot.stop()
    await bot.start()
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.aion.until(lambda: bot.aion.count("send_stream") == 2)
    assert bot.aion.bodies("send_stream")[1]["expected_image_ids"] == [one.id for one in found]


@pytest.mark.slow
async def test_pictures_that_are_gone_from_the_library_are_counted(bot: Bot) -> None:
    """A question about some pictures is asked about those that Aion still has, and the answer says what is missing."""
    thread = await asked_about(bot)
    bot.aion.files.remove(library.SCAFFOLD.id)
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.shows(thread, strings.pictures_gone(1))
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)
    assert bot.aion.bodies("send_stream")[1]["expected_image_ids"] == [library.PUMP.id, library.LIFT.id]
    assert bot.aion.count("update_images") == 2


async def test_pictures_that_aion_does_not_take_are_not_asked_about(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the session does not get the pictures, nothing is asked about others, and Retry tries again."""
    thread = await asked_about(bot)
    monkeypatch.setattr(bot.aion.files, "known", lambda _: [])
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.shows(thread, strings.PICTURES_NOT_TAKEN)
    assert bot.aion.count("send_stream") == 1
    await bot.until(lambda: strings.RETRY in bot.pressable(thread))
    await bot.aion.until(lambda: bot.aion.bodies("update_mode")[-1]["use_all_images"] is True)


async def test_buttons_of_pictures_that_are_gone_tell_whoever_presses(bot: Bot) -> None:
    """Also after a restart, and to another person: nothing is asked, and they alone are told what is gone, each time."""
    thread = await asked_about(bot)
    text = bot.text(thread)
    for one in (library.PUMP, library.SCAFFOLD, library.LIFT):
        bot.aion.files.remove(one.id)
    for person, label in (
        (bot.ada, strings.ONLY_THESE),
        (bot.ben, strings.CLOSER),
        (bot.ben, strings.ONLY_THESE),
    ):
        before = len(bot.private_replies(thread, person))
        await bot.press(person, thread, label)
        await bot.until(lambda: len(bot.private_replies(thread, person)) > before)  # noqa: B023  # awaited here
        assert strings.PICTURES_DELETED in bot.private_replies(thread, person)[-1]
        if person is bot.ada:
            await bot.stop()
            await bot.start()
    assert (bot.aion.count("send_stream"), bot.text(thread)) == (1, text)


@pytest.mark.parametrize("label", [strings.ONLY_THESE, strings.CLOSER])
async def test_buttons_in_a_session_that_ran_out(bot: Bot, label: str) -> None:
    """Its words can still be read: another person's press asks in a new session, and the answer says that it is new.

    Where Aion has deleted it, the words are gone, and whoever presses is told.
    """
    thread = await asked_about(bot)
    (session,) = bot.aion.sessions
    session.is_active = False
    await bot.stop()
    await bot.start()
    await bot.press(bot.ben, thread, label)
    await bot.shows(thread, strings.NEW_SESSION)
    await bot.until(lambda: bot.text(thread).count("I found 3 pieces") == 2)
    asked = bot.aion.count("send_stream")
    bot.aion.fail_next("get_session", 404, code="SESSION_NOT_FOUND")
    other = strings.CLOSER if label == strings.ONLY_THESE else strings.ONLY_THESE
    pressed = next(one for one in bot.bots(thread) if one.pictures)
    button = next(one for one in pressed.buttons if one.label == other)
    await bot.workspace.press(bot.ada, thread, pressed.id, button.id)
    await bot.replies_privately(thread, bot.ada, strings.PICTURES_GONE)
    assert bot.aion.count("send_stream") == asked


@pytest.mark.parametrize("killed", [False, True])
async def test_the_result_of_a_plan_has_its_pictures(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """What Aion stores of a plan that it carried out later has its pictures under it, without buttons that ask again.

    Also where the bot is killed as soon as the plan is closed.
    """
    reached, move = asyncio.Event(), Plans.move

    async def stopping(store: Plans, key: str, to: PlanPhase, **more: Any) -> bool:
        moved = await move(store, key, to, **more)
        if killed and to is PlanPhase.SETTLED:
            reached.set()
            await asyncio.Event().wait()
        return moved

    monkeypatch.setattr(Plans, "move", stopping)
    bot.aion.plan_time = 60.0
    steps = (Operation("FolderOrganizationAgent", "Move them"),)
    bot.aion.play(proposed(Plan("Move the photos", steps, "", (PlanEnd.ACCEPTED,)), "I can move them."))
    thread = await bot.workspace.ask(bot.ada, "Move the photos")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.RUNNING)
    (session,) = bot.aion.sessions
    text = f"Moved [[img:{library.PUMP.id[:8]}|pump.jpg]]."
    bot.aion.sessions.store(session, "assistant", Answer(text, {}, (library.PUMP.to_context(),)))
    if killed:
        await reached.wait()
        await bot.kill()
        monkeypatch.setattr(Plans, "move", move)
        await bot.start()
    shown = await gallery(bot, thread)
    assert [(one.name, one.description) for one in shown.pictures] == [("pump.jpg", library.PUMP.description)]
    assert not shown.buttons
