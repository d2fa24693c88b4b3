"""Workspaces of an organisation that get the app, or lose it, one by one."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from adapters.slack.hosting import HostedSlack
from aion_bot.ports.hosting import HasWorkspaces
from aion_bot.simulators.slack.oauth import SlackOAuth
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, THREE, TWO, Make
from tests.adapters.slack_oauth.front import Front, Values, event
from tests.adapters.slack_oauth.test_hosting import of_event, scope_of
from tests.adapters.slack_oauth.test_removal import deliver
from tests.support.cases import each

Install = Callable[..., Awaitable[int]]


def access(kind: str, *teams: str, at: float = 9e9, nested: bool = False) -> dict[str, Any]:
    """An event about workspaces of the organisation, in one of the forms that Slack's pages show."""
    inner: Mapping[str, Any] = {"type": f"team_access_{kind}", "team_ids": list(teams)}
    where = {"team_id": None, "enterprise_id": ORGANISATION, "api_app_id": "A0AION"}
    if nested:
        listed = [{"enterprise_id": ORGANISATION, "team_id": TWO, "is_enterprise_install": False}]
        outer = {"team_id": TWO, "event": {**where, "event": inner}, "authorizations": listed}
    else:
        outer = {**where, "event": inner}
    return {"type": "event_callback", "event_time": at, **outer}


@each("nested", [False, True])
async def test_a_workspace_that_lost_the_app_leaves_its_organisation(
    hosted: HostedSlack, front: Front, install: Install, nested: bool
) -> None:
    """Its rows are to be erased; the organisation's installation and its other workspaces stay, and so do others."""
    assert isinstance(hosted, HasWorkspaces)
    await install(ONE)
    await install(TWO, organisation=ORGANISATION)
    assert await deliver(front, *[access("revoked", TWO, nested=nested)] * 2) == [200, 200]
    assert await hosted.leaving_workspaces() == [(ORGANISATION, TWO)]
    assert (list(await hosted.scopes()), list(await hosted.leaving())) == ([ORGANISATION, ONE], [])
    other = of_event(THREE, ORGANISATION, whole=True)
    assert await scope_of(hosted, event(other)) == ORGANISATION
    await hosted.workspace_left(ORGANISATION, TWO)
    assert await hosted.leaving_workspaces() == []


async def test_a_workspace_with_an_installation_of_its_own_keeps_it_while_its_token_holds(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth
) -> None:
    """Slack is asked about its token: only where that has ended too, the workspace leaves as after a removal."""
    await install(TWO, organisation=ORGANISATION)
    await install(THREE)
    assert await deliver(front, access("revoked", THREE)) == [200]
    assert (list(await hosted.scopes()), list(await hosted.leaving())) == ([ORGANISATION, THREE], [])
    (token,) = oauth.tokens(THREE)
    oauth.end(token)
    hosted.changed.clear()
    assert await deliver(front, access("revoked", THREE)) == [200]
    assert (list(await hosted.scopes()), list(await hosted.leaving())) == ([ORGANISATION], [THREE])
    assert hosted.changed.is_set()
    await hosted.left(THREE)


async def test_a_revocation_of_before_a_grant_erases_nothing(
    hosted: HostedSlack, front: Front, install: Install
) -> None:
    """Slack sends late and again: the time of the event tells which is the newer one."""
    await install(TWO, organisation=ORGANISATION)
    now = time.time()
    await deliver(front, access("granted", TWO, at=now), access("revoked", TWO, at=now - 60))
    assert await hosted.leaving_workspaces() == []
    await deliver(front, access("revoked", TWO, at=now + 60))
    assert await hosted.leaving_workspaces() == [(ORGANISATION, TWO)]


async def test_a_workspace_that_gets_the_app_is_served_where_the_list_permits(
    make: Make, hosted: HostedSlack, front: Front, install: Install
) -> None:
    """Where the organisation stands on the list no more, its new workspaces are not served; those before are, and all once it does."""
    await install(TWO, organisation=ORGANISATION)
    strict = front.hosted = make(SLACK_ALLOW_INSTALL=ONE)
    new, old = (of_event(one, ORGANISATION, whole=True) for one in (THREE, TWO))
    assert await deliver(front, access("granted", THREE)) == [200]
    assert [await scope_of(strict, event(one)) for one in (new, old)] == [200, ORGANISATION]
    assert [await scope_of(hosted, event(one)) for one in (new, old)] == [ORGANISATION, ORGANISATION]
    front.hosted = hosted
    assert await deliver(front, access("granted", THREE)) == [200]
    strict._looked -= 20.0
    assert await scope_of(strict, event(new)) == ORGANISATION


async def test_no_mark_of_an_organisation_is_left(
    hosted: HostedSlack, front: Front, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """Once its own rows are erased nothing names its workspaces."""
    await install(TWO, organisation=ORGANISATION)
    await deliver(front, access("granted", THREE), access("revoked", TWO))
    await deliver(front, *oauth.uninstall(ORGANISATION, at=time.time() + 10))
    await hosted.left(ORGANISATION)
    assert not any(one in name for _, name in values.kept for one in (ORGANISATION, TWO, THREE))


@pytest.mark.parametrize(
    "payload",
    [
        access("revoked", ONE) | {"enterprise_id": None},
        access("revoked", "nonsense", "E0000ORG", "../x"),
        access("revoked", TWO) | {"type": "block_actions"},
        access("revoked") | {"event": {"type": "team_access_revoked", "team_ids": "T0002TEAM"}},
        access("revoked") | {"event": {"event": [1]}},
    ],
)
async def test_what_is_no_such_event_changes_nothing(
    hosted: HostedSlack, front: Front, install: Install, payload: Mapping[str, Any]
) -> None:
    """No workspace leaves, and nothing is raised."""
    await install(TWO, organisation=ORGANISATION)
    assert await deliver(front, payload) == [200]
    assert await hosted.leaving_workspaces() == []


async def test_while_the_database_is_away_slack_sends_again(
    front: Front, install: Install, values: Values
) -> None:
    """The answer is 503."""
    await install(TWO, organisation=ORGANISATION)
    values.down = True
    assert await deliver(front, access("revoked", TWO)) == [503]
