"""The clock behind the first words of an answer."""

import asyncio

import pytest

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.conversation import silence
from aion_bot.conversation.silence import Silence
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from tests.support.plain_adapter import PlainAdapter


async def test_half_a_word_is_shown_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Aion says no more the beginning is shown, and whoever shows the answer is told of it."""
    monkeypatch.setattr(silence, "FIRST_WORDS", 0.01)
    view, changed, ended = AnswerView(PlainAdapter().page_format), asyncio.Event(), asyncio.Event()
    watched = Silence(view, lambda _: changed.set())
    reassuring = asyncio.create_task(watched.reassure(ended))
    await asyncio.sleep(0)
    view.fold(ChatToken(ChatTokenType.TOKEN, "Th"))
    watched.heard()
    changed.clear()  # the event itself was told as well
    assert view.waits_for_words
    async with asyncio.timeout(60):
        await changed.wait()
    assert view.screen() == (Reply("Th"),)
    ended.set()
    await reassuring
