"""What holds for every test."""

import copy
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from aion_bot.ports.secrets import KNOWN

hypothesis.settings.register_profile(
    "aion-bot",
    # Neither says anything about the code: both depend on what else the machine does, and on a cold cache.
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    # In CI every run draws the same examples, so that a change is judged by itself; elsewhere each run draws others.
    derandomize="CI" in os.environ,
    # A failure prints the line that repeats it; nothing is kept between runs.
    database=None,
    print_blob=True,
)
hypothesis.settings.load_profile("aion-bot")

_ROOT = Path(__file__).parent
_COSTLY = ("demo", "end_to_end", "test_growth.py")
"""Folders and files whose tests run uncovered in `make test`: on Python 3.11 a trace doubles their time, which is most of the
suite's. `make coverage` (COVER_ALL=1) covers them too."""


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    """What one test makes the process know to be secret is no secret in the next."""
    before = copy.deepcopy(vars(KNOWN))
    yield
    vars(KNOWN).update(before, version=KNOWN.version + 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take the costly tests out of the coverage, unless all are wanted."""
    if "COVER_ALL" not in os.environ:
        for item in items:
            if item.path.relative_to(_ROOT).parts[0] in _COSTLY:
                item.add_marker("no_cover")
