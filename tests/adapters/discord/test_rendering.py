"""The core's content as Discord messages."""

import html

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.discord import rendering
from aion_bot.demo.page import markdown
from aion_bot.ports.messages import Action, Button, Content, Person, PlanCard, Reply, Step, StepState
from aion_bot.simulators.discord import limits
from tests.schemas.discord import FILE, check_schema

TEXT = st.text(max_size=300)
LINE = st.lists(st.one_of(TEXT, st.builds(Person, st.text(max_size=20), TEXT)), max_size=3).map(tuple)
LINES = st.lists(LINE, max_size=3).map(tuple)
BUTTONS = st.lists(
    st.builds(Button, st.sampled_from(Action), st.text("ab-9", min_size=1, max_size=64), st.text(min_size=1)),
    max_size=6,
    unique_by=lambda button: (button.action, button.key),
).map(tuple)
CARDS = st.builds(
    PlanCard, TEXT, TEXT, st.lists(st.builds(Step, TEXT, TEXT), max_size=4).map(tuple), LINES, LINES, BUTTONS
)
CONTENTS = st.one_of(st.builds(Reply, TEXT, TEXT, LINE, BUTTONS), CARDS)
CARD = PlanCard(
    "Tag 12 images",
    "I will tag what is damaged.",
    (Step("image_analyst", "Look at\nthe roof"), Step("", "Write `tags`")),
    (("12 operations",), ("Only ", Person("42", "Ada"), " may decide")),
)


def test_a_reply() -> None:
    """A reply is plain content, its note small and under it, its buttons in a row."""
    body = rendering.body(
        Reply(
            "Two roofs are *damaged*.", "agents: 2\n4 s", buttons=(Button(Action.RETRY, "t1", "Try again"),)
        )
    )
    assert body["content"] == "Two roofs are *damaged*.\n-# agents: 2\n-# 4 s"
    button = {"type": 2, "style": 1, "label": "Try again", "custom_id": "aion:retry:t1"}
    assert body["components"] == [{"type": 1, "components": [button]}]


def test_who_ended_a_reply() -> None:
    """Who stopped an answer is mentioned in small print, below the note."""
    reply = Reply("So far", "4 s", ("Stopped by ", Person("42"), "."))
    assert rendering.body(reply)["content"] == "So far\n-# 4 s\n-# Stopped by <@42>."


def test_a_note_is_not_swallowed_by_code() -> None:
    """A note stands outside a code block that is still growing."""
    assert rendering.body(Reply("```\ncode", "working"))["content"] == "```\ncode\n```\n-# working"


@pytest.mark.parametrize("reply", [Reply(""), Reply(" \n"), Reply("", "\n")])
def test_nothing_to_say(reply: Reply) -> None:
    """Discord refuses empty messages, so there is always something to see."""
    assert rendering.body(reply)["content"] == "…"


def test_a_note_alone() -> None:
    """A first message needs no text."""
    assert rendering.body(Reply("", "thinking"))["content"] == "-# thinking"


def test_a_plan() -> None:
    """A card shows title, description, steps in order with their agents, and facts in small print."""
    assert rendering.body(CARD)["content"] == (
        "### Tag 12 images\n"
        "> I will tag what is damaged.\n"
        "> 1. **image\\_analyst**: Look at the roof\n"
        "> 2. Write `tags`\n"
        "-# 12 operations\n"
        "-# Only <@42> may decide"
    )


@pytest.mark.parametrize(
    "words", ["*.png and *.jpg", "_a_ of ~~b~~", "a < b > c & d", "`x`", "2**3 and 4**5"]
)
def test_signs_in_a_plan_are_signs(words: str) -> None:
    """Literal pairs of marks are shown as they are written, also where one is in the description and one in a step."""
    escaped = "".join(f"\\{one}" if one in "*_~`<>&" else one for one in words)
    for written in (escaped, words) if words[0] in "*2" else (escaped,):
        card = PlanCard("Plan", written, (Step("", written), Step("", "3*x"), Step("", "4*y")), said=written)
        drawn = str(markdown.on_discord(str(rendering.body(card)["content"]), {}))
        assert drawn.count(html.escape(words)) == 3
        assert not any(f"<{tag}>" in drawn for tag in ("em", "strong", "s", "u", "code"))


