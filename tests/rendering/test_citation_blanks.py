"""What sets a citation off from the words beside it, in any script."""

import pytest

from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import cited

HOSE = "[[img:ab12|hose.jpg]]"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"ที่{HOSE}", "ที่ [1]"),
        (f"में{HOSE}", "में [1]"),
        (f"cafe\u0301{HOSE}", "cafe\u0301 [1]"),
        (f"torn\u200d\ufe0f{HOSE}", "torn\u200d\ufe0f [1]"),
        (f'"**torn**"{HOSE}', '"**torn**" [1]'),
        (f'see "{HOSE}"', 'see "[1]"'),
        (f"“{HOSE}”", "“[1]”"),
        (f"C++{HOSE}", "C++ [1]"),
        (f"20°{HOSE}5 €{HOSE}", "20° [1] 5 € [1]"),
        (f"{HOSE}€5", "[1] €5"),
        (f"{HOSE}“torn”", "[1] “torn”"),
        (f"a\n{HOSE}", "a\n[1]"),
        (f"a/{HOSE}", "a/[1]"),
    ],
)
def test_a_citation_is_not_glued_to_a_word(raw: str, shown: str) -> None:
    """A word may end with a combining mark, a quotation mark, a unit or a sign of its name; no blank comes where one may stand."""
    assert cited(raw, Sources()) == shown
