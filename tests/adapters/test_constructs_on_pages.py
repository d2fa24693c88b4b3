"""Each construct where a page ends in it, as both platforms draw the pages."""

import pytest

from aion_bot.rendering.pagination import Pages
from tests.adapters.test_growing_states import drawn_twice

WORDS = " ".join(f"word{number}" for number in range(60))
LIMIT = 240
ON_PAGES = {
    "rules": "a\n\n---\n\nb\n\n***\n\nc\n\n- - -\n\nd",
    "tasks": "- [ ] a\n- [x] b\n  - [ ] c\n- [ ] d e\n\nf",
    "pictures": "![a roof](https://x.example/i.png) and ![b](https://x.example/j.png \"t\") c",
    "bare addresses": "https://x.example/a_b_c, <https://x.example/d> and (https://x.example/e_f) g",
    "tags": '<b>a</b> <br/> H<sub>2</sub>O <span class="x">c</span> <a href="https://x.example">d</a> <kbd>e</kbd> f',
    "entities": "a &amp; b &lt;c&gt; &#169; &#x1F600; AT&T &nbsp; R&D; &unknown; end",
    "footnotes": "a[^1] b[^note] c\n\n[^1]: The one.\n[^note]: The other.\n\nd",
    "formulas": "so \\(a_1*b_2\\) and $$x^2$$ and\n\n$$\nE=m*c*d\n$$\n\nend",
    "escapes": "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) C:\\Users\\ada \\\\ x end",
    "angle brackets": "List<String> Map<String, List<int>> <your-key> x < y > z <- -> <3 a<b end",
}  # fmt: skip


@pytest.mark.parametrize("name", ON_PAGES)
def test_a_page_may_end_in_any_construct(name: str) -> None:
    """Wherever a page ends, both platforms draw the letters and signs of the whole text, and no half construct."""
    for shift in range(0, len(ON_PAGES[name]) + 8, 4):
        text = f"{WORDS[: LIMIT - shift]} {ON_PAGES[name]}\n\n{WORDS[:40]}"
        pages = Pages(len, LIMIT).update(text)
        assert len(pages) > 1
        assert drawn_twice(pages) == drawn_twice([text]), (shift, pages)
