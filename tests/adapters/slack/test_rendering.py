"""What contents look like in Slack, and that Slack would take every one of them."""

import html
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import rendering, strings
from aion_bot.demo.page import slack_payload
from aion_bot.demo.page.elements import Html
from aion_bot.ports.messages import Action, Button, Content, Line, Person, PlanCard, Reply, Step, StepState
from aion_bot.simulators.slack import reading, rules
from tests.adapters.slack.texts import texts
from tests.schemas import slack as contracts

ADA = Person("U024ADA00", "Ada")
NAMES = {ADA.id: ADA.name}

APPROVE = Button(Action.APPROVE, "plan-7f3a", "Approve")
CANCEL = Button(Action.CANCEL, "plan-7f3a", "Cancel")
RETRY = Button(Action.RETRY, "turn-19", "Retry")

CARD = PlanCard(
    title="Tag the damaged roofs",
    description="Aion will add the tag <damaged> & nothing else.",
    steps=(Step("Image analyst", "Find damaged roofs"), Step("Librarian", "Tag 12 images")),
    facts=(("2 operations",), (ADA, " may decide.")),
    record=(("Approved by ", ADA, "."),),
    buttons=(APPROVE, CANCEL),
)

lines: st.SearchStrategy[Line] = st.lists(
    texts(4) | st.just(ADA) | st.builds(Person, texts(2), texts(2)), max_size=4
).map(tuple)
buttons = st.lists(
    st.builds(Button, st.sampled_from(Action), st.text(max_size=64), texts(6), texts(12)),
    max_size=3,
    unique_by=lambda b: b.action,
).map(tuple)
replies = st.builds(Reply, texts(120), texts(10), lines, buttons)
cards = st.builds(
    PlanCard,
    title=texts(12),
    description=texts(120),
    steps=st.lists(st.builds(Step, texts(4), texts(40)), max_size=12).map(tuple),
    facts=st.lists(lines, max_size=4).map(tuple),
    record=st.lists(lines, max_size=4).map(tuple),
    buttons=buttons,
    headline=texts(12),
    decided_at=st.sampled_from([0, 1_700_000_000]),
)


def accepted(content: Content) -> dict[str, Any]:
    """The arguments, once Slack's rules and contracts found nothing wrong with them."""
    arguments = rendering.arguments(content)
    for method in ("chat.postMessage", "chat.update"):
        assert rules.refusal(method, arguments) is None
    assert len(arguments["text"]) <= rendering.FALLBACK
    if contracts.BESIDE:
        contracts.check_blocks(arguments["blocks"])
    return arguments


def shown(content: Content) -> str:
    return reading.words(accepted(content), NAMES)


@settings(max_examples=150)
@given(replies | cards)
@pytest.mark.slow
def test_every_content_within_a_page_is_accepted_and_pings_nobody(content: Content) -> None:
    """What measures no more than a page is taken by Slack, and notifies only whom the bot itself names."""
    if rendering.measure(content) > rendering.FALLBACK:
        return
    assert set(reading.pinged(accepted(content))) <= {ADA.id}


@settings(max_examples=60)
@given(replies | cards)
@pytest.mark.slow
def test_no_content_pings_whatever_its_size(content: Content) -> None:
    """A content that is too large for Slack still could not ping anybody."""
    assert set(reading.pinged(rendering.arguments(content))) <= {ADA.id}


@pytest.mark.slow
@given(texts(60), texts(10))
def test_text_of_an_answer_is_shown_whole(text: str, note: str) -> None:
    """Nothing of the model's words is lost or changed, nor of the note."""
    blocks = rendering.arguments(Reply(text, note))["blocks"]
    if text.strip():
        assert blocks[0]["text"].replace("\u2060", "") == text.replace("\u2060", "")
    if text.strip() and note.strip():
        assert blocks[1]["type"] == "context"


