"""Tests with tables: one test for all rows where a row costs less than a test, and dear rows that `make slow` tries."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest


def rest_slow(rows: Sequence[Any], *, quick: int = 2) -> list[Any]:
    """Return the rows of `pytest.mark.parametrize` of which `make test` tries the first `quick`, and `make slow` all others.

    For end-to-end cases whose rows take one road: the first rows are those that differ most.
    """
    assert 0 < quick < len(rows)
    slow = [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.slow)
        for row in rows[quick:]
    ]
    return [*rows[:quick], *slow]


def each(
    names: str | tuple[str, ...], rows: Iterable[Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run a test with every row of a table, like `pytest.mark.parametrize`, but as one test.

    Every row is tried, also behind one that fails; each failure names its row. All rows share the fixtures of the test,
    so this is for tests that leave these as they were.
    """
    listed = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    table = [dict(zip(listed, row if len(listed) > 1 else (row,), strict=True)) for row in rows]
    assert table, "a table without rows tries nothing"

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def tried(**fixtures: Any) -> None:
                with _gathered() as failed:
                    for row in table:
                        with failed(row):
                            await test(**fixtures, **row)
        else:

            @functools.wraps(test)
            def tried(**fixtures: Any) -> None:
                with _gathered() as failed:
                    for row in table:
                        with failed(row):
                            test(**fixtures, **row)

        signature = inspect.signature(test)
        fixtures = [one for name, one in signature.parameters.items() if name not in listed]
        tried.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]  # pytest reads it
        return tried

    return decorate


@contextmanager
def _gathered() -> Iterator[Callable[[Mapping[str, Any]], Any]]:
    failures: list[Exception] = []

    @contextmanager
    def failed(row: Mapping[str, Any]) -> Iterator[None]:
        try:
            yield
        except Exception as failure:  # noqa: BLE001  # the next rows are tried all the same
            failure.add_note(f"with {', '.join(f'{name}={value!r}' for name, value in row.items())}")
            failures.append(failure)

    yield failed
    if failures:
        raise ExceptionGroup(f"{len(failures)} rows failed", failures)
