"""Slack's token rotation: a token is refreshed in time, by one replica, and the answer is never lost."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.slack.hosting import HostedSlack
from adapters.slack.oauth import installations, rotation
from adapters.slack.oauth.api import OAuthRefused
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.rotation import TokenKeeper
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack_oauth.conftest import ONE, THREE, TIMES, Make
from tests.adapters.slack_oauth.front import Front, Values, until
from tests.adapters.slack_oauth.test_hosting import serving

Install = Callable[..., Awaitable[int]]


def keeper(hosted: HostedSlack, used: list[str]) -> TokenKeeper:
    """Keep the token of a workspace; what is to be used is noted."""
    return TokenKeeper(ONE, hosted._stored, lambda one: used.append(one.token if one else ""), TIMES)


async def test_a_token_without_an_end_is_used_as_it_is(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """Nothing is asked of Slack; the next look is due after the usual time."""
    await install()
    used: list[str] = []
    assert await keeper(hosted, used).look() == TIMES.look
    assert (used, oauth.calls) == (list(oauth.tokens(ONE)), ["ok"])


async def test_a_token_is_refreshed_before_its_end_and_the_old_one_holds_on(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """A tenth of a token's time before its end there is another one; running requests have the old one."""
    oauth.expires_in = 50  # less than `early`: due at once
    await install()
    (old,) = oauth.tokens(ONE)
    used: list[str] = []
    keeping = keeper(hosted, used)
    await keeping.look()
    assert (len(used), used[0] != old, set(oauth.tokens(ONE))) == (1, True, {old, used[0]})
    oauth.expires_in = 43_200
    await keeping.look()
    calls = len(oauth.calls)
    await keeping.look()
    assert len(oauth.calls) == calls


async def test_replicas_refresh_once(
    hosted: HostedSlack, make: Make, install: Install, oauth: SlackOAuth
) -> None:
    """Of several that find a token due at once one refreshes it, and all use the new one."""
    oauth.expires_in = 50
    await install()
    oauth.expires_in = 43_200
    used: list[list[str]] = [[], [], []]
    keeping = [keeper(one, seen) for one, seen in zip((hosted, make(), make()), used, strict=True)]
    await asyncio.gather(*(one.look() for one in keeping))
    for one in keeping:
        await one.look()
    assert oauth.calls == ["ok", "ok"]
    assert {seen[-1] for seen in used} == {oauth.tokens(ONE)[-1]}


