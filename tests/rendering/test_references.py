"""Reference markers in text that is still growing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.domain.strings import UNCOUNTED
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import Growing, cited

HALF = re.compile(r"\[\[(?:img|doc|ref|link):|\[\[(?:i|im|img|d|do|doc|l|li|lin|link|r|re|ref)$")
"""The beginning of a marker in a text, or at its end where the rest may still come."""

MARKED = st.lists(
    st.one_of(
        st.text(alphabet="ab [](){}\n文", max_size=12),
        st.sampled_from(
            [
                "[[img:a1|crane.jpg]]",
                "[[doc:d2|report.pdf|p:5]]",
                "[[ref:damaged]]",
                "[[link:l|Title]]",
                "[[img:n|a[[1]].jpg]]",
                "[[img:n|b[1]]]",
                "[[1, 2], [3]]",
            ]
        ),
    ),
    max_size=12,
).map("".join)


@pytest.mark.slow
@given(MARKED, st.lists(st.integers(0, 300), max_size=30))
def test_no_half_marker_is_ever_visible(text: str, cuts: list[int]) -> None:
    """Wherever a text is cut, no beginning of a marker shows."""
    growing = Growing(Sources())
    for cut in sorted(cuts):
        shown = growing.update(text[:cut])
        assert not HALF.search(shown), shown


@given(MARKED, st.lists(st.integers(0, 300), max_size=30))
def test_any_growth_ends_on_the_same_text(text: str, cuts: list[int]) -> None:
    """However a text arrives, it ends as the text that arrived at once."""
    growing = Growing(Sources())
    for cut in sorted(cuts):
        growing.update(text[:cut])
    assert growing.update(text + ".") == Growing(Sources()).update(text + ".")


def test_markers_become_citations() -> None:
    """While the data is missing, each source has a number, and a count neutral words."""
    raw = "See [[img:ab12|crane.jpg]], [[doc:cd|report.pdf|p:5]], [[link:ef|Norm]] and [[ref:damaged]] others"
    assert cited(raw, Sources()) == f"See [1], [2], [3] and {UNCOUNTED} others"


def test_markers_of_unknown_ids_become_words() -> None:
    """What Aion's data does not have is named: a file, a file with its page, a page's title, a count neutral words."""
    raw = "See [[img:ab12|crane.jpg]], [[doc:cd|report.pdf|p:5]], [[link:ef|Norm]] and [[ref:damaged]] others"
    sources = Sources()
    sources.learn({})
    assert cited(raw, sources) == f"See crane.jpg, report.pdf (p.5), Norm and {UNCOUNTED} others"


def test_brackets_that_are_no_marker_never_stall() -> None:
    """A matrix, or a bracket that never closes, is shown as it is."""
    assert Growing(Sources()).update("a[[1, 2], [3") == "a[[1, 2], [3"
    assert Growing(Sources()).update("[[img:" + "x" * 2000) == "[[img:" + "x" * 2000


def test_a_text_that_is_replaced_is_shown_anew() -> None:
    """When the server repairs what it said before, the repaired text is shown."""
    growing = Growing(Sources())
    growing.update("Hello wrld [[im")
    assert growing.update("Hello world") == "Hello world"
