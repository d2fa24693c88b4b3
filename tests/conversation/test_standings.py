"""Roles and guests: asked for once, remembered for minutes, and never guessed."""

import asyncio
from collections.abc import Mapping

import pytest

from aion_bot.conversation import standings
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.standings import Standings
from aion_bot.domain.access import AccessPolicy, Intent, Refusal
from aion_bot.domain.rule_keys import ALLOW_ROLES, GUESTS
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.errors import Forbidden, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person

HERE = Place("T1", "C1")
BOTH = frozenset({"S1", "S2"})


class Groups:
    """A platform that lists groups and guests; `trouble` is raised instead, `waits` holds every answer back."""

    def __init__(self, groups: Mapping[str, frozenset[str]]) -> None:
        self.groups = groups
        self.asked: list[str] = []
        self.trouble: list[PlatformError] = []
        self.waits = asyncio.Event()
        self.waits.set()

    async def _answer(self, about: str) -> None:
        self.asked.append(about)
        await self.waits.wait()
        if self.trouble:
            raise self.trouble.pop(0)

    async def group_members(self, group: str) -> frozenset[str]:
        """Answer from `groups`."""
        await self._answer(group)
        return self.groups.get(group, frozenset())

    async def is_guest(self, person: str) -> bool:
        """Only Cy is a guest."""
        await self._answer(person)
        return person == "CY"


class Members:
    """A platform that says which roles a member has."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def member_roles(self, workspace: str, person: str) -> frozenset[str]:
        """Ada alone has a role."""
        self.asked.append(f"{workspace} {person}")
        return frozenset({"1"}) if person == "ADA" else frozenset()


async def test_a_group_is_asked_for_once_whoever_waits() -> None:
    """Of many people at once there is one request a group, and none while it is remembered."""
    slack = Groups({"S1": frozenset({"ADA"})})
    slack.waits.clear()
    known = Standings({"slack": slack})
    waiting = [
        asyncio.create_task(known.held("slack", HERE, who, frozenset({"S1"}))) for who in ("ADA", "BEN")
    ]
    await asyncio.sleep(0)
    waiting[0].cancel()
    slack.waits.set()
    assert await waiting[1] == frozenset()
    assert await known.held("slack", HERE, "ADA", frozenset({"S1"})) == {"S1"}
    assert slack.asked == ["S1"]


async def test_an_answer_counts_for_less_than_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who loses a group is refused when the answer is asked for again."""
    slack, clock = Groups({"S1": frozenset({"ADA"})}), [1000.0]
    monkeypatch.setattr(standings.time, "monotonic", lambda: clock[0])
    known = Standings({"slack": slack})
    assert await known.held("slack", HERE, "ADA", BOTH) == {"S1"}
    slack.groups = {}
    clock[0] += 200
    assert await known.held("slack", HERE, "ADA", BOTH) == {"S1"}
    clock[0] += 99
    assert await known.held("slack", HERE, "ADA", BOTH) == frozenset()


@pytest.mark.parametrize("trouble", [Forbidden("missing_scope"), RateLimited(60.0), PlatformDown("x")])
async def test_a_failed_look_up_is_no_answer(trouble: PlatformError, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is not known, is not remembered, and refuses with its own reason; the next look-up may answer."""
    monkeypatch.setattr(standings, "_AGAIN", (0.0, 0.0))
    slack = Groups({"S1": frozenset({"ADA"})})
    slack.trouble = [trouble] * 3
    rules = Rules({ALLOW_ROLES: Rule(frozenset({"S1"}), "test")})
    access = AccessControl({"slack": AccessPolicy()}, rules, {"slack": slack})
    ada = Person("ADA")
    assert await access.refusal("slack", Intent.ASK, HERE, ada) is Refusal.UNKNOWN_STANDING
    slack.trouble = []
    assert await access.refusal("slack", Intent.ASK, HERE, ada) is None
    assert await access.refusal("slack", Intent.ASK, HERE, Person("BEN")) is Refusal.NOT_LISTED


async def test_an_answer_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that says nothing in time has not answered."""
    monkeypatch.setattr(standings, "TIMEOUT", 0.01)
    slack = Groups({})
    slack.waits.clear()
    rules = Rules({GUESTS: Rule(False, "test")})
    access = AccessControl({"slack": AccessPolicy()}, rules, {"slack": slack})
    assert not await access.allows("slack", Intent.STOP, HERE, Person("ADA"))
    assert await access.judge("slack", Intent.STOP, HERE, Person("ADA")) is Refusal.UNKNOWN_STANDING


async def test_guests_are_asked_for_where_they_may_not_come() -> None:
    """Slack's guests are refused; a platform without guests has none; where guests may come nobody asks."""
    slack, discord = Groups({}), Members()
    rules = Rules({GUESTS: Rule(False, "test")}, channels={"C2": {GUESTS: Rule(True, "test")}})
    policies = {"slack": AccessPolicy(), "discord": AccessPolicy()}
    access = AccessControl(policies, rules, {"slack": slack, "discord": discord})
    assert await access.judge("slack", Intent.ASK, HERE, Person("CY")) is Refusal.GUEST
    assert await access.judge("slack", Intent.ASK, Place("T1", "C2"), Person("CY")) is None
    assert await access.judge("slack", Intent.ASK, HERE, Person("BEN")) is None
    assert await access.judge("discord", Intent.ASK, HERE, Person("CY")) is None
    assert slack.asked == ["CY", "BEN"]


async def test_roles_come_with_what_a_member_does_or_are_asked_for() -> None:
    """Discord sends a member's roles with what they do; of others it is asked, once; without a server nobody has any."""
    discord = Members()
    rules = Rules({ALLOW_ROLES: Rule(frozenset({"1", "S1"}), "test")})
    access = AccessControl({"discord": AccessPolicy()}, rules, {"discord": discord})
    held, none = (Place("9", "8", roles=frozenset(roles)) for roles in ({"1", "2"}, {"2"}))
    assert await access.judge("discord", Intent.ASK, held, Person("BEN")) is None
    assert await access.judge("discord", Intent.ASK, none, Person("ADA")) is Refusal.NOT_LISTED
    assert discord.asked == []
    for _ in range(2):
        assert await access.judge("discord", Intent.RECOVER, Place("9", "8"), Person("ADA")) is None
        assert await access.judge("discord", Intent.ASK, Place("9", "8"), Person("BEN")) is Refusal.NOT_LISTED
    assert discord.asked == ["9 ADA", "9 BEN"]
    assert await access.judge("discord", Intent.ASK, Place("", "7"), Person("ADA")) is Refusal.NOT_LISTED
