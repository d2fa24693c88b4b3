"""The names of people, groups and channels that Slack's texts mention by id.

People need the scope `users:read`, groups `usergroups:read`; both are optional. Without them ids stay ids.
"""

from collections.abc import Mapping
from time import monotonic
from typing import Any

from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.methods import Method
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.names import Find, Names

EVERYBODY = "@*"
"""Stands for the people of a workspace, as a key that is looked up."""
_MOST_PEOPLE = 1_000
"""People whose names one request brings: https://docs.slack.dev/reference/methods/users.list"""

_WITHOUT_SCOPE = 3600.0
"""Seconds before a method that the app lacks the scope for is called again: an admin may have added the scope."""

Answer = Mapping[str, Any]


class SlackNames:
    """Looks up names by the inside of a mention: `@U1`, `#C1`, `!subteam^S1`."""

    def __init__(self, web: WebApi, *, timeout: float) -> None:
        self.names = Names(self._look_up, timeout=timeout)
        self._web = web
        self._refused_until: dict[Method, float] = {}

    async def _look_up(self, mention: str) -> Mapping[str, str]:
        if mention == EVERYBODY:
            return await self._everybody()
        if mention.startswith("@"):
            answer = await self._call(Method.USERS_INFO, user=mention[1:])
            return _named({mention: _person(answer.get("user") or {})})
        if mention.startswith("#"):
            answer = await self._call(Method.CONVERSATIONS_INFO, channel=mention[1:])
            return _named({mention: (answer.get("channel") or {}).get("name")})
        # There is no method for one group; one call names them all.
        groups = (await self._call(Method.USERGROUPS_LIST)).get("usergroups") or ()
        return _named({f"!subteam^{one.get('id')}": one.get("handle") or one.get("name") for one in groups})

    async def _everybody(self) -> Mapping[str, str]:
        """Name people of the workspace; nobody where Slack does not tell, so that not every question asks for them."""
        try:
            answer = await self._call(Method.USERS_LIST, limit=str(_MOST_PEOPLE))
        except PlatformError:  # their ids stand for their names
            return {}
        people = answer.get("members") or ()
        return _named({EVERYBODY: EVERYBODY, **{f"@{one.get('id')}": _person(one) for one in people}})

    async def _call(self, method: Method, **arguments: str) -> Answer:
        """Call a method, unless the app may not; empty where Slack does not tell."""
        if self._refused_until.get(method, 0.0) > monotonic():
            return {}
        me = await self._web.me()
        try:
            answer = await self._web.call(method, me.team, tolerated=UNAVAILABLE, **arguments)
        except (Forbidden, MessageGone):
            return {}
        if answer.get("error"):
            self._refused_until[method] = monotonic() + _WITHOUT_SCOPE
        return answer


def among_known(names: Names, find: Find) -> Find:
    """Return a way to find names that are known. Where one is missing `find` is asked for everybody's, not for each."""

    def known(key: str) -> str | None:
        name = names.known(key)
        if name is None and key.startswith("@"):
            find(EVERYBODY)
        return name

    return known


def _person(user: Answer) -> str | None:
    """Name a person as Slack shows them: by the display name, where they chose one."""
    profile = user.get("profile") or {}
    return (
        profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    )


def _named(found: Mapping[str, object]) -> Mapping[str, str]:
    return {mention: name for mention, name in found.items() if isinstance(name, str) and name}
