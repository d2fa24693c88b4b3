"""The first text of an answer: a few words, never a lone half one."""

import pytest

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.messages import PlanCard, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.screen import Screen
from tests.rendering.test_answer import complete, tokens
from tests.support.plain_adapter import PlainAdapter, texts


def shown(view: AnswerView) -> str:
    """The newest text of an answer."""
    return texts(view.screen())[-1]


def grown(view: AnswerView, *pieces: str, before: str = "") -> Screen:
    for token in tokens(*pieces, before=before):
        view.fold(token)
    return view.screen()


@pytest.mark.parametrize(
    "text", ["Th", "The", "The ", "The ph", "The photos o", "The photos of", "\n", "https://a.b/c"]
)
def test_a_half_word_is_not_shown_first(text: str) -> None:
    """Until there are a few words the message goes on to say what Aion does."""
    view = AnswerView(PlainAdapter().page_format)
    assert grown(view, text) == (Reply("", note=strings.THINKING),)
    assert view.waits_for_words


@pytest.mark.parametrize(
    "text", ["The photos of ", "The photos of s", "Yes. ", "Two cranes:\n", "I do not know", "字" * 200]
)
def test_a_few_words_are_shown_at_once(text: str) -> None:
    """Three whole words, or a whole sentence or line, are enough; so is a long text without blanks."""
    view = AnswerView(PlainAdapter().page_format)
    grown(view, text)
    assert (shown(view).strip(), view.waits_for_words) == (text.strip(), False)


def test_the_status_stays_until_the_first_words() -> None:
    """What Aion does is not taken away before there is something else to read."""
    view = AnswerView(PlainAdapter().page_format)
    view.fold(ChatToken(ChatTokenType.STATUS, None, {"message": "Searching…"}))
    assert grown(view, "Th") == (Reply("", note="Searching…"),)
    assert grown(view, "e photos of site 7", before="Th") == (Reply("The photos of site 7"),)


def test_what_is_whole_is_shown_however_short() -> None:
    """An answer of one word is shown when Aion has ended it, or when it was stopped."""
    view = AnswerView(PlainAdapter().page_format)
    grown(view, "Yes")
    view.fold(complete("Yes"))
    assert shown(view) == "Yes"
    stopped = AnswerView(PlainAdapter().page_format)
    grown(stopped, "Ye")
    stopped.finish(strings.STOP_GONE)
    assert shown(stopped).startswith("Ye\n")


def test_after_a_while_little_is_shown() -> None:
    """When no more came for a moment, what there is is shown, and stays shown while the text is repaired."""
    view = AnswerView(PlainAdapter().page_format)
    grown(view, "Th")
    view.begin()
    assert view.screen() == (Reply("Th"),)
    assert grown(view, "e") == (Reply("e"),)


def test_the_text_below_a_card_waits_as_well() -> None:
    """It is the first text of a message of its own; what stands above the card is shown whole."""
    view = AnswerView(PlainAdapter().page_format)
    grown(view, "Soon")
    view.show_plan(PlanCard("PLAN", ""), "")
    assert texts(view.screen()) == ["Soon", "PLAN"]
    grown(view, "D", before="Soon")
    assert texts(view.screen()) == ["Soon", "PLAN"]
    grown(view, "one: 3 photos are in", before="SoonD")
    assert texts(view.screen()) == ["Soon", "PLAN", "Done: 3 photos are in"]
