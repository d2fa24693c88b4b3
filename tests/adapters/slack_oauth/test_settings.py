"""The variables of OAuth: what is refused, and how it is said."""

import base64
from collections.abc import Mapping

import pytest

import adapters.slack
from adapters.slack.oauth import config
from adapters.slack.oauth.config import OAUTH
from tests.adapters.slack_oauth.front import KEYS
from tests.support.cases import each
from tests.support.shared_values import MemoryValues

WHOLE = {
    "SLACK_CLIENT_ID": "123.456",
    "SLACK_CLIENT_SECRET": "0123456789abcdef0123456789abcdef",
    "SLACK_SIGNING_SECRET": "fedcba9876543210fedcba9876543210",
    "AION_BOT_PUBLIC_URL": "https://bot.example/aion/",
    "AION_BOT_ENCRYPTION_KEYS": f"{KEYS[0]}, {KEYS[1]}",
}


def problems(env: Mapping[str, str]) -> list[str]:
    """What is wrong, as the operator reads it; the package says the same at the start."""
    settings, found = config.read(env)
    assert settings is None
    assert adapters.slack.configure(env) == (None, found)
    return [str(one) for one in found]


def test_five_variables_are_enough() -> None:
    """Nobody may install then; the settings show no secret, and ask for one adapter a workspace instead of one."""
    settings, found = config.read(WHOLE)
    assert (settings is not None, list(found)) == (True, [])
    assert settings is not None
    assert (settings.public_url, settings.allow_install) == ("https://bot.example/aion", frozenset())
    assert not any(secret in repr(settings) for secret in (*KEYS, *list(WHOLE.values())[1:3]))
    assert not settings.may_install("T1", "E1")
    assert adapters.slack.wants_hosting(WHOLE)
    assert adapters.slack.configure(WHOLE) == (None, ())
    assert list(adapters.slack.required_in(WHOLE)) == list(OAUTH)
    assert set(OAUTH) <= set(adapters.slack.steps_in(WHOLE))
    assert "https://bot.example/aion/slack/oauth_redirect" in adapters.slack.manifest_in(WHOLE)
    platform, found = adapters.slack.configure_hosted(WHOLE, MemoryValues())
    assert platform is not None
    assert platform.http_paths[:2] == ("/slack/events", "/slack/install")
    assert "/aion/slack/oauth_redirect" in platform.http_paths


@each("missing", list(OAUTH))
def test_a_missing_variable_names_all(missing: str) -> None:
    """The one sentence begins with what is missing, and names the others."""
    (problem,) = problems(
        {**{one: value for one, value in WHOLE.items() if one != missing}, "SLACK_ALLOW_INSTALL": "any"}
    )
    assert problem.startswith(f"{missing}: is missing although ")
    assert all(name in problem for name in WHOLE)


@each(
    ("variable", "value"),
    [
        ("SLACK_CLIENT_ID", "secret"),
        ("SLACK_CLIENT_ID", "1.2.3"),
        ("SLACK_CLIENT_SECRET", "secret"),
        ("SLACK_CLIENT_SECRET", "secret-789abcdef0123456789abcdef"),
        ("SLACK_CLIENT_SECRET", f"{WHOLE['SLACK_CLIENT_SECRET']}\n"),
        ("SLACK_ALLOW_INSTALL", "secret"),
        ("SLACK_ALLOW_INSTALL", "T1 E1"),
        ("SLACK_ALLOW_INSTALL", "any,T1"),
        ("SLACK_ALLOW_INSTALL", ","),
        ("AION_BOT_ENCRYPTION_KEYS", "secret"),
        ("AION_BOT_ENCRYPTION_KEYS", f"{KEYS[0]},"),
        ("AION_BOT_ENCRYPTION_KEYS", base64.b64encode(b"secret" * 5).decode()),
        ("SLACK_SIGNING_SECRET", "secret"),
        ("AION_BOT_PUBLIC_URL", "http://secret.example"),
    ],
)
def test_a_malformed_value_is_refused_and_not_repeated(variable: str, value: str) -> None:
    """A wrong value is named by its variable, and what it is stays unsaid."""
    (problem,) = problems(WHOLE | {variable: value})
    assert problem.startswith(f"{variable}: ")
    assert len(value) < 10 or value.strip() not in problem
    assert "secret" not in problem.replace("signing secret", "").replace("client secret", "").replace(
        "Secret", ""
    )


@pytest.mark.parametrize("token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_the_token_of_one_workspace_is_a_problem_beside_it(token: str) -> None:
    """It would have no effect."""
    (problem,) = problems(WHOLE | {token: "xoxb-1"})
    assert problem.startswith(f"{token}: does nothing beside SLACK_CLIENT_ID")


def test_keys_alone_are_a_problem() -> None:
    """They would have no effect either, also beside another platform."""
    (problem,) = problems({"AION_BOT_ENCRYPTION_KEYS": KEYS[0]})
    assert problem.startswith("AION_BOT_ENCRYPTION_KEYS: does nothing without SLACK_CLIENT_ID")
    assert not adapters.slack.wants_hosting({"AION_BOT_ENCRYPTION_KEYS": KEYS[0]})


async def test_init_checks_each_variable_without_the_others() -> None:
    """What has the form of one is taken, and what has not is refused with how to mend it."""
    good = await adapters.slack.probe({"SLACK_CLIENT_ID": "1.2"}, "SLACK_CLIENT_ID")
    bad = await adapters.slack.probe({"SLACK_CLIENT_ID": "1"}, "SLACK_CLIENT_ID")
    assert [one.status.value for one in (*good.findings, *bad.findings)] == ["ok", "fail"]


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra brings what encrypts."""
    monkeypatch.setattr(config, "find_spec", lambda _: None)
    (problem,) = problems(WHOLE)
    assert problem.startswith("AION_BOT_ENCRYPTION_KEYS: needs the library cryptography")
