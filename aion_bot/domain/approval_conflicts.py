"""Rules about approvals that contradict each other: nobody could approve a plan. No I/O."""

from collections.abc import Collection, Iterator, Mapping

from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY, AccessPolicy
from aion_bot.domain.rule_keys import APPROVAL_KEYS, DESTRUCTIVE_REQUIRED, FOUR_EYES, REQUIRED
from aion_bot.domain.rules import Rules, Section
from aion_bot.ports.events import Place
from aion_bot.ports.settings import IdForms, IdKind, Problem


def approval_conflicts(rules: Rules, forms: Collection[IdForms]) -> list[Problem]:
    """Find what contradicts itself at some place; `rules` have what the variables say, `forms` are those of every platform.

    Each problem is told once, where the number of approvals, or the four eyes, are written.
    """
    found = {}
    for place in _places(rules):
        policy = rules.policy(AccessPolicy(), place)
        if policy.four_eyes and policy.approvers == "requester":
            found[_source(rules, FOUR_EYES, place)] = strings.FOUR_EYES_ALONE
        most = _most(policy, forms)
        required = {
            REQUIRED: policy.approvals_required,
            DESTRUCTIVE_REQUIRED: policy.destructive_approvals_required,
        }
        for key, count in required.items():
            if most is not None and count > most:
                found[_source(rules, key, place)] = strings.too_few_approvers(key, count, most)
    return [Problem(source, mend) for source, mend in found.items()]


def _source(rules: Rules, key: str, place: Place) -> str:
    said = rules.said(key, place)
    return key if said is None else said.source


def _most(policy: AccessPolicy, forms: Collection[IdForms]) -> int | None:
    """Return how many people can approve a plan at most; None where a list does not say."""
    if policy.approver_roles or policy.approvers == "anyone":
        return None
    if not isinstance(policy.approvers, frozenset):
        return 1
    named = policy.approvers - NOBODY
    # A list may hold the ids of several platforms, of which each needs enough of its own, unless it has none.
    counts = {
        sum(IdKind.PERSON not in form or form[IdKind.PERSON].fits(one) for one in named) for form in forms
    }
    return min(counts - {0}, default=len(named))


def _places(rules: Rules) -> Iterator[Place]:
    """Yield a place for each way in which the sections that say something about approvals can meet."""
    for workspace in ("", *_telling(rules.workspaces)):
        for channel in ("", *_telling(rules.channels)):
            yield Place(workspace, channel)


def _telling(sections: Mapping[str, Section]) -> Collection[str]:
    """Return one of all sections that say the same about approvals."""
    said = {
        tuple((key, section[key].value) for key in APPROVAL_KEYS if key in section): name
        for name, section in sections.items()
    }
    return [name for rules, name in said.items() if rules]
