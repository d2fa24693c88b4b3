"""Slack's published contracts, as validators of what the bot sends.

They are read from beside the checkout. Where they are absent, `BESIDE` says so and nothing is validated.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft7Validator

from tests.schemas import reading

_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "contracts"

BESIDE = _FOLDER.is_dir()

needed = pytest.mark.skipif(not BESIDE, reason="the published contracts are not beside this checkout")


def inspect(method: str, body: Mapping[str, Any]) -> None:
    """Validate a call of the Web API; usable as an `Inspector` of the simulators. Raises AssertionError."""
    _check_indicators(method, body)
    reading.check_slack(method, body)
    if not BESIDE:
        return
    if method in _requests()["definitions"]["SlackRequests"]["properties"]:
        _validate(_validator_of_request(method), body)
    check_blocks(body.get("blocks") or ())


_SIGNS = {
    "agents.sessions.setStatus": ({"channel_id", "thread_ts", "status"}, {"initiator_user_id", "title"}),
    "reactions.add": ({"channel", "timestamp", "name"}, set[str]()),
    "reactions.remove": ({"channel", "timestamp", "name"}, set[str]()),
}
"""Arguments of methods that the published types leave out: required ones, and others that the bot may send.

From https://docs.slack.dev/reference/methods; the names are those of slack_sdk's methods too.
"""


def _check_indicators(method: str, body: Mapping[str, Any]) -> None:
    if method in _SIGNS:
        needed_ones, others = _SIGNS[method]
        assert needed_ones <= set(body) <= needed_ones | others, sorted(body)
        assert all(isinstance(value, str) and value for value in body.values()), body


def check_blocks(blocks: Sequence[Any]) -> None:
    """Validate every block against Slack's types. Raises AssertionError."""
    for block in blocks:
        _validate(_validator_of_block(block["type"]), block)


def check_event(event: Mapping[str, Any]) -> None:
    """Validate the inner part of an event of the simulator. Raises AssertionError.

    Unknown fields pass: Slack sends more fields than its published types name.
    """
    definitions = _load("slack-events.schema.json")["definitions"]
    kind = event.get("subtype") or event["type"]
    name = definitions["SlackEvents"]["properties"][kind]["$ref"].rpartition("/")[2]
    schema = {**definitions[name], "additionalProperties": True}
    _validate(Draft7Validator({"definitions": definitions, **schema}), event)


def manifest_errors(manifest: Mapping[str, Any]) -> list[str]:
    """The errors that the schema of app manifests finds."""
    schema = json.loads((_FOLDER / "slack-manifest.schema.json").read_text(encoding="utf-8"))
    return [error.message for error in Draft7Validator(schema).iter_errors(manifest)]


def _validate(validator: Draft7Validator, value: Any) -> None:
    errors = [error.message[:300] for error in validator.iter_errors(value)]
    assert not errors, errors


@cache
def _requests() -> dict[str, Any]:
    return _load("slack-requests.schema.json")


@cache
def _blocks() -> dict[str, Any]:
    return _load("slack-blocks.schema.json")


@cache
def _validator_of_request(method: str) -> Draft7Validator:
    return _of(_requests(), _requests()["definitions"]["SlackRequests"]["properties"][method])


@cache
def _validator_of_block(kind: str) -> Draft7Validator:
    for name, definition in _blocks()["definitions"].items():
        # A block with several forms, such as an image of an address or of a file, is a choice of definitions.
        forms = definition.get("anyOf", [definition])
        named = (form.get("properties", {}).get("type", {}).get("const") for form in forms)
        if name.endswith("Block") and kind in named:
            return _of(_blocks(), {"$ref": f"#/definitions/{name}"})
    raise AssertionError(f"Slack knows no block of type {kind}")


def _of(document: dict[str, Any], schema: Mapping[str, Any]) -> Draft7Validator:
    return Draft7Validator({"definitions": document["definitions"], **schema})


def _load(name: str) -> dict[str, Any]:
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # JSON has any type
