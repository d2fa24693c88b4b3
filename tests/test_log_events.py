"""Log events are fixed phrases with fields: what one greps for does not change with what happened."""

import ast
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from aion_bot import log_config
from scripts import log_events

ROOT = Path(__file__).parent.parent
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
LIBRARY = ROOT / "aion_bot" / "aion"
"""The client is a library for others, who read its records with the formatter that they have."""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Find what is written to a module's logger."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name.lower().endswith("log"):
                yield node


def is_fixed(call: ast.Call) -> bool:
    """Whether the event is one constant phrase, and everything else a field."""
    match call.args:
        case [ast.Constant(value=str(phrase))]:
            return "%" not in phrase and "{" not in phrase
        case _:
            return False


@pytest.mark.slow
def test_every_event_is_a_fixed_phrase() -> None:
    """No event has a value in it; values are fields."""
    found = [
        (path, call)
        for folder in ("aion_bot", "adapters")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if LIBRARY not in path.parents
        for call in calls(ast.parse(path.read_text("utf-8")))
    ]
    assert len(found) > 50
    assert [f"{path.relative_to(ROOT)}:{call.lineno}" for path, call in found if not is_fixed(call)] == []


@pytest.mark.parametrize("line", ['_log.info("a %s", b)', '_log.info(f"a {b}")', "self._log.error(reason)"])
def test_the_search_finds_values_in_events(line: str) -> None:
    """Values between the words, formatted or not, are found."""
    (call,) = calls(ast.parse(line))
    assert not is_fixed(call)


def test_fields_of_both_kinds_of_records_are_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The adapters' records have their fields in the line, as those of the core do."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_config.configure("info", "text", [])
    try:
        logging.getLogger("x").warning("lookup failed", extra={"reason": "timed out"})
        structlog.get_logger("x").warning("lookup failed", reason="timed out")
    finally:
        logging.captureWarnings(capture=False)
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)
    by_logging, by_structlog = capsys.readouterr().err.splitlines()
    for line in (by_logging, by_structlog):
        assert 'event="lookup failed"' in line
        assert 'reason="timed out"' in line


@pytest.mark.slow  # `make check` checks it as well
def test_the_documented_events_are_current() -> None:
    """docs/log-events.md has every event of the code with its fields; `make log-events` writes it anew."""
    assert log_events.DOCUMENT.read_text("utf-8") == log_events.document()


def test_fields_of_bound_and_chosen_loggers_are_found() -> None:
    """An event has the fields that its logger was bound to; a logger that a function is given may have any."""
    source = (
        "def one(key):\n    log = _log.bind(turn=key)\n    log.info('a', reason=1)\n"
        "def two(log):\n    log.error('b', extra={'reason': 1})\n"
        "def three(bad):\n    say = _log.warning if bad else _log.info\n    say('c', **{})\n"
    )
    assert list(log_events.events(ast.parse(source))) == [
        ("a", {"info"}, {"turn", "reason"}),
        ("b", {"error"}, {"reason", "…"}),
        ("c", {"warning", "info"}, {"…"}),
    ]
