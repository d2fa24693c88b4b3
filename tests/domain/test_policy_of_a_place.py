"""What `aion-bot.toml` allows at a place, decided by the one access function."""

from typing import Any

import pytest

from aion_bot.domain.access import NOBODY, AccessPolicy, Intent, Refusal, Standing, decide
from aion_bot.domain.rule_keys import ALLOW_ROLES, ALLOW_USERS, ENABLED, GUESTS, SHARED
from aion_bot.domain.rules import Rule, Rules, Section
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person

ADA, BEN = Person("U1"), Person("U2")
FLOW = Person("B1", apps=frozenset({"B1"}))
HERE, THERE = Place("T1", "C1"), Place("T1", "C2")
MEMBER, OTHER = Standing(frozenset({"S1"})), Standing(frozenset())


def section(**said: object) -> Section:
    """One section of a file."""
    return {key: Rule(value, "test") for key, value in said.items()}


def refused(policy: AccessPolicy, place: Place, person: Person, **known: Any) -> list[Refusal | None]:
    """Decide about every intent; returns the different answers."""
    intents = [Intent.ASK] if person.apps else list(Intent)
    return list(dict.fromkeys(decide(policy, one, place, person, **known) for one in intents))


def test_the_policy_of_a_place_is_read_key_by_key() -> None:
    """A channel's key wins over its workspace's, that over the defaults', and the variable is the defaults' default."""
    base = AccessPolicy(allow_users=frozenset({"U9"}), approvers="anyone")
    rules = Rules(
        section(guests=False),
        {"T1": section(enabled=False, allow_users=frozenset({"U1"}))},
        {"C1": section(enabled=True, shared=True)},
    )
    assert rules.policy(base, Place("T9", "C9")) == AccessPolicy(
        allow_users=frozenset({"U9"}), approvers="anyone", guests=False
    )
    there = rules.policy(base, THERE)
    assert (there.enabled, there.allow_users, there.guests, there.shared) == (False, {"U1"}, False, None)
    here = rules.policy(base, HERE)
    assert (here.enabled, here.allow_users, here.shared) == (True, {"U1"}, True)
    # A direct message without a workspace belongs to the person's own.
    assert not rules.policy(base, Place("", "D1", direct=True, person_workspace="T1")).enabled
    assert Rules().policy(base, HERE) is base


def test_a_channel_that_is_switched_off_refuses_everything() -> None:
    """Whatever somebody does there is refused as that, also where the platform told nothing of the channel."""
    policy = AccessPolicy(enabled=False, allow_apps=frozenset({"B1"}))
    for place in (HERE, Place("T1", "C1", shared=True, checked=False), Place("T1", "C1", private=True)):
        assert refused(policy, place, ADA, owner=ADA) == [Refusal.DISABLED]
        assert refused(policy, place, FLOW) == [Refusal.DISABLED]


@pytest.mark.parametrize(
    ("said", "standing", "person", "refusal"),
    [
        ({"allow_users": {"U1"}}, OTHER, ADA, None),
        ({"allow_users": {"U1"}}, OTHER, BEN, Refusal.NOT_LISTED),
        ({"allow_users": NOBODY}, OTHER, ADA, Refusal.NOT_LISTED),
        ({"allow_roles": {"S1"}}, MEMBER, BEN, None),
        ({"allow_roles": {"S1"}}, OTHER, BEN, Refusal.NOT_LISTED),
        ({"allow_roles": {"S1"}}, Standing(), BEN, Refusal.UNKNOWN_STANDING),
        ({"allow_roles": NOBODY}, MEMBER, BEN, Refusal.NOT_LISTED),
        ({"allow_users": {"U1"}, "allow_roles": {"S1"}}, Standing(), ADA, None),
        ({"allow_users": {"U1"}, "allow_roles": {"S1"}}, MEMBER, BEN, None),
        ({"allow_users": NOBODY, "allow_roles": {"S1"}}, MEMBER, BEN, None),
        ({"guests": False}, Standing(guest=True), ADA, Refusal.GUEST),
        ({"guests": False}, Standing(guest=False), ADA, None),
        ({"guests": False}, Standing(), ADA, Refusal.UNKNOWN_STANDING),
        ({"guests": True}, Standing(guest=True), ADA, None),
        ({"guests": False, "allow_users": {"U1"}}, Standing(guest=True), ADA, Refusal.GUEST),
        ({"guests": False, "allow_users": {"U1"}}, Standing(), BEN, Refusal.NOT_LISTED),
    ],
)
def test_people_roles_and_guests(
    said: dict[str, Any], standing: Standing, person: Person, refusal: Refusal | None
) -> None:
    """Roles are added to the list of people; what is not known refuses; an empty list names nobody. On every road."""
    values = {key: frozenset(value) if isinstance(value, set) else value for key, value in said.items()}
    policy = Rules(section(**values)).policy(AccessPolicy(), HERE)
    assert refused(policy, HERE, person, standing=standing) == [refusal]
    # An app that speaks for itself has a list of its own.
    apps = AccessPolicy(**{**values, "allow_apps": frozenset({"B1"})})
    assert refused(apps, HERE, FLOW) == [None]


@pytest.mark.parametrize(
    ("said", "listed", "refusal"),
    [
        (None, set(), Refusal.SHARED),
        (None, {"C1"}, None),
        (True, set(), None),
        (False, {"C1"}, Refusal.SHARED),
        (True, {"C2"}, Refusal.NOT_LISTED),
    ],
)
def test_shared_channels(said: bool | None, listed: set[str], refusal: Refusal | None) -> None:
    """The file wins over the list of channels; without a word in the file the list counts, as before."""
    rules = Rules(section() if said is None else section(shared=said))
    policy = rules.policy(AccessPolicy(allow_channels=frozenset(listed)), HERE)
    assert refused(policy, Place("T1", "C1", shared=True), ADA) == [refusal]


def test_only_what_counts_is_looked_up() -> None:
    """Nobody's roles are asked for where no list of roles decides about them."""
    roles, guests = frozenset({"S1"}), AccessPolicy(guests=False)
    listed = AccessPolicy(allow_users=frozenset({"U1"}), allow_roles=roles)
    assert not AccessPolicy(allow_users=frozenset({"U1"})).depends_on_standing(BEN)
    assert not listed.depends_on_standing(ADA)
    assert listed.depends_on_standing(BEN)
    assert guests.depends_on_standing(ADA)
    assert not guests.depends_on_standing(FLOW)
    assert not AccessPolicy(enabled=False, guests=False).depends_on_standing(ADA)
    assert {ENABLED, ALLOW_USERS, ALLOW_ROLES, GUESTS, SHARED} <= {*AccessPolicy.__dataclass_fields__}
