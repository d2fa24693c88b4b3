"""Events in, the wanted screen out."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.messages import Action, Button, PlanCard, Reply
from aion_bot.rendering.answer import AnswerView
from tests.support.plain_adapter import PlainAdapter, texts

CARD = PlanCard("PLAN", "sort photos", buttons=(Button(Action.APPROVE, "k", "Approve"),))


def tokens(*pieces: str, before: str = "") -> list[ChatToken]:
    whole, made = before, []
    for piece in pieces:
        whole += piece
        made.append(ChatToken(ChatTokenType.TOKEN, piece, {"accumulated": whole}))
    return made


def complete(content: str, resolved: str | None = None, **more: Any) -> ChatToken:
    data = {"content": content, "message_id": "m1"} | more
    return ChatToken(
        ChatTokenType.COMPLETE, content, data if resolved is None else data | {"resolved_content": resolved}
    )


def fold(view: AnswerView, *events: ChatToken) -> AnswerView:
    """Fold events, and let the time pass for which the beginning of a text waits for a few words."""
    for event in events:
        view.fold(event)
    if view.waits_for_words:
        view.begin()
    return view


def test_the_first_screen_is_a_sign_of_life() -> None:
    """Before Aion has said anything, the thread shows that somebody is at work."""
    assert AnswerView(PlainAdapter().page_format).screen() == (Reply("", note=strings.THINKING),)


def test_the_answer_grows_and_the_final_text_replaces_it() -> None:
    """Tokens are shown as they come; at the end stands the text that the server resolved."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Two ", "cranes: [[img:a1|crane.jpg]]"))
    assert texts(view.screen()) == ["Two cranes: [1]"]
    fold(view, complete("", "Two cranes: crane one"))
    view.finish()
    assert view.screen() == (Reply("Two cranes: crane one"),)


def test_a_plan_whose_end_is_malformed_keeps_its_text() -> None:
    """Metadata that is no object says nothing, and fails nothing."""
    for metadata in ("x", [1], 7):
        view = fold(AnswerView(PlainAdapter().page_format), *tokens("I have a plan."))
        view.show_plan(CARD, "")
        fold(view, *tokens("Done now.", before="I have a plan."))
        fold(view, complete("I have a plan.Done now.", metadata=metadata))
        view.finish()
        assert view.trouble == ""
        assert view.screen() == (Reply("I have a plan."), CARD, Reply("Done now."))


def test_an_agent_at_work_is_named_in_words() -> None:
    """A status line says what Aion does, in words for people, and vanishes with the first token."""
    view = fold(
        AnswerView(PlainAdapter().page_format),
        ChatToken(ChatTokenType.TOOL_INVOCATION, None, {"agent_name": "ImageSearchAgent"}),
    )
    assert view.screen() == (Reply("", note="Searching images…"),)
    fold(view, *tokens("A"))
    assert view.screen() == (Reply("A"),)


def test_text_goes_on_below_the_card() -> None:
    """What comes after a plan is a new message below its card, and the text above stays."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Before."))
    view.show_plan(CARD, "")
    assert texts(view.screen()) == ["Before.", "PLAN"]
    fold(view, *tokens(" After.", before="Before."))
    assert texts(view.screen()) == ["Before.", "PLAN", " After."]
    fold(view, complete("Before. After [[img:a|x.jpg]].", "unused"))
    view.finish()
    assert texts(view.screen()) == ["Before.", "PLAN", " After x.jpg."]


def test_a_stream_that_begins_anew_after_the_plan_doubles_nothing() -> None:
    """A server may also count the text from zero after a plan: nothing is lost or shown twice."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Before."))
    view.show_plan(CARD, "")
    fold(view, *tokens("After."), complete("After."))
    view.finish()
    assert texts(view.screen()) == ["Before.", "PLAN", "After."]


def test_a_plan_without_words_has_a_lead() -> None:
    """A plan that comes first stands under a sentence, not under a sign of life."""
    view = AnswerView(PlainAdapter().page_format)
    view.show_plan(CARD, "")
    view.finish()
    assert texts(view.screen()) == [strings.PLAN_LEAD, "PLAN"]


