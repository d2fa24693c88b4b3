"""`aion-bot doctor` as a command: what it prints, and that it changes nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adapters
from aion_bot import doctor
from aion_bot.cli import compose, program
from aion_bot.config import CONFIG
from aion_bot.domain import strings
from aion_bot.ports.capabilities import Diagnosable
from aion_bot.ports.diagnosis import Diagnosis, Status, Subjects
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.events import Place
from aion_bot.ports.platform_package import VariableProbe
from aion_bot.simulators.services import SimulatedServices
from aion_bot.storage import Store
from tests.diagnosis.setup import Setup
from tests.storage.older_databases import write_older
from tests.support.logs import logs_put_back


def contents(folder: Path) -> Mapping[str, bytes]:
    """The name and the bytes of each file of a folder; of the log's index the name, as it holds the marks of readers."""
    files = sorted(folder.iterdir())
    return {one.name: b"" if one.name.endswith("-shm") else one.read_bytes() for one in files}


async def run_doctor(setup: Setup, *options: str) -> tuple[int, str]:
    """Run the command in the set-up's folder; returns its exit status and output."""
    setup.patch.chdir(setup.folder)
    runner = CliRunner(env=setup.env)
    ended = await asyncio.to_thread(runner.invoke, program, ["doctor", *options])
    return ended.exit_code, ended.stdout


@pytest.fixture
async def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Setup]:
    """A set-up in which all is well."""
    async with SimulatedServices() as services:
        made = Setup(services, tmp_path, monkeypatch)
        made.env = {**services.env, "AION_BOT_DATABASE_URL": f"sqlite:///{made.database}"}
        with logs_put_back():
            yield made


async def test_nothing_is_changed_beside_a_running_bot(setup: Setup) -> None:
    """No byte and no file differs after doctor, and what a bot writes meanwhile is safe."""
    store = await Store.open(setup.database)
    await store.kv.set("slack", "name", "value")
    before = await asyncio.to_thread(contents, setup.folder)
    status, _ = await run_doctor(setup)
    assert status == 0
    assert await asyncio.to_thread(contents, setup.folder) == before
    await store.kv.set("slack", "name", "other")
    await store.close()


async def test_an_older_database_stays_as_it_is(setup: Setup) -> None:
    """Doctor says that the next start changes the schema, and does not do it; there is no copy, log or lock afterwards."""
    await asyncio.to_thread(write_older, setup.database, 1)
    await asyncio.to_thread(setup.database.chmod, 0o600)
    before = await asyncio.to_thread(contents, setup.folder)
    _, output = await run_doctor(setup)
    assert "schema 1; the next start brings it to" in output
    assert await asyncio.to_thread(contents, setup.folder) == before


async def test_json_has_every_finding(setup: Setup) -> None:
    """`--json` prints a list of objects with four fields; a warning does not change the exit status, a failure does."""
    setup.discord.world.public = True
    status, output = await run_doctor(setup, "--json")
    findings = json.loads(output)
    assert status == 0
    assert {tuple(one) for one in findings} == {("check", "status", "message", "mend")}
    assert [one["check"] for one in findings if one["status"] != "ok"] == ["public bot"]
    setup.env["DISCORD_TOKEN"] = "Bot wrong"
    status, output = await run_doctor(setup, "--json")
    assert status == 1
    assert {one["status"] for one in json.loads(output)} == {"ok", "fail"}


async def test_offline_asks_no_service(setup: Setup) -> None:
    """With `--offline` no request is made, and the findings say so."""
    status, output = await run_doctor(setup, "--offline")
    assert status == 0
    assert strings.NOT_ASKED in output
    assert (list(setup.slack.log), list(setup.discord.log), setup.aion.requests) == ([], [], [])


async def test_names_of_others_stay_on_their_line(setup: Setup) -> None:
    """What somebody named their server does nothing to the terminal, and makes no second finding."""
    setup.discord.world.servers[setup.discord.world.guild] = "North\nok    all: well\x1b[31m\u202e"
    _, output = await run_doctor(setup)
    assert "ok    servers: the bot is in 1: North ok all: well[31m\n" in output


async def test_nothing_that_is_asked_changes_anything_there(setup: Setup) -> None:
    """Slack and Discord get no request that writes; Aion gets one, for a session that cannot exist."""
    await setup.thread("discord", Place(setup.discord.world.guild, setup.discord.world.named("site-7").id))
    assert all(one.status is Status.OK for one in await setup.findings())
    assert {one.name.split()[0] for one in setup.discord.log} == {"GET"}
    assert {one.name for one in setup.slack.log} <= {
        "auth.test", "apps.connections.open", "bots.info", "conversations.info",
    }  # fmt: skip
    assert [one.operation for one in setup.aion.requests] == [
        "get_all_images",
        "rename_session",
        "tenant_limits",
    ]
    assert (setup.slack.violations, setup.discord.violations, setup.aion.violations) == ([], [], [])