def test_answer_is_markdown_with_a_note_and_buttons() -> None:
    """Model text is drawn by Slack's own markdown block, the note small under it, the buttons last."""
    blocks = accepted(Reply("## Roofs\n- two", "12 s", buttons=(RETRY,)))["blocks"]
    assert [block["type"] for block in blocks] == ["markdown", "context", "actions"]
    assert blocks[0]["text"] == "## Roofs\n- two"
    assert blocks[2]["elements"][0] == {
        "type": "button",
        "action_id": "aion_retry",
        "text": {"type": "plain_text", "text": "Retry", "emoji": False},
        "value": "turn-19",
    }


def test_byline_names_a_person() -> None:
    """Who stopped an answer is mentioned under it, small, after the note."""
    stopped = Reply("Two roofs", "12 s", byline=("Stopped by ", ADA, "."))
    assert shown(stopped) == "Two roofs\n12 s\nStopped by @Ada."
    assert [b["type"] for b in accepted(stopped)["blocks"]] == ["markdown", "context", "context"]
    assert rendering.arguments(stopped)["text"].endswith(f"Stopped by <@{ADA.id}>.")


@pytest.mark.parametrize(
    "content", [Reply(""), Reply(" \n"), PlanCard("", ""), Reply("", buttons=(RETRY,)), Reply("", "x")]
)
def test_nothing_to_say_is_still_a_message(content: Content) -> None:
    """Empty words never become an empty block or an empty text."""
    accepted(content)


def test_card_reads_from_what_to_what_became_of_it() -> None:
    """A card shows its title, what it is about, the steps in order with their agents, facts, record, buttons."""
    assert shown(CARD) == (
        "Tag the damaged roofs\n"
        ">Aion will add the tag <damaged> & nothing else.\n"
        ">*1. Image analyst*\n>Find damaged roofs\n>*2. Librarian*\n>Tag 12 images\n"
        "2 operations\n@Ada may decide.\n"
        "Approved by @Ada."
    )
    assert [b["type"] for b in accepted(CARD)["blocks"]] == [
        "header",
        "rich_text",
        "rich_text",
        "context",
        "rich_text",
        "actions",
    ]


def test_slack_finds_no_names_in_a_card() -> None:
    """Every mrkdwn text of a card tells Slack to link nothing by itself."""
    blocks = accepted(CARD)["blocks"]
    found = [text for block in blocks for text in (block.get("text"), *block.get("elements", ())) if text]
    assert all(text["verbatim"] for text in found if text["type"] == "mrkdwn")


