"""A workspace whose admin gives its key of Aion's asks with that, and the others go on with the main one."""

from pathlib import Path

import pytest

from adapters.slack.oauth.aion_keys import CALLBACK
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import spoken
from tests.end_to_end.deployment import Deployment, FileScopes
from tests.support.scope_database import MemoryServer
from tests.support.shared_values import MemoryValues

pytestmark = pytest.mark.slow  # a whole deployment, which serves a workspace anew


async def test_an_admin_gives_a_workspace_its_key(tmp_path: Path) -> None:
    """From the next questions on; a key that Aion does not take changes nothing, and what is stored shows neither.

    Whoever asks while Aion refuses the key is told to tell their admin, who has the form.
    """
    server, values = MemoryServer(), MemoryValues()

    async def opens(_: object, replica: str) -> FileScopes:
        made = FileScopes(server, replica, values)
        made.folder = tmp_path
        return made

    async with Deployment(2, tmp_path, opens, keys_in_file=False) as deployment:
        deployment.keys_every = 0.05
        await deployment.install(values)
        await deployment.start()
        (main, *_) = deployment.aion.tenants.values()
        mine, other = deployment.teams.teams
        slack, ada, own = deployment.slack(mine), deployment.slack(mine).people[0], deployment.aion_of(mine)
        slack.conversations.admins.add(ada.id)
        asked = 0

        async def ask(team: str, aion: SimulatedAion) -> None:
            nonlocal asked
            asked += 1
            words, home = f"Answer {asked}.", deployment.slack(team)
            aion.play(spoken(words))
            thread = await home.ask(home.people[0], f"What broke on site {asked}?")
            await home.until(lambda: any(words == shown.text for shown in home.thread(thread)))

        async def give(key: str) -> None:
            await slack.command(ada, "key")
            await slack.until(lambda: slack.open_form(ada) is not None)
            await slack.submit_form(ada, key)

        await ask(mine, main)
        await ask(other, main)
        assert (main.count("send_stream"), own.count("send_stream")) == (2, 0)
        main.fail_next("send_stream", 401, code="INVALID_API_KEY")
        refused = await slack.ask(slack.people[1], "What leaks?")
        await slack.until(lambda: any("tell your admin" in one.text for one in slack.thread(refused)))
        await give("aion_nobody0123456789abcdefghij")
        await give(own.api_key)
        await own.until(lambda: own.count("get_all_images") > 0)
        served = slack.api.calls["auth.test"]
        await slack.until(lambda: slack.api.calls["auth.test"] > served)  # its adapter connects anew
        await ask(mine, own)
        await ask(other, main)
        assert (main.count("send_stream"), own.count("send_stream")) == (4, 1)
        assert CALLBACK not in str(values._values)
        assert own.api_key not in str(values._values)
        await deployment.stop()
