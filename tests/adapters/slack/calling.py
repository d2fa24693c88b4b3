"""A caller of the simulated Slack that is no bot of ours."""

from typing import Any

import aiohttp

from aion_bot.simulators.slack import SimulatedSlack


class Caller:
    """Calls the Web API without any library of Slack's."""

    def __init__(self, slack: SimulatedSlack, session: aiohttp.ClientSession) -> None:
        self._slack = slack
        self._session = session

    async def __call__(self, method: str, *, token: str | None = None, **arguments: Any) -> dict[str, Any]:
        token = self._slack.env["SLACK_BOT_TOKEN"] if token is None else self._slack.env.get(token, token)
        headers = {"Authorization": f"Bearer {token}"}
        url = self._slack.env["SLACK_API_URL"] + method
        async with self._session.post(url, json=arguments, headers=headers) as response:
            return await response.json()  # type: ignore[no-any-return]  # JSON has any type
