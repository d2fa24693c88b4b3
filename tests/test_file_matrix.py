"""The matrix of files, places, outcomes and tests names what exists."""

import ast
import re

from tests.conversation import test_file_outcomes
from tests.test_text_matrix import ROOT, names

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/file-matrix.md").read_text("utf-8").splitlines()
    if line.startswith("| ")
]
FILES = {row[0]: row[1].split("`")[1] for row in ROWS if len(row) == 2 and len(row[0]) == 1}
CELL = re.compile(r"([A-Z]): (.+)")
HEADS = {"the file", "where it is attached", "the platform", "event", "letter"}


def cases(file: str) -> set[str]:
    """The first words of each `Case` of a file."""
    calls = [
        one for one in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))) if isinstance(one, ast.Call)
    ]
    made = [one.args[0] for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Case"]
    return {one.value for one in made if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def test_every_cell_names_tests_that_exist() -> None:
    """Each case has tests that exist, on each platform or on neither in particular; every case of the outcomes is in a cell."""
    known = {letter: names(file) | cases(file) for letter, file in FILES.items()}
    named = set()
    for row in ROWS:
        if row[0] in HEADS or row[0] in FILES:
            continue
        cells = [cell for cell in row[1:] if CELL.fullmatch(cell) or cell == "none"]
        assert any(cell != "none" for cell in cells), row
        for letter, tests in (found.groups() for cell in cells if (found := CELL.fullmatch(cell))):
            assert set(tests.split(", ")) <= known[letter], (row[0], letter, tests)
            named |= {f"{letter} {test}" for test in tests.split(", ")}
    assert {f"O {case.name}" for case in test_file_outcomes.CASES} <= named
