"""A plugin of `make test`: the tracer of coverage, which doubles a test's time, pauses for what repeats the same lines."""

import pytest

_REPEATING = {"test_pages_stand_in_order_whatever_fails"}
"""Tests that draw hundreds of cases without Hypothesis."""

_BURSTS = "test_bursts.py"
"""Tests of up to hundreds of questions at once."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark properties, repeating tests and bursts for pytest-cov."""
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    if is_property or item.path.name == _BURSTS or item.name.partition("[")[0] in _REPEATING:
        item.add_marker("no_cover")