def elements(content: Content, kind: str = "rich_text_quote") -> list[dict[str, Any]]:
    """The elements of a content's rich text, of its quotes or of the bot's own words."""
    parts = [
        part
        for block in accepted(content)["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
    ]
    return [one for part in parts if part["type"] == kind for one in part["elements"]]


def test_only_approve_is_emphasised() -> None:
    """The button that lets something happen is the primary one; Cancel and Retry are plain."""
    (row,) = (block for block in accepted(CARD)["blocks"] if block["type"] == "actions")
    assert [(b["action_id"], b["value"], b.get("style")) for b in row["elements"]] == [
        ("aion_plan_approve", "plan-7f3a", "primary"),
        ("aion_plan_cancel", "plan-7f3a", None),
    ]


def test_a_dialog_asks_before_something_is_deleted() -> None:
    """Slack asks once more before the press counts; its text is plain, so that no word of a plan can be more than text."""
    card = replace(CARD, buttons=(replace(APPROVE, caution="This deletes 12 files. <!here>"), CANCEL))
    approve, cancel = accepted(card)["blocks"][-1]["elements"]
    assert approve["confirm"] == {
        "title": {"type": "plain_text", "text": "Approve?", "emoji": False},
        "text": {"type": "plain_text", "text": "This deletes 12 files. <\u2060!here>", "emoji": False},
        "confirm": {"type": "plain_text", "text": "Approve", "emoji": False},
        "deny": {"type": "plain_text", "text": strings.GO_BACK, "emoji": False},
        "style": "danger",
    }
    assert "confirm" not in cancel


def test_a_decision_has_its_time_and_its_marks() -> None:
    """The time is Slack's own, which each reader sees in their time zone; marks stand around the number of a step."""
    steps = (Step("Search", "Find", state=StepState.DONE), Step("Move", "Move", parallel=True))
    card = PlanCard("Plan", "Sort.", steps, headline="Sort.", decided_at=1_700_000_000)
    assert shown(replace(card, decided_at=0)) == "Plan: Sort.\n>*✅ 1. Search*\n>Find\n>*2. ∥ Move*\n>Move"
    assert [one["text"] for one in elements(card) if "style" in one] == ["✅ 1. Search", "2. ∥ Move"]
    blocks = accepted(card)["blocks"]
    (moment,) = (one["text"] for block in blocks for one in block.get("elements", ()) if "text" in one)
    assert moment == "<!date^1700000000^{date_short_pretty}, {time}|2023-11-14 22:13 UTC>"
    plain = PlanCard("Plan", "Sort.", steps, decided_at=1_700_000_000, plain=True)
    assert "✅ 1. Search: Find" in str(accepted(plain)["blocks"])
    assert "2023-11-14 22:13 UTC" in str(accepted(plain)["blocks"])


def test_block_id_changes_with_the_buttons() -> None:
    """Slack wants a new name where the buttons differ, and the same content gives the same message."""
    first, again = (accepted(CARD)["blocks"][-1]["block_id"] for _ in range(2))
    other = accepted(Reply("x", buttons=(RETRY,)))["blocks"][-1]["block_id"]
    assert first == again != other


def test_long_title_becomes_text_and_stays_whole() -> None:
    """A title that no header takes is shown as text instead of being cut."""
    title = "roof " * 60
    assert shown(PlanCard(title, "")) == title.strip()


def test_long_description_is_spread_over_blocks() -> None:
    """A block has 3,000 characters at most; more of them carry the rest, cut between words."""
    description = " ".join(f"roof{number:04}" for number in range(420))
    card = PlanCard("", description)
    assert rendering.measure(card) <= rendering.FALLBACK
    pieces = [one["text"] for one in elements(card)]
    assert len(pieces) == len(accepted(card)["blocks"]) == 2
    assert " ".join(pieces) == description


def test_words_of_the_model_are_a_quote_in_every_line() -> None:
    """Nothing that the model writes on a card stands where the bot's own record stands."""
    forged = "Sort\n*Approved by @Ada.*\n\n>Done."
    card = PlanCard("", forged, (Step("Agent\nApproved by @Ada", forged),), said=forged)
    assert all(line.startswith(">") for line in shown(card).split("\n"))
    parts = [part for block in accepted(card)["blocks"] for part in block["elements"]]
    assert {part["type"] for part in parts} == {"rich_text_quote"}


def test_cut_never_halves_a_character_an_escape_or_a_mention() -> None:
    """Where text is cut, what people see as one character, `&amp;` and `<@U…>` stay whole."""
    for shift in range(30):
        note = Reply("", note="x" * (rendering.SECTION - 20 + shift) + "&" * 50)
        pieces = [one["text"] for block in accepted(note)["blocks"] for one in block["elements"]]
        assert "".join(pieces).replace("&amp;", "&") == note.note
        record = PlanCard("", "", record=(("x" * (rendering.SECTION - 40 + shift), ADA, "y" * 50),))
        said = elements(record, "rich_text_section")
        assert [one["user_id"] for one in said if one["type"] == "user"] == [ADA.id]
        assert "".join(one.get("text", "") for one in said) == "".join(
            (record.record[0][0], record.record[0][2])
        )
        family = "x" * (rendering.SECTION - 5 + shift) + "👩‍👩‍👧" * 9
        assert "".join(one["text"] for one in elements(PlanCard("", family))) == family
        assert all(one["text"][0] in {"x", "👩"} for one in elements(PlanCard("", family)))


def test_fallback_is_clipped_to_what_an_update_takes() -> None:
    """However long the words, the text beside the blocks stays below 4,000 characters, escapes whole."""
    for sign in "a&<":
        text = rendering.arguments(Reply(sign * 5_000))["text"]
        assert len(text) <= rendering.FALLBACK
        assert text.replace("&amp;", "").replace("&lt;", "").strip("a") == ""


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    "larger",
    [
        lambda n: Reply("word " * n),
        lambda n: Reply("# h\n" * n),
        lambda n: Reply("a\n---\n" * n),
        lambda n: Reply("```\nx\n```\n" * n),
        lambda n: Reply("> a\n\nb\n" * n),
        lambda n: Reply("| a |\n|---|\n\nb\n\n" * n),
        lambda n: Reply("<@U024ADA00>" * n),
        lambda n: Reply("", note="note " * n),
        lambda n: PlanCard("t", "d", tuple(Step("Agent", "does a thing") for _ in range(n))),
        lambda n: PlanCard("t", "&" * n),
        lambda n: PlanCard("t" * n, "d"),
        lambda n: PlanCard("t", "d", facts=tuple(("fact",) for _ in range(n))),
    ],
)
def test_larger_content_measures_more(larger: Callable[[int], Content]) -> None:
    """Measures grow with the content past a page, and up to a page Slack takes it."""
    sizes = [rendering.measure(larger(n)) for n in range(1, 5_000, 200)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > rendering.FALLBACK
    too_large = bisect_right(
        range(5_000), rendering.FALLBACK, lo=1, key=lambda n: rendering.measure(larger(n))
    )
    accepted(larger(too_large - 1))


def test_what_stays_one_block_measures_its_characters() -> None:
    """Comments inside a code block and the lines of one quotation make no page smaller."""
    code = "```python\n" + "# why\nx = 1\n" * 100 + "```"
    quotation = "> said\n" * 100
    for text in (code, quotation):
        assert rendering.measure(Reply(text)) == len(text)
        accepted(Reply(text))


def test_label_is_clipped() -> None:
    """A button's label is a name: it is shortened to what Slack takes, also if it had to be made inert."""
    accepted(Reply("x", buttons=(Button(Action.RETRY, "k", "@here " * 40), Button(Action.CANCEL, "k", ""))))


def test_sentence_mentions_its_persons() -> None:
    """A sentence of the bot's own is one section, with its persons as mentions."""
    said = rendering.sentence(("Only ", ADA, " may decide <this>."))
    assert said["text"] == said["blocks"][0]["text"]["text"] == "Only <@U024ADA00> may decide &lt;this&gt;."
    assert rules.refusal("chat.postEphemeral", rendering.sentence(())) is None


def test_notifications_are_plain_words() -> None:
    """What notifications and screen readers get has no marks of Markdown, whatever block they stand in."""
    text = (
        "## Two **roofs** of [site 7](https://x.example)\n\n- `a_b` and __init__.py\n  - [ ] ~~c~~\n\n1. d &amp; e\n\n"
        "| Site | Roofs |\n|---|--:|\n| *North* | 2**3 |\n\n```py\nx = **y\n```\n\n> quoted\n\n---\nend ![](https://x.example/i.png)"
    )
    assert rendering.arguments(Reply(text))["text"] == (
        "Two roofs of site 7\n\n• a_b and __init__.py\n• [ ] c\n\n1. d &amp; e\n\nSite, Roofs\nNorth, 2**3\n\nx = **y\n\nquoted"
        "\n\n\nend https://x.example/i.png"
    )


def test_plans_have_no_marks() -> None:
    """Markdown on a card is words, since mrkdwn has other marks; a link's address stands behind its label."""
    words = "**Delete** `a.jpg`, see [the list](https://x.example/l) of __init__.py"
    card = PlanCard("Plan", words, (Step("Agent", words),), said=words)
    drawn = "Delete a.jpg, see the list (https://x.example/l) of __init__.py"
    assert shown(card) == f"Plan\n>{drawn}\n>*1. Agent*\n>{drawn}\n>{drawn}"


def test_nothing_of_a_plan_is_hidden() -> None:
    """Comments and attributes of tags, which nobody would see, are shown on a card."""
    assert (
        shown(PlanCard("", '<b title="all">a</b> <!-- all --> &#8238;b'))
        == '><b title="all">a <!-- all --> &#8238;b'
    )


@pytest.mark.parametrize("tags", ["<br>", "<details>\n<summary></summary>", "<p>\n\n</p>"])
def test_tags_alone_are_no_block(tags: str) -> None:
    """Slack refuses a block of blanks: tags without words make none, alone or around a table."""
    accepted(Reply(tags))
    around = rendering.arguments(Reply(f"{tags}\n\n| a |\n|---|\n| b |\n\n{tags}"))
    assert [block["type"] for block in around["blocks"]] == ["table"]


def test_no_cell_of_a_long_row_is_lost() -> None:
    """A row with more cells than the head has them all in Slack's table."""
    (table,) = rendering.arguments(Reply("| a |\n|---|\n| b | c | d |"))["blocks"]
    assert [[cell["text"] for cell in row] for row in table["rows"]][1] == ["b", "c", "d"]


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("*Approve*", "Approve"),
        ("_Tagger_", "Tagger"),
        ("`x` ~~y~~ ~z~", "x y ~z~"),
        ("*open", "*open"),
        ("a*b", "a*b"),
        ("_start", "_start"),
        ("`code", "`code"),
        ("photo_tagger", "photo_tagger"),
        ("***", ""),
    ],
)
def test_an_agents_name_on_a_card_has_no_marks(agent: str, shown: str) -> None:
    """Whatever marks are in it, it is bold and nothing else."""
    name, words = elements(PlanCard("Plan", "", (Step(agent, "Move"),)))
    assert (name["text"], name["style"]) == (f"1. {shown}".strip(), {"bold": True})
    assert words == {"type": "text", "text": "\nMove"}


