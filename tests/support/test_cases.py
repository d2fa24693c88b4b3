"""What a table of `each` promises."""

import pytest

from tests.support.cases import each


def test_every_row_is_tried_and_each_failure_names_its_row() -> None:
    """A row that fails hides none behind it, also where two tables stand above one test."""
    tried: list[tuple[int, str]] = []

    @each("number", [1, 2])
    @each(("sign", "good"), [("a", True), ("b", False), ("c", False)])
    def checked(number: int, sign: str, *, good: bool) -> None:
        tried.append((number, sign))
        assert good

    with pytest.raises(ExceptionGroup) as raised:
        checked()
    assert tried == [(number, sign) for number in (1, 2) for sign in "abc"]
    leaves = [leaf for group in raised.value.exceptions for leaf in group.exceptions]  # type: ignore[attr-defined]  # groups within a group
    assert [leaf.__notes__ for leaf in leaves] == [
        ["with sign='b', good=False"],
        ["with sign='c', good=False"],
    ] * 2


@each("number", [1, 2])
async def test_coroutines_get_their_fixtures(number: int, recwarn: pytest.WarningsRecorder) -> None:
    """A coroutine is awaited with each row, and with the fixtures that are no columns."""
    assert number in {1, 2}
    assert len(recwarn) == 0