async def test_limits_of_aion(setup: Setup) -> None:
    """The tier and what is left are told; what is used up is a warning; a key that may not see them is none."""
    (line,) = [str(one) for one in await setup.findings() if one.check == "Aion's limits"]
    assert line.startswith(
        "ok    Aion's limits: tier professional; left: monthly_uploads 1,000, storage_bytes "
    )
    setup.aion.files.limits = replace(setup.aion.files.limits, uploads=0)
    (line,) = [str(one) for one in await setup.findings() if one.status is not Status.OK]
    assert line.startswith("warn  Aion's limits used up: monthly_uploads; raise the limit")
    setup.aion.files.hides_limits = True
    assert all(one.status is Status.OK for one in await setup.findings())


@pytest.mark.parametrize(
    ("variable", "given", "line"),
    [
        ("SLACK_BOT_TOKEN", None, "ok    SLACK_BOT_TOKEN: of @aion in Site Operations"),
        ("SLACK_BOT_TOKEN", "xoxp-1", "FAIL  SLACK_BOT_TOKEN: is not a bot token"),
        ("SLACK_BOT_TOKEN", "xoxb-1", "FAIL  SLACK_BOT_TOKEN: refused by Slack (invalid_auth)"),
        ("SLACK_APP_TOKEN", None, "ok    SLACK_APP_TOKEN: it opens connections"),
        ("SLACK_APP_TOKEN", "xapp-1", "FAIL  SLACK_APP_TOKEN: refused by Slack (invalid_auth)"),
        ("DISCORD_TOKEN", None, "ok    DISCORD_TOKEN: of Aion"),
        ("DISCORD_TOKEN", "a b", "FAIL  DISCORD_TOKEN: is not a bot token"),
        ("DISCORD_TOKEN", "wrong", "FAIL  DISCORD_TOKEN: refused by Discord"),
    ],
)
async def test_one_variable_is_checked_before_the_others_are_given(
    setup: Setup, variable: str, given: str | None, line: str
) -> None:
    """A platform's package checks one token with nothing else than the address of the service."""
    env = {name: value for name, value in setup.env.items() if name.endswith("API_URL")}
    env[variable] = setup.env[variable] if given is None else given
    (package,) = [one for one in adapters.platforms() if variable in one.variables()]
    assert isinstance(package, VariableProbe)
    found = await package.probe(env, variable)
    assert str(found.findings[0]).startswith(line)
    assert (found.ahead is None) == (given is not None and "refused by Slack" not in line)


async def test_requests_are_counted(setup: Setup) -> None:
    """What doctor asks goes through the adapters' clients, which report it as any other request."""
    _, found, _ = compose(setup.env)
    for adapter in found:
        observer = Observer()
        adapter.observe_requests(observer)
        assert isinstance(adapter, Diagnosable)
        await adapter.diagnose(Subjects())
        await adapter.close()
        assert observer.sent_count == observer.answered_count >= 3


class Observer:
    """Counts what an adapter reports."""

    def __init__(self) -> None:
        self.sent_count = self.answered_count = 0

    def sent(self, _: object) -> None:
        self.sent_count += 1

    def connected(self) -> None:
        """Let it go."""

    def answered(self, *_: object) -> None:
        self.answered_count += 1

    def limit_read(self, _: object) -> None:
        """Take no note."""


class Intercepted:
    """A platform behind a proxy whose certificate nobody knows."""

    address = "https://chat.example/api"

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        raise PlatformDown(f"{len(subjects.places)} places: ClientConnectorCertificateError")


async def test_an_unknown_certificate_has_its_own_mend() -> None:
    """Where a company's proxy reads along, Python needs its certificates."""
    found = await doctor._ask(Intercepted(), "chat", Subjects())
    assert [one.mend for one in found.findings] == [
        "name the certificates that your network uses for chat.example in SSL_CERT_FILE"
    ]


async def test_each_key_of_the_file_is_asked_about_by_one_call(setup: Setup) -> None:
    """Doctor names the variable of each, says which one Aion refuses, and shows no key."""
    good, bad = "site_0123456789abcdefghij", "gone_0123456789abcdefghij"
    setup.aion.other_keys = {good}
    file = setup.folder / "bot.toml"
    sections = (
        '[channels.C0123456789]\naion_key = "env:SITE_KEY"',
        '[channels.C0123456780]\naion_key = "env:OLD_KEY"',
    )
    file.write_text("\n".join(sections))
    setup.env |= {CONFIG: str(file), "SITE_KEY": good, "OLD_KEY": bad}
    findings = await setup.findings()
    assert {one.check: one.status for one in findings if one.check in {"SITE_KEY", "OLD_KEY"}} == {
        "SITE_KEY": Status.OK,
        "OLD_KEY": Status.FAIL,
    }
    for key in good, bad:
        asked = [one.operation for one in setup.aion.requests if key in one.headers["Authorization"]]
        assert asked == ["get_all_images"]
        assert key not in str(findings)
