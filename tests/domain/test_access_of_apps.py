"""What apps may do: those that are listed ask by a mention, and nothing else."""

import pytest

from aion_bot.domain.access import AccessPolicy, Intent, Refusal, decide
from aion_bot.domain.allowance import MOST_OF_APP, Allowance
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from tests.support.cases import each

HERE = Place("T1", "C1")
ADA = Person("U1")
FLOW = Person("B1", "Site round", frozenset({"B1", "A1"}))
FOR_ADA = Person("U1", "Clips", frozenset({"B2", "A2"}))
LISTED = AccessPolicy(allow_apps=frozenset({"A1", "B2"}))


@each("intent", Intent)
@each("app", [FLOW, FOR_ADA])
def test_an_app_that_is_not_listed_may_do_nothing(intent: Intent, app: Person) -> None:
    """Without a list no app is served, also one that acts for a person who may use the bot."""
    assert decide(AccessPolicy(), intent, HERE, app) is Refusal.APP
    assert decide(AccessPolicy(allow_users=frozenset({"U1", "B1"})), intent, HERE, app) is Refusal.APP


@each("intent", Intent)
@each("app", [FLOW, FOR_ADA])
def test_a_listed_app_asks_and_does_nothing_else(intent: Intent, app: Person) -> None:
    """By either of its ids; it edits, decides, stops and replaces nothing, and a message without a mention is not its."""
    expected = None if intent in {Intent.ASK, Intent.RECOVER} else Refusal.APP
    assert decide(LISTED, intent, HERE, app) is expected


@pytest.mark.parametrize(
    ("users", "app", "refusal"),
    [({"U2"}, FLOW, None), ({"U2"}, FOR_ADA, Refusal.NOT_LISTED), ({"U1"}, FOR_ADA, None)],
)
def test_an_app_has_no_more_rights_than_the_person_it_acts_for(
    users: set[str], app: Person, refusal: Refusal | None
) -> None:
    """Where people are listed, the person has to be; an app that speaks for itself is on its own list."""
    policy = AccessPolicy(allow_apps=LISTED.allow_apps, allow_users=frozenset(users))
    assert decide(policy, Intent.ASK, HERE, app) is refusal


def test_the_other_lists_hold_for_apps() -> None:
    """Channels, workspaces and shared channels count for an app like for a person."""
    policy = AccessPolicy(allow_apps=LISTED.allow_apps, allow_channels=frozenset({"C2"}))
    assert decide(policy, Intent.ASK, HERE, FLOW) is Refusal.NOT_LISTED
    assert decide(LISTED, Intent.ASK, Place("T1", "C1", shared=True), FLOW) is Refusal.SHARED


def test_an_app_does_not_ask_after_an_app() -> None:
    """Two apps that answer each other in a thread come to an end; a person's question between them lets one ask again."""
    assert decide(LISTED, Intent.ASK, HERE, FLOW, FLOW) is Refusal.AFTER_APP
    assert decide(LISTED, Intent.ASK, HERE, FLOW, FOR_ADA) is Refusal.AFTER_APP
    assert decide(LISTED, Intent.ASK, HERE, FLOW, ADA) is None
    assert decide(LISTED, Intent.RECOVER, HERE, FLOW, FLOW) is None


def test_people_press_the_buttons_of_an_apps_question() -> None:
    """Everybody may stop and retry it, and a plan is decided by approvers, or by the person for whom the app asked."""
    assert decide(LISTED, Intent.STOP, HERE, ADA, FLOW) is None
    assert decide(LISTED, Intent.RETRY, HERE, ADA, FLOW) is None
    assert decide(LISTED, Intent.DECIDE, HERE, ADA, FLOW) is Refusal.NOT_THEIRS
    assert decide(LISTED, Intent.DECIDE, HERE, ADA, FOR_ADA) is None


def test_an_app_always_has_an_allowance() -> None:
    """Without a limit for people, and with a higher one, an app has its own; a lower one holds."""
    assert Allowance().of_app == Allowance(MOST_OF_APP)
    assert Allowance(1000, 7).of_app == Allowance(MOST_OF_APP, 7)
    assert Allowance(3).of_app == Allowance(3)
