"""The lists of the settings fail closed, and say so."""

from pathlib import Path

import pytest

from aion_bot.cli import compose
from aion_bot.config import describe, policy_of
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ports.settings import Problem, read_environment

GOOD = {
    "AIONVISION_API_KEY": "aion_" + "x" * 20,
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "DISCORD_TOKEN": "a.b.c",
}
DISCORD_PERSON = "123456789012345678"


def problems_of(**more: str) -> list[Problem]:
    """What is wrong with these settings."""
    return compose(GOOD | more)[2]


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("AION_BOT_ALLOW_CHANNEL", "AION_BOT_ALLOW_CHANNELS"),
        ("AION_BOT_ALLOWED_USERS", "AION_BOT_ALLOW_USERS"),
        ("AION_BOT_APPROVER", "AION_BOT_APPROVERS"),
        ("aion_bot_approvers", "AION_BOT_APPROVERS"),
        ("AIONVISION_APIKEY", "AIONVISION_API_KEY"),
        ("AION_BOT_DISCORD_MESSAGES", "AION_BOT_DISCORD_MESSAGE_CONTENT"),
        ("AIONVISION_X", "AIONVISION_"),
        ("AION-BOT_ALLOW_USERS", "AION_BOT_ALLOW_USERS"),
        ("AIONBOT_ALLOW_USERS", "AION_BOT_ALLOW_USERS"),
        ("AION_BOTALLOW_USERS", "AION_BOT_ALLOW_USERS"),
        ("AION_VISION_BASE_URL", "AIONVISION_BASE_URL"),
        ("AION.BOT.APPROVERS", "AION_BOT_APPROVERS"),
        ("\u200bAION_BOT_ALLOW_USERS", "AION_BOT_ALLOW_USERS"),
        ("AION_\u00adBOT_ALLOW_USERS", "AION_BOT_ALLOW_USERS"),
    ],
)
def test_a_variable_that_nobody_reads_is_refused(wrong: str, nearest: str) -> None:
    """A mistyped name would leave the bot open; it is refused with the name that was meant."""
    (problem,) = problems_of(**{wrong: "U1"})
    assert problem.variable == wrong
    assert nearest in problem.mend


@pytest.mark.parametrize("name", ["PATH", "SLACK_SOMETHING", "AIONX", "MY_AION_BOT_NAME"])
def test_other_peoples_variables_are_left_alone(name: str) -> None:
    """Only what begins like a variable of the bot's is looked at."""
    assert problems_of(**{name: "x"}) == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AION_BOT_APPROVERS", "@ada"),
        ("AION_BOT_APPROVERS", "Requester"),
        ("AION_BOT_APPROVERS", "requester,U1"),
        ("AION_BOT_APPROVERS", "anyone, U1"),
        ("AION_BOT_APPROVERS", "u1"),
        ("AION_BOT_APPROVERS", "<@U1>"),
        ("AION_BOT_APPROVERS", "C1"),
        ("AION_BOT_ALLOW_USERS", "ada"),
        ("AION_BOT_ALLOW_USERS", "U1,ben"),
        ("AION_BOT_ALLOW_USERS", "12345"),
        ("AION_BOT_ALLOW_USERS", "1" * 22),
        ("AION_BOT_ALLOW_USERS", "\uff11" * 18),
        ("AION_BOT_ALLOW_CHANNELS", "#general"),
        ("AION_BOT_ALLOW_CHANNELS", "U1"),
        ("AION_BOT_ALLOW_WORKSPACES", "northwind"),
        ("AION_BOT_ALLOW_WORKSPACES", "C1"),
        ("AION_BOT_ALLOW_WORKSPACES", "*"),
        ("AION_BOT_ALLOW_USERS", "U"),
    ],
)
def test_what_is_no_id_is_refused(variable: str, value: str) -> None:
    """A name instead of an id, or an id of something else, is refused with the form that ids have; no value is repeated."""
    (problem,) = problems_of(**{variable: value})
    assert problem.variable == variable
    assert "on Slack" in problem.mend
    assert "on Discord" in problem.mend


def test_one_list_may_hold_ids_of_both_platforms() -> None:
    """One bot serves both: lists of both are well-formed."""
    people = f"U1, W2, {DISCORD_PERSON}"
    lists = {
        "AION_BOT_APPROVERS": people,
        "AION_BOT_ALLOW_USERS": people,
        "AION_BOT_ALLOW_CHANNELS": f"C1,G1,D1,{DISCORD_PERSON}",
        "AION_BOT_ALLOW_WORKSPACES": f"T1,E1,{DISCORD_PERSON}",
    }
    assert problems_of(**lists) == []


def test_an_approver_who_may_not_use_the_bot_is_refused() -> None:
    """Their press would be refused: the settings contradict themselves."""
    (problem,) = problems_of(AION_BOT_APPROVERS="U1,U2", AION_BOT_ALLOW_USERS="U1")
    assert problem.variable == "AION_BOT_APPROVERS"
    assert "AION_BOT_ALLOW_USERS" in problem.mend
    assert problems_of(AION_BOT_APPROVERS="anyone", AION_BOT_ALLOW_USERS="U1") == []


def test_the_policy_of_a_platform_says_who_is_there() -> None:
    """A list without ids of a platform allows nobody there, and is not an empty list, which would allow all."""
    settings, adapters, _ = compose(GOOD | {"AION_BOT_ALLOW_USERS": "U1", "AION_BOT_APPROVERS": "U1"})
    assert settings is not None
    described = {}
    for adapter in adapters:
        forms = id_forms_of(adapter)
        described[adapter.platform] = describe(policy_of(settings, forms), forms)
    assert described["slack"]["people"] == described["slack"]["approvers"] == "U1"
    assert described["discord"]["people"].startswith("none")
    assert described["discord"]["approvers"].startswith("none")
    assert described["discord"]["channels"] == "all"


def test_the_policy_without_a_list_holds_on_every_platform() -> None:
    """Only where anybody may invite the bot do the workspaces of the first start count; elsewhere all may use it."""
    settings, adapters, _ = compose(GOOD)
    assert settings is not None
    for adapter in adapters:
        forms = id_forms_of(adapter)
        words = describe(policy_of(settings, forms), forms)["workspaces"]
        assert words.startswith("all, or those of the first start where anybody may invite the bot")


def test_an_empty_variable_clears_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list allows all, so an empty variable of the environment leaves the one that .env holds."""
    (tmp_path / ".env").write_text("AION_BOT_ALLOW_USERS=U1\nAION_BOT_APPROVERS=U1\n")
    monkeypatch.setenv("AION_BOT_ALLOW_USERS", "")
    monkeypatch.setenv("AION_BOT_APPROVERS", "  ")
    env = read_environment(tmp_path)
    assert (env["AION_BOT_ALLOW_USERS"], env["AION_BOT_APPROVERS"]) == ("U1", "U1")


def test_an_empty_line_further_down_clears_no_list(tmp_path: Path) -> None:
    """Nor does a template that was appended to `.env`, with nothing behind its names."""
    (tmp_path / ".env").write_text("AION_BOT_ALLOW_USERS=U1\nAION_BOT_ALLOW_USERS=\n")
    assert read_environment(tmp_path)["AION_BOT_ALLOW_USERS"] == "U1"
