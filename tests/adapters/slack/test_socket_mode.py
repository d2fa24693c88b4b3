"""Two sockets: whatever happens to one of them, or to both, nothing that was said is lost."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.conftest import HASTE, end
from tests.support.recording_host import RecordingHost

PAUSE = 0.01
"""Seconds between two questions where each more of them tries nothing new."""


def built(slack: SimulatedSlack, timeouts: Timeouts = HASTE) -> SlackAdapter:
    env = slack.env
    return SlackAdapter(SlackSettings.from_mapping(env), timeouts)


@asynccontextmanager
async def connected(slack: SimulatedSlack, timeouts: Timeouts) -> AsyncIterator[RecordingHost]:
    """The host of an adapter with these times, which listens on both sockets."""
    adapter, host = built(slack, timeouts), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.until(lambda: slack.sockets.open == 2)
    await host.until(lambda: bool(host.presences))
    yield host
    await end(listening)
    await adapter.close()


async def talk_until(
    slack: SimulatedSlack, host: RecordingHost, done: Callable[[], bool], *, pause: float = 0.0
) -> None:
    """Ask one question after the other, each answered by its arrival, until `done`; `pause` seconds between them.

    Where a time has to go by, and no moment is tried in which a question could be lost, a pause leaves the machine alone.
    """
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(pause)
            asked = len(host.prompts)
            await slack.direct_message(slack.people[0], f"question {asked}")
            await host.until(lambda asked=asked: len(host.prompts) > asked)  # type: ignore[misc]  # mypy infers no type for a default of a lambda


def repaired(slack: SimulatedSlack, replaced: int) -> Callable[[], bool]:
    """Whether `replaced` sockets were opened beside the first two, and two are open."""
    return lambda: (slack.sockets.opened, slack.sockets.open) == (2 + replaced, 2)


async def test_each_delivery_goes_to_one_of_two_sockets(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Both sockets serve: Slack shares its deliveries among them, and each arrives once."""
    assert slack.sockets.open == 2
    for number in range(6):
        await slack.direct_message(slack.people[0], f"question {number}")
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))
    assert sorted(prompt.text for prompt in host.prompts) == [f"question {number}" for number in range(6)]
    assert all(len(delivery.envelopes) == 1 for delivery in slack.sockets.deliveries)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ((0,), "refresh_requested"),
        ((1,), "refresh_requested"),
        ((0, 1), "refresh_requested"),
        ((0, 1), "warning"),
    ],
)
async def test_refresh_leaves_no_gap(
    slack: SimulatedSlack, host: RecordingHost, numbers: tuple[int, ...], reason: str
) -> None:
    """While one socket is refreshed, or both, every question arrives, and none has to be sent twice."""
    slack.sockets.disconnect_notice = 60.0  # how long a machine takes to open others is not tried
    await slack.sockets.refresh(*numbers, reason=reason)
    await talk_until(slack, host, lambda: slack.sockets.open == 2 + len(numbers))
    await slack.sockets.end_refresh()
    await talk_until(slack, host, repaired(slack, len(numbers)))
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))
    assert all(len(delivery.envelopes) == 1 for delivery in slack.sockets.deliveries)
    assert len(host.prompts) == len(slack.sockets.deliveries)
    assert len(host.presences) == 1


