"""The keys of `aion-bot.toml` about approvals: what they take, what contradicts itself, and which plans they concern."""

from pathlib import Path

import pytest

from aion_bot.config import read_approvers
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy, Intent, Refusal, Standing, decide
from aion_bot.domain.approval_conflicts import approval_conflicts
from aion_bot.domain.plan import Plan
from aion_bot.domain.rules_file import parse_rules
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person, Step, ThreadKey
from aion_bot.ports.settings import Problem
from aion_bot.rendering.approvals import needed

ADA, BEN = Person("U1"), Person("U2")
HERE = Place("T1", "C1")


def refused(text: str) -> list[str]:
    """Read a file, and return what is wrong with it: of its values, or of how they meet."""
    rules, problems = parse_rules(Path("a.toml"), text, [{}])
    return [one.mend for one in problems or approval_conflicts(rules, [{}])]


def test_each_key_is_part_of_the_policy_of_a_place() -> None:
    """A channel's key wins; lengths of time are in seconds, and "never" is none."""
    text = """
[defaults]
approvers = ["U1", "U2"]
approver_roles = ["S1"]
approvals_required = 2
approval_expires = "30m"
[channels.C1]
four_eyes = true
approval_expires = "never"
approval_reminder = "90s"
destructive_words = ["archive"]
destructive_approvals_required = 3
"""
    rules, problems = parse_rules(Path("a.toml"), text, [{}])
    assert problems == []
    policy = rules.policy(AccessPolicy(), HERE)
    assert (policy.approvers, policy.approver_roles) == ({"U1", "U2"}, {"S1"})
    assert (policy.approvals_required, policy.four_eyes) == (2, True)
    assert (policy.approval_expires, policy.approval_reminder) == (0, 90)
    assert (policy.destructive_words, policy.destructive_approvals_required) == (("archive",), 3)
    assert rules.policy(AccessPolicy(), Place("T1", "C2")).approval_expires == 1800


@pytest.mark.parametrize(
    "line",
    [
        'approvers = "admin"', "approvers = 1", "approvers = [1]", 'approver_roles = "all"', "approvals_required = 0",
        "approvals_required = true", "approvals_required = 21", "four_eyes = 1", 'approval_expires = "24"',
        "approval_expires = 24", 'approval_reminder = "0s"', 'destructive_words = "delete"', 'destructive_words = [" "]',
        "destructive_approvals_required = 0",
    ],
)  # fmt: skip
def test_a_malformed_value_is_refused(line: str) -> None:
    """The key and what it has to be are told."""
    (said,) = refused(f"[defaults]\n{line}\n")
    assert said.startswith(f"{line.split(maxsplit=1)[0]} must be ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[defaults]\nfour_eyes = true", [strings.FOUR_EYES_ALONE]),
        ('[defaults]\nfour_eyes = true\napprovers = "anyone"', []),
        ("[workspaces.T1]\nfour_eyes = true\n[channels.C1]\napprovers = ['U1']", [strings.FOUR_EYES_ALONE]),
        ("[defaults]\napprovals_required = 2", [strings.too_few_approvers("approvals_required", 2, 1)]),
        (
            "[defaults]\napprovers = ['U1', 'U2']\n[channels.C1]\ndestructive_approvals_required = 3",
            [strings.too_few_approvers("destructive_approvals_required", 3, 2)],
        ),
        ("[defaults]\napprovers = ['U1', 'U2']\napprover_roles = ['S1']\napprovals_required = 3", []),
        ("[defaults]\napprovers = ['U1', 'U2']\napprovals_required = 2", []),
    ],
)
def test_what_nobody_could_reach_is_refused(text: str, said: list[str]) -> None:
    """Wherever sections meet: four eyes with the requester alone, and more approvals than people."""
    assert refused(text) == said


def test_the_variable_counts_where_no_section_says_it() -> None:
    """`AION_BOT_APPROVERS` is the default's default, and a conflict names the line that has to change."""
    rules, _ = parse_rules(Path("a.toml"), "[defaults]\napprovals_required = 2\nfour_eyes = true", [{}])
    for value, found in (("anyone", 0), ("U1, U2", 0), ("U1", 1), ("requester", 2), ("", 2)):
        problems = approval_conflicts(
            rules.with_variables(read_approvers({"AION_BOT_APPROVERS": value})), [{}]
        )
        assert len(problems) == found, value
    assert isinstance(problems[0], Problem)
    assert problems[0].variable.endswith(("line 2", "line 3"))


@pytest.mark.parametrize(
    ("words", "plan", "count"),
    [
        (("delete",), "I am deleting the old photos", 2),
        (("delete",), "Die alten Fotos werden gelöscht", 2),
        (("delete",), "Describe the photos", 1),
        (("move",), "Moved to a folder", 2),
        (("overwrite",), "The photos get overwritten", 2),
        (("drop",), "Dropping the old photos", 2),
        (("copy",), "Copied to a folder", 2),
        (("move",), "Watch the movies", 1),
        (("share",), "Ask the shareholder", 1),
        (("löschen",), "Fotos löschen", 2),
        (("get rid of",), "We get  rid of them", 2),
        (("DELETE",), "deleteFiles", 2),
        ((), "Delete all", 1),
    ],
)
def test_destructive_words(words: tuple[str, ...], plan: str, count: int) -> None:
    """A word counts in its forms and by its name in another language, in the plan and in its steps, and as no part of another."""
    policy = AccessPolicy(destructive_words=words, destructive_approvals_required=2)
    made = Plan("k", "p", "s", ThreadKey("slack", "1"), ADA, "", (Step("Folders", plan),))
    found, why = needed(made, policy)
    assert found == count
    assert bool(why) is (count > 1)


def test_what_nobody_can_read_may_be_destructive() -> None:
    """A step that cannot be shown counts as one that destroys something."""
    made = Plan("k", "p", "s", ThreadKey("slack", "1"), ADA, "", (Step("Folders", "sort"),), unreadable=1)
    assert needed(made, AccessPolicy(destructive_approvals_required=2)) == (2, strings.destructive(""))


def test_roles_and_four_eyes() -> None:
    """A role is added to the list; roles that are not known refuse, and never allow; the requester does not approve."""
    policy = AccessPolicy(approvers=frozenset({"U1"}), approver_roles=frozenset({"S1"}), four_eyes=True)

    def judged(intent: Intent, person: Person, *roles: str, known: bool = True) -> Refusal | None:
        standing = Standing(frozenset(roles) if known else None)
        return decide(policy, intent, HERE, person, ADA, standing=standing)

    assert judged(Intent.APPROVE, BEN, "S1") is None
    assert judged(Intent.APPROVE, BEN) is Refusal.NOT_THEIRS
    assert judged(Intent.APPROVE, BEN, known=False) is Refusal.UNKNOWN_STANDING
    assert judged(Intent.APPROVE, ADA) is Refusal.OWN_PLAN
    assert judged(Intent.DECIDE, ADA) is None
    assert policy.roles_that_count(BEN, ADA) == {"S1"}
    assert policy.roles_that_count(ADA, ADA) == policy.roles_that_count(BEN) == frozenset()
