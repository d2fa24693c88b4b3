"""The footer of an answer, where the operator wants one."""

import pytest

from aion_bot.aion import AionVision
from aion_bot.conversation.footer import footer
from aion_bot.domain import strings
from aion_bot.rendering.answer_parts import Facts
from aion_bot.simulators.aion import API_KEY, SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.aion.sessions import MESSAGES, Session
from tests.end_to_end.bot import Bot


async def test_the_footer_names_agents_and_time(idle: Bot) -> None:
    """Under the final text, once; off by default."""
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.stop()
    assert "Image search ·" not in idle.text(thread)
    await idle.start(AION_BOT_FOOTER="true")
    thread = await idle.asked(
        idle.ada, "What is damaged on site 7?", "I found 3 pieces", "Image search · 1 s"
    )
    assert "left before" not in idle.text(thread)


async def test_the_footer_says_when_the_session_runs_low(idle: Bot) -> None:
    """Aion's session knows what is left; where it does not say so, the footer does without."""
    await idle.start(AION_BOT_FOOTER="true")
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "Image search · 1 s")
    (session,) = idle.aion.sessions
    session.messages += session.messages[:1] * (MESSAGES - len(session.messages) - 5)
    idle.aion.play(script.safety_report())
    await idle.workspace.reply(idle.ada, thread, "And the report?")
    await idle.shows(thread, "Document search · 1 s · 3 messages left before I begin anew here")
    idle.aion.fail_next("get_session", 503, times=9)
    idle.aion.play(script.safety_report())
    await idle.workspace.reply(idle.ada, thread, "Again?")
    await idle.until(lambda: idle.text(thread).count("Document search · 1 s") == 2)
    assert idle.text(thread).count("left before") == 1


@pytest.mark.parametrize(
    ("messages", "tokens", "said"),
    [
        (0, 900, strings.SESSION_FULL),
        (40, 0, strings.SESSION_FULL),
        (3, 0, strings.SESSION_FULL),
        (0, 0, ""),
        (5, 900, strings.messages_left(5)),
        (40, 90, strings.TOKENS_LOW),
        (40, 900, ""),
    ],
)
async def test_the_footer_says_when_nothing_is_left(
    aion: SimulatedAion, monkeypatch: pytest.MonkeyPatch, messages: int, tokens: int, said: str
) -> None:
    """The last answer of a session says that the next question begins anew; what a server does not tell is not told."""
    left = {"remaining_messages": messages, "remaining_tokens": tokens}
    monkeypatch.setattr(Session, "remaining", property(lambda _: left))
    monkeypatch.setattr(Session, "total_tokens", property(lambda _: 1000 - tokens))
    session = aion.sessions.create({})
    async with AionVision(API_KEY, base_url=aion.base_url) as client:
        assert await footer(client, session.id, Facts(), 2.0) == " · ".join(filter(None, ("2 s", said)))


@pytest.mark.slow
async def test_an_answer_that_is_completed_after_a_restart_has_its_footer(idle: Bot) -> None:
    """Whether the bot was stopped or killed: the time from the question until Aion stored the answer, and the agents."""
    metadata = {"agents_used": ["ImageSearchAgent"]}
    for end in (idle.stop, idle.kill):
        await idle.start(AION_BOT_FOOTER="true")
        scene = Scene(
            (Speak("The first part. "), Hold("never"), *ENDING), Answer("All of it.", metadata=metadata)
        )
        idle.aion.play(scene)
        thread = await idle.asked(idle.ada, "What?", "The first part.")
        await end()
        await idle.start(AION_BOT_FOOTER="true")
        text = await idle.shows(thread, "All of it.", "Image search · ", " s")
        assert text.count("Image search · ") == 1
        await idle.stop()
