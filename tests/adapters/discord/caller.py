"""Raw REST calls to the simulated Discord."""

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientSession

from aion_bot.simulators.discord import SimulatedDiscord


class Caller:
    """Somebody who calls REST with the bot's token."""

    def __init__(self, discord: SimulatedDiscord, session: ClientSession) -> None:
        self.discord = discord
        self.general = discord.world.named("general").id
        self._session = session

    async def call(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> tuple[int, Any]:
        """Call, and return status and body."""
        authorization = {"Authorization": f"Bot {token or self.discord.env['DISCORD_TOKEN']}"}
        address = self.discord.server.address + path
        async with self._session.request(method, address, json=body, headers=authorization) as answer:
            assert answer.status == 204 or answer.headers["Content-Type"] == "application/json"
            return answer.status, (await answer.json() if answer.status != 204 else None)

    async def post(self, body: Mapping[str, Any], channel: str | None = None) -> tuple[int, Any]:
        """Create a message."""
        return await self.call("POST", f"/channels/{channel or self.general}/messages", body)
