"""Reference markers in text that is still growing."""

import re

from hypothesis import given
from hypothesis import strategies as st

from aion_bot.domain.strings import UNCOUNTED
from aion_bot.rendering.references import Growing, readable

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


@given(MARKED, st.lists(st.integers(0, 300), max_size=30))
def test_no_half_marker_is_ever_visible(text: str, cuts: list[int]) -> None:
    """Wherever a text is cut, no beginning of a marker shows."""
    growing = Growing()
    for cut in sorted(cuts):
        shown = growing.update(text[:cut])
        assert not HALF.search(shown), shown


@given(MARKED, st.lists(st.integers(0, 300), max_size=30))
def test_any_growth_ends_on_the_same_text(text: str, cuts: list[int]) -> None:
    """However a text arrives, it ends as the text that arrived at once."""
    growing = Growing()
    for cut in sorted(cuts):
        growing.update(text[:cut])
    assert growing.update(text + ".") == Growing().update(text + ".")


def test_markers_become_words() -> None:
    """An image is its file name, a document its name and page, a link its title, a count neutral words."""
    raw = "See [[img:ab12|crane.jpg]], [[doc:cd|report.pdf|p:5]], [[link:ef|Norm]] and [[ref:damaged]] others"
    assert readable(raw) == f"See crane.jpg, report.pdf (p.5), Norm and {UNCOUNTED} others"


def test_brackets_that_are_no_marker_never_stall() -> None:
    """A matrix, or a bracket that never closes, is shown as it is."""
    assert Growing().update("a[[1, 2], [3") == "a[[1, 2], [3"
    assert Growing().update("[[img:" + "x" * 2000) == "[[img:" + "x" * 2000


def test_a_text_that_is_replaced_is_shown_anew() -> None:
    """When the server repairs what it said before, the repaired text is shown."""
    growing = Growing()
    growing.update("Hello wrld [[im")
    assert growing.update("Hello world") == "Hello world"
