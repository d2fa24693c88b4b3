"""What one answer may post and keep: twenty messages, then a document; a megabyte of text."""

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Button, Content, Document, PlanCard, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.pagination import MOST_CHARACTERS, MOST_MESSAGES, MOST_TEXT, Pages, cut_text
from aion_bot.rendering.screen import PageFormat

CARD = PlanCard("Aion asks", "Sort", buttons=(Button(Action.APPROVE, "k", "Approve"),), key="k")


def measure(content: Content) -> int:
    return len(content.text if isinstance(content, Reply) else content.description)


def view() -> AnswerView:
    """An answer whose pages have about 500 characters."""
    return AnswerView(PageFormat(measure, 660))


def says(text: str) -> ChatToken:
    """An event with the text so far."""
    return ChatToken(type=ChatTokenType.TOKEN, data={"accumulated": text})


def lines(count: int) -> str:
    """A text of numbered lines of 50 characters."""
    return "".join(f"Line {number:06d} of an answer that is much too long.\n" for number in range(count))


def replies(answer: AnswerView) -> list[Reply]:
    return [one for one in answer.screen() if isinstance(one, Reply)]


def documents(answer: AnswerView) -> list[Document]:
    return [one for one in answer.screen() if isinstance(one, Document)]


def test_an_answer_posts_twenty_messages_then_a_file() -> None:
    """The beginning is readable in twenty messages, the last of which names the file, and the file has everything."""
    answer, text = view(), lines(1_000)
    answer.fold(says(text))
    assert len(replies(answer)) < MOST_MESSAGES
    assert replies(answer)[-1].note == strings.REST_FOLLOWS
    assert documents(answer) == []
    answer.finish()
    assert len(replies(answer)) == MOST_MESSAGES
    assert text.startswith(replies(answer)[0].text)
    assert replies(answer)[-1].note == strings.WHOLE_IN_FILE
    (document,) = documents(answer)
    assert document.text.strip() == text.strip()
    assert isinstance(answer.screen()[-1], Document)


@pytest.mark.slow
@settings(max_examples=15)  # each cuts a growing text into pages many times
@given(count=st.integers(0, 400), step=st.integers(1, 150))
def test_no_screen_has_more_messages_and_short_answers_no_file(count: int, step: int) -> None:
    """However an answer grows, no screen has more than twenty messages; all of its text is in them or in the file."""
    answer = view()
    for end in range(0, count, step):
        answer.fold(says(lines(end)))
        assert len(answer.screen()) <= MOST_MESSAGES
    answer.fold(says(lines(count)))
    answer.finish()
    shown, files = replies(answer), documents(answer)
    assert len(shown) <= MOST_MESSAGES
    whole = files[0].text if files else "".join(one.text for one in shown)
    assert whole.count("Line ") == count


def test_a_sentence_about_the_end_is_shown_under_what_is_cut() -> None:
    """Why an answer ended is told although the end of its text is only in the file; an interrupted one has no file."""
    answer = view()
    answer.fold(says(lines(1_000)))
    answer.finish(strings.INTERRUPTED, in_file=False)
    assert len(replies(answer)) == MOST_MESSAGES
    assert strings.INTERRUPTED in replies(answer)[-1].text
    assert replies(answer)[-1].note == strings.ONLY_BEGINNING
    assert documents(answer) == []


def test_a_refused_file_is_told_with_its_reason() -> None:
    """Where no file can be posted the last message says so and why, and the twenty messages stay."""
    answer = view()
    answer.fold(says(lines(1_000)))
    answer.finish()
    answer.refuse_file("the app lacks the scope")
    assert documents(answer) == []
    assert len(replies(answer)) == MOST_MESSAGES
    assert "the app lacks the scope" in replies(answer)[-1].note


def test_a_plan_keeps_its_place_among_twenty_messages() -> None:
    """Text never takes the place of a card; a plan that finds none is not shown, and the answer says so."""
    answer = view()
    answer.fold(says(lines(1_000)))
    answer.screen()
    assert answer.show_plan(CARD, "")
    assert sum(one is not None for one in answer.screen()) <= MOST_MESSAGES
    assert not answer.show_plan(CARD, "")
    answer.finish()
    shown = answer.screen()
    assert sum(isinstance(one, PlanCard) for one in shown) == 1
    assert sum(isinstance(one, Reply | PlanCard) for one in shown) <= MOST_MESSAGES
    assert strings.PLAN_NO_ROOM in replies(answer)[-1].text


FILE = Document(strings.PLAN_FILE, "1. **A**: sort", "k")


def test_a_plan_without_room_for_its_text_has_a_file_above_its_card() -> None:
    """A plan that needs too many messages is tried as a file: it stands directly above the card, and nothing is missing."""
    answer = view()
    answer.fold(says("Here it is."))
    assert not answer.show_plan(CARD, lines(1_000))
    assert answer.show_plan(CARD, "", FILE)
    assert answer.screen()[-2:] == (FILE, CARD)
    answer.finish()
    assert answer.screen()[-2:] == (FILE, CARD)
    assert strings.PLAN_NO_ROOM not in replies(answer)[-1].text


