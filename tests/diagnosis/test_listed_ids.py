"""Doctor looks up the ids that the lists of `aion-bot.toml` name."""

from pathlib import Path

import pytest

from aion_bot.ports.diagnosis import Status
from aion_bot.simulators.services import SimulatedServices
from tests.diagnosis.setup import Setup


async def test_unknown_people_groups_and_roles_are_named_by_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a platform does not know is a warning with the line; what it knows is none, and neither is an empty list."""
    async with SimulatedServices() as services:
        setup = Setup(services, tmp_path, monkeypatch)
        slack, world = setup.slack, setup.discord.world
        slack.conversations.members["S0CREW"] = set()
        role, none = world.new_id(), world.new_id()
        world.roles[role] = "Crew"
        ada = slack.people[0].id
        (tmp_path / "bot.toml").write_text(
            f'[defaults]\nallow_roles = ["S0CREW", "{role}", "S0NONE", "{none}"]\n'
            f'allow_users = ["{ada}", "U0NONE"]\n[channels."C0GENERAL"]\nallow_users = []\n'
        )
        setup.env = {
            **services.env,
            "AION_BOT_DATABASE_URL": f"sqlite:///{setup.database}",
            "AION_BOT_CONFIG": str(tmp_path / "bot.toml"),
        }
        found = [str(one) for one in await setup.findings() if one.status is not Status.OK]
    line = f"warn  {tmp_path}/bot.toml, line"
    assert {one for one in found if "bot.toml" in one} == {
        f"{line} 2: no role S0NONE is shown to the bot by Slack; correct it",
        f"{line} 3: no person U0NONE is shown to the bot by Slack; correct it",
        f"{line} 2: no role {none} is shown to the bot by Discord; correct it",
    }
