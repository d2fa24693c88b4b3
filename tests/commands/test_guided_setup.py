"""`aion-bot init` against the simulators: what is asked, checked by real calls, kept and written."""

import asyncio
import io
import logging
import os
import pty
import re
import signal
import stat
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import structlog
import yaml
from dotenv import dotenv_values
from typer.testing import CliRunner

import adapters
from adapters.slack.config import ID_FORMS
from aion_bot.cli import program
from aion_bot.domain.rule_keys import KEYS
from aion_bot.domain.rules import Rules
from aion_bot.domain.rules_file import parse_rules
from aion_bot.ports.platform_package import SetUpGuide
from aion_bot.simulators.services import SimulatedServices
from tests.diagnosis.setup import Setup
from tests.schemas import slack as contracts

SECRETS = ("AIONVISION_API_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN")
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


@pytest.fixture
async def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    """An empty folder, with the services' addresses in the environment and every secret at hand."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    async with SimulatedServices() as services:
        made = Setup(services, tmp_path, monkeypatch)
        made.env = {**services.env, "AION_BOT_DATABASE_URL": f"sqlite:///{made.database}"}
        monkeypatch.chdir(tmp_path)
        yield made
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


async def init(
    setup: Setup, answers: str = "", *options: str, env: Mapping[str, str] = {}
) -> tuple[int, str]:
    """Run the command; only addresses are in its environment, unless `env` says otherwise."""
    given = {name: value for name, value in setup.env.items() if name not in SECRETS}
    runner = CliRunner(env=given | env)
    ended = await asyncio.to_thread(runner.invoke, program, ["init", *options], answers)
    return ended.exit_code, ended.output


def written(setup: Setup) -> dict[str, str | None]:
    return dotenv_values(stream=io.StringIO((setup.folder / ".env").read_text("utf-8")))


async def test_from_nothing_to_a_first_answer(setup: Setup) -> None:
    """Each secret is asked for once and checked at once; doctor and one answer of Aion's end it; no secret is printed."""
    key, bot, app, discord = (setup.env[name] for name in SECRETS)
    status, said = await init(setup, f"y\ny\n{key}\n{discord}\n{bot}\n{app}\n")
    assert status == 0, said
    assert written(setup) == {name: setup.env[name] for name in SECRETS}
    assert stat.S_IMODE((setup.folder / ".env").stat().st_mode) == 0o600
    assert "7 steps by hand" in said
    assert "scopes: the bot token has all" in said
    assert "invitation link: http" in said
    assert "bot_events:" in said, "the manifest is shown"
    assert "Asked Aion itself, not in a chat: answered in" in said
    assert not [one for one in (key, bot, app, discord) if one in said]


