"""Removing the app: the workspace leaves, and one that installs it again at that moment is not lost."""

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest

from adapters.slack.hosting import HostedSlack
from adapters.slack.oauth import installations
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack.conftest import end
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, THREE, TWO, Make
from tests.adapters.slack_oauth.front import JSON, Front, Values, event, until
from tests.adapters.slack_oauth.test_hosting import of_event, scope_of, serving
from tests.support.cases import each
from tests.support.recording_host import RecordingHost

Install = Callable[..., Awaitable[int]]


async def deliver(front: Front, *payloads: Mapping[str, object]) -> list[int]:
    """Send events; returns the statuses."""
    return [await front.post_to(1, json.dumps(one), JSON, {}) for one in payloads]


async def test_both_events_in_any_order_and_again_remove_a_workspace_once(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth
) -> None:
    """Whichever comes first, and however often: the workspace leaves until its rows are erased, and the others stay."""
    await install(THREE)
    for order in itertools.permutations((0, 1)):
        await install(ONE)
        both = oauth.uninstall(ONE, at=time.time() + 10)
        sent = [both[one] for one in (*order, *order)]
        assert await deliver(front, *sent) == [200] * 4
        assert (list(await hosted.scopes()), list(await hosted.leaving())) == ([THREE], [ONE])
        await hosted.left(ONE)
        assert (list(await hosted.leaving()), await hosted.adapter(ONE)) == ([], None)
        assert await deliver(front, *sent) == [200] * 4
        assert list(await hosted.leaving()) == []


async def test_nothing_of_a_removed_workspace_is_left(
    front: Front, hosted: HostedSlack, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """Its token is gone with the event, and its id once its rows are."""
    await install()
    await deliver(front, oauth.uninstall(ONE, at=time.time() + 10)[0])
    assert values.kept["slack installation", ONE][0] == installations.REMOVED
    await hosted.left(ONE)
    assert not any(ONE in name for _, name in values.kept)


async def test_an_event_that_is_late_does_not_remove_the_next_installation(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth
) -> None:
    """Slack sends again for an hour: an event of before the installation, or of its moment while its token holds, is none of it."""
    await install()
    both = oauth.uninstall(ONE, at=time.time() - 60)
    await install()
    assert await deliver(front, *both) == [200, 200]
    assert list(await hosted.scopes()) == [ONE]
    both = oauth.uninstall(ONE)
    await install()
    assert await deliver(front, *both) == [200, 200]
    assert (list(await hosted.scopes()), list(await hosted.leaving())) == ([ONE], [])
    assert await deliver(front, *oauth.uninstall(ONE)) == [200, 200]
    assert list(await hosted.leaving()) == [ONE]


async def test_an_installation_while_the_rows_are_erased_is_served_afterwards(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth
) -> None:
    """It is no scope before, so that its rows are not those that are erased; what is asked meanwhile comes again."""
    await install()
    await deliver(front, *oauth.uninstall(ONE, at=time.time() + 10))
    assert await scope_of(hosted, event(of_event(ONE))) == 200
    await install()
    assert list(await hosted.scopes()) == []
    assert await scope_of(hosted, event(of_event(ONE))) == 503
    hosted.changed.clear()
    await hosted.left(ONE)
    assert (list(await hosted.scopes()), hosted.changed.is_set()) == ([ONE], True)
    assert await scope_of(hosted, event(of_event(ONE))) == ONE


async def test_an_installation_between_two_statements_is_kept(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """What `left` took by mistake it puts back."""
    await install()
    kept = values.kept["slack installation", ONE]
    await deliver(front, *oauth.uninstall(ONE, at=time.time() + 10))
    take = values.take

    async def overtaken(kind: str, name: str) -> str | None:
        if kind == installations.KIND:
            values.kept[kind, name] = kept
        return await take(kind, name)

    values.take = overtaken  # type: ignore[method-assign]  # as another replica writes between
    await hosted.left(ONE)
    assert list(await hosted.scopes()) == [ONE]


async def test_tokens_of_people_and_of_another_bot_remove_nothing(
    hosted: HostedSlack, front: Front, install: Install
) -> None:
    """Only the bot's own token counts."""
    await install()
    for tokens in (
        {"oauth": ["U1"], "bot": []},
        {"oauth": ["U1"]},
        {"bot": ["U0OTHER"]},
        {"bot": "U"},
        [],
        None,
    ):
        sent = of_event(ONE) | {"event": {"type": "tokens_revoked", "tokens": tokens}, "event_time": 9e9}
        assert await deliver(front, sent) == [200]
    assert list(await hosted.scopes()) == [ONE]


async def test_an_outage_has_the_event_sent_again(
    hosted: HostedSlack,
    front: Front,
    install: Install,
    oauth: SlackOAuth,
    values: Values,
    teams: SlackTeams,
) -> None:
    """Where Slack or the database cannot be asked, nothing changes, and the answer is 503."""
    await install()
    (said, _) = oauth.uninstall(ONE)
    values.down = True
    assert await deliver(front, said) == [503]
    values.down = False
    address, teams.methods["auth.test"] = teams.methods["auth.test"], oauth._access
    oauth.fail_next.append(500)
    assert await deliver(front, said) == [503]
    teams.methods["auth.test"] = address
    assert list(await hosted.scopes()) == [ONE]
    assert await deliver(front, said) == [200]
    assert list(await hosted.leaving()) == [ONE]


@each(("team", "left"), [(ORGANISATION, [ONE]), (TWO, [ORGANISATION, ONE])])
async def test_a_workspace_does_not_take_its_organisation_with_it(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth, team: str, left: list[str]
) -> None:
    """An event that names a workspace alone removes the organisation's installation only if its token holds no more."""
    await install(ONE)
    await install(TWO, organisation=ORGANISATION)
    if team == ORGANISATION:
        sent = oauth.uninstall(ORGANISATION, at=time.time() + 10)
    else:
        sent = [of_event(TWO, ORGANISATION) | {"event": {"type": "app_uninstalled"}, "event_time": 9e9}]
    await deliver(front, *sent)
    assert list(await hosted.scopes()) == left
    for one in await hosted.leaving():
        await hosted.left(one)


async def test_the_owner_learns_of_it(
    hosted: HostedSlack, front: Front, make: Make, install: Install, oauth: SlackOAuth
) -> None:
    """Another replica that serves the workspace is told, by the event itself or by its next look at what is stored."""
    await install()
    owner = make()
    async with serving(owner, front, ONE):
        owner.changed.clear()
        (first, _) = oauth.uninstall(ONE, at=time.time() + 10)
        await deliver(front, first)
        assert owner.changed.is_set()
        owner.changed.clear()
        await asyncio.wait_for(owner.changed.wait(), 60)
    assert front.routed == [ONE]
    assert list(await hosted.leaving()) == [ONE]


async def test_a_refused_token_waits_for_another_installation(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the event was lost, the adapter says what Slack refuses, and serves again once somebody has installed the app."""
    await install()
    adapter = await hosted.adapter(ONE)
    assert adapter is not None
    oauth.end(oauth.tokens(ONE)[0])
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await until(lambda: "installation refused, waiting for another" in caplog.text)
    assert host.presences == []
    await install()
    await host.until(lambda: bool(host.presences))
    assert not listening.done()
    await end(listening)
    await adapter.close()
