"""Which scopes a replica serves: its share, what another one left, and nothing that it lost."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import structlog

from aion_bot.concurrency.backoff import Backoff
from aion_bot.runtime.hosting import runner, served
from aion_bot.runtime.hosting.served import OpenScope
from aion_bot.storage import Store, StoreError
from aion_bot.storage.hosting import Load, ScopeLease
from tests.runtime.hosting.conftest import FAST, Deployment, Replica
from tests.support.hosted_platform import Serving
from tests.support.logs import logged
from tests.support.scope_database import MemoryDatabase


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that nothing tells of. Raises TimeoutError after a minute."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # what it looks at has no event
            await asyncio.sleep(0.005)


async def test_one_replica_serves_all_scopes_and_a_second_one_gets_half(deployment: Deployment) -> None:
    """What the first has above its share is given back one by one, drained, and taken by the second."""
    first = deployment.begin("first")
    await first.serves("A", "B", "C", "D")
    second = deployment.begin("second")
    await first.number(2)
    await second.number(2)
    assert first.serving.cancelled == []
    assert sorted(first.serving.now + second.serving.now) == ["plain:A", "plain:B", "plain:C", "plain:D"]


async def test_a_replica_does_not_take_again_what_it_gave_back(deployment: Deployment) -> None:
    """With as many scopes on each side nothing moves any more."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    started = len(first.serving.ever), len(second.serving.ever)
    for _ in range(20):
        await first.runner._balance()  # looks at once, instead of after a while
        await second.runner._balance()  # as above
    assert (len(first.serving.ever), len(second.serving.ever)) == started


async def test_the_scopes_of_a_dead_replica_are_taken_over(deployment: Deployment) -> None:
    """Once its leases are over the other replica serves them, each with a higher epoch."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    await first.kill()
    deployment.server.expire(first.database)
    await second.serves("A", "B", "C", "D")
    assert all(lease is not None and lease.replica == "second" for lease in deployment.server.leases.values())
    assert max(deployment.server.epochs.values()) >= 2


async def test_a_lost_scope_is_cancelled_and_the_replica_goes_on(deployment: Deployment) -> None:
    """A replica that was paused past its leases ends what it did, closes the stores, and takes scopes again."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    had = list(first.serving.now)
    deployment.server.expire(first.database)
    await second.serves("A", "B", "C", "D")
    await first.serves()
    assert sorted(first.serving.cancelled) == sorted(had)
    await first.serving.until(lambda: all(one.closed for one in first.database.stores))
    deployment.server.replicas.append(first.database)
    await first.number(2)


async def test_a_stop_drains_all_scopes_at_once_and_gives_them_back(deployment: Deployment) -> None:
    """The stores are closed before the scopes are free; the other replica takes them over."""
    first = deployment.begin("first")
    await first.serves("A", "B", "C", "D")
    await first.end()
    assert first.serving.cancelled == []
    assert len(first.database.stores) == 4
    assert all(one.closed for one in first.database.stores)
    assert set(deployment.server.leases.values()) == {None}
    await deployment.begin("second").serves("A", "B", "C", "D")


@pytest.mark.parametrize("first", ["notification", "stop"])
async def test_a_stop_is_not_lost_where_a_notification_comes_at_its_moment(
    deployment: Deployment, first: str
) -> None:
    """Scopes that other replicas give back tell of it, as where all are stopped together: this one stops all the same."""
    replica = deployment.begin("first")
    await replica.serves("A", "B", "C", "D")
    await replica.serving.until(lambda: not replica.database.freed.is_set())
    await asyncio.sleep(0)  # what was woken by it waits again
    for one in (
        (replica.database.freed, replica.stop)
        if first == "notification"
        else (replica.stop, replica.database.freed)
    ):
        one.set()
    async with asyncio.timeout(5):
        await replica.task
    assert set(deployment.server.leases.values()) == {None}


async def test_a_new_scope_is_served_when_the_platform_says_so(deployment: Deployment) -> None:
    """An installation while the replica runs is one more scope."""
    first = deployment.begin("first")
    await first.number(4)
    deployment.platform.ids.append("E")
    deployment.platform.changed.set()
    await first.serves("A", "B", "C", "D", "E")


