"""Discord's settings."""

import subprocess
import sys

import pytest
from pydantic import SecretStr

from adapters import discord
from adapters.discord.config import DEFAULT_API_URL, Settings, is_safe_gateway

read = Settings.read

TOKEN = "MTk4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"


def test_nothing_is_set() -> None:
    """Without a token Discord is not wanted, and that is no problem."""
    assert discord.configure({}) == (None, ())


def test_a_token_is_enough() -> None:
    """Everything but the token has a default."""
    assert read({"DISCORD_TOKEN": f" {TOKEN} "}) == (
        Settings(token=SecretStr(TOKEN), api_url=DEFAULT_API_URL, message_content=False),
        (),
    )


def test_everything_is_set() -> None:
    """Every variable has its effect; a slash at the end of the address has none."""
    env = {
        "DISCORD_TOKEN": TOKEN,
        "DISCORD_API_URL": "http://127.0.0.1:8321/api/v10/",
        "AION_BOT_DISCORD_MESSAGE_CONTENT": "True",
        "DISCORD_SHARDS": "16",
    }
    assert set(env) == set(discord.variables())
    assert read(env) == (
        Settings(
            token=SecretStr(TOKEN), api_url="http://127.0.0.1:8321/api/v10", message_content=True, shards=16
        ),
        (),
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DISCORD_TOKEN", f"Bot {TOKEN}"),
        ("DISCORD_TOKEN", "two words"),
        ("DISCORD_TOKEN", "line\nbreak"),
        ("DISCORD_TOKEN", "tökén"),
        ("DISCORD_API_URL", "http://discord.example/api"),
        ("DISCORD_API_URL", "discord.com"),
        ("DISCORD_API_URL", "https://discord.example/api?v=10"),
        ("DISCORD_API_URL", "https://me:secret@discord.example/api"),
        ("DISCORD_API_URL", "https://discord.example/{version}"),
        ("AION_BOT_DISCORD_MESSAGE_CONTENT", "yes"),
        ("DISCORD_SHARDS", "1001"),
        ("DISCORD_SHARDS", "-1"),
        ("DISCORD_SHARDS", "²"),
        ("DISCORD_SHARDS", "many"),
    ],
)
def test_malformed_values_are_refused(variable: str, value: str) -> None:
    """A malformed value is one problem, with its variable's name and without the value."""
    adapter, problems = discord.configure({"DISCORD_TOKEN": TOKEN, variable: value})
    assert adapter is None
    assert [problem.variable for problem in problems] == [variable]
    assert value not in str(problems[0])


def test_every_problem_is_listed() -> None:
    """Several wrong values are reported together, whether Discord is wanted or not."""
    _, problems = read({"DISCORD_API_URL": "nowhere", "AION_BOT_DISCORD_MESSAGE_CONTENT": "1"})
    assert [problem.variable for problem in problems] == [
        "DISCORD_API_URL",
        "AION_BOT_DISCORD_MESSAGE_CONTENT",
    ]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("wss://gateway.discord.gg", True),
        ("ws://127.0.0.1:1/gateway/", True),
        ("ws://gateway.discord.gg", False),
        ("https://gateway.discord.gg", False),
    ],
)
def test_where_the_token_may_go(url: str, *, safe: bool) -> None:
    """A gateway is encrypted or on this machine."""
    assert is_safe_gateway(url) is safe


@pytest.mark.slow
def test_the_sdk_is_imported_only_when_wanted() -> None:
    """Reading the settings, and every pure module, does without discord.py."""
    modules = "config, ids, markdown, mentions, rate_limits, rendering, strings, tables"
    program = f"import sys; from adapters.discord import configure, {modules}; configure({{}}); print('discord' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # the program is written above
    assert ran.stdout.strip() == "False"
