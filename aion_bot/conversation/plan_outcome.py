"""What Aion's answer to a decision means: done, done in part, or waiting for another confirmation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from aion_bot.aion import ChatMessage, PlanActionResponse
from aion_bot.aion.references import resolve_content
from aion_bot.aion.serialization import read, read_list
from aion_bot.aion.types import parse_plan_action
from aion_bot.conversation.gallery import Referred, referred_to
from aion_bot.conversation.plan_steps import agent_words, at_end
from aion_bot.conversation.proposal import read_pending
from aion_bot.conversation.session_history import answer_data
from aion_bot.domain import strings
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Step
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line, visible
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import cited

_log = structlog.get_logger(__name__)

_DETAIL = 400
"""Characters of Aion's own words on a card at most."""

_READ = 4
"""Times as many characters of them are read."""


@dataclass(frozen=True, slots=True)
class Decided:
    """Where a decision led: the plan's next phase, a sentence, and the text of the result if the session has one.

    `sources` are what the result cites. `said` are Aion's own words about the outcome. `answer` is what Aion answered, in
    short, for the record: an HTTP status, `lost`, or empty where it was not asked. `results` are what its agents brought, and
    `pending` what needs another confirmation, None for each that cannot be shown. `pictures` are those of the result. `doubt`
    as of a plan: whether Aion may have acted, and nobody has seen the result; None leaves that as it was.
    """

    phase: PlanPhase
    detail: str = ""
    result: str = ""
    sources: Sources = field(default_factory=Sources)
    said: str = ""
    answer: str = ""
    results: Sequence[Mapping[str, Any]] = ()
    pending: Sequence[Step | None] = ()
    pictures: Sequence[Referred] = ()
    doubt: bool | None = None

    @property
    def failed(self) -> bool:
        """Whether the sentence tells of a failure: the decision changed nothing, or not what it should, or nobody knows."""
        if self.detail in {strings.SEE_BELOW, strings.ANOTHER_DECIDED, strings.PLAN_REPLACED}:
            return False
        return bool(self.detail) and self.phase not in {PlanPhase.DONE, PlanPhase.CANCELLED}


def answered(plan: Plan, response: PlanActionResponse) -> Decided:
    """Read a 200; only an answer in which nothing failed and nothing waits is called done."""
    if response.success and plan.action is Action.CANCEL:
        return Decided(PlanPhase.CANCELLED, strings.DROPPED, answer="200")
    said = strings.in_aions_words(_without_lines(response.message), response.results)
    phase, detail = _denial(response) or (PlanPhase.DONE, strings.DONE)
    # Aion's words about a failure may hold an address, a key or a trace: they reach no chat.
    # Words that claim a success which the rest of the answer denies are left out, too.
    claims_success = said.lower().startswith(strings.DONE.lower())
    if phase is PlanPhase.FAILED or (phase is not PlanPhase.DONE and claims_success):
        said = ""
    else:
        said = strings.without_done(said) if claims_success else said
        said = " · ".join(part for part in (said, *_summaries(plan, response)) if part)
    results, pending = response.agent_results or (), read_pending(response.pending_actions or ())
    pictures = referred_to(Sources(), {}, _images(results))
    return Decided(
        phase, detail, said=said, answer="200", results=results, pending=pending, pictures=pictures
    )


def never_seen(phase: PlanPhase, answer: str) -> Decided:
    """Return the outcome of a plan that waited in `phase`, and whose session showed no result in time."""
    if phase is PlanPhase.RUNNING:
        return Decided(PlanPhase.SETTLED, strings.UNSEEN_END, answer=answer, doubt=True)
    busy = phase is PlanPhase.BUSY
    told = strings.STILL_BUSY if busy else strings.STILL_UNKNOWN
    return Decided(PlanPhase.PENDING, told, answer=answer, doubt=True)


def seen_in_session(plan: Plan, found: ChatMessage, answer: str) -> Decided:
    """Read a message that Aion stored after a decision whose answer said nothing, or was lost.

    The message does not report success, so the plan is never called done because of it; its metadata may say that a
    part failed.
    """
    metadata = {"success": True, **(found.metadata or {})}
    said = parse_plan_action(metadata, plan.plan_id, plan.action or "", accepted=False)
    phase, detail = _denial(said) or unreported_end(plan)
    sources, results = Sources(), said.agent_results or ()
    if phase is PlanPhase.FAILED:
        return Decided(phase, detail, answer=answer, results=results)
    data = answer_data(found)
    sources.learn(data)
    text, pending = cited(found.content, sources), read_pending(said.pending_actions or ())
    pictures = referred_to(sources, data, _images(results))
    return Decided(
        phase, detail, text, sources, answer=answer, results=results, pending=pending, pictures=pictures
    )


