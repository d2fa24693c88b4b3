"""One database for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.storage import Store
from tests.support.databases import lay_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(lay_database(path))
    yield opened
    await opened.close()
