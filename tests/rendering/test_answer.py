"""Events in, the wanted screen out."""

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.messages import Action, Button, PlanCard, Reply
from aion_bot.rendering.answer import Transcript
from tests.support.plain import PlainAdapter, texts

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


def fold(transcript: Transcript, *events: ChatToken) -> Transcript:
    for event in events:
        transcript.fold(event)
    return transcript


def test_the_first_screen_is_a_sign_of_life() -> None:
    """Before Aion has said anything, the thread shows that somebody is at work."""
    assert Transcript(PlainAdapter()).screen() == (Reply("", note=strings.THINKING),)


def test_the_answer_grows_and_the_final_text_replaces_it() -> None:
    """Tokens are shown as they come; at the end stands the text that the server resolved."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("Two ", "cranes: [[img:a1|crane.jpg]]"))
    assert texts(transcript.screen()) == ["Two cranes: crane.jpg"]
    fold(transcript, complete("Two cranes: [[img:a1|crane.jpg]]", "Two cranes: crane one"))
    transcript.finish()
    assert transcript.screen() == (Reply("Two cranes: crane one"),)


def test_an_agent_at_work_is_named_in_words() -> None:
    """A status line says what Aion does, in words for people, and vanishes with the first token."""
    transcript = fold(
        Transcript(PlainAdapter()),
        ChatToken(ChatTokenType.TOOL_INVOCATION, None, {"agent_name": "ImageSearchAgent"}),
    )
    assert transcript.screen() == (Reply("", note="Image search…"),)
    fold(transcript, *tokens("A"))
    assert transcript.screen() == (Reply("A"),)


def test_text_goes_on_below_the_card() -> None:
    """What comes after a plan is a new message below its card, and the text above stays."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("Before."))
    transcript.show_plan(CARD, "")
    assert texts(transcript.screen()) == ["Before.", "PLAN"]
    fold(transcript, *tokens(" After.", before="Before."))
    assert texts(transcript.screen()) == ["Before.", "PLAN", " After."]
    fold(transcript, complete("Before. After [[img:a|x.jpg]].", "unused"))
    transcript.finish()
    assert texts(transcript.screen()) == ["Before.", "PLAN", " After x.jpg."]


def test_a_stream_that_begins_anew_after_the_plan_doubles_nothing() -> None:
    """A server may also count the text from zero after a plan: nothing is lost or shown twice."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("Before."))
    transcript.show_plan(CARD, "")
    fold(transcript, *tokens("After."), complete("After."))
    transcript.finish()
    assert texts(transcript.screen()) == ["Before.", "PLAN", "After."]


def test_a_plan_without_words_has_a_lead() -> None:
    """A plan that comes first stands under a sentence, not under a sign of life."""
    transcript = Transcript(PlainAdapter())
    transcript.show_plan(CARD, "")
    transcript.finish()
    assert texts(transcript.screen()) == [strings.PLAN_LEAD, "PLAN"]


def test_a_plan_too_long_for_a_card_stands_above_it() -> None:
    """The plan as text goes into pages before the short card."""
    transcript = Transcript(PlainAdapter(page=600))
    transcript.show_plan(CARD, "word " * 200)
    shown = texts(transcript.screen())
    assert shown[-1] == "PLAN"
    assert len(shown) > 2
    assert "".join(shown[:-1]).count("word") == 200


def test_the_card_never_moves() -> None:
    """When the resolved text above a card needs another page, the rest goes on below the card."""
    transcript = fold(Transcript(PlainAdapter(page=600)), *tokens("[[img:a|x]] "))
    transcript.show_plan(CARD, "")
    before = texts(transcript.screen()).index("PLAN")
    transcript._segments[0].raw = "[[img:a|" + "n" * 20 + "]] " + "word " * 200
    transcript._before = transcript._segments[0].raw
    transcript.finish()
    shown = texts(transcript.screen())
    assert shown.index("PLAN") == before
    assert "".join(shown).count("word") == 200


def test_trouble_stands_under_the_text_so_far() -> None:
    """A failed answer keeps its words; the sentence and the button stand under them."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("Half an ans"))
    button = Button(Action.RETRY, "k", "Retry")
    transcript.finish("It broke.", (button,))
    assert transcript.screen() == (Reply("Half an ans\n\n⚠️ It broke.", buttons=(button,)),)


