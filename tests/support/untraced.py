"""A plugin of `make test`: the tracer of coverage, which doubles a test's time, pauses for what repeats the same lines."""

# Loaded before the tracer starts, which would follow every line of them.
import aiohttp.web  # noqa: F401  # only to have it loaded
import aiosqlite  # noqa: F401  # only to have it loaded
import httpx  # noqa: F401  # only to have it loaded
import hypothesis.strategies  # noqa: F401  # only to have it loaded
import markdown_it  # noqa: F401  # only to have it loaded
import pydantic_settings  # noqa: F401  # only to have it loaded
import pytest
import structlog  # noqa: F401  # only to have it loaded

_REPEATING = {
    "test_pages_stand_in_order_whatever_fails",
    "test_each_outcome_is_said_by_each_way",
    "test_before_a_choice_each_outcome_is_said_and_nothing_leaves",
    "test_races_of_approvals",
}
"""Tests that try dozens or hundreds of cases without Hypothesis and without parameters."""

_BURSTS = "test_bursts.py"
"""Tests of up to hundreds of questions at once."""

_traced: set[str] = set()
"""Tests of which a case runs under the tracer; the further cases of a test with parameters do not."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark for pytest-cov all but the first case of a test, properties, repeating tests and bursts."""
    name = item.nodeid.partition("[")[0]
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    is_repeating = item.path.name == _BURSTS or name.rpartition("::")[2] in _REPEATING
    if is_property or is_repeating or name in _traced:
        item.add_marker("no_cover")
    _traced.add(name)