async def test_a_replica_that_died_while_it_refreshed_is_replaced_by_another(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """Its lock counts for as long as its one request may take, and a little more."""
    oauth.expires_in = 50
    await install()
    used: list[str] = []
    await values.set(rotation.LOCK, ONE, str(time.time()))
    await keeper(hosted, used).look()
    assert oauth.calls == ["ok"]
    await values.set(rotation.LOCK, ONE, str(time.time() - 61))
    await keeper(hosted, used).look()
    assert oauth.calls == ["ok", "ok"]
    assert (rotation.LOCK, ONE) not in values.kept


async def test_an_answer_that_could_not_be_stored_is_stored_later(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """The refresh token is used up by then: what Slack answered is kept, and nothing is asked again."""
    oauth.expires_in = 50
    await install()
    oauth.expires_in = 43_200
    used: list[str] = []
    keeping, refresh = keeper(hosted, used), hosted._stored.api.refresh

    async def then_down(installation: Installation) -> Installation:
        found = await refresh(installation)
        values.down = True
        return found

    hosted._stored.api.refresh = then_down  # type: ignore[method-assign]  # the database goes away between
    with pytest.raises(SharedValuesDown):
        await keeping.look()
    values.down = False
    await keeping.look()
    assert (oauth.calls, used[-1]) == (["ok", "ok"], oauth.tokens(ONE)[-1])
    assert (rotation.LOCK, ONE) not in values.kept


async def test_a_cancelled_look_lets_the_refresh_end(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """An adapter that closes at that moment loses no refresh token."""
    oauth.expires_in = 50
    await install()
    oauth.expires_in = 43_200
    keeping, refresh, begun = keeper(hosted, []), hosted._stored.api.refresh, asyncio.Event()

    async def slow(installation: Installation) -> Installation:
        begun.set()
        return await refresh(installation)

    hosted._stored.api.refresh = slow  # type: ignore[method-assign]  # says when it has begun
    looking = asyncio.create_task(keeping.look())
    await begun.wait()
    looking.cancel()
    await keeping.close()
    assert oauth.calls == ["ok", "ok"]
    found = await hosted._stored.installations.get(ONE)
    assert found is not None
    assert found.token == oauth.tokens(ONE)[-1]


async def test_a_refresh_token_that_is_used_up_is_said_once_until_the_app_is_installed_again(
    hosted: HostedSlack,
    install: Install,
    oauth: SlackOAuth,
    values: Values,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As after a kill between Slack's answer and its write: the log says what to do, the old token is used, and an installation mends it."""
    oauth.expires_in = 50
    await install()
    stored = await hosted._stored.installations.get(ONE)
    assert stored is not None
    await hosted._stored.api.refresh(stored)  # of the replica that was killed
    used: list[str] = []
    running = asyncio.create_task(keeper(hosted, used).run())
    await until(lambda: oauth.calls.count("invalid_refresh_token") > 2)
    said = [one for one in caplog.records if one.getMessage() == "app has to be installed again"]
    assert [(one.__dict__["workspace"], one.__dict__["reason"]) for one in said] == [
        (ONE, "invalid_refresh_token")
    ]
    assert (installations.USED_UP, ONE) in values.kept
    oauth.expires_in = 43_200
    await install()
    await until(lambda: used[-1:] == [oauth.tokens(ONE)[-1]])
    assert (installations.USED_UP, ONE) not in values.kept
    running.cancel()


async def test_a_refresh_under_way_survives_other_secrets(
    hosted: HostedSlack, env: Mapping[str, str], install: Install, oauth: SlackOAuth, teams: SlackTeams
) -> None:
    """Its refresh token is used up by then, so that an answer which is lost could not be had again."""
    oauth.expires_in = 50
    await install()
    oauth.expires_in = 43_200
    access, begun, go_on = teams.methods["oauth.v2.access"], asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        answer = await access(request)
        begun.set()
        await go_on.wait()
        return answer

    teams.methods["oauth.v2.access"] = slow
    used: list[str] = []
    looking = asyncio.create_task(keeper(hosted, used).look())
    await begun.wait()
    names, _ = await hosted.take_secrets({**env, "SLACK_SIGNING_SECRET": "f" * 32})
    go_on.set()
    await looking
    assert (list(names), used) == (["SLACK_SIGNING_SECRET"], [oauth.tokens(ONE)[-1]])


async def test_an_installation_after_a_used_up_token_is_not_kept_waiting(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """Slack is asked again after a long pause; what is stored is looked at as often as ever, as it may be all that is wanted."""
    oauth.expires_in = 50
    await install()
    stored = await hosted._stored.installations.get(ONE)
    assert stored is not None
    await hosted._stored.api.refresh(stored)  # of a replica that was killed
    used: list[str] = []
    times = replace(TIMES, retry_max=3_600.0)
    keeping = TokenKeeper(ONE, hosted._stored, lambda one: used.append(one.token if one else ""), times)
    running = asyncio.create_task(keeping.run())
    await until(lambda: "invalid_refresh_token" in oauth.calls)
    oauth.expires_in = 43_200
    await install()
    await until(lambda: used[-1:] == [oauth.tokens(ONE)[-1]])
    assert oauth.calls.count("invalid_refresh_token") == 1
    running.cancel()


async def test_a_token_without_an_end_is_exchanged_once_others_have_one(
    hosted: HostedSlack, make: Make, install: Install, oauth: SlackOAuth
) -> None:
    """Rotation was switched on after a workspace had installed the app: whichever replica learns of a token with an end."""
    await install(ONE)
    (old,) = oauth.tokens(ONE)
    used: list[str] = []
    keeping = keeper(make(), used)
    await keeping.look()
    assert used == [old]
    oauth.expires_in = 43_200
    await install(THREE)
    await keeper(hosted, used).look()
    found = await hosted._stored.installations.get(ONE)
    assert found is not None
    assert (used[-1], found.token, list(oauth.tokens(ONE))) == (found.token, found.token, [found.token])
    assert (found.expires_at > time.time(), bool(found.refresh_token)) == (True, True)
    calls = len(oauth.calls)
    await keeping.look()
    assert (used[-1], len(oauth.calls)) == (found.token, calls)


async def test_a_token_that_slack_does_not_exchange_stays(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth
) -> None:
    """It is asked once, the log says so, and the token is used as before."""
    oauth.expires_in = 43_200
    await install(THREE)
    oauth.expires_in = 0
    await install(ONE)
    used: list[str] = []
    keeping = keeper(hosted, used)
    with pytest.raises(OAuthRefused, match=r"oauth\.v2\.exchange: token_rotation_not_enabled"):
        await keeping.look()
    await keeping.look()
    assert (used, oauth.calls.count("token_rotation_not_enabled")) == (list(oauth.tokens(ONE)), 1)


@pytest.mark.parametrize("failure", [500, "ratelimited"])
async def test_a_refused_refresh_is_said_and_tried_again(
    hosted: HostedSlack,
    install: Install,
    oauth: SlackOAuth,
    failure: str | int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The old token stays in use meanwhile; the log names the workspace and Slack's code, and no token."""
    oauth.expires_in = 50
    await install()
    oauth.expires_in = 43_200
    oauth.fail_next.extend([failure] * 2)
    used: list[str] = []
    keeping = keeper(hosted, used)
    with pytest.raises((OAuthRefused, PlatformError)):
        await keeping.look()
    running = asyncio.create_task(keeping.run())
    await until(lambda: bool(used))
    running.cancel()
    said = [one.__dict__ for one in caplog.records if one.getMessage() == "token not refreshed, retrying"]
    assert [one["workspace"] for one in said] == [ONE]
    assert "xoxe" not in str(said)
    assert used == [oauth.tokens(ONE)[-1]]


async def test_an_adapter_goes_on_with_the_new_token(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth, teams: SlackTeams
) -> None:
    """While it serves, its token is replaced; once the old one has ended, what it asks of Slack goes on."""
    oauth.expires_in = 101
    await install()
    oauth.expires_in = 43_200
    async with serving(hosted, front, ONE) as host:
        (old,) = oauth.tokens(ONE)
        adapter = front.adapters[ONE]
        await until(lambda: adapter._web.client.token != old)
        oauth.end(old)
        await teams.teams[ONE].ask(teams.teams[ONE].people[0], "What broke?")
        await host.until(lambda: bool(host.prompts))
        await adapter._web.identify()


async def test_a_reinstallation_reaches_a_running_adapter(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth
) -> None:
    """Its token is the new one's with the next look, and nothing has to start anew."""
    oauth.expires_in = 43_200
    await install()
    async with serving(hosted, front, ONE):
        await install()
        adapter = front.adapters[ONE]
        await until(lambda: adapter._web.client.token == oauth.tokens(ONE)[-1])
