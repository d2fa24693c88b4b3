"""What became of a plan, as the lines of its card: every attempt to decide it, then what is known now."""

from aion_bot.domain import strings
from aion_bot.domain.plan import Attempt, Plan, PlanPhase
from aion_bot.ports.messages import Action, Line

MOST_ATTEMPTS = 4
"""Attempts of the past that a card tells one by one: the first and the last ones; the record has all."""

_OTHERS_DECIDED = frozenset({"404", "409", "lost"})
"""Aion's answers that do not say whether this attempt or another one decided."""

_CANCELLING = frozenset({PlanPhase.CANCELLED, PlanPhase.RUNNING, PlanPhase.SETTLED})


def in_words(plan: Plan) -> tuple[Line, ...]:
    """What the card of a plan says has become of it, for a private reply: the state in its title, then its record."""
    # That it was decided is what the reply says before.
    untold = plan.phase in {PlanPhase.SETTLED, PlanPhase.PENDING}
    state = "" if untold else strings.plan_state(plan.phase, plan.action)
    return ((f"{state}.",), *record(plan)) if state else record(plan)


def record(plan: Plan, most: int = MOST_ATTEMPTS) -> tuple[Line, ...]:
    """What became of a plan, as the lines of its card: every attempt in order, then what is known now.

    Of more past attempts than `most` those in the middle are counted only. The title says that it is done, or (being)
    cancelled, so no line repeats that.
    """
    decides = is_decided(plan)
    # The line about the decision tells the newest attempt.
    past = list(map(_attempt, plan.attempts[:-1] if decides else plan.attempts))
    if len(past) > most:
        between = len(past) - most
        past[1 : between + 1] = [strings.attempts_between(between)]
    lines = past
    if decides and plan.action and plan.decider:
        if plan.action is Action.CANCEL and plan.phase in {PlanPhase.CANCELLED, PlanPhase.RUNNING}:
            lines.append(strings.decided_by(plan.decider))
        else:
            lines.append(
                strings.decided(plan.action, plan.decider, plan.approvals)
                if _counts(plan)
                else strings.pressed(plan.action, plan.decider)
            )
    if plan.phase is PlanPhase.REPLACED:
        lines.append((strings.PLAN_REPLACED,))
    elif plan.phase is not PlanPhase.DONE and (outcome := _under_way(plan.phase) or plan.detail):
        lines.append((outcome,))
    return tuple(lines)


def is_decided(plan: Plan) -> bool:
    """Tell whether the newest decision is what the card is about."""
    undecided = plan.phase in {PlanPhase.PENDING, PlanPhase.REPLACED}
    return not undecided and plan.action is not None and plan.decider is not None


def _counts(plan: Plan) -> bool:
    """Tell whether the newest press did what its button says, as far as is known.

    An approval is one as soon as it was pressed; a cancellation is none before Aion has taken it. Where Aion says that an
    earlier attempt had decided, nobody knows which one: it was an approval if nobody ever pressed anything else.
    """
    if plan.phase is PlanPhase.SETTLED and plan.attempts and plan.attempts[-1].answer in _OTHERS_DECIDED:
        # The only attempt of a card got a 404, and the plan was decided all the same: an older card decided it.
        alone = len(plan.attempts) == 1 and plan.attempts[-1].answer == "404"
        return not alone and all(attempt.action is Action.APPROVE for attempt in plan.attempts)
    return plan.action is Action.APPROVE or plan.phase in _CANCELLING


def _attempt(attempt: Attempt) -> Line:
    """Say what came of an attempt that ended without deciding the plan."""
    said = {
        PlanPhase.CLAIMED: strings.NEVER_SENT,
        PlanPhase.SENT: strings.NOT_TAKEN,
        PlanPhase.BUSY: strings.BUSY_THEN,
        PlanPhase.UNKNOWN: strings.UNKNOWN_THEN,
    }
    outcome = said.get(attempt.source, "") if attempt.source else ""
    return strings.pressed(attempt.action, attempt.person, outcome)


def _under_way(phase: PlanPhase) -> str:
    """Say how far a decision has come; empty in a phase in which none is carried out."""
    said = {
        PlanPhase.CLAIMED: strings.ASKING_AION,
        PlanPhase.SENT: strings.ASKING_AION,
        PlanPhase.RUNNING: strings.RUNNING,
        PlanPhase.BUSY: strings.BUSY,
        PlanPhase.UNKNOWN: strings.UNKNOWN,
    }
    return said.get(phase, "")
