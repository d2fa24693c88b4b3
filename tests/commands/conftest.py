"""Commands run in this process."""

from collections.abc import Iterator

import pytest

from tests.support.logs import logs_put_back


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A command sets the logs up for itself."""
    with logs_put_back():
        yield
