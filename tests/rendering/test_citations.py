"""Numbered citations in an answer, and the list of its sources under it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aion_bot.aion.references import find_markers
from aion_bot.domain import strings
from aion_bot.ports.messages import Document, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import CitationWriter, Sources
from aion_bot.rendering.pagination import MOST_MESSAGES
from aion_bot.rendering.references import Growing, cited
from aion_bot.rendering.sources import MOST_LISTED, source_list
from tests.rendering.test_answer import CARD, complete, fold, tokens
from tests.support.plain_adapter import PlainAdapter, texts

HOSE, REPORT, NORM = "[[img:ab12|hose.jpg]]", "[[doc:cd34|report.pdf|p:5]]", "[[link:ef56|Norm]]"
DATA: dict[str, Any] = {
    "image_context": [{"image_id": "ab12-full", "filename": "hose.jpg"}],
    "tool_document_data": [{"document_id": "cd34-full", "filename": "report.pdf"}],
    "tool_link_data": [{"link_id": "ef56-full", "source_url": "https://www.norm.example/1298"}],
    "result_refs": {"torn": {"count": 3}},
}


def known(**data: Any) -> Sources:
    sources = Sources()
    sources.learn(DATA | data)
    return sources


def answered(text: str, page: int = 1000, **data: Any) -> AnswerView:
    """An answer that was streamed, completed and ended."""
    view = fold(AnswerView(PlainAdapter(page).page_format), *tokens(text))
    fold(view, complete(text, metadata=DATA | data))
    view.finish()
    return view


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"torn{HOSE}", "torn [1]"),
        (f"torn {HOSE}.", "torn [1]."),
        (f"torn.{HOSE}It", "torn. [1] It"),
        (f"{HOSE}is torn", "[1] is torn"),
        (f"破损{HOSE}。它", "破损 [1]。它"),
        (f"({HOSE})", "([1])"),
        (f"**torn**{HOSE}", "**torn** [1]"),
        (f"**{HOSE}** torn", "**[1]** torn"),
        (f"{HOSE}**torn**", "[1] **torn**"),
        (f"`code`{HOSE}`code`", "`code` [1] `code`"),
        (f"{HOSE}{REPORT}", "[1] [2]"),
        (f"{HOSE}, {REPORT}", "[1], [2]"),
        ("[[ref:torn]]hoses, all[[ref:torn]]", "3 hoses, all 3"),
        ("see[[doc:none|x.pdf]]now", "see x.pdf now"),
    ],
)
def test_nothing_is_glued_to_a_word(raw: str, shown: str) -> None:
    """A citation, a count and the words for what is unknown are set off from words, and not from what may stand there."""
    assert cited(raw, known()) == shown


@pytest.mark.parametrize(
    "raw",
    [
        f"{HOSE}(https://evil.example)",
        f"{HOSE}[label]",
        f"{HOSE}{HOSE}(https://evil.example)",
        f"[label]{HOSE}",
        f"!{HOSE}(https://evil.example/x.png)",
        f"{HOSE}: https://evil.example\n\nSee {HOSE}.",
        f"> - {HOSE}: https://evil.example\n\nSee {HOSE}.",
        f"[^{HOSE}",
        f"[{HOSE}](https://evil.example",
    ],
)
def test_no_parser_takes_a_citation_for_a_link(raw: str) -> None:
    """Whatever stands beside it, a citation is text: no link, picture, footnote or definition of a reference."""
    drawn = MarkdownIt("commonmark").render(cited(raw, Sources()))
    assert "<a" not in drawn
    assert "<img" not in drawn
    assert "[1]" in drawn


def test_passages_of_one_source_share_its_number() -> None:
    """Several pages of a document are one source, whose passages are listed in order; in a row they are one citation."""
    raw = "A[[doc:cd34|report.pdf|p:9]][[doc:cd34|report.pdf|pp:3-4]] [[doc:cd34|report.pdf|p:5]], [[doc:cd34|report.pdf]]."
    sources = known()
    assert cited(raw, sources) == "A [1], [1]."
    assert source_list(sources) == "**Sources**\n- [1] report.pdf (pp.3-5, 9)"


def test_a_full_id_and_its_beginning_are_one_source() -> None:
    """A marker may have the whole id of what another one names by its first eight characters."""
    full = "3f2a91bc-0000-4000-8000-000000000001"
    sources = known(image_context=[{"image_id": full}])
    assert cited(f"[[img:3f2a91bc|a.jpg]] and [[img:{full}|a.jpg]]", sources) == "[1] and [1]"


def test_each_kind_of_source_is_listed() -> None:
    """The list has a picture's name, a document's name and page, and a page's title with its address and host."""
    sources = known()
    assert cited(f"{HOSE} {REPORT} {NORM}", sources) == "[1] [2] [3]"
    assert source_list(sources).splitlines()[1:] == [
        "- [1] hose.jpg",
        "- [2] report.pdf (p.5)",
        "- [3] [Norm](https://www.norm.example/1298) (norm.example)",
    ]


