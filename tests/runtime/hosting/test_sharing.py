"""How many scopes a replica takes, and whether it gives one back."""

import pytest

from aion_bot.runtime.hosting.sharing import gives_back, share_of, to_claim
from aion_bot.storage.hosting import Load


@pytest.mark.parametrize(
    ("load", "share"),
    [
        (Load(replicas=1, scopes=20, free=20, owned=0), 20),
        (Load(replicas=3, scopes=20, free=20, owned=0), 7),
        (Load(replicas=3, scopes=2, free=2, owned=0), 1),
        (Load(replicas=0, scopes=5, free=5, owned=0), 5),
        (Load(replicas=2, scopes=0, free=0, owned=0), 0),
    ],
)
def test_a_share_is_even_and_rounded_up(load: Load, share: int) -> None:
    """No scope is left over where every replica takes its share; a replica that is not counted yet takes all."""
    assert share_of(load) == share


@pytest.mark.parametrize(
    ("free", "owned", "left_over", "claims"),
    [
        (20, 0, False, 7),
        (3, 0, False, 3),
        (20, 6, False, 1),
        (20, 7, False, 0),
        (20, 9, False, 0),
        (20, 7, True, 1),
        (20, 2, True, 5),
        (0, 7, True, 0),
    ],
)
def test_claims_fill_the_share_and_take_what_is_left_over_one_by_one(
    free: int, owned: int, *, left_over: bool, claims: int
) -> None:
    """Of 20 scopes and three replicas each takes seven; what nobody takes is taken one at a time."""
    assert to_claim(Load(3, 20, free, owned), owned, left_over=left_over) == claims


@pytest.mark.parametrize(
    ("ended", "owned", "abandoned", "claims"),
    [(7, 7, True, 3), (7, 7, False, 0), (7, 9, True, 3), (7, 2, True, 5), (1, 7, True, 1), (0, 7, True, 0)],
)
def test_what_a_dead_replica_had_is_divided_among_all(
    ended: int, owned: int, *, abandoned: bool, claims: int
) -> None:
    """Also by those that have their share, at once where nobody else took it."""
    load = Load(3, 20, 7, owned, ended=ended)
    assert to_claim(load, owned, left_over=False, abandoned=abandoned) == claims


@pytest.mark.parametrize(
    ("free", "owned", "gives"), [(0, 8, True), (0, 7, False), (1, 8, False), (0, 0, False)]
)
def test_what_is_above_the_share_is_given_back_once_nothing_is_free(
    free: int, owned: int, *, gives: bool
) -> None:
    """While scopes are free, whoever has fewer is to take these."""
    assert gives_back(Load(3, 20, free, owned), owned) is gives
