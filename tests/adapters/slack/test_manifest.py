"""`manifest.yml` and the code ask Slack for the same."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.slack import app_manifest, commands, events, methods, strings
from aion_bot.simulators.slack.app_configuration import AppConfiguration
from tests.schemas import slack as contracts

FILE = Path(__file__).resolve().parents[3] / "manifest.yml"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # JSON has any type


@contracts.needed
def test_manifest_is_one_that_slack_takes(manifest: dict[str, Any]) -> None:
    """Slack's own schema of manifests finds nothing wrong."""
    assert contracts.manifest_errors(manifest) == []


def test_scopes_are_those_that_the_code_uses(manifest: dict[str, Any]) -> None:
    """The bot asks for no scope that it does not use, and for every one that it does."""
    asked = manifest["oauth_config"]["scopes"]
    assert set(asked["bot"]) == methods.required()
    assert set(asked["bot_optional"]) == set(methods.OPTIONAL)
    assert len(asked["bot"]) == len(set(asked["bot"]))


def test_events_are_those_that_the_code_reads(manifest: dict[str, Any]) -> None:
    """The app is subscribed to exactly the events that become prompts."""
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == set(methods.EVENTS)


def test_parts_that_need_a_scope_are_there(manifest: dict[str, Any]) -> None:
    """Each part for which a scope is asked stands in the manifest, and the shortcut is the one that the code reads."""
    assert set(methods.FEATURES) <= set(manifest["features"])
    shortcuts = [shortcut["callback_id"] for shortcut in manifest["features"]["shortcuts"]]
    assert shortcuts == [events.SHORTCUT, commands.MENU]
    assert [one["command"] for one in manifest["features"]["slash_commands"]] == [commands.COMMAND]


def test_app_works_over_socket_mode_with_buttons(manifest: dict[str, Any]) -> None:
    """No public address is needed, and clicks are delivered."""
    settings = manifest["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}


@contracts.needed
def test_reactions_are_asked_for_where_they_count() -> None:
    """With `reactions = true` somewhere the app has one more event and the scope that it needs, and Slack takes that too."""
    with_them, without = (app_manifest.manifest(reactions=on) for on in (True, False))
    assert contracts.manifest_errors(with_them) == []
    assert ("reaction_added" in str(with_them), "reactions:read" in str(with_them)) == (True, True)
    assert "reaction_added" not in str(without)
    assert "reactions:read" not in str(without)


@contracts.needed
def test_the_simulated_app_is_the_one_that_the_manifest_makes(manifest: dict[str, Any]) -> None:
    """Doctor finds in the simulated app what it would find in one that was made of the manifest."""
    asked, made = manifest["oauth_config"]["scopes"], AppConfiguration()
    assert set(made.scopes) == {*asked["bot"], *asked["bot_optional"]}
    assert made.events == manifest["settings"]["event_subscriptions"]["bot_events"]
    assert made.commands == [one["command"] for one in manifest["features"]["slash_commands"]]
    assert made.shortcuts == [one["callback_id"] for one in manifest["features"]["shortcuts"]]
    assert contracts.manifest_errors(made.manifest()) == []


def test_yaml_and_json_are_printed_from_one_place(manifest: dict[str, Any]) -> None:
    """`manifest.yml` is what `aion-bot manifest` prints, and the Manifest API gets the same data."""
    assert FILE.read_text("utf-8") == app_manifest.as_yaml()
    assert json.loads(app_manifest.as_json()) == manifest


def test_a_text_that_yaml_would_read_otherwise_is_quoted() -> None:
    """Words with signs of YAML, numbers and empty texts come back from YAML as they were."""
    for text in ("a: b", "a #b", "- a", "#fff", "1", "", "true?", "*x", "it's", "a:b", "“é”"):
        scalar = app_manifest._scalar(text)
        assert yaml.safe_load(f"key: {scalar}") == {"key": text}


def test_the_agent_view_suggests_three_questions(manifest: dict[str, Any]) -> None:
    """Slack's agent view begins with three different questions, each with a title, as in `strings.PROMPTS`."""
    suggested = manifest["features"]["agent_view"]["suggested_prompts"]
    assert {one["title"]: one["message"] for one in suggested} == strings.PROMPTS
    assert len({one["message"] for one in suggested}) == 3
    assert all(one["message"].endswith("?") for one in suggested)
