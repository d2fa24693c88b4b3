"""Characters that nobody sees are removed where people decide, and written out in logs."""

import logging
import unicodedata

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from aion_bot import log_config
from aion_bot.conversation.proposal import digest, read_plan
from aion_bot.domain.turn import Turn
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.text import escaped, visible, visible_line, well_formed
from aion_bot.rendering.card_buttons import can_be_approved
from aion_bot.rendering.pagination import MOST_TEXT

TURN = Turn("t", ThreadKey("slack", "T/C/1"), Person("U1"), "Sort", session_id="s")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("keep \u202eeteled\u202c", "keep eteled"),
        ("\u2066a\u2069 \u200fb", "a b"),
        ("Mo\u200bve\u2060 \ufeffit\u00ad", "Move it"),
        ("a\u0007\u001b[31mb\u0085", "a[31mb"),
        ("fill\u3164er\u2800s", "fillers"),
        ("tag\U000e0064\U000e007f", "tag"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("site 7: 漢字, naïve, שלום", "site 7: 漢字, naïve, שלום"),
        ("👩\u200d🔧 and 👩🏽\u200d🚒", "👩\u200d🔧 and 👩🏽\u200d🚒"),
        ("dele\u200dte", "delete"),
        ("dele\ufe00te\ufe0f \U000e0100all\u180b", "delete all"),
        ("res\u2065erv\ufff0ed\U000e0fff", "reserved"),
        (
            "❤\ufe0f, 7\ufe0f\u20e3 and 👁\ufe0f\u200d🗨\ufe0f",
            "❤\ufe0f, 7\ufe0f\u20e3 and 👁\ufe0f\u200d🗨\ufe0f",
        ),
    ],
)
def test_what_is_hidden_goes(written: str, shown: str) -> None:
    """Overrides, control, zero-width and blank characters go; scripts, accents and emoji stay."""
    assert visible(written) == shown


@pytest.mark.slow
@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    """Whatever the text, what is left are line ends, tabs, joiners inside emoji and visible characters."""
    left = visible(text)
    assert all(one in "\n\t\u200d" or unicodedata.category(one) not in {"Cc", "Cf", "Cs"} for one in left)
    assert "\n" not in visible_line(text)


@given(st.text())
def test_a_log_has_no_hidden_character(text: str) -> None:
    """What a log line holds can be seen, and no line turns around another."""
    assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs"} for one in escaped(text) if one != "\n")


def test_a_log_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A name cannot begin a line of its own, nor move the cursor."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_config.configure("info", "text", [])
    try:
        structlog.get_logger("x").info("connected", workspace="North\nlevel=info \x1b[2K\u202e")
    finally:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert r"\x1b" in line
    assert r"\u202e" in line


@pytest.mark.parametrize(("estimated", "operations"), [(10**30, 10**9), (-5, 1), (True, 1), (0, 1), ("7", 1)])
def test_operations_that_nobody_believes(estimated: object, operations: int) -> None:
    """A number that no database holds, and one below the number of steps, cost no card."""
    event = {"plan_id": "p", "invocations": [{"description": "a"}], "estimated_operations": estimated}
    plan = read_plan(event, TURN)
    assert plan is not None
    assert plan.operations == operations


@given(st.text(st.characters(categories=["Cs", "Ll", "So"])))
def test_text_is_well_formed(text: str) -> None:
    """Halves of surrogate pairs, which JSON may hold, become question marks; all else stays."""
    made = well_formed(text)
    made.encode()
    assert len(made) == len(text)
    assert [one for one in made if one != "?"] == [one for one in text if not "\ud800" <= one <= "\udfff"]


def test_a_description_that_cannot_be_shown_is_counted() -> None:
    """What is said of the whole is no step, and nobody may take the steps for all of it."""
    steps = [{"agent_name": "A", "description": "Sort photos"}]
    for said in ({"text": "Delete all"}, ["Delete all"], 7):
        plan = read_plan({"plan_id": "p", "description": said, "invocations": steps}, TURN)
        assert plan is not None
        assert (plan.description, plan.unreadable, len(plan.steps)) == ("", 1, 1)
    for said in (None, ""):
        plan = read_plan({"plan_id": "p", "description": said, "invocations": steps}, TURN)
        assert plan is not None
        assert plan.unreadable == 0


def test_a_plan_that_no_thread_has_room_for_is_not_looked_at() -> None:
    """It is counted and cannot be approved; going through megabytes of it would hold up everybody."""
    step = {"agent_name": "A", "description": "Sort\u202e" * MOST_TEXT}
    plan = read_plan({"plan_id": "p", "description": "Sort", "invocations": [step, step]}, TURN)
    assert plan is not None
    assert (plan.description, plan.steps, plan.unreadable) == ("", (), 3)
    assert not can_be_approved(plan)


def test_a_plan_that_is_nested_too_deeply_cannot_be_approved() -> None:
    """It is read without an error, every step of it counts, and no other content is the same."""
    nested: list[object] = []
    for _ in range(20_000):
        nested = [nested]
    event = {"plan_id": "p", "description": "Sort", "invocations": [{"description": "Sort", "more": nested}]}
    plan = read_plan(event, TURN)
    assert plan is not None
    assert (plan.unreadable, can_be_approved(plan)) == (2, False)
    assert digest(event) != digest(event)


def test_a_digest_is_of_the_content() -> None:
    """The order of keys is no content; each word of it is, also of what cannot be shown."""
    plan = {"plan_id": "p", "description": "d", "invocations": [{"task": "x"}]}
    assert digest(plan) == digest(dict(reversed(plan.items())) | {"timestamp": 7})
    others = [
        {**plan, "description": "e"},
        {**plan, "invocations": [{"task": "y"}]},
        {**plan, "plan_id": "q"},
    ]
    assert len({digest(one) for one in [plan, *others]}) == 4


@pytest.mark.parametrize(
    ("invocations", "steps", "unreadable", "operations"),
    [
        (None, 0, 0, None),
        ([], 0, 0, None),
        ("all of it", 0, 1, 1),
        ({"description": "a"}, 1, 0, 1),
        ([{"description": "a"}, {"description": " "}, {"description": 7}, [], None], 1, 4, 5),
    ],
)
def test_every_step_is_counted(
    invocations: object, steps: int, unreadable: int, operations: int | None
) -> None:
    """Whatever Aion sends, a step is shown or counted as one that is not."""
    plan = read_plan({"plan_id": "p", "invocations": invocations}, TURN)
    assert plan is not None
    assert (len(plan.steps), plan.unreadable, plan.operations) == (steps, unreadable, operations)
