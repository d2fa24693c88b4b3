"""The names of people, groups and channels that Slack's texts mention by id.

People need the scope `users:read`, groups `usergroups:read`; both are optional. Without them ids stay ids.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from adapters.slack.client import WebApi
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.methods import Method
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.names import LIFETIME, Names

_EVERYBODY = "@*"
"""Stands for the people of a workspace, as a key that is looked up."""
_MOST_PEOPLE = 1_000
"""People whose names one request brings: https://docs.slack.dev/reference/methods/users.list"""

_WITHOUT_SCOPE = 3600.0
"""Seconds before a method that the app lacks the scope for is called again: an admin may have added the scope.

So long, too, the people of a workspace are not listed again after Slack did not list them.
"""

Answer = Mapping[str, Any]


class SlackNames:
    """Looks up names by the inside of a mention: `@U1`, `#C1`, `!subteam^S1`."""

    def __init__(self, web: WebApi, *, timeout: float) -> None:
        self.names = Names(self._look_up, timeout=timeout)
        self._web = web
        self._refused_until: dict[Method, float] = {}
        self._listed_until = 0.0

    def list_people(self) -> None:
        """Learn the names of the people of the workspace in the background: by one request, at most once a day.

        No question waits for it. To look each writer up would be a request each.
        """
        if self._listed_until <= monotonic():
            self._listed_until = monotonic() + LIFETIME
            self.names.begin(_EVERYBODY)

    async def _look_up(self, mention: str) -> Mapping[str, str]:
        if mention == _EVERYBODY:
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
        """Name people of the workspace; nobody where Slack does not tell, and then it is asked again sooner."""
        people: Iterable[Answer] = ()
        with suppress(PlatformError):  # their ids stand for their names
            people = (await self._call(Method.USERS_LIST, limit=str(_MOST_PEOPLE))).get("members") or ()
        if not people:
            self._listed_until = monotonic() + _WITHOUT_SCOPE
        return _named({f"@{one.get('id')}": _person(one) for one in people})

    async def _call(self, method: Method, **arguments: str) -> Answer:
        """Call a method, unless the app may not; empty where Slack does not tell."""
        if self._refused_until.get(method, 0.0) > monotonic():
            return {}
        me = await self._web.me()
        # Of an organisation the people and groups of the workspace are listed that was heard of last.
        team = next(reversed(self._web.workspaces), me.team) if me.whole else me.team
        try:
            answer = await self._web.call(method, team, tolerated=UNAVAILABLE, **arguments)
        except (Forbidden, MessageGone):
            return {}
        if answer.get("error"):
            self._refused_until[method] = monotonic() + _WITHOUT_SCOPE
        return answer


def _person(user: Answer) -> str | None:
    """Name a person as Slack shows them: by the display name, where they chose one."""
    profile = user.get("profile") or {}
    return (
        profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    )


def _named(found: Mapping[str, object]) -> Mapping[str, str]:
    return {mention: name for mention, name in found.items() if isinstance(name, str) and name}
