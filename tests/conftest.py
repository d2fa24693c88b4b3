"""What holds for every test."""

import copy
import gc
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from aion_bot.ports.secrets import KNOWN
from aion_bot.storage import Store
from tests.support.databases import lay_database, make_ready

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

# What the modules of the suite make lives to its end: looking for garbage in it again and again is a tenth of its time.
gc.disable()


_MEMORY = Path("/dev/shm")  # noqa: S108  # pytest makes a folder in it that is this user's alone
if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 2**30:
    # Hundreds of tests write a database each, which takes a disk longer.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_unconfigure() -> None:
    """Stop the Postgres server, where a test has started it: a worker's process ends without `atexit`."""
    if (support := sys.modules.get("tests.support.postgres")) is not None:
        support.stop_server()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what is loaded out of every later search for garbage."""
    if session.config.getoption("forks", 0):
        make_ready()
    gc.freeze()
    # A test leaves little garbage in cycles: the usual threshold searches for it thousands of times.
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.fixture(autouse=True)
def _own_secrets() -> Iterator[None]:
    """What one test makes the process know to be secret is no secret in the next."""
    before = copy.deepcopy(vars(KNOWN))
    yield
    vars(KNOWN).update(before, version=KNOWN.version + 1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """The repositories of a new database; `tests/storage` has them on both engines."""
    opened = await Store.open(lay_database(tmp_path / "bot.db"))
    yield opened
    await opened.close()
