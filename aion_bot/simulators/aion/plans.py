"""The simulated Aion's endpoint that decides a plan."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from aion_bot.simulators.aion.endpoints import Refused, open_session
from aion_bot.simulators.aion.scene import Answer, Fault, PlanEnd
from aion_bot.simulators.aion.sessions import Proposed, Session

if TYPE_CHECKING:
    from aion_bot.simulators.aion.server import SimulatedAion

CANCELLED = "The plan was cancelled; nothing was changed."


async def plan_action(aion: "SimulatedAion", request: web.Request) -> web.Response:
    """POST /chat/sessions/{session_id}/plans/{plan_id}/action."""
    session = open_session(aion, request)
    proposed = session.plans.get(request.match_info["plan_id"])
    if proposed is None or (proposed.action and not proposed.running):
        raise Refused(Fault(404, "PLAN_NOT_FOUND", "Plan not found or expired"))
    if proposed.running:
        raise Refused(Fault(409, "PLAN_IN_PROGRESS", "Plan is currently being processed"))
    action = (await request.json())["action"]
    match proposed.next_end():
        case PlanEnd.ACCEPTED if action == "approve":
            aion.background(_finish_later(aion, session, proposed, action))
            return web.json_response({"plan_id": proposed.id, "status": "accepted"}, status=202)
        case PlanEnd.BUSY:
            aion.background(_finish_later(aion, session, proposed, action))
            raise Refused(Fault(409, "PLAN_IN_PROGRESS", "Plan is currently being processed"))
        case PlanEnd.EXPIRED:
            raise Refused(Fault(404, "PLAN_NOT_FOUND", "Plan not found or expired"))
        case PlanEnd.FAILED:
            raise Refused(Fault(500, "INTERNAL_ERROR", "The plan could not be started"))
        case PlanEnd.LOST_BEFORE_ACTING:
            raise Refused(Fault(None))
        case PlanEnd.LOST_AFTER_ACTING:
            aion.background(_finish_later(aion, session, proposed, action))
            raise Refused(Fault(None))
    _decide(aion, proposed, action)
    return web.json_response(_done(proposed, action))


async def _finish_later(aion: "SimulatedAion", session: Session, proposed: Proposed, action: str) -> None:
    proposed.running = True
    _decide(aion, proposed, action)
    await asyncio.sleep(aion.plan_time)
    result = proposed.plan.result if action == "approve" else CANCELLED
    if not proposed.result_in_stream:
        aion.sessions.store(session, "assistant", Answer(result))
    proposed.running = False
    aion.changed()


def _decide(aion: "SimulatedAion", proposed: Proposed, action: str) -> None:
    proposed.action = action
    aion.changed()


def _done(proposed: Proposed, action: str) -> dict[str, Any]:
    plan = proposed.plan
    if action == "cancel":
        return {"success": True, "plan_id": proposed.id, "message": CANCELLED, "action_taken": action}
    return {
        "success": True,
        "plan_id": proposed.id,
        "message": plan.result,
        "action_taken": action,
        "results": {"completed_operations": len(plan.operations)},
        "agent_results": [
            {"agent_name": each.agent_name, "success": True, "summary": each.description}
            for each in plan.operations
        ],
        "pending_actions": [],
    }
