"""Workspaces that have installed the app: their tokens, written as the install page writes them."""

import base64
import time

from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.installations import Installations
from adapters.slack.oauth.sealing import Sealer
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.slack.app_configuration import SCOPES
from aion_bot.simulators.slack.state import APP
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.storage.hosting import open_shared

_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
"""Encrypts the tokens of the simulated workspaces."""
OAUTH = {
    "SLACK_CLIENT_ID": "1000000001.2000000002",
    "SLACK_CLIENT_SECRET": "51mu1a7edc11en75ec2e7",
    "SLACK_ALLOW_INSTALL": "any",
    "AION_BOT_ENCRYPTION_KEYS": _KEY,
}
"""The settings of the app that the workspaces install."""


async def install(teams: SlackTeams, database: PostgresUrl) -> None:
    """Let every workspace have installed the app."""
    shared = await open_shared(database, "installer")
    try:
        installations = Installations(shared.values, Sealer([_KEY]))
        for name, slack in teams.teams.items():
            token, team = teams.issue_token(name), slack.conversations.team
            await installations.save(
                Installation(
                    token, name, "", team.name, APP, team.bot.id, SCOPES, slack.people[0].id, time.time()
                )
            )
    finally:
        await shared.close()