async def test_click_during_a_refresh_arrives(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Slack sends an interaction once: also while both sockets are refreshed none is lost."""
    thread = await slack.direct_message(slack.people[0], "tag them")
    await host.until(lambda: bool(host.prompts))
    card = Reply("card", buttons=(Button(Action.APPROVE, "k", "Approve"),))
    ref = await adapter.post(host.prompts[0].thread, card, nonce="n-1")
    slack.sockets.disconnect_notice = 60.0  # how long a machine takes to open others is not tried
    pressed = 0

    async def press_until(done: Callable[[], bool]) -> None:
        nonlocal pressed
        while not done():
            await slack.press(slack.people[0], thread, ids.message(ref).ts, "aion_plan_approve")
            pressed += 1
            await host.until(lambda pressed=pressed: len(host.clicks) == pressed)  # type: ignore[misc]  # mypy infers no type for a default of a lambda

    await slack.sockets.refresh()
    await press_until(lambda: slack.sockets.open == 4)
    ending = asyncio.create_task(slack.sockets.end_refresh())
    await press_until(lambda: ending.done() and repaired(slack, 2)())
    assert pressed > 2


async def test_socket_that_slack_does_not_close_is_closed(slack: SimulatedSlack) -> None:
    """A socket that was asked back is listened to for a while, and then let go: there are ten at most."""
    slack.sockets.disconnect_notice = 60.0
    async with connected(slack, replace(HASTE, drain=0.5)) as host:
        await slack.sockets.refresh(0)
        await slack.until(lambda: slack.sockets.opened == 3)
        await slack.until(repaired(slack, 1))
        assert len(host.presences) == 1


@pytest.mark.parametrize("reason", ["too_many_websockets", "link_disabled"])
async def test_socket_that_slack_refuses_is_let_go_at_once(
    slack: SimulatedSlack, host: RecordingHost, reason: str
) -> None:
    """Where Slack does not want a socket any more, it makes place before the next one is asked for."""
    del host
    slack.sockets.disconnect_notice = 60.0
    most = 2

    def replaced() -> bool:
        nonlocal most
        most = max(most, slack.sockets.open)
        return repaired(slack, 1)()

    await slack.sockets.refresh(0, reason=reason)
    await slack.until(replaced)
    assert most == 2


@pytest.mark.parametrize("loss", ["abort", "close"])
@pytest.mark.parametrize("numbers", [(0,), (1,), (0, 1)])
async def test_loss_is_survived(
    slack: SimulatedSlack, host: RecordingHost, loss: str, numbers: tuple[int, ...]
) -> None:
    """A lost socket is replaced with a fresh ticket, and what is said meanwhile arrives."""
    await getattr(slack.sockets, loss)(*numbers)
    await talk_until(slack, host, repaired(slack, len(numbers)))
    assert slack.sockets.tickets == []
    assert slack.api.calls["apps.connections.open"] == 2 + len(numbers)
    assert len(host.presences) == 1


@pytest.mark.parametrize("numbers", [(0,), (1,), (0, 1)])
async def test_half_open_socket_is_noticed(
    slack: SimulatedSlack, host: RecordingHost, numbers: tuple[int, ...]
) -> None:
    """A socket that stays open but answers no ping is replaced; what was sent into it is sent again and arrives."""
    slack.sockets.ack_timeout = 0.05
    slack.sockets.make_half_open(*numbers)
    before = len(slack.sockets.deliveries)
    for number in range(4):
        await slack.direct_message(slack.people[0], f"question {number}")
    await slack.until(lambda: slack.sockets.opened == 2 + len(numbers))
    await host.until(lambda: len({prompt.key for prompt in host.prompts}) == 4)
    assert len(slack.sockets.deliveries) == before + 4
    assert len(host.presences) == 1


@pytest.mark.parametrize("invalid", [1, 3])
async def test_invalid_ticket_is_not_tried_again(
    slack: SimulatedSlack, host: RecordingHost, invalid: int
) -> None:
    """A ticket that opens nothing is thrown away for a fresh one, while the other socket serves."""
    slack.sockets.invalid_tickets = invalid
    await slack.sockets.abort(0)
    await talk_until(slack, host, repaired(slack, 1))
    assert slack.api.calls["apps.connections.open"] == 3 + invalid


async def test_socket_without_a_greeting_is_given_up(slack: SimulatedSlack) -> None:
    """A socket on which Slack never says hello is not waited for without end."""
    async with connected(slack, replace(HASTE, hello=0.5, drain=0.5)) as host:
        slack.sockets.connections_without_hello = 1
        await slack.sockets.abort(1)
        await slack.until(lambda: slack.sockets.opened >= 4 and slack.sockets.open == 2)
        await talk_until(slack, host, lambda: len(host.prompts) == 4)


async def test_refused_sockets_are_asked_for_with_pauses(slack: SimulatedSlack, host: RecordingHost) -> None:
    """While Slack refuses one socket it is tried again and again, but not in a frenzy; the other one serves."""
    slack.sockets.refusing_connections = True
    await slack.sockets.abort(0)
    begun = slack.api.calls["apps.connections.open"]
    clock = asyncio.get_running_loop().time
    since = clock()
    await talk_until(slack, host, lambda: slack.api.calls["apps.connections.open"] >= begun + 5, pause=PAUSE)
    assert clock() - since > 2 * HASTE.reconnect
    slack.sockets.refusing_connections = False
    await talk_until(slack, host, repaired(slack, 1))
    assert len(host.presences) == 1


async def test_pause_that_slack_wants_before_a_ticket_is_kept(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """A limited rate of tickets is respected to the second."""
    slack.fail_next("apps.connections.open", retry_after=0.3)
    clock = asyncio.get_running_loop().time
    await slack.sockets.abort(1)
    begun = clock()
    await talk_until(slack, host, repaired(slack, 1), pause=PAUSE)
    assert clock() - begun >= 0.3


async def test_token_refused_once_ends_nothing_while_a_socket_serves(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """As long as questions arrive nobody is told that the token is wrong."""
    slack.fail_next("apps.connections.open", error="invalid_auth")
    await slack.sockets.abort(1)
    await talk_until(slack, host, repaired(slack, 1))
    assert len(host.presences) == 1


async def test_token_refused_ends_listening_once_no_socket_serves(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """A token that was withdrawn is named, without waiting for a network that is well."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.until(lambda: slack.sockets.open == 2)
    slack.fail_next("apps.connections.open", error="token_revoked", times=100)
    await slack.sockets.abort()
    with pytest.raises(TokenRefused) as raised:
        await asyncio.wait_for(listening, 60)
    assert raised.value.variable == "SLACK_APP_TOKEN"


async def test_sockets_that_stay_away_are_given_up(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Where no socket opens any more, `listen` ends and can be begun again; posting works meanwhile."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.until(lambda: slack.sockets.open == 2)
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    slack.sockets.refusing_connections = True
    clock = asyncio.get_running_loop().time
    begun = clock()
    await slack.sockets.abort()
    with pytest.raises(PlatformDown):
        await asyncio.wait_for(listening, 60)
    assert clock() - begun > HASTE.offline / 2
    await adapter.post(host.prompts[0].thread, Reply("still here"), nonce="n-1")
    slack.sockets.refusing_connections = False
    again = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: len(host.presences) == 2)
    await slack.direct_message(slack.people[0], "hello again")
    await host.until(lambda: len(host.prompts) == 2)
    await end(again)


async def test_one_socket_is_enough_to_stay(slack: SimulatedSlack, host: RecordingHost) -> None:
    """As long as one socket serves, `listen` does not end, however long the other one is refused."""
    slack.sockets.refusing_connections = True
    await slack.sockets.abort(0)
    clock = asyncio.get_running_loop().time
    begun = clock()
    await talk_until(slack, host, lambda: clock() - begun > 1.5 * HASTE.offline, pause=PAUSE)
    assert len(host.presences) == 1


async def test_sockets_that_never_open_are_platform_down(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """The first connection is not waited for without end either."""
    slack.sockets.refusing_connections = True
    with pytest.raises(PlatformDown):
        await asyncio.wait_for(adapter.listen(RecordingHost()), 60)


async def test_second_socket_comes_later(slack: SimulatedSlack) -> None:
    """Sockets that were opened together would be refreshed together."""
    adapter, host = built(slack, Timeouts(stagger=60.0)), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    assert slack.sockets.opened == 1
    await end(listening)
    await adapter.close()


async def test_own_two_sockets_are_no_reason_to_warn(
    slack: SimulatedSlack, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack counts both of ours, and a third for a moment during a refresh: nobody is alarmed."""
    caplog.set_level(logging.WARNING)
    await slack.sockets.refresh(0)
    await slack.until(repaired(slack, 1))
    assert [presence.notices for presence in host.presences] == [()]
    assert caplog.messages == []


async def test_second_process_is_noticed(slack: SimulatedSlack, host: RecordingHost) -> None:
    """A second process with the same token takes half of the events: its engineer is told, once."""
    del host  # the first process
    adapter, second = built(slack), RecordingHost()
    listening = asyncio.create_task(adapter.listen(second))
    await second.until(lambda: bool(second.presences))
    (notice,) = second.presences[0].notices
    assert "SLACK_APP_TOKEN" in notice
    await slack.until(lambda: slack.sockets.open == 4)
    assert len(second.presences) == 1
    await end(listening)
    await adapter.close()


async def test_foreign_socket_beside_ours_is_noticed(
    slack: SimulatedSlack, caplog: pytest.LogCaptureFixture
) -> None:
    """A process with a single socket shows only once our second one is greeted: it gets into the log."""
    adapter, host = built(slack), RecordingHost()
    slack.sockets.ack_timeout = 0.05  # the foreign socket acknowledges nothing
    async with aiohttp.ClientSession() as session, session.ws_connect(slack.socket_address()):
        await slack.until(lambda: slack.sockets.open == 1)
        listening = asyncio.create_task(adapter.listen(host))
        await slack.until(lambda: slack.sockets.open == 3)
        logged = caplog.records
        await talk_until(
            slack, host, lambda: any("SLACK_APP_TOKEN" in vars(one).get("notice", "") for one in logged)
        )
    assert [presence.notices for presence in host.presences] == [()]
    await host.until(lambda: len(host.signs) == 1)  # for `doctor` and readiness
    await end(listening)
    await adapter.close()


@pytest.mark.parametrize("depth", [400, 800, 100_000])
@pytest.mark.parametrize("field", ["blocks", "attachments", "files", "text", "user", "nothing"])
async def test_a_deeply_nested_event_is_skipped(
    slack: SimulatedSlack, host: RecordingHost, depth: int, field: str
) -> None:
    """However deeply an event is nested, the connections stay, and the next question arrives."""
    event = {
        "type": "message",
        "channel": "D0ADA",
        "channel_type": "im",
        "ts": "1.5",
        "user": "U0ADA",
        "text": "x",
    }
    payload = {"type": "event_callback", "team_id": "T0NW", "event": {**event, field: 0}}
    envelope = json.dumps({"envelope_id": "e", "type": "events_api", "payload": payload})
    await slack.sockets.send_raw(envelope.replace(f'"{field}": 0', f'"{field}": {"[" * depth}{"]" * depth}'))
    await slack.direct_message(slack.people[0], "and now?")
    await host.until(lambda: "and now?" in [one.text for one in host.prompts])
    assert slack.sockets.opened == 2
