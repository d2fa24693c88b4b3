"""A workspace installs the app in a browser, is served, removes it, and installs it again."""

import asyncio
import html
import re
import time
from pathlib import Path

import aiohttp
import pytest

from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.slack.oauth import SlackOAuth
from tests.end_to_end.deployment import Deployment, FileScopes
from tests.support.scope_database import MemoryServer
from tests.support.shared_values import MemoryValues

pytestmark = pytest.mark.slow  # whole deployments


async def install(deployment: Deployment, oauth: SlackOAuth, team: str) -> str:
    """Walk through the pages over HTTP, as a browser does; returns the last one."""
    page = deployment.teams.http.address.replace("/slack/events", "/slack/install")
    async with aiohttp.ClientSession() as session:
        async with session.get(page) as shown:
            assert shown.headers["Content-Type"].startswith("text/html")
            assert shown.headers["Cache-Control"] == "no-store"
            # The cookie is for https, which stands before the bot.
            cookie = shown.headers["Set-Cookie"].partition(";")[0]
            address = html.unescape(re.findall(r'href="([^"]*)"', await shown.text())[0])
        back = oauth.approve(address, team, deployment.slack(team).people[0])
        async with session.get(back, headers={"Cookie": cookie}) as ended:
            assert ended.status == 200
            return await ended.text()


async def test_a_workspace_comes_and_goes_and_comes_back(tmp_path: Path) -> None:
    """Its question is answered within moments of the installation; after the removal nothing of it is left, and it begins anew."""
    server, values = MemoryServer(), MemoryValues(time.time)

    async def opens(_: object, replica: str) -> FileScopes:
        made = FileScopes(server, replica, values)
        made.folder = tmp_path
        return made

    async with Deployment(2, tmp_path, opens, keys_in_file=False) as deployment:
        oauth = SlackOAuth(deployment.teams)
        team, other = deployment.teams.teams
        slack, (aion, *_) = deployment.slack(team), deployment.aion.tenants.values()
        await deployment.start()

        async def ask(words: str) -> None:
            aion.play(spoken(words))
            thread = await slack.ask(slack.people[0], "What broke?")
            await slack.until(lambda: any(one.text == words for one in slack.thread(thread)))

        assert "Company 1" in await install(deployment, oauth, team)
        await slack.until(lambda: slack.api.calls["auth.test"] > 0)
        await ask("A roof.")
        for payload in oauth.uninstall(team, at=time.time() + 10):
            assert await deployment.teams.http.send("events_api", payload, 0, 5.0) == 200
        async with asyncio.timeout(60):
            while await values.names("slack leaving"):  # noqa: ASYNC110  # the double of the database has no event
                await asyncio.sleep(0.05)
        assert team not in str(values._values)
        await install(deployment, oauth, team)
        await ask("A beam.")
        assert list(await values.names("slack installation")) == [team]
        assert other not in str(slack.api.bodies)
        await deployment.stop()