@pytest.mark.parametrize(
    ("entry", "listed"),
    [
        ({"source_url": "javascript:alert(1)"}, "Norm"),
        ({"source_url": "https://bank.example@evil.example/"}, "Norm"),
        ({"source_url": "https://["}, "Norm"),
        ({"source_url": 7}, "Norm"),
        ({}, "Norm"),
        ({"url": "http://norm.example"}, "[Norm](http://norm.example) (norm.example)"),
        ({"source_url": "https://a.example/x_(y)"}, "[Norm](https://a.example/x_%28y%29) (a.example)"),
        ({"source_url": "https://a.example/ x`y"}, "[Norm](https://a.example/%20x%60y) (a.example)"),
        ({"source_url": "https://\u0430\u0440\u0440\u04cf\u0435.example/"}, "[Norm](https://xn--80ak6aa92e.example/) (xn--80ak6aa92e.example)"),
        ({"source_url": "https://a.example/" + "x" * 600}, "Norm (a.example)"),
    ],
)  # fmt: skip
def test_only_a_sure_address_is_a_link(entry: dict[str, Any], listed: str) -> None:
    """An address that is no web page, hides its host or is too long leaves the title in plain words."""
    sources = known(tool_link_data=[{"link_id": "ef56"} | entry])
    cited(NORM, sources)
    assert source_list(sources) == f"**Sources**\n- [1] {listed}"


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("__MACOSX__.zip", "`__MACOSX__.zip`"),
        ("pole__north__1.jpg", "`pole__north__1.jpg`"),
        ("a`b*c.pdf", "`a'b*c.pdf`"),
        ("@everyone.pdf", "`@everyone.pdf`"),
        ("\u202efdp.exe", "`fdp.exe`"),
        ("x" * 300 + ".pdf", f"{'x' * 99}…"),
        ("site7_pump_04.jpg", "site7_pump_04.jpg"),
        ("_draft_.pdf", "`_draft_.pdf`"),
        ("evil.com", "`evil.com`"),
        ("", "from data.pdf"),
    ],
)
def test_a_name_is_shown_as_it_is(name: str, listed: str) -> None:
    """A file's name is short, without what turns it around, and in code where its signs could be formatting or a link."""
    sources = known(tool_document_data=[{"document_id": "cd34", "filename": "from data.pdf"}])
    cited(f"[[doc:cd34|{name}]]", sources)
    assert source_list(sources) == f"**Sources**\n- [1] {listed}"


def test_the_title_of_a_page_is_words() -> None:
    """No sign in a title ends the link, or formats it."""
    sources = known()
    cited("[[link:ef56|*Norm* [a](https://evil.example)]]", sources)
    drawn = MarkdownIt("commonmark").render(source_list(sources))
    assert drawn.count("<a ") == 1
    assert '<a href="https://www.norm.example/1298">*Norm* [a](https://evil.example)</a>' in drawn


def test_unknown_sources_become_words() -> None:
    """What Aion's data does not have, or has twice, is named in the text and is no source; all other numbers stay."""
    text = f"{HOSE} [[doc:none|other.pdf|p:1]] [[img:none]] [[link:none|Title]] {REPORT}"
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(text))
    assert texts(view.screen()) == ["[1] [2] [3] [4] [5]"]
    fold(view, complete(text, metadata=DATA))
    view.finish()
    (shown,) = texts(view.screen())
    assert shown.splitlines() == [
        "[1] other.pdf (p.1) a picture Title [5]",
        "",
        "**Sources**",
        "- [1] hose.jpg",
        "- [5] report.pdf (p.5)",
    ]


def test_a_count_is_the_count() -> None:
    """A count that Aion sent with the answer stands in it."""
    assert texts(answered("[[ref:torn]] hoses").screen()) == ["3 hoses"]


def test_an_answer_without_citations_has_no_list() -> None:
    """A plain answer ends as it was said."""
    assert answered("No source.").screen() == (Reply("No source."),)


