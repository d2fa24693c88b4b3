"""The simulated app itself: what Slack's pages for apps configure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.simulators.slack.state import APP, BOT

BOT_TOKEN = "xoxb-1000000001-2000000002-simulatedslack"  # noqa: S105  # a token of this simulator only
CONFIG_TOKEN = "xoxe.xoxp-1-simulatedslack"  # noqa: S105  # a token of this simulator only
TOKENS = {
    "apps.connections.open": "xapp-1-A0AION-3000000003-simulatedslack",
    "apps.manifest.create": CONFIG_TOKEN,
    "apps.manifest.export": CONFIG_TOKEN,
    "apps.manifest.validate": CONFIG_TOKEN,
}
"""What authorises the methods that do not take the bot token."""

CREDENTIALS = ("client_secret", "verification_token", "signing_secret")
"""Secrets in the answer to `apps.manifest.create`."""

SCOPES = (
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "files:read", "files:write", "groups:history", "groups:read", "im:history", "mpim:history", "mpim:read",
    "reactions:write", "search:read.public", "usergroups:read", "users:read",
)  # fmt: skip

EVENTS = (
    "agent_session_stopped", "app_home_opened", "app_mention", "channel_id_changed", "member_joined_channel", "message.channels", "message.groups", "message.im",
    "message.mpim",
)  # fmt: skip


@dataclass(slots=True)
class AppConfiguration:
    """What may be configured wrongly. `scopes` are those that were granted to the bot token; `app` is that of the bot."""

    app: str = APP
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    events: list[str] = field(default_factory=lambda: list(EVENTS))
    shortcuts: list[str] = field(default_factory=lambda: ["aion_ask", "aion_manage"])
    commands: list[str] = field(default_factory=lambda: ["/aion"])
    socket_mode: bool = True
    request_url: str = ""
    """Where Slack sends to over HTTP; empty with Socket Mode."""
    interactivity: bool = True
    requested: list[str] = field(default_factory=lambda: list(SCOPES))
    """Scopes that the app asks for at its next installation."""
    problems: list[dict[str, str]] = field(default_factory=list)
    """What Slack finds wrong with the next manifests: `message` and `pointer` of each problem."""
    created: int = 0
    """How many apps were created of a manifest."""
    bot_tokens: set[str] = field(default_factory=lambda: {BOT_TOKEN})
    app_tokens: set[str] = field(default_factory=lambda: {TOKENS["apps.connections.open"]})
    """The tokens that hold now; a rotation adds one, a revocation removes one."""

    def authorized(self, method: str, token: str) -> bool:
        """Whether `method` accepts `token`."""
        if method == "apps.connections.open":
            return token in self.app_tokens
        return token == TOKENS[method] if method in TOKENS else token in self.bot_tokens

    def headers(self, method: str) -> Mapping[str, str]:
        """Return the headers that tell a token's scopes; an app-level token has one of its own."""
        granted = ["connections:write"] if method == "apps.connections.open" else self.scopes
        return {"x-oauth-scopes": ",".join(granted)}

    def find_problems(self, manifest: str) -> list[dict[str, str]]:
        """Return what is wrong with a manifest, with the words of Slack's page about the method."""
        try:
            read = json.loads(manifest)
        except ValueError:
            return [{"message": "failed to parse the manifest", "pointer": "/"}]
        settings = read.get("settings", {})
        subscribed = settings.get("event_subscriptions") or {}
        without_address = not settings.get("socket_mode_enabled") and "request_url" not in subscribed
        if subscribed and without_address:
            message = "Event Subscription requires either Request URL or Socket Mode Enabled"
            return [*self.problems, {"message": message, "pointer": "/settings/event_subscriptions"}]
        return self.problems

    def create(self, manifest: str) -> dict[str, Any]:
        """Configure the app as a manifest says; returns what Slack answers."""
        read = json.loads(manifest)
        scopes, settings = read["oauth_config"]["scopes"], read["settings"]
        self.requested = [*scopes["bot"], *scopes.get("bot_optional", ())]
        self.events = list(settings["event_subscriptions"]["bot_events"])
        self.request_url = settings["event_subscriptions"].get("request_url", "")
        self.socket_mode = settings["socket_mode_enabled"]
        self.shortcuts = [one["callback_id"] for one in read["features"]["shortcuts"]]
        self.created += 1
        secret = {name: f"simulated-{name}" for name in CREDENTIALS}
        return {
            "app_id": self.app,
            "credentials": {"client_id": "1.2", **secret},
            "oauth_authorize_url": "https://slack.com/oauth/v2/authorize?client_id=1.2&scope=chat:write",
        }

    def manifest(self) -> dict[str, Any]:
        """Return the part of the app's manifest that the simulator knows."""
        shortcuts = [
            {"name": one, "type": "message", "callback_id": one, "description": one} for one in self.shortcuts
        ]
        commands = [{"command": one, "description": one} for one in self.commands]
        received = {"request_url": self.request_url} if self.request_url else {}
        return {
            "display_information": {"name": BOT.name},
            "features": {
                "bot_user": {"display_name": BOT.name},
                "shortcuts": shortcuts,
                "slash_commands": commands,
            },
            "oauth_config": {"scopes": {"bot": list(self.requested)}},
            "settings": {
                "event_subscriptions": {"bot_events": list(self.events), **received},
                "interactivity": {"is_enabled": self.interactivity, **received},
                "socket_mode_enabled": self.socket_mode,
            },
        }
