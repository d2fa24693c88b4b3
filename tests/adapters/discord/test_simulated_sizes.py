"""The simulated Discord enforces Discord's sizes, and counts whom a message would notify."""

from collections.abc import Mapping
from typing import Any

import pytest

from aion_bot.simulators.discord.pings import pinged
from tests.adapters.discord.caller import Caller

CREATE = "POST /channels/{channel_id}/messages"
BUTTON = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"content": "x" * 2_001}, "content", "BASE_TYPE_MAX_LENGTH"),
        ({"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 3_001}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embeds": [{"description": "x" * 4_097}]}, "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"footer": {"text": "x" * 2_049}}]}, "embeds.0.footer.text", "BASE_TYPE_MAX_LENGTH"),
        (
            {"embeds": [{"fields": [{"name": "x", "value": "x" * 1_025}]}]},
            "embeds.0.fields.0.value",
            "BASE_TYPE_MAX_LENGTH",
        ),
        ({"components": [{"components": [BUTTON]}] * 6}, "components", "BASE_TYPE_MAX_LENGTH"),
        (
            {"components": [{"components": [BUTTON | {"custom_id": str(n)} for n in range(6)]}]},
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"components": [{"components": [BUTTON | {"label": "x" * 81}]}]},
            "components.0.components.0.label",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            {"components": [{"components": [BUTTON | {"custom_id": "x" * 101}]}]},
            "components.0.components.0.custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"components": [{"components": [BUTTON, BUTTON]}]},
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
    ],
)
async def test_sizes(caller: Caller, body: Mapping[str, Any], field: str, code: str) -> None:
    """A size over its limit is an invalid form that names the field."""
    status, answer = await caller.post({"content": "x", **body})
    assert (status, answer["code"]) == (400, 50035)
    found = answer["errors"]
    for name in field.split("."):
        found = found[name]
    assert found["_errors"][0]["code"] == code


async def test_what_just_fits(caller: Caller) -> None:
    """The limits themselves are allowed, counted in code points."""
    assert (await caller.post({"content": "🏚" * 2_000}))[0] == 200


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": " \n "}, {"components": [{"components": [BUTTON]}]}]
)
async def test_empty_messages(caller: Caller, body: Mapping[str, Any]) -> None:
    """A message without anything to read is refused."""
    status, answer = await caller.post(body)
    assert (status, answer["code"]) == (400, 50006)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, ["1", "9", "@everyone", "2"]),
        ({"parse": []}, []),
        ({"parse": ["users"]}, ["1"]),
        ({"parse": ["everyone"], "replied_user": True}, ["@everyone", "2"]),
        ({"parse": [], "users": ["1"], "roles": ["9"]}, ["1", "9"]),
    ],
)
def test_pings(allowed: Mapping[str, Any] | None, expected: list[str]) -> None:
    """Without `allowed_mentions` everybody named is notified; with them, whom they allow."""
    assert pinged("<@1> <@!1> <@7> <@&9> @everyone", allowed, {"1", "2"}, "2") == expected


async def test_an_edit_pings_too(caller: Caller) -> None:
    """An edit without `allowed_mentions` notifies, whatever the message was created with."""
    ada = caller.discord.people[0]
    _, message = await caller.post({"content": "quiet", "allowed_mentions": {"parse": []}})
    await caller.call(
        "PATCH", f"/channels/{caller.general}/messages/{message['id']}", {"content": f"<@{ada.id}>"}
    )
    assert caller.discord.thread(caller.general)[-1].pings == [ada.id]
