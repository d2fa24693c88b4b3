"""Requests at any replica reach the owner of their scope, once and in order, and are durable before they are acknowledged."""

from collections.abc import Awaitable, Callable

import pytest
import structlog

from aion_bot.concurrency.backoff import Backoff
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpRequest
from aion_bot.runtime.hosting import arrivals
from aion_bot.runtime.hosting.requests import read_request, write_request
from aion_bot.runtime.hosting.routing import let_hand_over, routes
from aion_bot.storage.hosting import Arrival
from tests.runtime.hosting.conftest import Deployment
from tests.support.hosted_platform import PlainHosting
from tests.support.logs import logged


async def nobody(_: Routed) -> bool:
    """Take nothing."""
    return False


async def test_the_owner_takes_a_request_at_once(deployment: Deployment) -> None:
    """Nothing is written for it."""
    first = deployment.begin("first")
    await first.number(4)
    assert (await first.request("A", b"hello")).status == 200
    assert deployment.platform.took("A") == [b"hello"]
    assert deployment.server.rows["plain:A"] == []


async def test_another_replica_keeps_it_for_the_owner(deployment: Deployment) -> None:
    """Requests that came to the wrong replica are taken by the owner, in their order; none is left."""
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    scope = first.serving.now[0].partition(":")[2]
    for number in range(60):
        assert (await second.request(scope, str(number).encode())).status == 200
    await first.serving.until(lambda: len(deployment.platform.took(scope)) == 60)
    assert deployment.platform.took(scope) == [str(number).encode() for number in range(60)]
    await first.serving.until(lambda: not deployment.server.rows[f"plain:{scope}"])


