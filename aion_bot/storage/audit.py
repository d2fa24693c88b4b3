"""The record of plans that proves itself: what is written to it beside the phases of plans, which triggers write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.rules import NO_RULES, Rules
from aion_bot.ports.messages import Action, Person
from aion_bot.storage.audit_chain import canonical
from aion_bot.storage.statements import Statements

_MOST_REFUSALS = 100
"""Refused presses that are recorded of one plan: somebody may press for ever."""

_REFUSAL = f"""
INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, reason)
SELECT 'refused', platform, key, ?, ?, ?, ? FROM plan
WHERE key = ? AND (SELECT count(*) FROM audit WHERE audit.plan = plan.key AND kind = 'refused') < {_MOST_REFUSALS}
"""  # noqa: S608  # a number of ours

_POLICY = """
INSERT INTO audit_entry (kind, platform, more) SELECT 'policy', ?1, ?2
WHERE (SELECT record -> '$.rules' FROM audit WHERE kind = 'policy' AND platform = ?1 ORDER BY number DESC LIMIT 1)
    IS NOT (CAST(?2 AS TEXT) -> '$.rules')
"""

_HEAD = """
INSERT INTO audit_head (number, hash) SELECT number, hash FROM audit
WHERE number = (SELECT max(number) FROM audit) AND number NOT IN (SELECT number FROM audit_head)
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of the chain and its hash."""

    number: int
    hash: str


class Audit(Statements):
    """Each statement is one transaction, durable when it returns. See `migrations/0019_audit.sql` for the chain."""

    async def note_refusal(self, plan: str, action: Action, person: Person, reason: str) -> None:
        """Record a press on a plan's card that does not count; nothing where no plan has this key.

        Of one plan the first hundred are recorded.
        """
        await self._do(_REFUSAL, person.id, person.name, action, reason, plan)

    async def note_policy(self, platform: str, policy: AccessPolicy, file: Rules = NO_RULES) -> None:
        """Record what holds on a platform from now on, unless the newest record of it says the same.

        `file` are the rules of `aion-bot.toml`, with what the variables say. People are in it as salted digests; workspaces are
        not, which are admitted while no list names any.
        """
        approvers = policy.approvers
        named = approvers if isinstance(approvers, frozenset) else frozenset[str]()
        digests = await self._digests(platform, named | policy.allow_users | file.people)
        rules = {
            "approvers": approvers if isinstance(approvers, str) else sorted(digests[one] for one in named),
            "allow_users": sorted(digests[one] for one in policy.allow_users),
            "allow_channels": sorted(policy.allow_channels),
            "allow_workspaces": sorted(policy.allow_workspaces),
            "allow_apps": sorted(policy.allow_apps),
            "file": file.as_json(digests),
        }
        await self._do(_POLICY, platform, canonical({"rules": rules}))

    async def keep_head(self) -> Head | None:
        """Store the newest hash, unless it is stored, and return it; None where nothing is recorded yet."""
        await self._do(_HEAD)
        row = await self._one("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
        return None if row is None else Head(row["number"], row["hash"])

    async def _digests(self, platform: str, people: Iterable[str]) -> Mapping[str, str]:
        """Return the digest of each id, which gets one where it has none."""
        listed = canonical(sorted(people))
        if listed == "[]":
            return {}
        await self._do(
            "INSERT INTO audit_clear (platform, person, kind, value) SELECT ?, value, 'id', value FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
            platform, listed,
        )  # fmt: skip
        rows = await self._all(
            "SELECT value, digest FROM audit_clear WHERE platform = ? AND kind = 'id' AND value IN (SELECT value FROM json_each(?))",
            platform, listed,
        )  # fmt: skip
        return {row["value"]: row["digest"] for row in rows}