def test_a_decided_plan() -> None:
    """What became of a plan stands in ordinary size at its end."""
    decided = PlanCard("Plan", "", record=((Person("42"), " approved it."), ("Done.",)))
    assert rendering.body(decided)["content"] == "### Plan\n<@42> approved it.\nDone."


def test_a_decision_has_its_time_and_its_marks() -> None:
    """The time is Discord's own, which each reader sees in their time zone; marks stand around the number of a step."""
    steps = (
        Step("Search", "Find", state=StepState.DONE),
        Step("", "Move", parallel=True, state=StepState.FAILED),
    )
    card = PlanCard(
        "✅ Done · Plan",
        "Sort *all*. Move.",
        steps,
        headline="Sort all",
        decided_at=1_700_000_000,
        said="Moved.",
    )
    assert rendering.body(card)["content"] == (
        "### ✅ Done · Plan: Sort all\n"
        "> Sort *all*. Move.\n"
        "> ✅ 1. **Search**: Find\n"
        "> ❌ 2. ∥ Move\n"
        "-# <t:1700000000:f>\n"
        "> Moved."
    )


def test_looks_of_buttons() -> None:
    """Approve, retry, what puts files into the library and what asks about a search are primary; everything else is plain."""
    buttons = tuple(Button(action, "k", action) for action in Action)
    rows = rendering.body(Reply("x", buttons=buttons))["components"]
    primary = {Action.APPROVE, Action.RETRY, Action.UPLOAD, Action.THESE}
    styles = [button["style"] for row in rows for button in row["components"]]
    assert styles == [1 if action in primary else 2 for action in Action]


def test_a_person_without_an_id_of_discord() -> None:
    """A person whose id Discord cannot know is called by name."""
    assert rendering.sentence((Person("U123", "*Ada*"), " said so")) == r"\*Ada\* said so"


def test_a_sentence_is_one_line_of_text() -> None:
    """A sentence of the bot's own opens no code block and stays small where it is written small."""
    assert rendering.sentence(("broke\n```\n", Person("42"))) == "broke ``\u200b` <@42>"


@pytest.mark.slow
@given(CONTENTS)
@settings(max_examples=150)
def test_what_measures_a_page_is_taken(content: Content) -> None:
    """Whatever the content, a message that measures no more than a page breaks none of Discord's limits."""
    body = rendering.body(content)
    assert rendering.measure(content) == len(body["content"])
    if rendering.measure(content) <= limits.CONTENT:
        limits.check_message(body)
        assert body["content"].strip()


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="the published contracts are not beside this checkout")
@given(CONTENTS)
@settings(max_examples=60)
def test_every_message_follows_the_contract(content: Content) -> None:
    """Whatever the content, Discord's own document allows the message, new or edited."""
    body = dict(rendering.body(content))
    if rendering.measure(content) <= limits.CONTENT:
        check_schema("POST /channels/{channel_id}/messages", body)
        check_schema("PATCH /channels/{channel_id}/messages/{message_id}", body)


@given(st.text(), st.text())
def test_a_longer_text_never_measures_less(text: str, more: str) -> None:
    """Size grows with plain words, so that a page can be cut by trying."""
    words = "".join(letter for letter in text + more if letter.isalnum())
    assert rendering.measure(Reply(words[: len(text)])) <= max(rendering.measure(Reply(words)), 1)


def test_the_line_under_a_gallery_keeps_its_names() -> None:
    """A name that could not be loaded is read whole where titles are short, and the message is never too long."""
    names = ", ".join(f"site7_scaffold_north_face_{number:020}.jpg" for number in range(5))
    reply = Reply("", f"Concrete pump\nI couldn't load: {names}.")
    assert rendering.body(reply)["content"].replace("\\", "").endswith(f"{names}.")
    alone = Reply("", f"I couldn't load: {names}.", (), (Button(Action.ONLY_THESE, "k", "Only these"),))
    assert rendering.body(alone)["content"].replace("\\", "").endswith(f"{names}.")
    longest = Reply("", "\n".join(["_" * 100] * 10 + [f"And 3 more pictures. {'_' * 2_000}"]))
    assert "And 3 more pictures." in rendering.body(longest)["content"]
    assert len(rendering.body(longest)["content"]) <= 2_000
