"""What doctor says of a deployment of many scopes; it changes nothing and counts as no replica."""

from collections.abc import Sequence

import pytest

from aion_bot.diagnosis import hosting
from aion_bot.diagnosis.hosting import examine_hosting
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.diagnosis import Diagnosis, Finding, Status, Subjects, ok
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.shared_values import SharedValues
from aion_bot.storage.hosting import check_shared, known_scopes, live_replicas, open_shared
from tests.support.hosted_platform import PlainHosting
from tests.support.postgres import lay_postgres, lay_shared


class Asked(PlainHosting):
    """A platform that looks at itself; it fails with `problem`."""

    address = "https://plain.example"
    problem: Exception | None = None

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        assert subjects == Subjects()
        if self.problem is not None:
            raise self.problem
        return Diagnosis([ok("plain", "its app is installed")])


def said(findings: Sequence[Finding]) -> list[tuple[Status, str, str]]:
    """The status, the check and the message of each finding."""
    return [(one.status, one.check, one.message) for one in findings]


async def test_a_deployment_with_replicas_and_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its replicas and scopes, one that nobody serves, one whose owner does not follow, and what the platform says of itself."""
    monkeypatch.setattr(hosting, "_MANY_WAIT", 3)
    location, platform = lay_shared(), Asked()
    shared = await open_shared(location, "first")
    try:
        assert not await shared.agree({})
        await shared.note_scopes("plain", ["A", "B"])
        (lease,) = await shared.claim(1)
        for _ in range(3):
            assert await shared.hand_over(lease.scope, b"")
        found = said(await examine_hosting(location, lambda _: [platform], asks=True))
        assert live_replicas(location) == ["first"]
    finally:
        await shared.close()
    assert found[1:] == [
        (Status.OK, "replicas", "first serve"),
        (Status.OK, "scopes", "2: plain:A, plain:B"),
        (Status.WARN, "scopes", "1 are served by nobody now, such as plain:B"),
        (Status.WARN, "plain:A", "3 requests wait for first"),
        (Status.OK, "plain", "its app is installed"),
    ]
    assert platform.is_closed


async def test_a_platform_that_cannot_be_asked_is_a_finding() -> None:
    """And no traceback."""
    platform = Asked()
    platform.problem = PlatformDown("the way is cut off")
    *_, last = said(await examine_hosting(lay_shared(), lambda _: [platform], asks=True))
    assert last == (Status.FAIL, "plain", "no answer (the way is cut off)")


@pytest.mark.parametrize("asks", [True, False])
async def test_before_the_first_start_nothing_is_made(*, asks: bool) -> None:
    """The database can be created, and stays as it is; nobody is asked."""

    def none(_: SharedValues) -> Sequence[PlainHosting]:
        raise AssertionError("nothing may be opened")

    location = lay_postgres()
    found = said(await examine_hosting(location, none, asks=asks))
    assert [one[1:] for one in found] == [
        ("database", f"{location} can be created"), ("replicas", "none serves"), ("scopes", "none yet"),
    ]  # fmt: skip
    assert check_shared(location) is None
    assert known_scopes(location) == ()


async def test_a_server_that_cannot_be_reached_is_one_finding() -> None:
    """It names what is wrong."""
    found = await examine_hosting(PostgresUrl("postgresql://bot@127.0.0.1:1/bot"), lambda _: [], asks=True)
    assert [(one.status, one.check) for one in found] == [(Status.FAIL, "database")]