def _images(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the pictures that agents brought; the contract describes no field of a result, so they are looked for as in answers."""
    named = (one.get(field) for one in results for field in ("images", "image_context"))
    return [image for images in named for image in read_list(images, dict) or ()]


def ended_plan(plan: Plan, decided: Decided) -> Plan:
    """Return a plan as its card shows the outcome."""
    last = plan.attempts[-1:]
    return replace(
        plan,
        phase=decided.phase,
        detail=_told(plan, decided),
        said=one_line(KNOWN.strike(visible(decided.said)), _DETAIL),
        attempts=(*plan.attempts[:-1], *(replace(one, answer=decided.answer) for one in last)),
        steps=at_end(plan.steps, decided.phase, decided.results, lambda result: _denies(result, _DEEPEST)),
    )


def _without_lines(said: str) -> str:
    """Return Aion's words for one line; what has several may have lists and tables, whose marks mean nothing there."""
    # Struck first: a cut could leave a half secret.
    words = resolve_content(KNOWN.strike(said)[: _READ * _DETAIL], {})
    return plain_words(words) if "\n" in words.strip() else words


def _told(plan: Plan, decided: Decided) -> str:
    """Return the sentence about an outcome, with the plan's reference where it tells of a failure."""
    detail = one_line(decided.detail, _DETAIL)
    # One that is shown again after a restart has it already.
    if not decided.failed or detail == plan.detail:
        return detail
    _log.warning(
        "failure told", plan=plan.key, ref=reference(plan.key), outcome=decided.phase, sentence=detail
    )
    return with_reference(detail, plan.key)


def _summaries(plan: Plan, response: PlanActionResponse) -> list[str]:
    """Return what each agent says of its result, where the card does not say the same; many are counted only."""
    known = {response.message, "", *(step.description for step in plan.steps)}
    found = [
        (one.get("agent_name"), summary)
        for one in response.agent_results or ()
        if (summary := read(one.get("summary"), str) or "") not in known
    ]
    return strings.folded(found, lambda one: f"{agent_words(one[0])}: {_without_lines(one[1])}")


def unreported_end(plan: Plan) -> tuple[PlanPhase, str]:
    """Return the phase and the sentence for a plan of which Aion said something, but not how it ended.

    After a 202 it came of this attempt. After a 409 or a lost answer another one may have decided, and of several that
    want different things nobody knows which.
    """
    wanted = {one.action for one in plan.attempts[:-1] if one.source is PlanPhase.UNKNOWN} | {plan.action}
    cancels = plan.action is Action.CANCEL
    of_another = plan.phase is PlanPhase.BUSY and cancels
    if plan.phase is not PlanPhase.RUNNING and (of_another or len(wanted) > 1):
        return PlanPhase.SETTLED, strings.ANOTHER_DECIDED
    # A cancellation that Aion accepted can only end as cancelled.
    if cancels and plan.phase is PlanPhase.RUNNING:
        return PlanPhase.CANCELLED, strings.SEE_BELOW
    return PlanPhase.SETTLED, strings.SEE_BELOW


def _denial(response: PlanActionResponse) -> tuple[PlanPhase, str] | None:
    """Return what an answer says against being done; None where it says nothing against it."""
    if not response.success:
        return PlanPhase.FAILED, strings.NOT_DONE
    if response.pending_actions:
        # The card below this one counts those that cannot be shown.
        return PlanPhase.SETTLED, strings.MORE_TO_CONFIRM
    # An agent or the counts may say that a part failed; the contract describes neither, so any sign counts.
    if _denies(response.agent_results or (), _DEEPEST) or _denies(response.results or {}, _DEEPEST):
        return PlanPhase.FAILED, strings.PARTLY_DONE
    if not all(response.agent_results or ()):
        return PlanPhase.SETTLED, strings.UNREADABLE_OUTCOME
    return None


_DEEPEST = 4
"""Levels of an answer that are looked through."""


def _denies(value: object, levels: int) -> bool:
    if isinstance(value, list | tuple):
        return levels > 0 and any(_denies(one, levels - 1) for one in value)
    if not isinstance(value, Mapping):
        return False
    return any(
        (name in _SUCCESS and one is False)
        or (name in _STATES and _names_failure(str(one), _UNFINISHED))
        or (_names_failure(name) and one not in (None, False, 0, "", [], {}))
        or (levels > 0 and _denies(one, levels - 1))
        for name, one in value.items()
    )


# The contract names no field; these are what others call them.
_SUCCESS = frozenset({"success", "ok", "succeeded"})
_STATES = frozenset({"status", "state", "outcome", "result"})
_FAILURES = ("fail", "error")
_UNFINISHED = (
    *_FAILURES,
    "cancel",
    "skip",
    "partial",
    "incomplete",
    "abort",
    "denied",
    "timeout",
    "timed out",
)


def _names_failure(word: str, signs: tuple[str, ...] = _FAILURES) -> bool:
    return any(sign in word.lower() for sign in signs)