def test_a_half_marker_does_not_survive_a_cut() -> None:
    """An answer that ends inside a marker ends before it."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("See [[img:a1|cra"))
    transcript.finish()
    assert texts(transcript.screen()) == ["See "]


def test_notices_stand_before_the_answer() -> None:
    """What the bot has to say about the session comes first."""
    transcript = Transcript(PlainAdapter())
    transcript.notice("New session.")
    fold(transcript, *tokens("Answer"))
    assert texts(transcript.screen()) == ["_New session._\n\nAnswer"]


@given(
    st.text(alphabet="ab \n[]`#*文", max_size=400), st.lists(st.integers(0, 400), max_size=10), st.booleans()
)
def test_any_chunking_ends_on_the_same_screen(text: str, cuts: list[int], looking: bool) -> None:
    """However the stream is cut, and whether or not anybody looks in between, the last screen is the same."""
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in itertools.pairwise(edges)]
    chunked, whole = Transcript(PlainAdapter(600)), Transcript(PlainAdapter(600))
    for event in tokens(*pieces):
        chunked.fold(event)
        if looking:
            chunked.screen()
    for transcript in (chunked, fold(whole, *tokens(text))):
        transcript.fold(complete(text))
        transcript.finish()
    assert chunked.screen() == whole.screen()


@given(st.text(alphabet="ab \n`~文", min_size=1, max_size=4000))
def test_no_page_is_larger_than_the_platform_takes(text: str) -> None:
    """Every message of an answer fits the platform, with its sentence and its note."""
    adapter = PlainAdapter(600)
    transcript = fold(
        Transcript(adapter), *tokens(text), ChatToken(ChatTokenType.STATUS, None, {"message": "s" * 300})
    )
    assert all(one is not None and adapter.measure(one) <= 600 for one in transcript.screen())
    transcript.finish("Broke.")
    assert all(one is not None and adapter.measure(one) <= 600 for one in transcript.screen())


PIECES = st.lists(
    st.sampled_from(["word ", "[[img:a|b.jpg]] ", "\n\n", "```\n", "x " * 300, "— "]), max_size=60
)


@given(PIECES, PIECES, st.sets(st.integers(0, 120)), st.integers(0, 120))
def test_looking_on_the_way_changes_nothing(
    said: list[str], repaired: list[str], looks: set[int], noticed: int
) -> None:
    """Whenever the screen is asked for, also if the server repairs its text or a notice comes, it ends up as unseen."""
    seen, unseen = Transcript(PlainAdapter(700)), Transcript(PlainAdapter(700))
    for number, token in enumerate([*tokens(*said), *tokens(*repaired)]):
        for transcript in (seen, unseen):
            transcript.fold(token)
            if number == noticed:
                transcript.notice("A new conversation")
        if number in looks:
            seen.screen()
    assert "".join("".join(texts(seen.screen())).split()) == "".join("".join(texts(unseen.screen())).split())


def test_an_earlier_page_is_repaired_too() -> None:
    """A page that was full is shown anew when the server changes what it said there."""
    transcript = fold(Transcript(PlainAdapter(700)), *tokens("wrng " * 200))
    transcript.screen()
    fold(transcript, *tokens("wrong " * 200))
    assert "wrng" not in "".join(texts(transcript.screen()))


def test_a_fence_that_is_still_open_is_marked_as_such() -> None:
    """What closes a fence only for now can be told from the answer's words, until the answer has ended."""
    transcript = fold(Transcript(PlainAdapter()), *tokens("```\ncode"))
    (growing,) = transcript.screen()
    assert isinstance(growing, Reply)
    assert growing.text[: len(growing.text) - growing.closing] == "```\ncode"
    transcript.finish()
    assert transcript.screen() == (Reply("```\ncode\n```"),)
