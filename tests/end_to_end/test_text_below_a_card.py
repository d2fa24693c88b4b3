"""A kill while a message grows that is not the first of its answer: the next process leaves no half message."""

import asyncio
from collections.abc import Iterable, Sequence

import pytest

from aion_bot.domain import strings
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Operation, Plan, Propose, Scene, Speak, Step
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

PLAN = Plan("Tidy up", (Operation("FolderOrganizationAgent", "Move them"),), "")
HALF = "\n\nThe result is that three photos"
WHOLE = f"Here is my plan.{HALF} are in two folders."
STEPS = (Speak("Here is my plan."), Propose(PLAN), Speak(HALF), Hold("never"), *ENDING)


async def killed_with_half(
    idle: Bot,
    monkeypatch: pytest.MonkeyPatch,
    *,
    noted: bool = True,
    steps: Sequence[Step] = STEPS,
    stored: str = "",
) -> str:
    """Kill the bot when the thread shows half of a second message; returns the thread.

    `noted`: the row has that message. `stored` is what Aion stores when the client leaves.
    """
    reached, note = asyncio.Event(), Turns.note_posted

    async def noting(
        store: Turns, key: str, attempt: int, posted: Iterable[MessageRef], *rest: object
    ) -> bool:
        messages = tuple(posted)
        if len(messages) == 1 or noted:
            await note(store, key, attempt, messages, *rest)  # type: ignore[arg-type]  # as it was called
        if len(messages) > 1:
            reached.set()
            await asyncio.Event().wait()
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Turns, "note_posted", noting)
        idle.aion.play(Scene(tuple(steps), Answer(stored)))
        await idle.start()
        thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
        await reached.wait()
        await idle.kill()
    assert idle.pressable(thread).count("Stop") == 1
    return thread


@pytest.mark.parametrize("noted", [False, True])
async def test_a_half_message_below_a_card_is_completed(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    """The stored answer is shown once, and no message says that the bot works, whether or not the half one was recorded."""
    thread = await killed_with_half(idle, monkeypatch, noted=noted, stored=WHOLE)
    await idle.start()
    await idle.shows(thread, "are in two folders")
    await idle.until(lambda: "Stop" not in idle.pressable(thread))
    assert idle.text(thread).count("three photos") == 1
    await idle.card(thread)


@pytest.mark.parametrize("noted", [False, True])
async def test_a_half_message_below_a_card_is_ended(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, noted: bool
) -> None:
    """Where Aion stores no answer, the half one stays with Retry, and the card can still be pressed."""
    thread = await killed_with_half(idle, monkeypatch, noted=noted)
    await idle.start()
    await idle.shows(thread, strings.INTERRUPTED)
    await idle.until(lambda: sorted(idle.pressable(thread)) == ["Approve", "Cancel", "Retry"])
    assert idle.text(thread).count("three photos") == 1


async def test_a_half_message_below_a_card_is_given_up(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two processes stopped before that, the third one ends it, too."""
    thread = await killed_with_half(idle, monkeypatch)
    started, reached = Turns.note_start, asyncio.Event()

    async def starting(store: Turns, key: str) -> None:
        await started(store, key)
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(Turns, "note_start", starting)
        await idle.start()
        await reached.wait()
        await idle.kill()
    await idle.start()
    await idle.shows(thread, strings.GIVEN_UP)
    await idle.until(lambda: sorted(idle.pressable(thread)) == ["Approve", "Cancel", "Retry"])


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_an_unrecorded_second_page_is_ended(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read of an answer that is not stored stays once, although Discord forgets how its last page was named."""
    long = Speak("\n\n".join(f"Paragraph {number}: {'word ' * 40}" for number in range(10)))
    steps = (long, Hold("never"), *ENDING)
    thread = await killed_with_half(idle, monkeypatch, noted=False, steps=steps)
    await idle.start()
    await idle.shows(thread, strings.INTERRUPTED)
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    for number in range(10):
        assert idle.text(thread).count(f"Paragraph {number}:") == 1
