"""The matrix of constructs, platforms and tests names what exists."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/text-matrix.md").read_text("utf-8").splitlines()
    if line.startswith("| ")
]
FILES = {row[0]: row[1].split("`")[1] for row in ROWS if len(row) == 2 and row[0] != "letter"}
CONSTRUCTS = [row for row in ROWS if len(row) == 5][1:]


def names(file: str) -> set[str]:
    """The tests of a file, and the keys of its tables of cases."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return found | {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def test_every_cell_names_tests_that_exist() -> None:
    """Each cell says where its tests are, or that a platform has no such text; each construct has a test of its final text."""
    known = {letter: names(file) for letter, file in FILES.items()}
    assert len(CONSTRUCTS) > 20
    for row in CONSTRUCTS:
        assert row[1] != "none"
        for cell in row[1:]:
            if cell != "none":
                letter, _, tests = cell.partition(": ")
                assert set(re.split(r", (?=[a-zA-Z])", tests)) <= known[letter], cell
