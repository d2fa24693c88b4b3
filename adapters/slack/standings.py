"""Who is in a user group, and who is a guest, as Slack says it.

Groups need the scope `usergroups:read`, people `users:read`; without them each look-up raises `Forbidden`.
"""

from collections.abc import Mapping
from typing import Any

from adapters.slack.client import WebApi
from adapters.slack.content import items
from adapters.slack.errors import not_slack
from adapters.slack.events import ChannelFacts, channel_facts, is_direct
from adapters.slack.methods import Method
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.events import Place
from aion_bot.ports.messages import ThreadKey

_NO_GROUP = "no_such_subteam"
_LARGEST_PAGE = 999
"""Channels of a page."""

_GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger")
"""Flags of a user: a guest of several channels, of one, and somebody of another workspace who shares none with the bot's
(https://docs.slack.dev/reference/objects/user-object)."""


class Standings:
    """Asks by one request each."""

    def __init__(self, web: WebApi) -> None:
        self._web = web

    async def group_members(self, group: str) -> frozenset[str]:
        """Return the ids of the people in a user group; empty where there is none of this id.

        Of an organisation's workspaces those are asked that were heard of, the last one first.
        """
        me = await self._web.me()
        # A copy: a request that arrives meanwhile may tell of another workspace.
        for team in tuple(reversed(self._web.workspaces)) if me.whole else (me.team,):
            answer = await self._web.call(
                Method.USERGROUPS_USERS_LIST, team, tolerated={_NO_GROUP}, usergroup=group
            )
            if answer.get("error") == _NO_GROUP:
                continue
            if not isinstance(answer.get("users"), list):
                raise not_slack(Method.USERGROUPS_USERS_LIST)
            return frozenset(map(str, answer["users"]))
        return frozenset()

    async def is_guest(self, person: str) -> bool:
        """Return whether a person is a guest, or a stranger."""
        user = await self._user(person)
        return any(user.get(flag) for flag in _GUEST)

    async def has_left(self, workspace: str, person: str) -> bool:  # noqa: ARG002  # the token is of one workspace
        """Return whether a person's account is deactivated or gone; False without the scope that tells it."""
        try:
            return bool((await self._user(person)).get("deleted"))
        except MessageGone:
            return True
        except Forbidden:
            return False

    async def may_write(self, thread: ThreadKey, place: Place, person: str) -> bool:  # noqa: ARG002  # threads have no members
        """Return whether a person is in a channel, if it is private, by two requests; anybody may write in others.

        Who may post in a channel that admins have restricted Slack does not tell.
        """
        me = await self._web.me()
        try:
            answer = await self._web.call(Method.CONVERSATIONS_INFO, me.team, channel=place.channel)
        except MessageGone:  # the bot itself is not there, and can post nothing
            return True
        channel = answer.get("channel")
        if not isinstance(channel, dict):
            raise not_slack(Method.CONVERSATIONS_INFO)
        return not channel.get("is_private") or await self._is_in(place.channel, person)

    async def _is_in(self, channel: str, person: str) -> bool:
        """Return whether a private channel is among those that a person and the bot share.

        https://docs.slack.dev/reference/methods/users.conversations
        """
        me = await self._web.me()
        answer = await self._web.call(
            Method.USERS_CONVERSATIONS,
            me.team,
            user=person,
            types="private_channel,mpim",
            limit=_LARGEST_PAGE,
        )
        found = any(one.get("id") == channel for one in items(answer, "channels"))
        if not found and (answer.get("response_metadata") or {}).get("next_cursor"):
            raise PlatformError(f"{Method.USERS_CONVERSATIONS}: more than a page")
        return found

    async def look_up_place(self, channel: str, person: str) -> Place:
        """Describe a channel or a direct message with the bot, by two requests at most."""
        me, direct = await self._web.me(), is_direct(channel)
        facts: ChannelFacts | None = ChannelFacts()
        team = (await self._user(person)).get("team_id")
        if not direct:
            answer = await self._web.call(Method.CONVERSATIONS_INFO, me.team, channel=channel)
            facts = channel_facts(answer.get("channel"))
        if facts is None:
            raise not_slack(Method.CONVERSATIONS_INFO)
        own = "" if team in {None, me.team} else str(team)
        return Place(me.team, channel, direct, facts.shared, own, facts.bot_may_write)

    async def _user(self, person: str) -> Mapping[str, Any]:
        me = await self._web.me()
        user = (await self._web.call(Method.USERS_INFO, me.team, user=person)).get("user")
        if not isinstance(user, dict) or user.get("id") != person:
            raise not_slack(Method.USERS_INFO)
        return user
