"""Validates what the bot sends to Discord, by Discord's OpenAPI document and by limits of our own.

The document is read from beside the checkout. Where it is absent, only our limits are checked. It allows a bot
4,000 characters and does not cover total sizes, empty messages and unknown fields; the simulator checks those.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator, Registry

from aion_bot.domain import strings
from aion_bot.ports.messages import Person
from tests.schemas import reading

FILE = Path(__file__).parents[3] / "shared" / "contracts" / "discord-openapi.json"
DOCUMENT = "urn:discord"
SHOWS_TEXT = (
    "POST /channels/{channel_id}/messages",
    "PATCH /channels/{channel_id}/messages/{message_id}",
    "POST /webhooks/{webhook_id}/{webhook_token}",
)
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
MESSAGE_KEYS = {
    "allowed_mentions", "attachments", "components", "content", "embeds", "enforce_nonce", "flags", "message_reference", "nonce", "tts"
}  # fmt: skip


class Violation(AssertionError):
    """A request that Discord's document or one of our limits forbids."""


def inspect(name: str, body: Mapping[str, Any]) -> None:
    """Validate one request; usable as an `Inspector` of the simulators. Raises Violation."""
    _check_our_limits(name, body)
    reading.check_discord(name, body)
    if FILE.exists():
        check_schema(name, body)


def make_ready() -> None:
    """Read the document and build the validators of messages: each process that is forked afterwards has them."""
    for name in (*SHOWS_TEXT, CALLBACK) if FILE.exists() else ():
        _validator(name)


def check_schema(name: str, body: Mapping[str, Any]) -> None:
    """Validate a body against the document. Raises Violation."""
    validator = _validator(name)
    if validator is None:
        return
    instance = _ids_as_text(body[""] if set(body) == {""} else body)
    errors = [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(instance)]
    if errors:
        raise Violation(f"{name}: {'; '.join(errors)}")


def _ids_as_text(value: Any, name: str = "") -> Any:
    """Write ids as text, as the document has them. Discord accepts numbers too, and discord.py sends them."""
    if isinstance(value, dict):
        return {key: _ids_as_text(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_ids_as_text(inner, name) for inner in value]
    return (
        str(value) if (name in {"id", "users"} or name.endswith("_id")) and isinstance(value, int) else value
    )


def _check_our_limits(name: str, body: Mapping[str, Any]) -> None:
    shown = body.get("data", {}) if name == CALLBACK and body["type"] in {4, 7} else body
    if name not in SHOWS_TEXT and shown is body:
        return
    mentions = dict(shown.get("allowed_mentions", {}))
    # What may notify somebody has a sentence of the bot's own, and nobody else's words; several people are reminded alone.
    users = [int(one) for one in mentions.pop("users", [])]
    sentences = (strings.ANSWER_READY, strings.PLAN_ENDED, strings.PLAN_WAITS)
    reminder = strings.reminder([Person(str(one)) for one in users])
    said = {"".join(one if isinstance(one, str) else f"<@{one.id}>" for one in reminder)}
    said |= {f"<@{one}>{sentence}" for one in users for sentence in sentences if len(users) == 1}
    others = users and shown.get("content") not in said
    if (
        mentions.get("parse") != []
        or set(mentions) - {"parse", "replied_user"}
        or mentions.get("replied_user")
        or others
    ):
        raise Violation(f"{name}: allowed_mentions lets somebody be pinged: {mentions}")
    if set(shown) - MESSAGE_KEYS:
        raise Violation(f"{name}: unknown keys {set(shown) - MESSAGE_KEYS}")


@cache
def _document() -> tuple[Registry, Mapping[str, Any]]:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    return Registry([(DOCUMENT, document)]), document


@cache
def _validator(name: str) -> Draft202012Validator | None:
    """Build the validator of a route's JSON body; None where the document wants no body."""
    registry, document = _document()
    method, path = name.split(" ")
    if path not in document["paths"]:
        raise Violation(f"{name} is no route of Discord's")
    if "requestBody" not in document["paths"][path].get(method.lower(), {}):
        return None
    escaped = path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    pointer = f"/paths/{escaped}/{method.lower()}/requestBody/content/application~1json/schema"
    return Draft202012Validator({"$ref": f"{DOCUMENT}#{pointer}"}, registry=registry)
