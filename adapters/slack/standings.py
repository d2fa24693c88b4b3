"""Who is in a user group, and who is a guest, as Slack says it.

Groups need the scope `usergroups:read`, people `users:read`; without them each look-up raises `Forbidden`.
"""

from adapters.slack.client import WebApi
from adapters.slack.errors import not_slack
from adapters.slack.methods import Method

_NO_GROUP = "no_such_subteam"

_GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger")
"""Flags of a user: a guest of several channels, of one, and somebody of another workspace who shares none with the bot's
(https://docs.slack.dev/reference/objects/user-object)."""


class Standings:
    """Asks by one request each."""

    def __init__(self, web: WebApi) -> None:
        self._web = web

    async def group_members(self, group: str) -> frozenset[str]:
        """Return the ids of the people in a user group; empty where there is none of this id."""
        me = await self._web.me()
        answer = await self._web.call(
            Method.USERGROUPS_USERS_LIST, me.team, tolerated={_NO_GROUP}, usergroup=group
        )
        if answer.get("error") == _NO_GROUP:
            return frozenset()
        if not isinstance(answer.get("users"), list):
            raise not_slack(Method.USERGROUPS_USERS_LIST)
        return frozenset(map(str, answer["users"]))

    async def is_guest(self, person: str) -> bool:
        """Return whether a person is a guest, or a stranger."""
        me = await self._web.me()
        user = (await self._web.call(Method.USERS_INFO, me.team, user=person)).get("user")
        if not isinstance(user, dict) or user.get("id") != person:
            raise not_slack(Method.USERS_INFO)
        return any(user.get(flag) for flag in _GUEST)
