"""The soak test of many scopes tells from the replicas' logs who owned a scope when, and what was sent by another one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.chaos.ownership import Ownership, Sent


def event(name: str, at: float, epoch: int, scope: str = "slack:T1") -> Mapping[str, Any]:
    when = datetime.fromtimestamp(at, UTC).isoformat()
    return {"event": name, "scope": scope, "epoch": epoch, "timestamp": when}


def moved() -> Ownership:
    """A scope that `a` took at 10 s, and `b` at 20 s, while `a` was paused."""
    found = Ownership()
    found.note("a", event("scope taken", 10, 1))
    found.note("b", event("scope taken", 20, 2))
    return found


def test_what_an_earlier_owner_sends_is_found() -> None:
    """What was sent before another replica took the scope is right, also by the later owner afterwards; the rest is not."""
    sent = [
        Sent(15, "a", "slack:T1", "x"),
        Sent(25, "b", "slack:T1", "x"),
        Sent(21, "a", "slack:T1", "POST /chat"),
    ]
    assert list(moved().stale(sent)) == ["a sent POST /chat for slack:T1 1.00 s after b had taken it"]


def test_what_nobody_owned_is_found() -> None:
    """A request before anybody had the scope, and one of a scope that nobody ever had."""
    sent = [Sent(5, "a", "slack:T1", "x"), Sent(15, "a", "slack:T2", "x")]
    assert [one.rpartition(", ")[2] for one in moved().stale(sent)] == ["which nobody had taken"] * 2


def test_lines_come_in_any_order() -> None:
    """The logs are read one after the other: an older line of another replica changes no owner; a repeated one counts once."""
    found = Ownership()
    found.note("b", event("scope taken", 20, 2))
    found.note("a", event("scope taken", 10, 1))
    found.note("a", event("scope taken", 10, 1))
    found.note("a", event("scope lost", 21, 1))
    assert found.owners == {"slack:T1": "b"}
    assert [one.replica for one in found.taken["slack:T1"]] == ["a", "b"]


def test_a_scope_has_no_owner_after_its_end() -> None:
    """It was given back, lost, or its replica's process is over; what a replica gives back that it has not changes nothing."""
    for end in ("scope given back", "scope lost"):
        found = moved()
        found.note("a", event(end, 22, 1))
        assert found.of("b") == {"slack:T1"}
        found.note("b", event(end, 23, 2))
        assert found.owners == {}
    found = moved()
    found.ended("b")
    assert found.owners == {}


def test_a_takeover_is_by_another_replica() -> None:
    """The moment at which somebody else took a scope; None where the same one took it again."""
    found = moved()
    assert found.taken_over("slack:T1", "a", 12.0) == 20.0
    assert found.taken_over("slack:T1", "b", 12.0) is None
    assert found.taken_over("slack:T1", "a", 20.0) is None


def test_a_paused_owner_that_tells_late_is_none() -> None:
    """It had a lease, was paused before it could say so, and says it once another one has the scope: what that one sends is right."""
    found = moved()
    found.note("c", event("scope taken", 30, 1))
    assert found.owners == {"slack:T1": "b"}
    sent = [Sent(31, "b", "slack:T1", "x"), Sent(31, "c", "slack:T1", "POST /chat")]
    assert list(found.stale(sent)) == ["c sent POST /chat for slack:T1 11.00 s after b had taken it"]


def test_an_epoch_has_one_owner() -> None:
    """Two replicas with the same epoch are found."""
    found = moved()
    assert list(found.wrong_epochs()) == []
    found.note("c", event("scope taken", 30, 2))
    assert list(found.wrong_epochs()) == ["slack:T1: c and b have the epoch 2"]
