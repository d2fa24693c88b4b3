"""Plans: proposed in a stream, decided by a call."""

from dataclasses import replace

import pytest

from aion_bot.aion import (
    AionVision,
    AionvisionConnectionError,
    AionvisionTimeoutError,
    ChatError,
    ChatToken,
    ChatTokenType,
    MessageRole,
    ResourceNotFoundError,
    ServerError,
    ValidationError,
    requests,
)
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.simulators.aion.scene import Operation, Plan, PlanEnd, proposed
from aion_bot.simulators.aion.script import organize

PLAN = Plan("Sort the photos", (Operation("FolderOrganizationAgent", "Move them", ("s1",)),), "Sorted.")


async def propose(aion: SimulatedAion, client: AionVision, *ends: PlanEnd) -> tuple[str, str]:
    """Let Aion propose a plan; returns the ids of the session and of the plan."""
    aion.play(organize(*ends))
    session = await client.chats.create_session()
    async for token in client.chats.send_stream("organize", session_id=session.id):
        if token.plan:
            return session.id, token.plan["plan_id"]
    raise AssertionError("no plan was proposed")


async def test_a_plan_arrives_with_its_operations(aion: SimulatedAion, client: AionVision) -> None:
    """`ChatToken.plan` has the id, the description and the operations in order."""
    aion.play(proposed(PLAN))
    async with client.chat_session() as session:
        tokens = [token async for token in session.send_stream("sort")]
    plan = next(token.plan for token in tokens if token.type is ChatTokenType.PLAN_PENDING_APPROVAL)
    assert plan is not None
    assert plan["description"] == "Sort the photos"
    assert plan["invocations"] == [
        {"agent_name": "FolderOrganizationAgent", "description": "Move them", "depends_on": ["s1"]}
    ]
    assert plan["requires_approval"] is True
    assert plan["estimated_operations"] == 1


async def test_a_plan_of_which_only_the_id_is_known_is_whole(aion: SimulatedAion, client: AionVision) -> None:
    """Only `plan_id` is sure on the wire; every other field is there all the same."""
    aion.play(proposed(replace(PLAN, only_id=True)))
    async with client.chat_session() as session:
        plans = [token.plan async for token in session.send_stream("sort") if token.plan]
    assert len(plans) == 1
    assert plans[0]["plan_id"]
    assert (plans[0]["description"], plans[0]["invocations"], plans[0]["estimated_operations"]) == ("", [], 0)


@pytest.mark.parametrize("action", ["approve", "cancel"])
async def test_a_decision_that_is_done_at_once_has_its_result(
    aion: SimulatedAion, client: AionVision, action: str
) -> None:
    """200: the answer says what was done."""
    session_id, plan_id = await propose(aion, client)
    act = client.chats.approve_plan if action == "approve" else client.chats.cancel_plan
    done = await act(session_id, plan_id)
    assert (done.success, done.plan_id, done.action_taken, done.status) == (True, plan_id, action, None)
    assert (done.results is not None) == (action == "approve")
    assert done.pending_actions == ([] if action == "approve" else None)
    assert aion.bodies("plan_action") == [{"action": action}]


async def test_an_accepted_plan_tells_its_result_in_the_session(
    aion: SimulatedAion, client: AionVision
) -> None:
    """202: `status` is "accepted", and a new message of the assistant appears in the session."""
    session_id, plan_id = await propose(aion, client, PlanEnd.ACCEPTED)
    accepted = await client.chats.approve_plan(session_id, plan_id)
    assert (accepted.success, accepted.status, accepted.action_taken) == (True, "accepted", "approve")
    session = aion.sessions.find(session_id)
    assert session is not None
    await aion.until(lambda: len(session.messages) == 3)
    last = (await client.chats.get_messages(session_id))[-1]
    assert last.role is MessageRole.ASSISTANT
    assert last.content.startswith("Done")


