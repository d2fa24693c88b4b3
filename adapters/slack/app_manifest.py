"""The manifest from which Slack makes the app: its data, as YAML for a person and as JSON for the Manifest API. No I/O.

Scopes and events are those of `methods`. `manifest.yml` is `as_yaml()`; a test keeps them equal.
Fields and their limits: https://docs.slack.dev/reference/app-manifest
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from adapters.slack import methods, strings
from adapters.slack.commands import COMMAND, MENU
from adapters.slack.events import SHORTCUT

_HEAD = "# Slack → Create New App → From a manifest. Scopes and events are those that adapters/slack/methods.py lists.\n"

_EVENTS, _REDIRECT = "/slack/events", "/slack/oauth_redirect"
"""Where the HTTP mode takes all that Slack sends, and people who have installed the app, below the public address."""


def manifest(url: str = "", *, reactions: bool = False) -> Mapping[str, object]:
    """Return the manifest: for Socket Mode, or for HTTP where `url` is the public address, without a slash at its end.

    `reactions`: the app is told of them, as they are shortcuts somewhere.
    """
    address = f"{url}{_EVENTS}" if url else ""
    received = {"request_url": address} if url else {}
    events = methods.events(reactions=reactions, installations=bool(url))
    redirected = {"redirect_urls": [f"{url}{_REDIRECT}"]} if url else {}
    return {
        "_metadata": {"major_version": 1},
        "display_information": {
            "name": "Aion",
            "description": strings.APP["description"],
            "background_color": "#1f2937",
        },
        "features": _features(address),
        "oauth_config": {
            **redirected,
            "scopes": {
                "bot": sorted(methods.required(reactions=reactions)),
                "bot_optional": list(methods.OPTIONAL),
            },
        },
        "settings": {
            "event_subscriptions": {**received, "bot_events": sorted(events)},
            "interactivity": {"is_enabled": True, **received},
            # Over HTTP workspaces and organisations may install the app, each with a token of its own.
            "org_deploy_enabled": bool(url),
            "socket_mode_enabled": not url,
            # Whoever switches it on cannot switch it off again, and the token of a single workspace would end.
            "token_rotation_enabled": False,
        },
    }


def _features(address: str) -> Mapping[str, object]:
    """Return what people see of the app: its bot, its agent view, the message menus and the command.

    `address` takes the command's uses, empty for Socket Mode.
    """
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": "aion", "always_online": True},
        "agent_view": {
            "agent_description": strings.APP["agent"],
            "suggested_prompts": [{"title": one, "message": said} for one, said in strings.PROMPTS.items()],
        },
        "shortcuts": [
            {
                "name": strings.APP["shortcut"],
                "type": "message",
                "callback_id": SHORTCUT,
                "description": strings.APP["shortcut description"],
            },
            {
                "name": strings.APP["menu"],
                "type": "message",
                "callback_id": MENU,
                "description": strings.APP["menu description"],
            },
        ],
        "slash_commands": [
            {
                "command": COMMAND,
                **({"url": address} if address else {}),
                "description": strings.APP["command description"],
                "usage_hint": strings.APP["command hint"],
                "should_escape": True,
            }
        ],
    }


def as_json(url: str = "") -> str:
    """Return the manifest as the Manifest API takes it; see `manifest`."""
    return json.dumps(manifest(url))


def as_yaml(url: str = "", *, reactions: bool = False) -> str:
    """Return the text of `manifest.yml`, or that for HTTP; see `manifest`."""
    return _HEAD + "".join(f"{line}\n" for line in _mapping(manifest(url, reactions=reactions)))


def _mapping(values: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{key}:"
            yield from (f"  {line}" for line in _mapping(value))
        elif isinstance(value, list):
            yield f"{key}:"
            yield from (f"  {line}" for line in _sequence(value))
        else:
            yield f"{key}: {_scalar(value)}"


def _sequence(values: Sequence[object]) -> Iterator[str]:
    for value in values:
        lines = list(_mapping(value)) if isinstance(value, Mapping) else [_scalar(value)]
        yield from (f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines))


def _scalar(value: object) -> str:
    """Return a scalar of YAML. A text that YAML would read otherwise is quoted; JSON's quoting is YAML's, too."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = value[:1].isalpha() and ": " not in value and " #" not in value
    return value if plain else json.dumps(value, ensure_ascii=False)