def test_a_notice_stands_above_a_plan_without_words() -> None:
    """What the bot has to say about the session is not lost where a plan comes first."""
    view = AnswerView(PlainAdapter().page_format)
    view.notice("New session.")
    view.show_plan(CARD, "")
    view.finish()
    assert texts(view.screen()) == [f"_New session._\n\n{strings.PLAN_LEAD}", "PLAN"]


def test_what_has_no_room_above_one_card_is_a_paragraph_above_the_next() -> None:
    """The end of the text above a card, where it goes on below, does not run into the text there."""
    view = fold(AnswerView(PlainAdapter(page=600).page_format), *tokens("[[img:a|x]] "))
    view.show_plan(CARD, "")
    fold(view, *tokens("Between.", before="[[img:a|x]] "))
    view.show_plan(CARD, "")
    view._segments[0].raw = "word " * 100 + "end."
    view.finish()
    assert "end.\n\nBetween." in "".join(texts(view.screen()))


def test_a_plan_too_long_for_a_card_stands_above_it() -> None:
    """The plan as text goes into pages before the short card."""
    view = AnswerView(PlainAdapter(page=600).page_format)
    view.show_plan(CARD, "word " * 200)
    shown = texts(view.screen())
    assert shown[-1] == "PLAN"
    assert len(shown) > 2
    assert "".join(shown[:-1]).count("word") == 200


def test_the_card_never_moves() -> None:
    """When the resolved text above a card needs another page, the rest goes on below the card."""
    view = fold(AnswerView(PlainAdapter(page=600).page_format), *tokens("[[img:a|x]] "))
    view.show_plan(CARD, "")
    before = texts(view.screen()).index("PLAN")
    view._segments[0].raw = "[[img:a|" + "n" * 20 + "]] " + "word " * 200
    view._before = view._segments[0].raw
    view.finish()
    shown = texts(view.screen())
    assert shown.index("PLAN") == before
    assert "".join(shown).count("word") == 200


