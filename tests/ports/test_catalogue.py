"""The catalogue: a translation replaces words of the core and of an adapter alike."""

import asyncio

import pytest

from adapters.discord import strings as discord_strings
from aion_bot.domain import strings
from aion_bot.ports import catalogue
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from tests.support.plain_adapter import PlainAdapter

CORE, DISCORD = "aion_bot.domain.strings", "adapters.discord.strings"


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    """A translation of a few words."""
    monkeypatch.setattr(catalogue, "_translations", {})
    catalogue.translate(
        "de",
        {
            CORE: {"THINKING": "Denke nach…", "refused": lambda reason: f"Nichts wurde geändert. {reason}"},
            DISCORD: {"UNKNOWN_BUTTON": "Diesen Knopf kenne ich nicht."},
        },
    )


def test_a_translation_takes_the_place_of_words(german: None) -> None:  # noqa: ARG001  # a fixture
    """Sentences, functions and an adapter's own words are replaced; what the translation lacks stays as it is."""
    with catalogue.spoken("de"):
        assert strings.THINKING == "Denke nach…"
        assert strings.refused("So.") == "Nichts wurde geändert. So."
        assert discord_strings.UNKNOWN_BUTTON == "Diesen Knopf kenne ich nicht."
        assert strings.RETRY == "Retry"
        assert AnswerView(PlainAdapter().page_format).screen() == (Reply("", note="Denke nach…"),)
    assert strings.THINKING == "Thinking…"


async def test_a_language_holds_in_one_task(german: None) -> None:  # noqa: ARG001  # a fixture
    """Two channels may speak two languages at once, and what a task starts speaks its language."""

    async def said(language: str) -> str:
        with catalogue.spoken(language):
            await asyncio.sleep(0)
            return await asyncio.create_task(inner())

    async def inner() -> str:
        return strings.THINKING

    assert await asyncio.gather(said("de"), said("")) == ["Denke nach…", "Thinking…"]


def test_a_translation_has_known_names_only() -> None:
    """A name that was misspelt would silently replace nothing; what is for operators is not translated."""
    with pytest.raises(ValueError, match="THINKNIG"):
        catalogue.translate("xx", {CORE: {"THINKNIG": "…"}})
    with pytest.raises(ValueError, match="NO_TOML"):
        catalogue.translate("xx", {CORE: {"NO_TOML": "…"}})
    with pytest.raises(ValueError, match="nowhere"):
        catalogue.translate("xx", {"nowhere": {"THINKING": "…"}})
