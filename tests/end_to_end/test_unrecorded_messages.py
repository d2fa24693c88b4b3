"""Messages that a process posted right before a kill and did not record: the next one finds them."""

import asyncio

import pytest

from aion_bot.delivery.diff import Post, PostFile, StartStream
from aion_bot.delivery.executor import Executor
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_an_unrecorded_end_of_an_answer_is_found_after_a_kill(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole answer that took the place of a message which could not be edited does not stay beside it after a kill."""
    answer, post, posted = "The first half of it, and the second half of it.", Executor._post, asyncio.Event()

    async def posting(executor: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await post(executor, step)
        if getattr(step.content, "text", "") == answer:
            posted.set()
            await asyncio.Event().wait()
        return message

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", posting)
        await idle.start()
        idle.aion.play(
            Scene((Speak(pieces=(answer[:22],)), Hold("rest"), Speak(pieces=(answer[22:],)), *ENDING))
        )
        thread = await idle.workspace.ask(idle.ada, "What do you see?")
        await idle.shows(thread, answer[:20])
        idle.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE)
        idle.aion.release("rest")
        async with asyncio.timeout(60):
            await posted.wait()
        await idle.kill()
    for session in idle.aion.sessions:
        idle.aion.sessions.store(session, "assistant", Answer(answer))
    await idle.start()
    # For a moment both show it: the one that is left over goes last.
    await idle.until(lambda: not idle.pressable(thread) and idle.text(thread).count(answer) == 1)
