"""The core knows no platform by name, and the demo's page knows them in few places."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import adapters

ROOT = Path(__file__).parents[1]
SIMULATED = ("aion_bot/simulators/", "aion_bot/demo/")
"""These imitate the platforms."""

NAMES = re.compile(
    "|".join(platform.__name__.rpartition(".")[2] for platform in adapters.platforms()), re.IGNORECASE
)

SQL_COMMENT = re.compile("--.*")


def named(source: str) -> Iterator[str]:
    """Every identifier and every string that names a platform. Prose may: it tells where a fact comes from."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in prose:
            continue
        for field in ("id", "attr", "arg", "name", "module", "value"):
            text = getattr(node, field, None)
            if isinstance(text, str) and NAMES.search(SQL_COMMENT.sub("", text)):
                yield text


def sources(folder: str) -> Iterator[tuple[str, str]]:
    """Path and text of every module."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def test_the_search_finds_names() -> None:
    """Identifiers, attributes, imports and strings count; docstrings and comments do not."""
    source = '"""Slack."""\nimport discord\nslack = "On Slack"  # Slack\nx.slack_id = 1\n'
    assert sorted(named(source)) == ["On Slack", "discord", "slack", "slack_id"]


@pytest.mark.slow
def test_the_core_names_no_platform() -> None:
    """Outside the simulators and the demo, no identifier and no string of the bot names a platform."""
    found = [
        f"{path}: {name}"
        for path, source in sources("aion_bot")
        if not path.startswith(SIMULATED)
        for name in named(source)
    ]
    assert found == []


def test_the_demo_names_platforms_in_few_modules() -> None:
    """On the demo's page a platform is named by its own modules, by the Markdown that it draws, and by one registry."""
    found = {path for path, source in sources("aion_bot/demo") if any(named(source))}
    own = {path for path in found if NAMES.match(Path(path).name)}
    assert {Path(path).name for path in found - own} == {"markdown.py", "platforms.py"}


ASKS_WHICH = re.compile(r"isinstance\([^)]*\b(?:Simulated(?:Slack|Discord)|(?:Slack|Discord)Adapter)\b")
"""What a test asks that differs by platform without `tests.support.uses`."""


@pytest.mark.slow
def test_no_test_of_the_core_asks_which_platform_it_has() -> None:
    """Outside the tests of the adapters and of the demo, what platforms do differently is a module for each."""
    own = {"adapters", "demo", Path(__file__).name}
    files = [path for path in (ROOT / "tests").rglob("*.py") if own.isdisjoint(path.relative_to(ROOT).parts)]
    assert len(files) > 100
    assert [str(path) for path in files if ASKS_WHICH.search(path.read_text("utf-8"))] == []