async def test_ended_and_begun_again(setup: Setup) -> None:
    """The end of the input keeps what was accepted; the next start asks for the rest alone."""
    key, bot, app, _ = (setup.env[name] for name in SECRETS)
    status, said = await init(setup, f"n\ny\n{key}\n{bot}\n")
    assert status == 1
    assert "Ended. What was accepted stands in" in said
    assert set(written(setup)) == {"AIONVISION_API_KEY", "SLACK_BOT_TOKEN"}
    status, said = await init(setup, f"n\n{app}\n")
    assert status == 0, said
    assert "SLACK_BOT_TOKEN is kept." in said
    assert set(written(setup)) == {"AIONVISION_API_KEY", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"}
    assert len(list(setup.folder.glob(".env.*.bak"))) == 1, "of the second start; the first made the file"


@pytest.mark.parametrize(
    ("name", "wrong", "line"),
    [
        ("AIONVISION_API_KEY", "short", "FAIL  AIONVISION_API_KEY: must look like <prefix>_"),
        ("AIONVISION_API_KEY", "aion_" + "x" * 24, "FAIL  AIONVISION_API_KEY: Aion refuses it"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "FAIL  SLACK_BOT_TOKEN: is not a bot token"),
        ("SLACK_BOT_TOKEN", "xoxb-1", "FAIL  SLACK_BOT_TOKEN: refused by Slack"),
        ("SLACK_APP_TOKEN", "xoxb-1", "FAIL  SLACK_APP_TOKEN: is not an app-level token"),
        ("SLACK_APP_TOKEN", "xapp-1", "FAIL  SLACK_APP_TOKEN: refused by Slack"),
        ("DISCORD_TOKEN", "Bot abc", "FAIL  DISCORD_TOKEN: "),
        ("DISCORD_TOKEN", "wrong", "FAIL  DISCORD_TOKEN: refused by Discord"),
    ],
)  # fmt: skip
async def test_a_refused_value_is_asked_again(setup: Setup, name: str, wrong: str, line: str) -> None:
    """A wrong form and a refusal are said at once, and the next answer counts; the wrong one is never written."""
    answers = {one: f"{setup.env[one]}\n" for one in SECRETS}
    answers[name] = f"{wrong}\n{answers[name]}"
    order = ("AIONVISION_API_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
    status, said = await init(setup, "y\ny\n" + "".join(answers[one] for one in order))
    assert status == 0, said
    assert line in said, said
    assert written(setup)[name] == setup.env[name]


async def test_ended_before_the_first_answer(setup: Setup) -> None:
    """Where nothing was accepted, no file is named that is not there."""
    status, said = await init(setup)
    assert (status, (setup.folder / ".env").exists()) == (1, False)
    assert "Ended. Nothing was accepted so far; start aion-bot init again" in said


async def test_missing_scopes_are_named(setup: Setup) -> None:
    """A bot token without a needed scope is not taken, and the scope is named."""
    setup.slack.configuration.scopes.remove("chat:write")
    status, said = await init(
        setup, f"n\ny\n{setup.env['AIONVISION_API_KEY']}\n{setup.env['SLACK_BOT_TOKEN']}\n"
    )
    assert status == 1
    assert "FAIL  scopes: the bot token lacks chat:write" in said
    assert "SLACK_BOT_TOKEN" not in written(setup)


@pytest.mark.parametrize(
    ("address", "platforms", "line"),
    [
        ("AIONVISION_BASE_URL", "n\ny\n", "FAIL  Aion: it cannot be reached"),
        ("SLACK_API_URL", "n\ny\n", "FAIL  SLACK_BOT_TOKEN: no answer"),
        ("DISCORD_API_URL", "y\nn\n", "FAIL  DISCORD_TOKEN: no answer"),
    ],
)
async def test_no_network_is_no_refusal(setup: Setup, address: str, platforms: str, line: str) -> None:
    """A service that does not answer is said as such; nothing unchecked is written."""
    token = setup.env["SLACK_BOT_TOKEN" if "SLACK" in address else "DISCORD_TOKEN"]
    key = setup.env["AIONVISION_API_KEY"]
    status, said = await init(setup, f"{platforms}{key}\n{token}\n", env={address: NOWHERE})
    assert status == 1
    assert line in said, said
    assert token not in ((setup.folder / ".env").read_text() if (setup.folder / ".env").exists() else "")


async def test_a_wrong_value_of_the_environment_is_named(setup: Setup) -> None:
    """An answer could not win over the environment, so none is asked for."""
    status, said = await init(setup, "n\ny\n", env={"AIONVISION_API_KEY": "aion_" + "x" * 24})
    assert status == 1
    assert "AIONVISION_API_KEY: it is set in the environment, which wins over .env" in said


async def test_tokens_of_two_apps_are_named_at_the_end(setup: Setup) -> None:
    """Each of the two tokens works by itself; doctor, which has both, names the app of the other one."""
    setup.slack.configuration.app = "A0OTHER"
    key, bot, app, _ = (setup.env[name] for name in SECRETS)
    status, said = await init(setup, f"n\ny\n{key}\n{bot}\n{app}\n")
    assert status == 1
    assert "FAIL  SLACK_APP_TOKEN: it belongs to the app" in said


async def test_a_dead_proxy_is_no_refusal(setup: Setup) -> None:
    """Behind a proxy that does not answer, the key is not said to be wrong, and it is not written."""
    env = {"AIONVISION_PROXY_URL": NOWHERE}
    status, said = await init(setup, f"n\ny\n{setup.env['AIONVISION_API_KEY']}\n", env=env)
    assert status == 1
    assert "FAIL  Aion: it cannot be reached" in said
    assert not (setup.folder / ".env").exists()


async def test_yes_asks_nothing_and_merges(setup: Setup) -> None:
    """Secrets and addresses of the environment are merged into `.env`, other lines stay, and doctor decides the status."""
    (setup.folder / ".env").write_text("# mine\nFOREIGN=1\nAION_BOT_FOOTER=true\n")
    status, said = await init(setup, "", "--yes", env=setup.env)
    assert status == 0, said
    assert (setup.folder / ".env").read_text().startswith("# mine\nFOREIGN=1\nAION_BOT_FOOTER=true\n")
    assert written(setup).items() >= setup.env.items()
    setup.patch.setattr(setup.slack.configuration, "scopes", ["chat:write"])
    assert (await init(setup, "", "--yes", env=setup.env))[0] == 1, "doctor finds what is missing"


@pytest.mark.parametrize(
    "wrong", [{"SLACK_BOT_TOKEN": "xoxp-1"}, {"AION_BOT_BUSY": "never"}, {"SLACK_APP_TOKEN": ""}]
)
async def test_yes_refuses_a_bad_value(setup: Setup, wrong: dict[str, str]) -> None:
    """A wrong or missing variable is named, the status is 2, and nothing is written."""
    status, said = await init(setup, "", "--yes", env=setup.env | wrong)
    assert status == 2
    assert next(iter(wrong)) in said
    assert not (setup.folder / ".env").exists()


async def test_a_file_that_cannot_be_written(setup: Setup) -> None:
    """A read-only `.env` ends the command with its mend."""
    (setup.folder / ".env").touch(0o400)
    (setup.folder / ".env").chmod(0o400)
    status, said = await init(setup, "", "--yes", env=setup.env)
    assert status == 2
    assert ".env: is read-only; chmod u+w .env" in said


async def test_a_commented_file_of_rules_is_written_if_wanted(setup: Setup) -> None:
    """It has every key as a comment, holds as it is and with each comment taken away; one that is there is left alone."""
    key, bot, app, _ = (setup.env[name] for name in SECRETS)
    status, said = await init(setup, f"n\ny\n{key}\n{bot}\n{app}\ny\n")
    file = setup.folder / "aion-bot.toml"
    assert status == 0, said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text("utf-8")
    used = "".join(line.removeprefix("# ") for line in text.splitlines(keepends=True)[2:])
    rules, problems = parse_rules(file, used, [ID_FORMS])
    assert (set(rules.defaults), problems) == (set(KEYS), [])
    assert parse_rules(file, text, [ID_FORMS]) == (Rules(), [])
    file.write_text("[defaults]\nfooter = true\n")
    assert (await init(setup, "n\n"))[0] == 0
    assert file.read_text() == "[defaults]\nfooter = true\n"


def test_the_readme_lists_the_steps_that_init_counts() -> None:
    """README has one item for each step by hand, at most seven, by the service that it is done at."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    listed = re.findall(r"^\d\. (Aion|Discord|Slack): ", readme, re.MULTILINE)
    guides = [one for one in adapters.platforms() if isinstance(one, SetUpGuide)]
    counted = [
        "Aion",
        *(str(one.__name__).rpartition(".")[2].title() for one in guides for _ in one.manual_steps()),
    ]
    assert sorted(listed) == sorted(counted)
    assert len(listed) <= 7


def test_the_manifest_is_printed() -> None:
    """`aion-bot manifest` prints the file of the repository; for HTTP it names the address."""
    root = Path(__file__).parents[2]
    assert CliRunner().invoke(program, ["manifest"]).output == (root / "manifest.yml").read_text("utf-8")
    for_http = CliRunner().invoke(program, ["manifest", "--http", "https://bot.example/aion/"])
    assert (for_http.exit_code, for_http.stderr) == (0, "")
    read = yaml.safe_load(for_http.stdout)
    address = "https://bot.example/aion/slack/events"
    settings = read["settings"]
    assert (settings["socket_mode_enabled"], settings["event_subscriptions"]["request_url"]) == (
        False,
        address,
    )
    assert settings["interactivity"] == {"is_enabled": True, "request_url": address}
    assert {one["url"] for one in read["features"]["slash_commands"]} == {address}
    assert read["oauth_config"]["redirect_urls"] == ["https://bot.example/aion/slack/oauth_redirect"]
    assert not contracts.BESIDE or contracts.manifest_errors(read) == []


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://bot.example", False),
        ("ftp://bot.example", False),
        ("bot.example", False),
        ("https://user:pass-0123456789@bot.example", False),
        ("https://bot.example/?token=t-0123456789", False),
        ("https://bot.example/#a", False),
        ("https://bot.example:0", False),
        ("https://bot.example/\nx: y", False),
    ],
)
def test_the_address_of_http_mode_is_checked(address: str, allowed: bool) -> None:
    """An address without TLS, but for loopback, or with more than host, port and path, is refused without being repeated."""
    found = CliRunner().invoke(program, ["manifest", "--http", address])
    assert (found.exit_code, bool(found.stdout)) == ((0, True) if allowed else (2, False))
    assert allowed or "0123456789" not in found.output


def in_terminal(env: Mapping[str, str], answers: list[tuple[bytes, str]]) -> tuple[int, bytes]:
    """Run the command in a pseudo-terminal, answer each question once it is shown, and return status and output."""
    number, terminal = pty.fork()
    if number == 0:
        # A process of pytest-xdist ignores Ctrl-C, and its children would as well.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(sys.executable, [sys.executable, "-m", "aion_bot", "init"], dict(env))  # noqa: S606  # our own code
    shown, answered = b"", 0
    while True:
        try:
            shown += os.read(terminal, 65_536)
        except OSError:  # the program has ended
            break
        if answers and answers[0][0] in shown[answered:]:
            answered = len(shown)
            os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), shown


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.*forkpty:DeprecationWarning"
)  # the child becomes another program at once
async def test_a_terminal_shows_no_secret_and_gets_the_manifest(setup: Setup) -> None:
    """What is typed for a secret is not echoed, and the manifest goes to the clipboard, which is said."""
    order = ("AIONVISION_API_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
    answers = [(b"Connect Discord?", "y"), (b"Connect Slack?", "y")]
    answers += [(f"{name}: ".encode(), setup.env[name]) for name in order]
    answers += [(b"Write a commented aion-bot.toml", "y")]
    answers += [(b"write it a first question?", "n")]
    addresses = {name: value for name, value in setup.env.items() if name not in SECRETS}
    root = str(Path(__file__).parents[2])
    env = {**os.environ, **addresses, "PYTHONPATH": root}
    status, shown = await asyncio.to_thread(in_terminal, env, answers)
    assert status == 0, shown.decode()
    assert not [name for name in SECRETS if setup.env[name].encode() in shown]
    assert b"\x1b]52;c;" in shown
    assert b"clipboard as well (OSC 52" in shown
    assert b"answered in" in shown
    assert b"is written (mode 0600); it changes nothing" in shown


async def test_a_secret_in_a_file_is_kept_there(setup: Setup) -> None:
    """What a file holds is checked and neither asked for nor copied into `.env`; `--yes` writes the file's path."""
    path, key = setup.folder / "key", setup.env.pop("AIONVISION_API_KEY")
    path.write_text(f"{key}\n")
    named = {"AIONVISION_API_KEY_FILE": str(path)}
    token = setup.env["DISCORD_TOKEN"]
    status, said = await init(setup, f"y\nn\n{token}\n", env=named)
    assert status == 0, said
    assert written(setup) == {"DISCORD_TOKEN": token}
    assert (await init(setup, "", "--yes", env=setup.env | named))[0] == 0
    assert written(setup).items() >= named.items()
    assert key not in (setup.folder / ".env").read_text()


async def test_a_wrong_secret_in_a_file_is_named(setup: Setup) -> None:
    """An answer could not win over the file, so none is asked for; a file that cannot be read is said at once."""
    path = setup.folder / "key"
    path.write_text("aion_" + "x" * 24)
    status, said = await init(setup, "n\ny\n", env={"AIONVISION_API_KEY_FILE": str(path)})
    assert status == 1
    assert f"AIONVISION_API_KEY: it stands in the file {path}" in said
    status, said = await init(setup, "", env={"AIONVISION_API_KEY_FILE": str(path) + "s"})
    assert status == 2
    assert "AIONVISION_API_KEY_FILE: the file cannot be read" in said
