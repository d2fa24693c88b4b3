"""Who the bot is, which workspace a payload of Slack's belongs to, and which organisation. No I/O.

Events name the installation that they are for in `authorizations`, of which Slack sends one; in a channel that several
workspaces share, `team_id` may be another one. Interactions of an app of a whole organisation may name no `team`.
https://docs.slack.dev/apis/events-api, https://docs.slack.dev/enterprise/organization-ready-apps, and
`slack_bolt.request.internals`.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """The ids of a workspace and its organisation, each "" where the payload names none.

    `whole`: the payload says that it is for the installation in the whole organisation.
    """

    team: str
    enterprise: str
    whole: bool

    def scope(self, installed: Container[str]) -> str:
        """Return which of the installations it is for; that of the organisation where the workspace has none. "": none."""
        return next((one for one in (self.team, self.enterprise) if one and one in installed), "")


def owner_of(payload: Payload) -> Owner:
    """Read whose a payload is."""
    listed = payload.get("authorizations")
    named = _part(listed[0]) if isinstance(listed, list) and listed else {}
    view, team, user = (_part(payload.get(name)) for name in ("view", "team", "user"))
    teams = (
        # First: a modal in a shared channel may be opened in another workspace than the app's (bolt's `extract_team_id`).
        view.get("app_installed_team_id"),
        team.get("id"),
        named.get("team_id"),
        payload.get("team_id"),
        view.get("team_id"),
        user.get("team_id"),
    )
    enterprises = (
        _part(payload.get("enterprise")).get("id"),
        named.get("enterprise_id"),
        payload.get("enterprise_id"),
        team.get("enterprise_id"),
        *teams,
    )
    flag = named.get("is_enterprise_install", payload.get("is_enterprise_install"))
    return Owner(_first(teams, "T"), _first(enterprises, "E"), flag in {True, "true"})


def is_own_edit(payload: Payload) -> bool:
    """Tell whether an event is about an edit of one of the app's own messages, which asks and tells nothing.

    There is one for each edit of an answer that grows. What a deletion leaves, a `tombstone`, is none.
    """
    event = _part(payload.get("event"))
    message, app = _part(event.get("message")), payload.get("api_app_id")
    if event.get("type") != "message" or event.get("subtype") != "message_changed":
        return False
    return (
        isinstance(app, str)
        and app != ""
        and message.get("app_id") == app
        and message.get("subtype") != "tombstone"
    )


def _first(given: tuple[object, ...], letter: str) -> str:
    """Return the first id that begins with a letter, "" for none."""
    return next((one for one in given if isinstance(one, str) and one.startswith(letter)), "")


def _part(of: object) -> Payload:
    return of if isinstance(of, Mapping) else {}


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the bot is, as `auth.test` answers: ids of the team, the bot's user and the bot, and names to show.

    `whole`: the token is for the workspaces of an organisation, and `team` is the organisation's id.
    """

    team: str
    team_name: str
    user: str
    bot: str
    name: str
    whole: bool = False

    def in_workspace(self, payload: Payload) -> Self:
        """Return who the bot is in the workspace that a payload comes from, where the token is for several."""
        team = owner_of(payload).team if self.whole else ""
        return replace(self, team=team) if team else self
