"""An installation of the app in a workspace, or in an organisation with its workspaces. No I/O.

https://docs.slack.dev/authentication/installing-with-oauth and https://docs.slack.dev/enterprise/organization-ready-apps
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from adapters.slack.config import ID_FORMS
from aion_bot.ports.settings import IdKind

_LONGEST_ID = 40
_LONGEST_NAME = 80


class NoInstallation(Exception):
    """An answer of Slack, or a stored text, that holds no installation; nothing of it is repeated."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What Slack granted. `team` is "" for an organisation, `enterprise` for a workspace without one.

    Times are seconds since the epoch by Slack's clock. `expires_at` is 0 for a token that does not expire.
    """

    token: str = field(repr=False)
    team: str
    enterprise: str
    name: str
    app: str
    bot_user: str
    scopes: tuple[str, ...]
    installed_by: str
    installed_at: float
    expires_at: float = 0.0
    refresh_token: str = field(default="", repr=False)

    @property
    def scope(self) -> str:
        """The id under which it is served: the workspace's, or the organisation's."""
        return self.team or self.enterprise

    @property
    def is_enterprise(self) -> bool:
        """Whether it is for the workspaces of an organisation."""
        return not self.team

    def as_text(self) -> str:
        """Write it as JSON, the tokens among it."""
        return json.dumps(asdict(self))

    def refreshed(self, answer: Mapping[str, Any], now: float) -> "Installation":
        """Return it with the tokens of an answer to a refresh. Raises `NoInstallation`."""
        token, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not (isinstance(token, str) and token and isinstance(refresh, str) and refresh):
            raise NoInstallation
        return replace(self, token=token, refresh_token=refresh, expires_at=_expiry(answer, now))


def from_text(text: str) -> Installation:
    """Read what `as_text` wrote. Raises `NoInstallation`; fields of a newer release are passed over."""
    try:
        found = json.loads(text)
        known = {name: found[name] for name in Installation.__slots__ if name in found}
        return Installation(**known | {"scopes": tuple(found["scopes"])})
    except (KeyError, TypeError, ValueError):
        raise NoInstallation from None


def from_answer(answer: Mapping[str, Any], now: float) -> Installation:
    """Read the answer of `oauth.v2.access` to a code, `now` by Slack's clock. Raises `NoInstallation`."""
    token, team, enterprise = answer.get("access_token"), _part(answer, "team"), _part(answer, "enterprise")
    whole = answer.get("is_enterprise_install") is True
    where = enterprise if whole else team
    found = Installation(
        token=token if isinstance(token, str) and answer.get("token_type") == "bot" else "",
        team="" if whole else _id(team),
        enterprise=_id(enterprise),
        name=str(where.get("name") or "")[:_LONGEST_NAME],
        app=str(answer.get("app_id") or ""),
        bot_user=str(answer.get("bot_user_id") or ""),
        scopes=tuple(sorted(str(answer.get("scope") or "").replace(",", " ").split())),
        installed_by=str(_part(answer, "authed_user").get("id") or ""),
        installed_at=now,
        expires_at=_expiry(answer, now),
        refresh_token=str(answer.get("refresh_token") or ""),
    )
    if not (found.token and found.scope):
        raise NoInstallation
    return found


def _id(part: Mapping[str, Any]) -> str:
    """Return the id of a workspace or organisation; "" for what has not the form of one."""
    one = str(part.get("id") or "")
    return one if ID_FORMS[IdKind.WORKSPACE].fits(one) and len(one) <= _LONGEST_ID else ""


def _expiry(answer: Mapping[str, Any], now: float) -> float:
    seconds = answer.get("expires_in")
    return now + seconds if isinstance(seconds, int) and seconds > 0 else 0.0


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}