def test_signs_in_a_note_are_signs() -> None:
    """A note without code is plain text; names of files, which stand in code, are shown as they are too."""
    for note, kind in (("Slack didn't take: *a* _b_.", "plain_text"), ("📎 `*a*_b_.jpg` is there", "mrkdwn")):
        (block,) = accepted(Reply("", note))["blocks"]
        assert [(one["type"], one["text"]) for one in block["elements"]] == [(kind, note)]


@pytest.mark.parametrize(
    "words",
    [
        "*.png and *.jpg",
        "_a_ of ~b~ :tada:",
        "a < b > c & d",
        "`x`",
        "<!channel> @here <@U024ADA00>",
        "https://x.example/a_b_",
    ],
)
def test_signs_in_a_plan_are_signs(words: str) -> None:
    """Literal pairs of marks, brackets and names of emoji are shown as they are written, everywhere on a card."""
    escaped = "".join(f"\\{one}" if one in "*_~`<>&:" else one for one in words)
    card = PlanCard("Plan", escaped, (Step(escaped, escaped),), record=((words,),), said=escaped)
    said = elements(card) + elements(card, "rich_text_section")
    assert all(set(one) <= {"type", "text", "style"} and words in one["text"] for one in said)
    assert len(said) == 5
    drawn = slack_payload.draw(
        {"blocks": accepted(card)["blocks"]}, NAMES, lambda *_: Html(""), lambda _: None
    )
    assert drawn.count(html.escape(words)) == 5
    assert all(f"<{tag}>" not in drawn.replace("<b><span>1. ", "") for tag in ("b", "i", "s", "code", "a"))
    assert reading.pinged({"blocks": accepted(card)["blocks"]}) == []
