"""Who may do what, as a table of intents, people and places."""

import pytest

from aion_bot.domain.access import AccessPolicy, Intent, Refusal, decide
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from tests.support.cases import each

ADA, BEN, CY = Person("U1"), Person("U2"), Person("U3")

GENERAL = Place("T1", "C1")
OTHER = Place("T1", "C2")
SHARED = Place("T1", "C1", shared=True)
GUEST = Place("T1", "C1", shared=True, person_workspace="T9")
DIRECT = Place("", "D1", direct=True)
BLIND = Place("T1", "C1", bot_may_write=False)
MUTED = Place("T1", "C1", person_may_write=False)

OPEN = AccessPolicy()
LISTED = AccessPolicy(allow_users=frozenset({"U1", "U2"}), allow_channels=frozenset({"C1"}))
HOME = AccessPolicy(allow_workspaces=frozenset({"T1"}), allow_channels=frozenset({"C1"}))
ADMITTED = AccessPolicy(admitted=frozenset({"T2"}))
NAMED = AccessPolicy(approvers=frozenset({"U2"}))
NOBODY = AccessPolicy(approvers=frozenset())
ANYONE = AccessPolicy(approvers="anyone")


@each("intent", Intent)
@each(
    ("policy", "place", "person", "refusal"),
    [
        (OPEN, GENERAL, CY, None),
        (OPEN, DIRECT, CY, None),
        (OPEN, SHARED, CY, Refusal.SHARED),
        (OPEN, GUEST, CY, Refusal.SHARED),
        (LISTED, GENERAL, ADA, None),
        (LISTED, SHARED, ADA, None),
        (LISTED, OTHER, ADA, Refusal.NOT_LISTED),
        (LISTED, GENERAL, CY, Refusal.NOT_LISTED),
        (LISTED, DIRECT, ADA, Refusal.NOT_LISTED),
        (HOME, SHARED, CY, None),
        (HOME, GUEST, CY, Refusal.NOT_LISTED),
        (ADMITTED, GENERAL, ADA, Refusal.NEW_WORKSPACE),
        (ADMITTED, Place("T2", "C1"), ADA, None),
        (ADMITTED, DIRECT, ADA, None),
        (AccessPolicy(admitted=frozenset()), GENERAL, ADA, Refusal.NEW_WORKSPACE),
        (AccessPolicy(admitted=frozenset(), allow_workspaces=frozenset({"T1"})), GENERAL, ADA, None),
    ],
)
def test_who_may_use_the_bot_where_holds_for_every_intent(
    intent: Intent, policy: AccessPolicy, place: Place, person: Person, refusal: Refusal | None
) -> None:
    """The lists, the shared channels and the servers count alike whatever somebody does, also for their own question."""
    assert decide(policy, intent, place, person) == refusal
    if refusal is not None:
        assert decide(policy, intent, place, person, person) == refusal


@each("intent", Intent)
@each(("place", "refusal"), [(BLIND, Refusal.UNSEEN), (MUTED, Refusal.MUTED)])
def test_nothing_is_asked_where_the_answer_cannot_be_shown(
    intent: Intent, place: Place, refusal: Refusal
) -> None:
    """Only what leads to a new message needs a place for it: whoever may not write can still stop or decide."""
    posts = {Intent.ASK, Intent.FOLLOW_UP, Intent.RETRY, Intent.SHARE, Intent.ANNOUNCE}
    expected = refusal if intent in posts else None
    assert decide(OPEN, intent, place, ADA) == expected


@pytest.mark.parametrize("intent", Intent)
def test_a_private_answer_needs_no_right_to_write(intent: Intent) -> None:
    """What only the person sees is said for nobody else; the lists hold all the same."""
    private = Place("T1", "C1", bot_may_write=False, person_may_write=False, private=True)
    assert decide(OPEN, intent, private, ADA) is None
    assert decide(LISTED, intent, private, CY) is Refusal.NOT_LISTED


ALONE = {Intent.REPLACE, Intent.WITHDRAW}
"""What a person may do with their own questions alone, whoever else approves."""


@pytest.mark.parametrize(
    ("policy", "person", "allowed"),
    [
        (OPEN, ADA, {Intent.DECIDE, Intent.STOP, Intent.RETRY, *ALONE}),
        (OPEN, BEN, set()),
        (NAMED, ADA, {Intent.STOP, Intent.RETRY, *ALONE}),
        (NAMED, BEN, {Intent.DECIDE, Intent.STOP, Intent.RETRY}),
        (NAMED, CY, set()),
        (NOBODY, ADA, {Intent.STOP, Intent.RETRY, *ALONE}),
        (NOBODY, BEN, set()),
        (ANYONE, ADA, {Intent.DECIDE, Intent.STOP, Intent.RETRY, *ALONE}),
        (ANYONE, BEN, {Intent.DECIDE, Intent.STOP, Intent.RETRY}),
    ],
)
def test_what_belongs_to_ada(policy: AccessPolicy, person: Person, allowed: set[Intent]) -> None:
    """Whose question it was counts for decisions, stops, retries, replacements, withdrawals and changes, and for nothing else."""
    free = {
        Intent.ASK,
        Intent.FOLLOW_UP,
        Intent.EDIT,
        Intent.RECOVER,
        Intent.MANAGE,
        Intent.RATE,
        Intent.ANNOUNCE,
        Intent.EXPLAIN,
    }
    # Who may stop an answer may also end its conversation.
    free |= {Intent.CHANGE} if Intent.STOP in allowed else set()
    free |= {Intent.SHARE} if person is ADA else set()  # an answer that she alone has seen
    free |= {Intent.APPROVE} if Intent.DECIDE in allowed else set()  # without four eyes
    for intent in Intent:
        expected = None if intent in allowed | free else Refusal.NOT_THEIRS
        assert decide(policy, intent, GENERAL, person, ADA) == expected, intent