def test_trouble_stands_under_the_text_so_far() -> None:
    """A failed answer keeps its words; the sentence and the button stand under them."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Half an ans"))
    button = Button(Action.RETRY, "k", "Retry")
    view.finish("It broke.", (button,))
    assert view.screen() == (Reply("Half an ans\n\n⚠️ It broke.", buttons=(button,)),)


def test_a_half_marker_does_not_survive_a_cut() -> None:
    """An answer that ends inside a marker ends before it."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("See [[img:a1|cra"))
    view.finish()
    assert texts(view.screen()) == ["See "]


def test_notices_stand_before_the_answer() -> None:
    """What the bot has to say about the session comes first."""
    view = AnswerView(PlainAdapter().page_format)
    view.notice("New session.")
    fold(view, *tokens("Answer"))
    assert texts(view.screen()) == ["_New session._\n\nAnswer"]


@given(
    st.text(alphabet="ab \n[]`#*文", max_size=400), st.lists(st.integers(0, 400), max_size=10), st.booleans()
)
def test_any_chunking_ends_on_the_same_screen(text: str, cuts: list[int], looking: bool) -> None:
    """However the stream is cut, and whether or not anybody looks in between, the last screen is the same."""
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    chunked, whole = AnswerView(PlainAdapter(600).page_format), AnswerView(PlainAdapter(600).page_format)
    for event in tokens(*pieces):
        chunked.fold(event)
        if looking:
            chunked.screen()
    for view in (chunked, fold(whole, *tokens(text))):
        view.fold(complete(text))
        view.finish()
    assert chunked.screen() == whole.screen()


@given(st.text(alphabet="ab \n`~文", min_size=1, max_size=4000))
def test_no_page_is_larger_than_the_platform_takes(text: str) -> None:
    """Every message of an answer fits the platform, with its sentence and its note."""
    adapter = PlainAdapter(600)
    view = fold(
        AnswerView(adapter.page_format),
        *tokens(text),
        ChatToken(ChatTokenType.STATUS, None, {"message": "s" * 300}),
    )
    assert all(one is not None and adapter.measure(one) <= 600 for one in view.screen())
    view.finish("Broke.")
    assert all(one is not None and adapter.measure(one) <= 600 for one in view.screen())


PIECES = st.lists(
    st.sampled_from(["word ", "[[img:a|b.jpg]] ", "\n\n", "```\n", "x " * 300, "— "]), max_size=60
)


@pytest.mark.slow
@given(PIECES, PIECES, st.sets(st.integers(0, 120)), st.integers(0, 120))
def test_looking_on_the_way_changes_nothing(
    said: list[str], repaired: list[str], looks: set[int], noticed: int
) -> None:
    """Whenever the screen is asked for, also if the server repairs its text or a notice comes, it ends up as unseen."""
    seen, unseen = AnswerView(PlainAdapter(700).page_format), AnswerView(PlainAdapter(700).page_format)
    for number, token in enumerate([*tokens(*said), *tokens(*repaired)]):
        for view in (seen, unseen):
            view.fold(token)
            if number == noticed:
                view.notice("A new conversation")
        if number in looks:
            seen.screen()
    assert "".join("".join(texts(seen.screen())).split()) == "".join("".join(texts(unseen.screen())).split())


def test_an_earlier_page_is_repaired_too() -> None:
    """A page that was full is shown anew when the server changes what it said there."""
    view = fold(AnswerView(PlainAdapter(700).page_format), *tokens("wrng " * 200))
    view.screen()
    fold(view, *tokens("wrong " * 200))
    assert "wrng" not in "".join(texts(view.screen()))


def test_a_fence_that_is_still_open_is_marked_as_such() -> None:
    """What closes a fence only for now can be told from the answer's words, until the answer has ended."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("```\ncode"))
    (growing,) = view.screen()
    assert isinstance(growing, Reply)
    assert growing.text[: len(growing.text) - growing.closing] == "```\ncode"
    view.finish()
    assert view.screen() == (Reply("```\ncode\n```"),)


def test_halves_of_surrogate_pairs() -> None:
    """What JSON can hold and no platform takes is shown as question marks, in whatever event it comes."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("a\ud800b"))
    assert texts(view.screen()) == ["a?b"]
    fold(view, complete("a\udc00b"))
    assert texts(view.screen()) == ["a?b"]
    fold(view, complete("", "a\udc01b"))
    view.show_stored("c\ud800", {})
    view.finish()
    assert texts(view.screen()) == ["c?"]


def test_a_status_hides_nothing() -> None:
    """A status stands in the bot's own small print: what turns it around or cannot be seen is removed."""
    view = AnswerView(PlainAdapter().page_format)
    view.say("Sear\u200bching \u202eeteled\u202c\nStopped by \u0007Ada.")
    assert view.screen() == (Reply("", note="Searching eteled Stopped by Ada."),)
    view.say("\u200b")
    assert view.screen() == (Reply("", note="Searching eteled Stopped by Ada."),)


def test_a_status_has_no_marks() -> None:
    """A status is words: it is shown in small print, in which nothing is drawn."""
    view = AnswerView(PlainAdapter().page_format)
    view.say("Searching **documents** in `site_7`, [page 2](https://x.example) &amp; &#8238;more")
    assert view.screen() == (Reply("", note="Searching documents in site_7, page 2 & &#8238;more"),)


def test_half_an_emoji_waits_for_the_other_half() -> None:
    """An emoji that comes in two events is shown whole, and a half that stays alone at the end as a question mark."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Look at it \ud83d"))
    assert texts(view.screen()) == ["Look at it "]
    fold(view, *tokens("Look at it \U0001f600"))
    assert texts(view.screen()) == ["Look at it \U0001f600"]
    fold(view, complete("Look at it \ud83d"))
    view.finish()
    assert texts(view.screen()) == ["Look at it ?"]