async def test_a_request_whose_row_stays_is_taken_once(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that is taken again would be made twice: the owner knows what it took until the row is gone."""
    monkeypatch.setattr(arrivals, "AGAIN", Backoff(0.01, cap=0.01))
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    scope = first.serving.now[0].partition(":")[2]
    deployment.server.kept = 3
    assert (await second.request(scope, b"press")).status == 200
    assert (await second.request(scope, b"next")).status == 200
    await first.serving.until(lambda: not deployment.server.rows[f"plain:{scope}"])
    assert deployment.platform.took(scope) == [b"press", b"next"]


async def test_what_comes_while_nobody_serves_waits_for_the_next_owner(deployment: Deployment) -> None:
    """Also while the owner drains: it takes nothing any more."""
    first = deployment.begin("first")
    await first.number(4)
    first.serving.drained.clear()
    first.stop.set()
    await first.serving.until(lambda: first.runner.taking("plain:A") is None)
    assert (await first.request("A", b"late")).status == 200
    assert deployment.platform.took("A") == []
    first.serving.drained.set()
    await first.end()
    second = deployment.begin("second")
    await second.serving.until(lambda: deployment.platform.took("A") == [b"late"])


async def test_a_request_that_cannot_be_kept_is_not_acknowledged(deployment: Deployment) -> None:
    """The server is away, the rows are full, or there is no such scope: 503, and the platform sends it again."""
    first = deployment.begin("first")
    await first.number(4)
    assert (await first.request("Z", b"")).status == 503
    await first.end()
    deployment.server.most = 1
    second = deployment.begin("second")
    second.serving.refused = {"plain:A"}
    assert [(await second.request("A", b"")).status for _ in range(2)] == [200, 503]
    deployment.server.away = True
    with structlog.testing.capture_logs() as logs:
        assert (await second.request("A", b"")).status == 503
        await logged(logs, "request not handed over")


async def test_a_scope_hands_over_to_another_one(deployment: Deployment) -> None:
    """To its owner, here or elsewhere; what cannot be taken now waits, unlike a request that its platform sends again."""
    hands = HandingOver("A", "B", "C", "D")
    deployment.platform = hands
    first, second = deployment.begin("first"), deployment.begin("second")
    await first.number(2)
    await second.number(2)
    let_hand_over([PlainHosting("A"), hands], first.runner.taking, first.database)
    for scope in "ABCD":
        assert await hands.hand_over(Routed(scope, HttpRequest("POST", scope, {}, b"one")))
    await first.serving.until(lambda: all(hands.took(scope) == [b"one"] for scope in "ABCD"))
    here = first.serving.now[0].partition(":")[2]
    refused = {b"two"}
    hands.answers = lambda body: 503 if body in refused else 200
    assert await hands.hand_over(Routed(here, HttpRequest("POST", here, {}, b"two")))
    refused.clear()
    await first.serving.until(lambda: hands.took(here) == [b"one", b"two"])
    hands.answers = lambda _: 400
    assert not await hands.hand_over(Routed(here, HttpRequest("POST", here, {}, b"three")))
    assert not await hands.hand_over(Routed("Z", HttpRequest("POST", "Z", {}, b"")))


class HandingOver(PlainHosting):
    """A platform whose scopes hand requests to each other."""

    hand_over: Callable[[Routed], Awaitable[bool]] = staticmethod(nobody)


async def test_the_log_says_once_in_a_while_that_requests_are_not_kept(deployment: Deployment) -> None:
    """While the server is away each request gets 503, and there is one line for all of a few seconds."""
    first = deployment.begin("first")
    first.serving.refused = {"plain:A"}
    await first.number(3)
    ((_, receiver),) = routes([deployment.platform], first.runner.taking, first.database)
    deployment.server.away = True
    request = HttpRequest("POST", "A", {}, b"words of a person")
    with structlog.testing.capture_logs() as logs:
        assert {(await receiver.receive(request)).status for _ in range(20)} == {503}
    assert [one["count"] for one in logs if one["event"] == "request not handed over"] == [1]
    assert "words" not in str(logs)


async def test_what_is_no_request_of_a_scope_is_answered_by_the_platform(deployment: Deployment) -> None:
    """A wrong signature, a challenge, a page."""
    answer = await deployment.begin("first").request("", b"")
    assert (answer.status, answer.refused) == (401, "no scope")


async def test_an_arrival_that_cannot_be_written_is_tried_again_and_lets_others_pass(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few attempts those behind it go first; it is taken once it can be written."""
    monkeypatch.setattr(arrivals, "AGAIN", arrivals.Backoff(0.001, cap=0.001))
    bad = {b"first"}
    deployment.platform.answers = lambda body: 503 if body in bad else 200
    first = deployment.begin("first")
    await first.number(4)
    for body in (b"first", b"second"):
        await first.database.hand_over("plain:A", write_request(HttpRequest("POST", "A", {}, body)))
    await first.serving.until(lambda: deployment.platform.took("A") == [b"second"])
    bad.clear()
    await first.serving.until(lambda: deployment.platform.took("A") == [b"second", b"first"])
    await first.serving.until(lambda: not deployment.server.rows["plain:A"])


@pytest.mark.parametrize("status", [400, 404])
async def test_an_arrival_that_is_refused_is_dropped_and_logged(deployment: Deployment, status: int) -> None:
    """So is a row that is no request. Nothing of what it held is in the log."""
    deployment.platform.answers = lambda _: status
    first = deployment.begin("first")
    await first.number(4)
    with structlog.testing.capture_logs() as logs:
        body = write_request(HttpRequest("POST", "A", {}, b"words of a person"))
        await first.database.hand_over("plain:A", body)
        await first.database.hand_over("plain:A", b"no row of ours")
        await first.serving.until(lambda: not deployment.server.rows["plain:A"])
        await first.serving.until(lambda: sum(one["event"] == "arrival dropped" for one in logs) == 2)
    assert "words" not in str(logs)


async def test_an_arrival_is_given_up_after_many_attempts(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What never can be written does not fill the rows for ever."""
    monkeypatch.setattr(arrivals, "AGAIN", arrivals.Backoff(0.0001, cap=0.0001))
    monkeypatch.setattr(arrivals, "MOST_ATTEMPTS", 5)
    monkeypatch.setattr(arrivals, "TRIED_FOR", 0.0)
    deployment.platform.answers = lambda _: 500
    first = deployment.begin("first")
    await first.number(4)
    await first.database.hand_over("plain:A", write_request(HttpRequest("POST", "A", {}, b"")))
    with structlog.testing.capture_logs() as logs:
        await logged(logs, "arrival dropped")
    assert logs[-1]["attempts"] == 5


async def test_an_arrival_is_tried_for_long_beside_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others that are taken meanwhile let it be tried sooner again: that uses up no time in which it may be written."""
    monkeypatch.setattr(arrivals, "AGAIN", arrivals.Backoff(0.0001, cap=0.0001))
    monkeypatch.setattr(arrivals, "MOST_ATTEMPTS", 5)
    bad, tried = {b"bad"}, 0

    def answer(body: bytes) -> int:
        nonlocal tried
        tried += body in bad
        return 500 if body in bad else 200

    deployment.platform.answers = answer
    first = deployment.begin("first")
    await first.number(4)
    await first.database.hand_over("plain:A", write_request(HttpRequest("POST", "A", {}, b"bad")))
    with structlog.testing.capture_logs() as logs:
        await first.serving.until(lambda: tried > 20)
        bad.clear()
        await first.serving.until(lambda: deployment.platform.took("A") == [b"bad"])
    assert [one for one in logs if one["event"] == "arrival dropped"] == []


async def test_what_waited_for_a_day_is_dropped(deployment: Deployment) -> None:
    """Nobody expects an answer any more."""
    deployment.server.leases["plain:A"] = None
    body = write_request(HttpRequest("POST", "A", {}, b"words of a person"))
    deployment.server.rows["plain:A"] = [Arrival(1, body, 86_401.0), Arrival(2, body, 86_399.0)]
    first = deployment.begin("first")
    with structlog.testing.capture_logs() as logs:
        await first.number(4)
        await first.serving.until(lambda: not deployment.server.rows["plain:A"])
    assert len(deployment.platform.took("A")) == 1
    assert [(one["status"], "words" in str(one)) for one in logs if one["event"] == "arrival dropped"] == [
        (410, False)
    ]


def test_a_request_is_the_same_behind_its_row() -> None:
    """Whatever bytes its body has."""
    request = HttpRequest("POST", "a=b", {"x-signature": "v0=1"}, bytes(range(256)))
    assert read_request(write_request(request)) == request


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"[]",
        b"{}",
        b'{"method":1,"query":"","headers":[],"body":""}',
        b'{"method":"","query":"","headers":{},"body":"#"}',
        b"\xff",
    ],
)
def test_a_row_that_is_no_request_is_refused(row: bytes) -> None:
    """With the one error that is told of."""
    with pytest.raises(ValueError, match=r"Error$|UTF|utf|Expecting|base64|decode"):
        read_request(row)
