"""The simulated app itself: what Slack's pages for apps configure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.simulators.slack.state import APP, BOT

CONFIG_TOKEN = "xoxe.xoxp-1-simulatedslack"  # noqa: S105  # a token of this simulator only
TOKENS = {
    "apps.connections.open": "xapp-1-A0AION-3000000003-simulatedslack",
    "apps.manifest.export": CONFIG_TOKEN,
}
"""What authorises the methods that do not take the bot token."""

SCOPES = (
    "app_mentions:read", "assistant:write", "channels:history", "channels:read", "chat:write", "commands",
    "files:read", "files:write", "groups:history", "groups:read", "im:history", "mpim:history", "mpim:read",
    "reactions:write", "usergroups:read", "users:read",
)  # fmt: skip

EVENTS = (
    "agent_session_stopped", "app_mention", "channel_id_changed", "message.channels", "message.groups", "message.im",
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
    interactivity: bool = True

    def headers(self, method: str) -> Mapping[str, str]:
        """Return the headers that tell a token's scopes; an app-level token has one of its own."""
        granted = ["connections:write"] if method == "apps.connections.open" else self.scopes
        return {"x-oauth-scopes": ",".join(granted)}

    def manifest(self) -> dict[str, Any]:
        """Return the part of the app's manifest that the simulator knows."""
        shortcuts = [
            {"name": one, "type": "message", "callback_id": one, "description": one} for one in self.shortcuts
        ]
        commands = [{"command": one, "description": one} for one in self.commands]
        return {
            "display_information": {"name": BOT.name},
            "features": {
                "bot_user": {"display_name": BOT.name},
                "shortcuts": shortcuts,
                "slash_commands": commands,
            },
            "oauth_config": {"scopes": {"bot": list(self.scopes)}},
            "settings": {
                "event_subscriptions": {"bot_events": list(self.events)},
                "interactivity": {"is_enabled": self.interactivity},
                "socket_mode_enabled": self.socket_mode,
            },
        }