@pytest.mark.parametrize("ended", [False, True])
def test_without_its_file_a_plan_has_no_card(ended: bool) -> None:
    """Where the file is refused the card goes with it, before or after the end, and the answer says so, once."""
    answer = AnswerView(PageFormat(measure, 660), key="k1")
    assert answer.show_plan(CARD, "", FILE)
    if ended:
        answer.finish()
    answer.refuse_file("the app lacks the scope")
    answer.finish()
    assert [one for one in answer.screen() if isinstance(one, PlanCard | Document)] == []
    assert not answer.parked
    assert not answer.has_plan
    assert replies(answer)[-1].text == f"⚠️ {with_reference(strings.PLAN_NO_ROOM, 'k1')}"
    assert not answer.show_plan(CARD, "", FILE)


def test_a_refusal_of_a_later_file_leaves_the_card() -> None:
    """Once a plan's file was posted its card stays, also where the file at the end of the answer is refused."""
    answer = view()
    assert answer.show_plan(CARD, "", FILE)
    answer.facts.filed.add("k")
    answer.fold(says(lines(1_000)))
    answer.finish()
    assert documents(answer)[0] == FILE
    assert documents(answer)[1].name == strings.ANSWER_FILE
    answer.refuse_file("")
    assert documents(answer) == [FILE]
    assert CARD in answer.screen()


