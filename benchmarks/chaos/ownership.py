"""Which replica owned which scope when, as the replicas' logs tell it, and what was sent for a scope by another one. No I/O."""

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TAKEN, ENDS = "scope taken", frozenset({"scope lost", "scope given back"})


@dataclass(frozen=True, slots=True, order=True)
class Taken:
    """A replica took a scope: when, in seconds since the epoch, and in which epoch of the lease."""

    at: float
    epoch: int
    replica: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that changes something: when it was sent, by which replica, for which scope."""

    at: float
    replica: str
    scope: str
    request: str


@dataclass(slots=True)
class Ownership:
    """What the logs of all replicas told so far; `owners` are those that have not ended by themselves.

    `taken` is in the order of the epochs: a replica that was paused after it had a lease tells of it when that is another one's again.
    """

    taken: dict[str, list[Taken]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)

    def note(self, replica: str, event: Mapping[str, Any]) -> None:
        """Note an event of a replica's log, if it is about a scope's owner."""
        name, scope = event.get("event"), str(event.get("scope", ""))
        if name == TAKEN:
            at = datetime.fromisoformat(event["timestamp"]).timestamp()
            new = Taken(at, int(event["epoch"]), replica)
            before = self.taken.setdefault(scope, [])
            if any((one.epoch, one.replica) == (new.epoch, replica) for one in before):
                return  # both the storage and the runtime tell it
            bisect.insort(before, new, key=lambda one: one.epoch)
            if before[-1] is new:
                self.owners[scope] = replica
        elif name in ENDS and self.owners.get(scope) == replica:
            del self.owners[scope]

    def ended(self, replica: str) -> None:
        """Note that the process of a replica is over."""
        self.owners = {scope: owner for scope, owner in self.owners.items() if owner != replica}

    def of(self, replica: str) -> frozenset[str]:
        """Return the scopes that a replica owns."""
        return frozenset(scope for scope, owner in self.owners.items() if owner == replica)

    def taken_over(self, scope: str, before: str, after: float) -> float | None:
        """Return when another replica than `before` took a scope after this moment; None where none did."""
        found = [one.at for one in self.taken.get(scope, ()) if one.at > after and one.replica != before]
        return min(found, default=None)

    def wrong_epochs(self) -> Iterator[str]:
        """Return where two owners had the same epoch."""
        for scope, all_of_it in self.taken.items():
            for one, later in itertools.pairwise(all_of_it):
                if later.epoch == one.epoch:
                    yield f"{scope}: {later.replica} and {one.replica} have the epoch {later.epoch}"

    def stale(self, sent: Sequence[Sent]) -> Iterator[str]:
        """Return what replicas sent for a scope after another one had taken it."""
        for one in sent:
            # In the order of the epochs: the last one is the owner, whoever told of it last.
            before = [each for each in self.taken.get(one.scope, ()) if each.at <= one.at]
            if not before:
                yield f"{one.replica} sent {one.request} for {one.scope}, which nobody had taken"
            elif before[-1].replica != one.replica:
                late = one.at - before[-1].at
                yield f"{one.replica} sent {one.request} for {one.scope} {late:.2f} s after {before[-1].replica} had taken it"