def test_the_list_comes_with_the_end() -> None:
    """While an answer grows it has citations only; the list stands under its last message, whether or not it is whole."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"Torn {HOSE}"))
    assert texts(view.screen()) == ["Torn [1]"]
    view.finish("It broke.")
    assert texts(view.screen()) == ["Torn [1]\n\n⚠️ It broke.\n\n**Sources**\n- [1] hose.jpg"]


def test_a_restart_shows_the_same() -> None:
    """The stored answer has the citations and the list that the stream ended with."""
    text = f"One{HOSE}, two{REPORT}, one[[img:ab12|hose.jpg]]"
    stored = AnswerView(PlainAdapter().page_format)
    stored.show_stored(text, DATA)
    stored.finish()
    assert stored.screen() == answered(text).screen()


def test_numbers_go_on_behind_a_card() -> None:
    """A source that is cited above a plan's card keeps its number below it, and one list names all."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"Above {HOSE}."))
    view.show_plan(CARD, "")
    whole = f"Above {HOSE}. Below {REPORT} {HOSE}."
    fold(view, *tokens(f" Below {REPORT} {HOSE}.", before=f"Above {HOSE}."))
    assert texts(view.screen()) == ["Above [1].", "PLAN", " Below [2] [1]."]
    fold(view, complete(whole, metadata=DATA))
    view.finish()
    assert texts(view.screen()) == [
        "Above [1].",
        "PLAN",
        " Below [2] [1].\n\n**Sources**\n- [1] hose.jpg\n- [2] report.pdf (p.5)",
    ]


def test_the_list_stands_above_a_card_that_nothing_follows() -> None:
    """Where the card is the last message, the list stands under the words above it, and the card does not move."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"Above {HOSE}."))
    view.show_plan(CARD, "")
    view.finish()
    assert texts(view.screen()) == ["Above [1].\n\n**Sources**\n- [1] hose.jpg", "PLAN"]


WHOLE = "3f2a91bc-5d6e-4f70-8a91-b2c3d4e5f607"
OTHER = "3f2a91bd-5d6e-4f70-8a91-b2c3d4e5f607"


def test_beginnings_of_one_id_have_one_number() -> None:
    """However much of its id a marker has, a source has one number, before and after Aion's data; another has its own."""
    ids = (WHOLE[:8], WHOLE[:13], WHOLE, WHOLE[:20], WHOLE[:9])
    text = " ".join(f"[[img:{one}|a.jpg]] x" for one in ids) + f" [[img:{OTHER[:13]}|b.jpg]]"
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(text))
    shown = " ".join(["[1] x"] * len(ids)) + " [2]"
    assert texts(view.screen()) == [shown]
    view = answered(text, image_context=[{"image_id": WHOLE}, {"image_id": OTHER}])
    assert texts(view.screen())[0].startswith(f"{shown}\n")
    # Ids of another kind are told apart by Aion's data alone.
    view = answered(
        "[[img:site7-a|a.jpg]] x [[img:site7-ab|a.jpg]] x [[img:site7-b|b.jpg]]",
        image_context=[{"image_id": "site7-abc"}, {"image_id": "site7-bcd"}],
    )
    assert texts(view.screen())[0].startswith("[1] x [1] x [3]\n")


def test_a_repaired_text_keeps_numbers() -> None:
    """When the server repairs what it said, a source keeps its number, and one that is not cited any more is not listed."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"Wrng {HOSE} {REPORT}"))
    assert texts(view.screen()) == ["Wrng [1] [2]"]
    fold(view, *tokens(f"Wrong {NORM} {REPORT}"))
    assert texts(view.screen()) == ["Wrong [3] [2]"]
    view.finish()
    assert texts(view.screen()) == ["Wrong [3] [2]\n\n**Sources**\n- [2] report.pdf (p.5)\n- [3] Norm"]


def test_a_long_list_is_counted() -> None:
    """A message lists so many sources; the others are counted."""
    many = range(MOST_LISTED + 5)
    text = " ".join(f"[[img:{at}x|{at}.jpg]]" for at in many)
    view = answered(text, 3000, image_context=[{"image_id": f"{at}x"} for at in many])
    lines = texts(view.screen())[-1].splitlines()
    assert lines[-1] == "- and 5 more"
    assert len(lines) == 3 + MOST_LISTED + 1


def test_the_list_is_never_cut_in_two() -> None:
    """Where the last page has no room for the list, it has a page of its own."""
    text = "word " * 160 + " ".join(f"[[img:{at}x|picture {at}.jpg]]" for at in range(5))
    view = answered(text, image_context=[{"image_id": f"{at}x"} for at in range(5)])
    first, last = texts(view.screen())
    assert "Sources" not in first
    assert last.startswith("**Sources**\n- [1]")
    assert last.count("\n") == 5


@pytest.mark.parametrize("words", range(0, 900, 45))
def test_the_list_never_goes_over_a_limit(words: int) -> None:
    """However full the last page is, no message is larger than the platform takes."""
    adapter = PlainAdapter(600)
    text = "w " * words + " ".join(f"[[doc:{at}x|{'n' * 90}{at}.pdf|p:{at}]]" for at in range(30))
    view = answered(text, 600, tool_document_data=[{"document_id": f"{at}x"} for at in range(30)])
    shown = [one for one in view.screen() if one is not None]
    assert all(adapter.measure(one) <= 600 for one in shown)
    assert len(shown) <= MOST_MESSAGES
    assert any("**Sources**" in text for text in texts(view.screen()))


def test_a_full_answer_lists_what_it_has_room_for() -> None:
    """Where no other message may follow, the list is as long as the last one has room."""
    room = 600 - 160
    filled = "".join(f"{'x' * (room - 2)}\n\n" for _ in range(MOST_MESSAGES - 1))
    text = f"{filled}{'y ' * 190} [[img:0x|0.jpg]] [[img:1x|1.jpg]] [[img:2x|2.jpg]] [[img:3x|3.jpg]]"
    view = answered(text, 600, image_context=[{"image_id": f"{at}x"} for at in range(4)])
    shown = texts(view.screen())
    assert len(shown) == MOST_MESSAGES
    assert "**Sources**" in shown[-1]
    assert shown[-1].endswith("more")


def test_the_file_of_a_long_answer_has_the_sources() -> None:
    """An answer that is too long for messages ends its file with the list; its messages have only the beginning."""
    view = answered(f"{HOSE} " + "word " * 3000, 600)
    *messages, document = view.screen()
    assert isinstance(document, Document)
    assert document.text.endswith("**Sources**\n- [1] hose.jpg")
    assert not any(isinstance(one, Reply) and "Sources" in one.text for one in messages)


def test_an_answer_that_cannot_be_rendered_has_no_citations() -> None:
    """Plain text is shown as it came, and no list under it."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"Torn {HOSE}"))
    view.fall_back(ValueError())
    fold(view, complete(f"Torn {HOSE}", metadata=DATA))
    view.finish()
    (shown,) = texts(view.screen())
    assert shown.startswith(f"Torn {HOSE}")
    assert "Sources" not in shown