@pytest.mark.parametrize(
    ("end", "error", "status"),
    [
        (PlanEnd.EXPIRED, ResourceNotFoundError, 404),
        (PlanEnd.BUSY, ChatError, 409),
        (PlanEnd.FAILED, ServerError, 500),
        (PlanEnd.LOST_AFTER_ACTING, AionvisionConnectionError, None),
        (PlanEnd.LOST_BEFORE_ACTING, AionvisionConnectionError, None),
    ],
)
async def test_a_decision_is_sent_once_however_it_ends(
    aion: SimulatedAion, client: AionVision, end: PlanEnd, error: type[Exception], status: int | None
) -> None:
    """No refusal and no lost answer makes the client decide a second time by itself."""
    session_id, plan_id = await propose(aion, client, end)
    with pytest.raises(error) as raised:
        await client.chats.approve_plan(session_id, plan_id)
    assert isinstance(
        raised.value, AionvisionConnectionError | ChatError | ResourceNotFoundError | ServerError
    )
    assert raised.value.status_code == status
    assert raised.value.request_sent
    assert raised.value.maybe_acted == (status in {None, 500})
    assert aion.count("plan_action") == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_decision_is_not_repeated_after_a_refusal(
    aion: SimulatedAion, client: AionVision, status: int
) -> None:
    """A person decides again; the client does not, although 429 and 503 say that nothing was done."""
    session_id, plan_id = await propose(aion, client)
    aion.fail_next("plan_action", status, retry_after=0)
    with pytest.raises(Exception, match="Something failed"):
        await client.chats.approve_plan(session_id, plan_id)
    assert aion.count("plan_action") == 1


async def test_deciding_a_plan_twice_is_refused(aion: SimulatedAion, client: AionVision) -> None:
    """A plan that was decided is not found any more."""
    session_id, plan_id = await propose(aion, client)
    await client.chats.cancel_plan(session_id, plan_id)
    with pytest.raises(ResourceNotFoundError) as raised:
        await client.chats.approve_plan(session_id, plan_id)
    assert (raised.value.resource_type, raised.value.resource_id) == ("plan", plan_id)


@pytest.mark.parametrize(("action", "told"), [("approve", "Done:"), ("cancel", "cancelled")])
async def test_approving_inside_the_loop_lets_the_stream_go_on(
    aion: SimulatedAion, client: AionVision, action: str, told: str
) -> None:
    """A stream that stays open for the decision is decided from within its loop, and tells the result."""
    aion.play(organize(stays_open=True))
    tokens: list[ChatToken] = []
    async with client.chat_session() as session:
        async for token in session.send_stream("sort them"):
            tokens.append(token)
            if token.type is ChatTokenType.PLAN_PENDING_APPROVAL:
                assert token.data is not None
                act = session.approve_plan if action == "approve" else session.cancel_plan
                await act(token.data["plan_id"])
    complete = tokens[-2]
    assert complete.type is ChatTokenType.COMPLETE
    assert told in (complete.resolved_content or "")
    assert "".join(token.content or "" for token in tokens) == (complete.data or {})["content"]


async def test_a_stream_that_ends_with_the_plan_is_whole(aion: SimulatedAion, client: AionVision) -> None:
    """A stream may end while its plan waits: that is no break."""
    scene = organize()
    aion.play(replace(scene, steps=scene.steps[:2]))
    async with client.chat_session() as session:
        tokens = [token async for token in session.send_stream("sort them")]
    assert tokens[-1].type is ChatTokenType.PLAN_PENDING_APPROVAL


async def test_a_decision_without_an_answer_is_sent_once(aion: SimulatedAion, client: AionVision) -> None:
    """After a timeout nobody knows whether the plan runs: the client says so, and does not ask again."""
    session_id, plan_id = await propose(aion, client)
    async with AionVision(API_KEY, base_url=aion.base_url, timeout=0.5, retry_delay=0.01) as impatient:
        aion.fail_next("plan_action", None, acts=True, silent=True)
        with pytest.raises(AionvisionTimeoutError) as raised:
            await impatient.chats.approve_plan(session_id, plan_id)
    assert raised.value.request_sent
    assert raised.value.maybe_acted
    assert raised.value.status_code is None
    assert aion.count("plan_action") == 1


@pytest.mark.parametrize("dots", [".", ".."])
def test_an_id_of_dots_leads_to_no_other_endpoint(dots: str) -> None:
    """A path with them would be shortened on its way: `plans/../action` is the session's `action`."""
    with pytest.raises(ValidationError, match="plan_id"):
        requests.plan_action("s", dots, "approve")
    with pytest.raises(ValidationError, match="session_id"):
        requests.plan_action(dots, "p", "approve")
    assert requests.plan_action("s", "a/../b", "approve").path == "/chat/sessions/s/plans/a%2F..%2Fb/action"
