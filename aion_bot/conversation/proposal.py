"""A plan as Aion proposes it, read without trusting it: what can be shown, what cannot, and a digest of all of it."""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aion_bot.aion.references import resolve_content
from aion_bot.aion.serialization import read, read_list
from aion_bot.domain import strings
from aion_bot.domain.plan import Plan
from aion_bot.domain.step_order import Named, step_order
from aion_bot.domain.turn import Turn
from aion_bot.ports.messages import Document, Step
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import visible, visible_line
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.pagination import MOST_TEXT
from aion_bot.rendering.plan_card import PlanFormat, plan_card

_CONTENT = ("plan_id", "description", "invocations", "requires_approval", "estimated_operations")
"""Fields of the event that say what will be done; others may differ between two events of the same plan."""

_NAMES = ("id", "invocation_id", "agent_name")
"""Fields by which one invocation may name another; of these the documentation shows the last one alone."""

_MOST_OPERATIONS = 1_000_000_000
"""Operations that are believed; the database holds no number of any length."""


def read_plan(data: Mapping[str, Any], turn: Turn) -> Plan | None:
    """Read a `plan_pending_approval` event; None where it has no id, as nobody could decide it then.

    The steps are in an order that can be carried out; the digest is of what Aion sent. The key is new with each call, so that a
    button is bound to the content that its card shows.
    """
    plan_id = read(data.get("plan_id"), str)
    if not plan_id:
        return None
    listed, said = data.get("invocations"), data.get("description")
    written = _written(data)
    # No thread has room for so much; to look at it would hold up everybody.
    is_readable = written is not None and len(written) <= MOST_TEXT
    # Something that is no list stands for at least one step that nobody can read.
    invocations = listed if isinstance(listed, list) else [] if listed is None else [listed]
    found = _steps(invocations) if is_readable else [None] * len(invocations)
    steps = tuple(step for step in found if step is not None)
    description = read(said, str) if is_readable else None
    operations = read(data.get("estimated_operations"), int)
    return Plan(
        key=secrets.token_hex(8),
        plan_id=plan_id,
        session_id=turn.session_id or "",
        thread=turn.thread,
        requester=turn.asker,
        description=KNOWN.strike(visible(resolve_content(description or ""))).strip(),
        steps=steps,
        operations=_operations(operations, len(found)),
        turn=turn.key,
        digest=digest(data),
        # What is said of the whole counts like a step where it is there and cannot be shown.
        unreadable=len(found) - len(steps) + (bool(said) and description is None),
    )


def find_place(view: AnswerView, plan: Plan, plan_format: PlanFormat) -> bool:
    """Put a plan's card into an answer, and the plan into a file above it where it is too long for messages.

    Returns whether there is room for it.
    """
    card, in_full = plan_card(plan, plan_format)
    if plan.in_file:  # an earlier process has posted it
        return view.show_plan(card, "")
    shown = view.show_plan(card, in_full)
    if shown or not in_full:
        return shown
    card, _ = plan_card(replace(plan, in_file=True), plan_format)
    return view.show_plan(card, "", Document(strings.PLAN_FILE, in_full, plan.key))


def digest(data: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what the event says will be done, the same whatever the order of its keys.

    What is nested too deeply to be written equals nothing, not even itself.
    """
    return hashlib.sha256((_written(data) or secrets.token_hex()).encode()).hexdigest()


def _written(data: Mapping[str, Any]) -> str | None:
    try:
        return json.dumps({name: data.get(name) for name in _CONTENT}, sort_keys=True)
    except RecursionError:
        return None


def read_pending(actions: Sequence[Mapping[str, Any]]) -> list[Step | None]:
    """Read what needs another confirmation like steps of a plan; None for each one that cannot be shown.

    The contract names no field of it. What is no description may be called a message.
    """
    return [
        _step({**one, "description": one.get("description") or one.get("message")}, parallel=False)
        for one in actions
    ]


def _steps(invocations: Sequence[object]) -> list[Step | None]:
    """Read all invocations in an order that can be carried out; None for each one that cannot be shown."""
    order = step_order([_named(one if isinstance(one, dict) else {}) for one in invocations])
    return [_step(invocations[at], parallel=parallel) for at, parallel in order]


def _named(invocation: Mapping[str, Any]) -> Named:
    names = (read(invocation.get(field), str) for field in _NAMES)
    needs = read_list(invocation.get("depends_on"), str) or []
    return Named(frozenset(name for name in names if name), frozenset(needs))


def _step(invocation: object, *, parallel: bool) -> Step | None:
    if not isinstance(invocation, dict):
        return None
    # Before anything is cut off: the beginning of a secret would be left.
    words = resolve_content(read(invocation.get("description"), str) or "")
    description = KNOWN.strike(visible_line(words))
    agent = KNOWN.strike(visible_line(read(invocation.get("agent_name"), str) or ""))
    shown = Step(visible_line(strings.agent(agent)), description, parallel=parallel)
    return shown if description else None


def _operations(estimated: int | None, steps: int) -> int | None:
    """Return how many operations the card names; fewer than there are steps would be an understatement."""
    return steps or None if estimated is None else max(min(estimated, _MOST_OPERATIONS), steps)