@pytest.mark.slow
async def test_a_scope_that_was_left_is_erased_without_a_drain(deployment: Deployment) -> None:
    """Its rows go, then the platform forgets it; also where another replica serves it."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    deployment.platform.ids = ["B", "C"]
    deployment.platform.gone = ["A", "D"]
    await first.serving.until(lambda: sorted(deployment.platform.erased) == ["A", "D"])
    assert sorted(deployment.server.leases) == ["plain:B", "plain:C"]
    await first.serving.until(lambda: len(first.serving.now + second.serving.now) == 2)


async def test_a_workspace_of_a_scope_is_erased_by_its_owner_once_all_has_ended(
    deployment: Deployment,
) -> None:
    """The scope is served on; a scope that nobody serves, or in which something has not ended, is looked at again."""
    server, platform = deployment.server, deployment.platform
    server.unfinished = {"W2"}
    platform.workspaces_gone = [("Z", "W0"), ("A", "W1"), ("B", "W2")]
    first = deployment.begin("first")
    await until(lambda: server.erasures.count(("plain:B", "W2")) > 1)
    assert platform.workspaces_gone == [("Z", "W0"), ("B", "W2")]
    assert server.erasures.count(("plain:A", "W1")) == 1
    server.unfinished = set()
    await until(lambda: platform.workspaces_gone == [("Z", "W0")])
    assert (first.serving.cancelled, len(first.serving.ever)) == ([], 4)


async def test_a_fault_of_one_scope_does_not_end_the_others(deployment: Deployment) -> None:
    """It is logged, and the scope is served again after a while."""
    first = deployment.begin("first")
    first.serving.failures.append(ValueError("a fault"))
    with structlog.testing.capture_logs() as logs:
        await first.number(3)
        await logged(logs, "scope failed, starting again")
        await first.number(4)


async def test_a_scope_that_cannot_be_opened_is_given_back(deployment: Deployment) -> None:
    """Another replica, of a newer version, may be able to; the others are served meanwhile."""
    deployment.server.unusable = {"plain:A"}
    first = deployment.begin("first")
    with structlog.testing.capture_logs() as logs:
        await first.serves("B", "C", "D")
        await logged(logs, "scope not opened")
    deployment.server.unusable = set()
    await first.number(4)


async def test_a_cut_connection_does_not_give_a_scope_back(deployment: Deployment) -> None:
    """What is lost while a scope is opened is tried again at once: nobody else could open it sooner."""
    deployment.server.cuts = 3
    first = deployment.begin("first")
    await first.serves("A", "B", "C", "D")
    assert set(deployment.server.epochs.values()) == {1}
    assert first.runner._rests_until == 0.0  # a rest would hold the scopes of a replica up that died


async def test_a_scope_that_was_lost_while_it_was_opened_costs_no_rest(deployment: Deployment) -> None:
    """Its owner serves it: nothing is wrong here, and other scopes may be taken at once."""
    first = deployment.begin("first")
    await first.number(4)
    await first.kill()
    second = deployment.begin("second")

    async def lost(lease: ScopeLease) -> Store:
        second.database.open_scope = opens  # type: ignore[method-assign]  # only the first one
        lease.lost.set()
        raise StoreError("another replica has taken over")

    opens, second.database.open_scope = second.database.open_scope, lost  # type: ignore[method-assign]  # likewise
    with structlog.testing.capture_logs() as logs:
        await second.number(4)
        await logged(logs, "scope not opened")
    assert second.runner._rests_until == 0.0


async def test_a_scope_whose_connection_is_cut_again_and_again_is_given_back(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another replica may be let in where this one is not."""
    monkeypatch.setattr(served, "OPEN_AGAIN", Backoff(0.001, attempts=3))
    deployment.platform.ids, deployment.server.cuts = ["A"], 3
    first = deployment.begin("first")
    with structlog.testing.capture_logs() as logs:
        await first.serves("A")
        await logged(logs, "scope not opened")
    assert deployment.server.epochs == {"plain:A": 2}


async def test_a_refused_token_leaves_the_other_scopes_alone(deployment: Deployment) -> None:
    """The scope stays with its replica, and is tried again when the platform has something new of it."""
    first = deployment.begin("first")
    first.serving.refused = {"plain:A"}
    await first.serves("B", "C", "D")
    first.serving.refused = set()
    deployment.platform.changed.set()
    await first.number(4)


async def test_a_server_that_is_away_ends_nothing(deployment: Deployment) -> None:
    """What is served goes on, and once the server is back new scopes are taken."""
    first = deployment.begin("first")
    await first.number(4)
    with structlog.testing.capture_logs() as logs:
        deployment.server.away = True
        await logged(logs, "scopes not updated")
        assert len(first.serving.now) == 4
        deployment.platform.ids.append("E")
        deployment.server.away = False
        await first.number(5)


async def test_what_a_replica_that_is_stuck_does_not_take_is_taken_by_another(deployment: Deployment) -> None:
    """One scope at a time, once they were free for a while, although the share of the other is full."""
    first = deployment.begin("first")
    await first.number(4)
    stuck = deployment.begin("stuck")
    await stuck.kill()
    await first.number(3)
    await first.number(4)


