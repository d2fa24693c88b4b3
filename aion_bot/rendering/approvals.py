"""How many people have to approve a plan, and what its card says about it."""

from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan
from aion_bot.ports.messages import Line
from aion_bot.rendering.risks import destructive_word


def needed(plan: Plan, policy: AccessPolicy) -> tuple[int, str]:
    """Return how many different people have to approve a plan, and why more than otherwise: its word, or a sentence.

    What nobody can read may be destructive.
    """
    required, destructive = policy.approvals_required, policy.destructive_approvals_required
    if destructive <= required:
        return required, ""
    word = destructive_word(plan.description, plan.steps, policy.destructive_words)
    if word or plan.unreadable:
        return destructive, strings.destructive(word)
    return required, ""


def approval_facts(
    plan: Plan, policy: AccessPolicy, lapsed: frozenset[str] = frozenset()
) -> tuple[Line, ...]:
    """Say who has approved a plan that waits, how many are missing, why, and who can decide it.

    `lapsed` are those whose approval does not count any more, as far as the platform was asked about them.
    """
    count, why = needed(plan, policy)
    standing = [
        one
        for one in plan.approvals
        if one.id not in lapsed
        # Who has a role is not known here: who was asked about and has none any more is among `lapsed`.
        and (policy.approver_roles or policy.is_approver(one, plan.requester))
        and not (policy.four_eyes and one.id == plan.requester.id)
    ]
    said = strings.approvals(standing, count, why) if count > 1 or standing else ()
    gone = strings.lapsed([one for one in plan.approvals if one not in standing])
    return tuple(line for line in (said, gone, deciders_of(plan, policy)) if line)


def deciders_of(plan: Plan, policy: AccessPolicy) -> Line:
    """Say who can decide a plan."""
    roles, four_eyes = bool(policy.approver_roles), policy.four_eyes
    left = plan.requester_left
    return strings.deciders(policy.approvers, plan.requester, roles=roles, four_eyes=four_eyes, left=left)
