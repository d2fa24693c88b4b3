"""The product's own words name nothing of the demo's company."""

import ast
import re
from pathlib import Path

from aion_bot.simulators.aion import library
from tests.support.cases import each

ROOT = Path(__file__).parents[1]
DEMO = {"simulators", "demo", "commands/demo_problems.py"}
"""What may speak of the demo's company."""

NAMES = re.compile(
    "|".join([r"\bsites? \d", *(re.escape(one.filename) for one in (*library.IMAGES, *library.DOCUMENTS))]),
    re.IGNORECASE,
)


def said(source: str) -> list[str]:
    """The texts of a module that are no docstrings."""
    tree = ast.parse(source)
    notes = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    texts = (one for one in ast.walk(tree) if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return [str(one.value) for one in texts if id(one) not in notes]


def test_the_product_holds_no_sentence_of_the_demo() -> None:
    """No text outside of the simulators and the demo speaks of the demo's sites and files ("site 7")."""
    sources = [
        one
        for folder in ("aion_bot", "adapters")
        for one in (ROOT / folder).rglob("*.py")
        if not DEMO
        & {
            *one.relative_to(ROOT).parts,
            one.relative_to(ROOT / "aion_bot").as_posix() if folder == "aion_bot" else "",
        }
    ]
    found = [(one.name, text) for one in sources for text in said(one.read_text()) if NAMES.search(text)]
    assert len(sources) > 200
    assert not found


@each(
    "source, count",
    [("x = 'Photos of Site 7'", 1), ("x = f'see {y} of site 12'", 1), ("'of site 7'\nx = 1", 0)],
)
def test_such_a_sentence_is_found(source: str, count: int) -> None:
    """A text is searched wherever it stands, also inside a formatted one; a docstring is none."""
    assert sum(bool(NAMES.search(text)) for text in said(source)) == count