async def test_the_scopes_of_a_dead_replica_do_not_wait_for_one_that_is_stuck(deployment: Deployment) -> None:
    """Answers ran there: a replica whose share is full takes them at once, not as what is left over."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    second.runner._pace = replace(FAST, left_over=60.0, give_back=60.0)
    await deployment.begin("stuck").kill()
    deployment.server.expire(first.database)  # before it ends, as it would give them back here
    await first.kill()
    await second.serves("A", "B", "C", "D")


async def test_it_is_looked_when_a_lease_ends(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody renewed is taken then, and not up to a second later."""
    first = deployment.begin("first")
    await first.number(4)
    known = await first.database.load()
    first.runner._pace = replace(FAST, look=1.0)
    for ends, pause in ((None, 1.0), (5.0, 1.0), (0.5, 0.5 + runner._JUST_AFTER)):

        async def load(ends: float | None = ends) -> Load:
            return replace(known, next_end=ends)

        monkeypatch.setattr(first.database, "load", load)
        assert await first.runner._balance() == pause


async def test_it_is_looked_again_soon_for_what_a_dead_replica_left(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes an even part, and a replica that died counts for a while: what is left after the first part does not wait a second."""
    first = deployment.begin("first")
    await first.number(4)
    first.runner._pace = replace(FAST, look=1.0, again=0.2)
    for ended, ended_for, pause in ((9, 5.0, 0.2), (1, 5.0, 1.0), (9, 0.0, 1.0)):

        async def load(ended: int = ended, ended_for: float = ended_for) -> Load:
            return Load(3, 12, ended, 4, ended, ended_for)

        monkeypatch.setattr(first.database, "load", load)
        assert await first.runner._balance() == pause


async def test_log_lines_name_their_scope(deployment: Deployment) -> None:
    """Whatever a scope's tasks log carries its name."""
    seen = set()

    def note(_logger: object, _name: str, event: dict[str, object]) -> dict[str, object]:
        if event["event"] == "scope refused":
            seen.add(event.get("scope"))
        return event

    structlog.configure(
        [structlog.contextvars.merge_contextvars, note, structlog.processors.KeyValueRenderer()]
    )
    try:
        first = deployment.begin("first")
        first.serving.refused = {"plain:A", "plain:B"}
        await first.serving.until(lambda: len(seen) == 2)
    finally:
        structlog.reset_defaults()
    assert seen == {"plain:A", "plain:B"}


async def test_a_scope_in_which_nothing_runs_is_given_back_first(deployment: Deployment) -> None:
    """A drain breaks an answer off that takes longer than the grace."""
    first = deployment.begin("first")
    first.runner.busy = lambda scope: scope in {"plain:A", "plain:C", "plain:D"}
    await first.number(4)
    second = deployment.begin("second")
    await second.number(1)
    assert second.serving.ever == ["plain:B"]


async def test_names_are_written_once_and_all_of_them_after_a_change(deployment: Deployment) -> None:
    """A look finds what is new alone; a change of the platform, and every now and then a look, names all scopes."""
    noted: list[list[str]] = []
    first = deployment.begin("first")
    write = first.database.note_scopes

    async def note(platform: str, ids: Sequence[str]) -> None:
        noted.append(list(ids))
        await write(platform, ids)

    first.database.note_scopes = note  # type: ignore[method-assign]  # watched
    await first.number(4)
    deployment.platform.ids.append("E")
    await first.number(5)
    deployment.platform.changed.set()
    await first.serving.until(lambda: len(noted) == 3)
    assert noted == [["A", "B", "C", "D"], ["E"], ["A", "B", "C", "D", "E"]]


async def test_what_is_new_while_a_token_is_refused_is_tried_soon(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform may have another token before the refusal of the earlier one is known: nothing tells of it once more."""
    monkeypatch.setattr(served, "AGAIN", Backoff(0.01, factor=60_000.0, cap=600.0))
    deployment.platform.ids = ["A"]

    class Refused(Serving):
        async def __call__(self, scope: OpenScope, stop: asyncio.Event) -> bool:
            if len(self.ever) == 2:
                return await super().__call__(scope, stop)
            self.ever.append(scope.name)
            if len(self.ever) == 2:  # after the second one its pause would be the long one
                deployment.platform.changed.set()
                await until(first.runner.served[scope.name].again.is_set)
            return False

    first = Replica(MemoryDatabase(deployment.server, "first"), deployment.platform, Refused())
    deployment.replicas.append(first)
    await first.serves("A")
