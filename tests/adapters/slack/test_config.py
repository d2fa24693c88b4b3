"""Slack's variables: what is refused, and how it is said."""

import subprocess
import sys

import pytest
from pydantic import SecretStr

import adapters.slack
from adapters.slack import config

BOT = "xoxb-1234567890-abcdefGHIJ"
APP = "xapp-1-A012345-678-abcdef0123"
WHOLE = {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}


def problems(env: dict[str, str]) -> list[str]:
    settings, found = config.read(env)
    assert settings is None
    return [str(problem) for problem in found]


def test_two_tokens_are_enough() -> None:
    """With both tokens the adapter is built, for Slack's own address."""
    settings, found = config.read(WHOLE)
    assert found == ()
    assert settings == config.SlackSettings(
        bot_token=SecretStr(BOT), app_token=SecretStr(APP), api_url="https://slack.com/api/"
    )


@pytest.mark.parametrize("env", [{}, {"SLACK_API_URL": "not an address"}, {"SLACK_BOT_TOKEN": "  "}])
def test_slack_is_not_wanted_without_a_token(env: dict[str, str]) -> None:
    """No token: no adapter, and nothing to complain about."""
    assert adapters.slack.configure(env) == (None, ())


@pytest.mark.parametrize("missing", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_one_token_alone_names_both(missing: str) -> None:
    """The sentence names the variable that is missing and the one that is there."""
    (problem,) = problems({name: value for name, value in WHOLE.items() if name != missing})
    assert problem.startswith(missing)
    assert all(name in problem for name in WHOLE)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-swapped-secret"),
        ("SLACK_BOT_TOKEN", "xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-secret with-space"),
        ("SLACK_BOT_TOKEN", "xoxb-secret\n"),
        ("SLACK_APP_TOKEN", "xoxb-secret-swapped"),
        ("SLACK_API_URL", "http://slack.example.org/secret/"),
        ("SLACK_API_URL", "ftp://secret"),
        ("SLACK_API_URL", "https://user:secret@slack.com/api/"),
    ],
)
def test_malformed_value_is_refused_and_not_repeated(variable: str, value: str) -> None:
    """A wrong value is named by its variable, and what it is stays unsaid."""
    (problem,) = problems(WHOLE | {variable: value})
    assert problem.startswith(variable)
    assert "secret" not in problem


def test_every_problem_is_listed() -> None:
    """Six wrong values are six problems."""
    found = problems(
        {
            "SLACK_BOT_TOKEN": "a",
            "SLACK_APP_TOKEN": "b",
            "SLACK_SIGNING_SECRET": "e",
            "AION_BOT_PUBLIC_URL": "f",
            "SLACK_CONFIG_TOKEN": "d",
            "SLACK_API_URL": "c",
        }
    )
    assert [problem.split(":")[0] for problem in found] == list(config.SlackSettings.variables())


SECRET, URL = "SLACK_SIGNING_SECRET", "AION_BOT_PUBLIC_URL"
HTTP = {"SLACK_BOT_TOKEN": BOT, SECRET: "0123456789abcdef0123456789abcdef", URL: "https://bot.example/aion/"}


def test_three_variables_are_http() -> None:
    """With a signing secret and a public address in place of the app-level token Slack is used over HTTP."""
    settings, found = config.read(HTTP)
    assert found == ()
    assert settings is not None
    assert (settings.app_token, settings.public_url) == (None, "https://bot.example/aion")
    assert HTTP[SECRET] not in repr(settings)
    assert list(adapters.slack.required_in(HTTP)) == list(HTTP)
    assert list(adapters.slack.required_in(WHOLE)) == list(WHOLE)


@pytest.mark.parametrize("missing", list(HTTP))
def test_a_missing_variable_of_http_names_all(missing: str) -> None:
    """The one sentence begins with what is missing, and names the others."""
    (problem,) = problems({name: value for name, value in HTTP.items() if name != missing})
    assert problem.startswith(f"{missing}: is missing although ")
    assert all(name in problem for name in HTTP)


@pytest.mark.parametrize(
    ("env", "named"),
    [
        (WHOLE | HTTP, [SECRET, URL]),
        (WHOLE | {SECRET: HTTP[SECRET]}, [SECRET]),
        (WHOLE | {URL: HTTP[URL]}, [URL]),
        ({"SLACK_APP_TOKEN": APP, SECRET: HTTP[SECRET]}, ["SLACK_BOT_TOKEN", SECRET]),
        ({SECRET: HTTP[SECRET]}, ["SLACK_BOT_TOKEN", URL]),
        ({URL: HTTP[URL]}, ["SLACK_BOT_TOKEN", SECRET]),
    ],
)
def test_two_ways_at_once_are_refused(env: dict[str, str], named: list[str]) -> None:
    """Neither way wins by itself: each variable that would have no effect is a problem."""
    assert [one.partition(":")[0] for one in problems(env)] == named


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (SECRET, "secret"),
        (SECRET, "secret-89abcdef0123456789abcdef01"),
        (SECRET, f"{HTTP[SECRET]}\n"),
        (URL, "http://secret.example"),
        (URL, "secret.example"),
        (URL, "https://user:secret@bot.example"),
        (URL, "https://bot.example/?secret"),
        (URL, "https://bot.example/{secret}"),
        (URL, "https://bot.example/secret%2fpath"),
    ],
)
def test_a_malformed_value_of_http_is_refused_and_not_repeated(variable: str, value: str) -> None:
    """A wrong value is named by its variable, and what it is stays unsaid."""
    (problem,) = problems(HTTP | {variable: value})
    assert problem.startswith(f"{variable}: ")
    assert "secret" not in problem.replace("signing secret", "").replace("SLACK_SIGNING_SECRET", "")


def test_loopback_may_be_plain_http() -> None:
    """A simulated Slack on this machine needs no certificate."""
    settings, _ = config.read(WHOLE | {"SLACK_API_URL": "http://127.0.0.1:8000/api"})
    assert settings is not None
    assert settings.api_url == "http://127.0.0.1:8000/api/"


def test_tokens_are_not_in_the_repr() -> None:
    """Settings that end in a traceback or a log show no token."""
    settings, _ = config.read(WHOLE)
    assert BOT not in repr(settings)
    assert APP not in repr(settings)


@pytest.mark.slow
def test_sdk_is_not_imported_before_an_adapter_is_built() -> None:
    """A bot without Slack does not pay for Slack's libraries."""
    program = (
        "import sys, adapters.slack as s; s.variables(); s.configure({});"
        "s.configure({'SLACK_BOT_TOKEN': 'wrong'});"
        "sys.exit(any(name.startswith('slack_') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603  # our own words
