"""The order of a plan's steps."""

import pytest

from aion_bot.domain.step_order import Named, step_order


def order(*steps: str) -> list[str]:
    """Read steps like "b<a" (b depends on a), and return their places in order, with a bar where one is parallel."""
    named = [one.partition("<") for one in steps]
    found = [
        Named(frozenset(filter(None, name.split("/"))), frozenset(needs.split())) for name, _, needs in named
    ]
    return [f"{'|' if parallel else ''}{at}" for at, parallel in step_order(found)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["a", "b<a", "c<a", "d<b c"], ["0", "1", "|2", "3"]),
        (["c<b", "b<a", "a"], ["2", "1", "0"]),
        (["a", "b"], ["0", "1"]),
        (["a", "b<a", "c"], ["0", "|2", "1"]),
        (["a<nobody", "b<nothing"], ["0", "1"]),
        (["a<b", "b<a", "c"], ["2", "0", "1"]),
        (["a<a", "b<a"], ["0", "1"]),
        (["search", "look<search", "search<look", "move<search"], ["0", "1", "2", "3"]),
        (["1/search", "2/search", "move<1"], ["0", "|1", "2"]),
        (["", "<", "a<"], ["0", "1", "2"]),
        ([], []),
    ],
)
def test_a_step_stands_behind_those_that_it_depends_on(steps: list[str], expected: list[str]) -> None:
    """Chains, forks, missing and unknown names, names of several steps, and steps that wait for each other."""
    assert order(*steps) == expected


def test_a_step_waits_for_all_steps_of_a_name_before_it() -> None:
    """Two searches of which one comes later: what needs both is not beside either of them."""
    assert order("search<list", "search", "list", "move<search") == ["1", "|2", "0", "3"]
