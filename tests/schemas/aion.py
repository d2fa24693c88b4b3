"""Aion's published contract, as validators of the client's requests and the simulator's responses.

It is read from beside the checkout. Where it is absent, `BESIDE` says so and nothing is validated.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from aion_bot.simulators.aion import OPERATIONS

_FILE = Path(__file__).resolve().parents[2].parent / "shared" / "contracts" / "aion-openapi.json"

BESIDE = _FILE.is_file()

needed = pytest.mark.skipif(not BESIDE, reason="the published contracts are not beside this checkout")


def inspect(operation: str, body: Mapping[str, Any]) -> None:
    """Validate a request by its body, or its query; fits the `Inspector` of the simulators. Raises AssertionError."""
    if not BESIDE:
        return
    described = _described(operation)
    content = described.get("requestBody", {}).get("content", {})
    if content:
        # A form is inspected as the object of its fields.
        _validate(next(iter(content.values()))["schema"], body)
        return
    parameters = {
        each["name"]: each["schema"] for each in described.get("parameters", ()) if each["in"] == "query"
    }
    assert body.keys() <= parameters.keys(), f"{operation} takes no {body.keys() - parameters.keys()}"
    for name, value in body.items():
        several = "array" in json.dumps(parameters[name])
        _validate(parameters[name], [value] if several else _from_query(value))


def make_ready() -> None:
    """Build the validators of all bodies, which take 0.02 s: each process that is forked afterwards has them."""
    for operation in OPERATIONS if BESIDE else ():
        for content in _described(operation).get("requestBody", {}).get("content", {}).values():
            _validator(json.dumps(content["schema"]))


def check_answer(operation: str, status: int, body: Any) -> None:
    """Validate a response of the simulator. Raises AssertionError."""
    answers = _described(operation)["responses"]
    assert str(status) in answers, f"{operation} never answers {status}"
    content = answers[str(status)].get("content", {})
    if content:
        _validate(content["application/json"]["schema"], body)


def _described(operation: str) -> dict[str, Any]:
    method, path, _ = OPERATIONS[operation]
    found: dict[str, Any] = _contract()["paths"]["/api/v2" + path][method.lower()]
    return found


def _from_query(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _validate(schema: Mapping[str, Any], value: Any) -> None:
    errors = [error.message[:300] for error in _validator(json.dumps(schema)).iter_errors(value)]
    assert not errors, errors


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({"allOf": [json.loads(schema)], "components": _contract()["components"]})


@cache
def _contract() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found