@pytest.mark.parametrize("early", [True, False])
def test_an_answer_that_cannot_be_rendered_says_so(*, early: bool) -> None:
    """The sentence stands under it whenever rendering fails: after its end was decided and before, and after it was shown."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens("Torn."))
    if early:
        view.fall_back(ValueError())
    view.finish()
    if not early:
        view.fall_back(ValueError())
    (shown,) = view.screen()
    assert isinstance(shown, Reply)
    assert strings.PLAIN_TEXT in shown.text + str(shown.note)


PIECES = st.lists(
    st.one_of(
        st.sampled_from([HOSE, REPORT, NORM, "[[ref:torn]]", "[[doc:none|x_.pdf]]", "**", "`", " ", "         ", "(", ":"]),
        st.text(alphabet="ab *_[](:\n文\"#€“\u0301\u0e35\u200d", max_size=6),
    ),
    max_size=14,
).map("".join)  # fmt: skip


@pytest.mark.slow
@given(PIECES, st.lists(st.integers(0, 200), max_size=20))
def test_any_cut_gives_the_same_citations(text: str, cuts: list[int]) -> None:
    """However a text arrives, what is shown only grows and ends as the text that arrived at once.

    Behind a backtick a marker waits for the end of its line.
    """
    growing, before, whole = Growing(Sources()), "", text + ".\n"
    for cut in sorted(cuts):
        shown = growing.update(text[:cut])
        assert shown.startswith(before)
        before = shown
    assert growing.update(whole) == Growing(Sources()).update(whole) == cited(whole, Sources())


@given(PIECES)
def test_no_word_is_lost(text: str) -> None:
    """Only markers are replaced, outside of code, and only blanks are added: without these the text is the same."""
    marked = [
        "[[img:ab12|hose.jpg]]",
        "[[doc:cd34|report.pdf|p:5]]",
        "[[link:ef56|Norm]]",
        "[[doc:none|x_.pdf]]",
    ]
    bare, shown = text, cited(text, Sources()).replace(strings.UNCOUNTED, "")
    for marker in (*marked, "[[ref:torn]]"):
        bare = bare.replace(marker, "")
        shown = shown.replace(marker, "") if "`" in text else shown
    for number in range(1, 5):
        shown = shown.replace(f"[{number}]", "")
    assert "".join(shown.split()) == "".join(bare.split())


def test_a_writer_tells_what_waits() -> None:
    """Blanks behind the last citation are there once the text has ended."""
    writer, text = CitationWriter(Sources()), f"Torn {HOSE} "
    assert writer.write(text, find_markers(text), 0) + writer.end() == "Torn [1] "


def test_pages_of_the_stream_stay_those_of_the_end() -> None:
    """Full pages of an answer whose sources are all known do not change when it ends."""
    text = f"{HOSE} {'word ' * 300}{REPORT} {'word ' * 300}{NORM}"
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(text))
    growing = texts(view.screen())
    fold(view, complete(text, metadata=DATA))
    view.finish()
    assert texts(view.screen())[:-1] == growing[:-1]
