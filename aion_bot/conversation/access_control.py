"""The access policies in force, and a log line for each refusal."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import structlog

from aion_bot.conversation.standings import Standings
from aion_bot.domain.access import NOT_ASKED, OWN, AccessPolicy, Intent, Refusal, decide
from aion_bot.domain.allowance import UsedUp
from aion_bot.domain.prompts import unaskable
from aion_bot.domain.rule_keys import ACCESS_KEYS, Uploads
from aion_bot.domain.rules import Rules
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey

_log = structlog.get_logger(__name__)

_UNKNOWN_PLACE = Place("", "")
"""The place of a row that the first version wrote: no list names it."""


class AccessControl:
    """What holds: `policies` by platform, and the `rules` of `aion-bot.toml`.

    `adapters` by platform say what roles people have, and who is a guest; without them nobody has a role.
    """

    def __init__(
        self,
        policies: Mapping[str, AccessPolicy],
        rules: Rules = Rules(),  # noqa: B008  # frozen
        adapters: Mapping[str, object] | None = None,
    ) -> None:
        self.policies = dict(policies)
        self.rules, self.changed = rules, asyncio.Event()
        """Set by whoever puts other rules in force."""
        self.standings = Standings(adapters or {})
        self.refused_keys: Mapping[str, float] = {}
        """Until when Aion counts as refusing plan actions, in seconds since 1970, by the digest of the key."""
        self.key_in_use: Callable[[Place], str] = lambda _: ""
        """Returns the digest of Aion's key at a place."""

    def policy(self, platform: str, place: Place) -> AccessPolicy:
        """Return what holds at a place."""
        policy = self.policies[platform]
        if not self.rules.named.isdisjoint(ACCESS_KEYS):
            policy = self.rules.policy(policy, place)
        # Nearly always there is none: then nothing is computed.
        if self.refused_keys and self.refuses_plans(self.key_in_use(place), time.time()):
            return replace(policy, plans_refused=True)
        return policy

    def refuses_plans(self, key: str, now: float) -> bool:
        """Return whether Aion counts as refusing plan actions to the key of this digest; `now` in seconds since 1970."""
        return self.refused_keys.get(key, 0) > now

    def admit(self, platform: str, workspaces: Iterable[str]) -> None:
        """Let these workspaces of a platform, and no others, use the bot while no list names any."""
        admitted = frozenset(workspaces)
        self.policies[platform] = replace(self.policies[platform], admitted=admitted)

    async def refusal(
        self, platform: str, intent: Intent, place: Place, person: Person, owner: Person | None = None
    ) -> Refusal | None:
        """Return why `person` may not do this, and log it; None if they may. See `domain.access.decide`."""
        refusal = await self.judge(platform, intent, place, person, owner)
        if refusal is not None:
            _log.info(
                "access denied",
                platform=platform, intent=intent.value, reason=refusal.value, person=person.id, channel=place.channel,
                workspace=place.person_workspace or place.workspace,
            )  # fmt: skip
        return refusal

    async def judge(
        self,
        platform: str,
        intent: Intent,
        place: Place,
        person: Person,
        owner: Person | None = None,
        *,
        absent: bool = False,
    ) -> Refusal | None:
        """Decide as `refusal` does, and log nothing. Asks the platform what the policy of the place needs to know.

        `absent`: what counts was done before, so that the person may have left since.
        """
        policy, standing = self.policy(platform, place), NOT_ASKED
        whose = owner if intent in OWN else None
        if policy.depends_on_standing(person, whose):
            standing = await self.standings.of(platform, place, person, policy, whose)
        if absent:
            standing = replace(standing, left=await self.standings.has_left(platform, place, person.id))
        return decide(policy, intent, place, person, owner, standing=standing)

    async def allows(
        self,
        platform: str,
        intent: Intent,
        place: Place,
        person: Person,
        owner: Person | None = None,
        *,
        absent: bool = False,
    ) -> bool:
        """Return whether `person` may do this. Logs nothing: the caller has a log line of its own, or needs none."""
        return await self.judge(platform, intent, place, person, owner, absent=absent) is None

    async def as_now(self, thread: ThreadKey, place: Place, person: Person) -> Place:
        """Return a place with whether a person may write in a thread of it now.

        For what somebody does who acted there earlier, or whose platform does not say it with what they do.
        """
        writes = await self.standings.may_write(thread, place, person.id)
        return replace(place, person_may_write=writes is True, checked=place.checked and writes is not None)

    def unaskable(self, prompt: Prompt) -> str | None:
        """Return what is wrong with a question itself, by what holds for files where it is asked."""
        return unaskable(prompt, reads_files=self.rules.uploads(prompt.place) is not Uploads.OFF)

    @staticmethod
    def log_used_up(platform: str, place: Place, person: Person, found: UsedUp) -> None:
        """Log that a question was refused because of an allowance."""
        _log.info(
            "allowance used up",
            platform=platform, person=person.id, channel=place.channel, workspace=place.workspace,
            of=found.whose.name.lower(), limit=found.limit, wait=round(found.wait),
        )  # fmt: skip

    async def lapsed(self, turn: Turn | None, thread: ThreadKey, asker: Person) -> bool:
        """Return whether whoever asked may not use the bot there any more; `turn` is None if its row was removed."""
        place = turn.origin.place if turn is not None and turn.origin is not None else _UNKNOWN_PLACE
        refusal = await self.refusal(thread.platform, Intent.RECOVER, place, asker)
        return refusal is not None
