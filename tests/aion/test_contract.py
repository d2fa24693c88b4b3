"""The simulator answers as the published contract says."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from aion_bot.simulators.aion import API_KEY, OPERATIONS, SimulatedAion, library
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import Shape
from aion_bot.simulators.aion.script import organize
from tests.schemas import aion as contract

BODIES: Mapping[str, Mapping[str, Any]] = {
    "create_session": {"title": "t", "use_all_images": True},
    "rename_session": {"title": "new"},
    "update_mode": {"use_all_images": False},
    "update_images": {"image_ids": [library.PUMP.id]},
    "update_documents": {"document_ids": [library.SAFETY.id]},
    "update_videos": {"video_ids": []},
    "send": {"message": "what is damaged?"},
    "plan_action": {"action": "approve"},
    "search_images": {"query": "crane"},
    "search_documents": {"query": "hoist"},
    "search_videos": {"query": "crane"},
    "request_document_upload": {"filename": "a.txt", "content_type": "text/plain", "size_bytes": 4},
    "confirm_document": {"object_key": "object-1", "size_bytes": 4, "content_type": "text/plain"},
}
STATUS = {"confirm_document": 201}
"""Where success is not 200."""


@pytest.fixture
async def wire(aion: SimulatedAion) -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client with the simulator's key."""
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with httpx.AsyncClient(base_url=aion.base_url, headers=headers, trust_env=False) as client:
        yield client


def path(operation: str, aion: SimulatedAion) -> str:
    session = next(iter(aion.sessions), None)
    plan = next(iter(session.plans), "") if session else ""
    ids = {"session_id": session.id if session else "", "plan_id": plan, "document_id": library.SAFETY.id}
    return OPERATIONS[operation][1].format(**ids)


@contract.needed
@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each not in {"send_stream", "export_session"}]
)
async def test_every_answer_is_the_contracts(
    aion: SimulatedAion, wire: httpx.AsyncClient, operation: str
) -> None:
    """Each simulated call answers with a body that the contract allows."""
    session = aion.sessions.create({})
    aion.sessions.propose(session, organize().steps[1].plan)  # type: ignore[union-attr]  # the second step proposes
    await wire.post(path("send", aion), json=BODIES["send"])
    method, status = OPERATIONS[operation][0], STATUS.get(operation, 200)
    if operation == "confirm_document":
        address = await wire.post(
            path("request_document_upload", aion), json=BODIES["request_document_upload"]
        )
        async with httpx.AsyncClient(trust_env=False) as storage:
            await storage.put(address.json()["upload_url"], content=b"abcd")
    if operation == "upload_image":
        answer = await wire.post(path(operation, aion), files={"file": ("a.png", png("a"), "image/png")})
    else:
        answer = await wire.request(method, path(operation, aion), json=BODIES.get(operation))
    assert answer.status_code == status
    contract.check_answer(operation, status, answer.json())


@contract.needed
@pytest.mark.parametrize(("status", "shape"), [(404, Shape.CHAT), (500, Shape.CHAT), (422, Shape.FASTAPI)])
async def test_refusals_are_the_contracts(
    aion: SimulatedAion, wire: httpx.AsyncClient, status: int, shape: Shape
) -> None:
    """The bodies of refusals are those of the contract."""
    session = aion.sessions.create({})
    aion.fail_next("get_session", status, shape=shape)
    answer = await wire.get(f"/chat/sessions/{session.id}")
    assert answer.status_code == status
    contract.check_answer("get_session", status, answer.json())


async def test_events_agree_with_their_json(aion: SimulatedAion, wire: httpx.AsyncClient) -> None:
    """`event:` and the JSON's `type` agree, tokens carry ids, and the first event names the stored message."""
    session = aion.sessions.create({})
    answer = await wire.post(path("send_stream", aion), json={"message": "what is damaged?"})
    blocks = [
        dict(line.split(": ", 1) for line in each.split("\n")) for each in answer.text.strip().split("\n\n")
    ]
    data = [json.loads(block["data"]) for block in blocks]
    assert [block["event"] for block in blocks] == [each["type"] for each in data]
    assert [block["id"] for block in blocks if block["event"] == "token"] == [
        str(number + 1) for number in range(sum(each["type"] == "token" for each in data))
    ]
    assert data[0]["message_id"] == data[-1]["message_id"] == session.messages[-1].id


async def test_a_violation_fails_the_request_and_is_kept() -> None:
    """What the inspector raises is answered with 422 and kept for the test to see."""
    async with SimulatedAion(inspector=contract.inspect) as aion:
        headers = {"Authorization": f"Bearer {API_KEY}"}
        async with httpx.AsyncClient(base_url=aion.base_url, headers=headers, trust_env=False) as wire:
            answer = await wire.post("/chat/sessions", json={"title": 7})
        if contract.BESIDE:
            assert answer.status_code == 422
            assert len(aion.violations) == 1
