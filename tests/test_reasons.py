"""Each exception that the code takes from a check names the check and says why."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("aion_bot", "adapters", "benchmarks", "scripts", "tests")
EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore)\b.*")
WITH_REASON = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z-]+(, [a-z-]+)*\])  # \S.*")


def without_reason(text: str) -> list[str]:
    """Return the exceptions of a source that lack the name of a check or a reason."""
    return [one[0] for one in EXCEPTION.finditer(text) if not WITH_REASON.fullmatch(one[0])]


def test_each_exception_has_its_reason() -> None:
    """Every `noqa` and `type: ignore` of the sources and the tests names its check and gives its reason."""
    found = {
        str(path.relative_to(ROOT)): missing
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__) and (missing := without_reason(path.read_text("utf-8")))
    }
    assert found == {}


def test_an_exception_without_its_reason_is_found() -> None:
    """The search finds what has no check, and what has no reason."""
    assert len(without_reason("a = 1  # noqa\nb = 2  # type: ignore[misc]\nc = 3  # noqa: E501 # why\n")) == 3
    assert without_reason("a = 1  # noqa: E501  # why\nb = 2  # type: ignore[misc, arg-type]  # why\n") == []