def test_a_plan_above_a_megabyte_has_no_file() -> None:
    """A file holds a megabyte of UTF-8; a plan above it is not shown."""
    assert view().show_plan(CARD, "", Document("plan.md", "é" * (MOST_TEXT // 2), "k"))
    assert not view().show_plan(CARD, "", Document("plan.md", "é" * (MOST_TEXT // 2) + "a", "k"))


@pytest.mark.parametrize("told", ["", strings.REPLACED, with_reference(strings.CUT, "k1")])
def test_a_plan_without_room_and_a_refused_file_have_one_reference(told: str) -> None:
    """Whatever else stands under the answer, the failure is told with the turn's reference, once."""
    answer = AnswerView(PageFormat(measure, 660), key="k1")
    answer.fold(says(lines(1_000)))
    answer.screen()
    assert answer.show_plan(CARD, "")
    assert not answer.show_plan(CARD, "")
    answer.finish(told)
    assert replies(answer)[-1].text.count(f"(ref {reference('k1')})") == 1
    answer.refuse_file("")
    assert replies(answer)[-1].note.endswith(f"(ref {reference('k1')})")


@pytest.mark.parametrize("character", ["x", "é", "漢", "😀", "\ud800"])
def test_a_megabyte_is_kept(character: str) -> None:
    """Of a longer text so much is kept as a megabyte of UTF-8 holds, and what was shorter stays as it is."""
    size = len(character.encode("utf-8", "replace"))
    assert len(cut_text(character * (MOST_TEXT // size + 5))) == MOST_TEXT // size
    short = character * (MOST_TEXT // size)
    assert cut_text(short) == short


@pytest.mark.parametrize(
    "grow",
    [
        lambda text: [says(text[: 600_000 * n]) for n in range(1, 4)],
        lambda text: [
            ChatToken(type=ChatTokenType.TOKEN, content=text[at : at + 300_000])
            for at in range(0, len(text), 300_000)
        ],
        lambda text: [ChatToken(type=ChatTokenType.COMPLETE, data={"content": text})],
    ],
    ids=["accumulated", "deltas", "complete"],
)
def test_what_is_beyond_a_megabyte_is_not_kept(grow: Callable[[str], list[ChatToken]]) -> None:
    """However it comes, no more than a megabyte is kept, and message and file say that it was cut."""
    answer = view()
    for token in grow("word " * 400_000):
        answer.fold(token)
        assert len(answer._segments[-1].text()) <= MOST_TEXT
    answer.finish()
    assert answer.cut
    assert replies(answer)[-1].note == strings.CUT_IN_FILE
    (document,) = documents(answer)
    assert document.text.endswith(strings.CUT_HERE)
    assert len(document.text) < MOST_TEXT + 100


def test_pages_are_the_same_when_they_are_cut_one_by_one() -> None:
    """Cutting a page a call makes the pages that cutting at once makes."""
    text = lines(200)
    at_once, pages = Pages(len, 500).update(text, most=20), Pages(len, 500)
    calls = 1
    found = pages.update(text, most=20, effort=1)
    while pages.pending:
        found, calls = pages.update(text, most=20, effort=1), calls + 1
    assert found == at_once
    assert calls >= 19


def hold(text: str) -> float:
    """Return for how many seconds of the processor the longest step of showing one event blocks the loop."""
    answer, longest = view(), 0.0

    def step(work: Callable[[], object]) -> object:
        nonlocal longest
        begun = time.thread_time()
        found = work()
        longest = max(longest, time.thread_time() - begun)
        return found

    step(lambda: answer.fold(says(json.loads(json.dumps(text)))))
    while not step(answer.advance):
        pass
    step(answer.screen)
    step(answer.finish)
    while not step(answer.advance):
        pass
    step(answer.screen)
    return longest


@pytest.mark.slow
def test_no_step_of_a_large_event_takes_long() -> None:
    """The longest step of eight times the text takes at most twelve times as long: all but taking it in is cut by pages."""
    text = "Some *words* of [[img:a|b]] an `answer`.\n\n- and an item\n" * 15_000
    assert hold(text[:800_000]) < 12 * hold(text[:100_000])


@pytest.mark.parametrize(
    "text", ["word " * 20_000, "日本 " * 20_000, "```\n" + "code line\n" * 9_000, lines(1_200)]
)
def test_messages_show_forty_thousand_characters(text: str) -> None:
    """However few messages hold it, an answer shows 40,000 characters, and its file has all of it."""
    answer = AnswerView(PageFormat(measure, 9_160))
    answer.fold(says(text))
    answer.finish()
    shown = replies(answer)
    assert 39_000 < sum(len(one.text) for one in shown) <= MOST_CHARACTERS + 8 * len(shown)
    assert shown[-1].note == strings.WHOLE_IN_FILE
    assert [one.text.strip() for one in documents(answer)] == [text.strip()]
    assert all(one.text.count("```") % 2 == 0 for one in shown)


def test_exactly_forty_thousand_characters_need_no_file() -> None:
    """The bound is what an answer may have; one character more goes into a file."""
    for count, files in ((MOST_CHARACTERS, 0), (MOST_CHARACTERS + 1, 1)):
        answer = AnswerView(PageFormat(measure, 9_160))
        answer.fold(says(("word " * 10_000)[: count - 1] + "d"))
        answer.finish()
        assert len(documents(answer)) == files


@pytest.mark.parametrize("before", [0, 200, 815, 832, 1_000])
def test_cards_do_not_change_the_bound(before: int) -> None:
    """The texts above and below cards have 40,000 characters together; the file has all of them, and the cards stay."""
    answer = AnswerView(PageFormat(measure, 9_160))
    answer.fold(says(lines(before)))
    answer.screen()
    assert answer.show_plan(CARD, "")
    answer.fold(says(lines(before + 100)))
    assert answer.show_plan(CARD, "")
    for end in range(before + 100, 1_400, 100):
        answer.fold(says(lines(end)))
        shown = replies(answer)
        assert sum(len(one.text) for one in shown) <= MOST_CHARACTERS + 200
    answer.fold(says(lines(1_400)))
    answer.finish()
    shown = replies(answer)
    assert 38_000 < sum(len(one.text) for one in shown) <= MOST_CHARACTERS + 200
    assert shown[-1].note == strings.WHOLE_IN_FILE
    assert answer.screen().count(CARD) == 2
    (document,) = documents(answer)
    assert "".join(document.text.split()).count("muchtoolong") == 1_400
    numbers = [line[5:11] for one in shown for line in one.text.split("\n") if line.startswith("Line ")]
    assert numbers == sorted(set(numbers))


def test_a_restart_with_cards_keeps_the_bound() -> None:
    """An answer whose cards an earlier process posted shows as much as without cards."""
    answer = AnswerView(PageFormat(measure, 9_160), cards=2)
    answer.fold(says(lines(1_200)))
    answer.finish()
    assert 39_000 < sum(len(one.text) for one in replies(answer)) <= MOST_CHARACTERS + 100
    assert len(documents(answer)) == 1


def test_a_growing_answer_reaches_the_bound_once() -> None:
    """From one event on each screen says that the rest follows, and the pages before stay as they are."""
    answer, told, shown = AnswerView(PageFormat(measure, 9_160)), list[bool](), list[str]()
    for end in range(30_000, 60_000, 500):
        answer.fold(says(lines(1_200)[:end]))
        now = [one.text for one in replies(answer)]
        told.append(replies(answer)[-1].note == strings.REST_FOLLOWS)
        assert now == shown or not (told[-1] and told[-2])
        shown = now
    assert told == sorted(told)
    assert True in told


def test_plain_text_keeps_the_bound() -> None:
    """What could not be rendered has the same bound."""
    answer = AnswerView(PageFormat(measure, 9_160))
    answer.fold(says(lines(1_200)))
    answer.fall_back(ValueError())
    answer.finish()
    assert sum(len(one.text) for one in replies(answer)) <= MOST_CHARACTERS + 200
    assert len(documents(answer)) == 1


def test_the_file_links_no_citation_by_the_model_s_definition() -> None:
    """A number that the file of an answer cites leads nowhere but to its source."""
    answer = view()
    answer.fold(says(f"As said [[doc:91bc3f2a|r.pdf]].\n\n[1]: https://x.example\n\n{lines(1_000)}"))
    answer.finish()
    assert "As said [1]." in documents(answer)[0].text
    assert "\\[1]: https://x.example" in documents(answer)[0].text
