"""`aion-bot doctor`: each misconfiguration is named by the one line that mends it."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aion_bot.domain import strings
from aion_bot.ports.diagnosis import Status
from aion_bot.ports.events import Place
from aion_bot.ports.host import SECOND_PROCESS
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.app_configuration import CONFIG_TOKEN
from aion_bot.storage import Store
from tests.diagnosis.setup import Setup

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


Spoil = Callable[[Setup], object]


def given(**variables: str) -> Spoil:
    """Give variables other values; "" takes one away."""

    def spoil(setup: Setup) -> None:
        setup.env |= variables
        setup.env = {name: value for name, value in setup.env.items() if value}

    return spoil


def configured(**fields: Any) -> Spoil:
    """Configure the Slack app otherwise; doctor has the token that shows it."""

    def spoil(setup: Setup) -> None:
        setup.env["SLACK_CONFIG_TOKEN"] = CONFIG_TOKEN
        for name, value in fields.items():
            setup.patch.setattr(setup.slack.configuration, name, value)

    return spoil


def in_world(**fields: Any) -> Spoil:
    """Change something of the Discord application or server."""
    return lambda setup: [setup.patch.setattr(setup.discord.world, *one) for one in fields.items()]


def without_scopes(*scopes: str) -> Spoil:
    """Take scopes from the bot token."""

    def spoil(setup: Setup) -> None:
        left = [one for one in setup.slack.configuration.scopes if one not in scopes]
        setup.patch.setattr(setup.slack.configuration, "scopes", left)

    return spoil


def slack_refuses(method: str, code: str) -> Spoil:
    """Let Slack refuse the next call of a method."""
    return lambda setup: setup.slack.fail_next(method, error=code)


def aion_refuses(operation: str, status: int) -> Spoil:
    """Let Aion refuse the next call of an operation."""
    return lambda setup: setup.aion.fail_next(operation, status, code="")


def without_path(setup: Setup) -> None:
    """Leave `/api/v2` away."""
    setup.env["AIONVISION_BASE_URL"] = setup.aion.base_url.removesuffix("/api/v2")


def changed(name: str, change: Callable[[str], str]) -> Spoil:
    """Write the value of a variable otherwise."""

    def spoil(setup: Setup) -> None:
        setup.env[name] = change(setup.env[name])

    return spoil


def another_path(setup: Setup) -> None:
    """Name another part of the server."""
    setup.env["AIONVISION_BASE_URL"] = f"{setup.aion.base_url}/website/api/v2"


async def removed_from_channel(setup: Setup) -> None:
    """Put the bot out of a channel that has a thread."""
    channel = setup.slack.open_channel("site-7")
    await setup.thread("slack", Place("T0SITEOPS", channel.id))
    setup.slack.remove_bot(channel)


async def without_permissions(setup: Setup) -> None:
    """Take a permission from the bot in a channel that has a thread."""
    world = setup.discord.world
    channel = world.named("site-7")
    await setup.thread("discord", Place(world.guild, channel.id))
    setup.patch.setattr(world, "without_threads", {channel.id})


def no_sessions_left(setup: Setup) -> None:
    """Use all sessions of the day up."""
    used_up = {
        **setup.discord.gateway.described["session_start_limit"],
        "remaining": 0,
        "reset_after": 60_000,
    }
    setup.patch.setitem(setup.discord.gateway.described, "session_start_limit", used_up)


def too_few_shards(setup: Setup) -> None:
    """Let Discord recommend more shards than there are to be."""
    setup.env["DISCORD_SHARDS"] = "2"
    setup.patch.setitem(setup.discord.gateway.described, "shards", 4)


def wrong_path(setup: Setup) -> None:
    """Name another part of the server that stands for Slack."""
    setup.env["SLACK_API_URL"] = setup.env["SLACK_API_URL"].replace("/api/", "/elsewhere")


def strange_answer(setup: Setup) -> None:
    """Let something else answer in a service's place."""
    setup.patch.setattr("aion_bot.simulators.discord.payloads.partial_guild", lambda *_: {})


def wrong_clock(setup: Setup) -> None:
    """Let this machine's clock be two minutes fast."""
    setup.patch.setattr("aion_bot.ports.diagnosis.time", SimpleNamespace(time=lambda: time.time() + 122))


def newer_schema(setup: Setup) -> None:
    """Let a later version have written the database."""
    with closing(sqlite3.connect(setup.database)) as connection:
        connection.execute("PRAGMA user_version = 999")
    setup.database.chmod(0o600)


async def damaged_page(setup: Setup) -> None:
    """Overwrite a page of the database that is not the first one."""
    await (await Store.open(setup.database)).close()
    with setup.database.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)


def no_database(setup: Setup) -> None:
    """Let the database's file be something else."""
    setup.database.touch(mode=0o600)
    setup.database.write_bytes(b"not a database" * 500)


def loose_mode(setup: Setup) -> None:
    """Let others read `.env`."""
    (setup.folder / ".env").touch(mode=0o600)
    (setup.folder / ".env").chmod(0o644)


async def second_process(setup: Setup) -> None:
    """Let a running bot have noticed another one."""
    store = await Store.open(setup.database)
    await store.kv.set("slack", SECOND_PROCESS, str(time.time()))
    await store.close()


def with_reactions(setup: Setup) -> None:
    """Turn reactions on in one channel, for an app that knows nothing of them."""
    file = setup.folder / "aion-bot.toml"
    file.write_text('[channels."C0GENERAL"]\nreactions = true\n')
    setup.env["AION_BOT_CONFIG"] = str(file)


def with_reactions_scope(setup: Setup) -> None:
    """Turn reactions on for an app that has their scope, and is not subscribed to them."""
    with_reactions(setup)
    scopes = [*setup.slack.configuration.scopes, "reactions:read"]
    configured(scopes=scopes, requested=scopes)(setup)


def wrong_file(setup: Setup) -> None:
    """Misspell a key of `aion-bot.toml`."""
    file = setup.folder / "aion-bot.toml"
    file.write_text("[defaults]\nfootr = true\n", encoding="utf-8")
    setup.env["AION_BOT_CONFIG"] = str(file)


def full_disk(setup: Setup) -> None:
    """Leave hardly any room."""
    usage = SimpleNamespace(free=5_000_000)
    setup.patch.setattr("aion_bot.doctor.shutil.disk_usage", lambda _: usage)


def without_slack(spoil: Spoil) -> Spoil:
    """Spoil a set-up of Discord alone."""
    return both(given(SLACK_BOT_TOKEN="", SLACK_APP_TOKEN="", SLACK_API_URL=""), spoil)


def both(one: Spoil, other: Spoil) -> Spoil:
    """Spoil something twice, for one mistake."""

    def spoil(setup: Setup) -> object:
        one(setup)
        return other(setup)

    return spoil


CASES: Mapping[str, tuple[Spoil, str]] = {
    "no Aion key": (given(AIONVISION_API_KEY=""), "FAIL  AIONVISION_API_KEY: is not set; give it"),
    "malformed Aion key": (given(AIONVISION_API_KEY="secret"), "FAIL  AIONVISION_API_KEY: must look like"),
    "refused Aion key": (
        given(AIONVISION_API_KEY="aion_wrong_0123456789abcdef"),
        "FAIL  AIONVISION_API_KEY: Aion refuses it; copy the key again",
    ),
    "Aion key that may only read": (
        aion_refuses("rename_session", 403),
        "warn  scope: the key may only read, so Aion may refuse questions; make a key with the scope write",
    ),
    "plan without this": (aion_refuses("get_all_images", 402), "FAIL  Aion's plan: it does not cover this"),
    "address without its path": (
        without_path, "FAIL  AIONVISION_BASE_URL: the address is not that of Aion's API; add /api/v2 to its end",
    ),
    "address of another version": (
        changed("AIONVISION_BASE_URL", lambda url: url.replace("v2", "v1")),
        "FAIL  AIONVISION_BASE_URL: the address is not that of Aion's API; put /api/v2 in place of what follows its host",
    ),
    "path given twice": (
        changed("AIONVISION_BASE_URL", lambda url: f"{url}/api/v2"),
        "FAIL  AIONVISION_BASE_URL: the address is not that of Aion's API; end it with /api/v2 once",
    ),
    "address without encryption": (
        given(AIONVISION_BASE_URL="http://api.aionvision.tech/api/v2"), "FAIL  AIONVISION_BASE_URL: must begin with https://",
    ),
    "address in quotes": (
        changed("AIONVISION_BASE_URL", lambda url: f"'{url}'"), "FAIL  AIONVISION_BASE_URL: has quotes around its value; take them away",
    ),
    "expired Aion key": (
        aion_refuses("get_all_images", 401), "FAIL  AIONVISION_API_KEY: Aion refuses it; copy the key again",
    ),
    "bot token in quotes": (
        changed("SLACK_BOT_TOKEN", lambda token: f'"{token}"'), "FAIL  SLACK_BOT_TOKEN: has quotes around its value; take them away",
    ),
    "app-level token with a line end": (
        changed("SLACK_APP_TOKEN", lambda token: f"{token}\n"),
        "FAIL  SLACK_APP_TOKEN: has a space or line end around its value; take it away",
    ),
    "Discord token in quotes": (
        changed("DISCORD_TOKEN", lambda token: f"'{token}'"), "FAIL  DISCORD_TOKEN: has quotes around its value; take them away",
    ),
    "refresh token of a configuration": (
        given(SLACK_CONFIG_TOKEN="xoxe-1-My0xLTE"),
        "FAIL  SLACK_CONFIG_TOKEN: is not an app configuration token: copy the access token, which begins with xoxe.xoxp-",
    ),
    "database without its scheme": (
        given(AION_BOT_DATABASE_URL="bot.db"), "FAIL  AION_BOT_DATABASE_URL: must be sqlite:///relative.db",
    ),
    "slow clock": (
        lambda setup: setup.patch.setattr("aion_bot.ports.diagnosis.time", SimpleNamespace(time=lambda: time.time() - 122)),
        "warn  clock: it is 12…behind Aion, …behind discord, …behind slack; set this machine's clock",
    ),
    "read-only folder": (
        lambda setup: setup.patch.setattr("aion_bot.storage.database.os.access", lambda _, mode: mode != os.W_OK),
        "FAIL  database: /bot.db cannot be opened (",
    ),
    "address of something else": (another_path, "FAIL  AIONVISION_BASE_URL: the address is not that of Aion's API; correct the host"),
    "unreachable Aion": (
        given(AIONVISION_BASE_URL=f"{NOWHERE}/api/v2"),
        "FAIL  Aion: it cannot be reached (CONNECTION_ERROR); check the network, the proxy and AIONVISION_BASE_URL",
    ),
    "one Slack token": (
        given(SLACK_APP_TOKEN=""), "FAIL  SLACK_APP_TOKEN: is missing although SLACK_BOT_TOKEN is set",
    ),
    "user token of Slack": (given(SLACK_BOT_TOKEN="xoxp-1-2"), "FAIL  SLACK_BOT_TOKEN: is not a bot token: copy the one that begins with xoxb-"),
    "refused bot token": (
        given(SLACK_BOT_TOKEN="xoxb-1-2"),
        "FAIL  SLACK_BOT_TOKEN: refused by Slack (invalid_auth); copy the token that begins with xoxb-",
    ),
    "removed app": (
        slack_refuses("auth.test", "token_revoked"),
        "FAIL  SLACK_BOT_TOKEN: refused by Slack (token_revoked); install the app again",
    ),
    "refused app-level token": (
        given(SLACK_APP_TOKEN="xapp-1-2"),
        "FAIL  SLACK_APP_TOKEN: refused by Slack (invalid_auth); copy the token that begins with xapp-",
    ),
    "app-level token without its scope": (
        slack_refuses("apps.connections.open", "missing_scope"),
        "FAIL  SLACK_APP_TOKEN: it lacks the scope connections:write; make an app-level token",
    ),
    "no connection": (
        slack_refuses("apps.connections.open", "forbidden_team"),
        "FAIL  SLACK_APP_TOKEN: it opens no connection (forbidden_team); switch on Socket Mode",
    ),
    "tokens of two apps": (
        lambda setup: setup.patch.setattr(setup.slack.configuration, "app", "A0OTHER"),
        "FAIL  SLACK_APP_TOKEN: it belongs to the app A0AION, and SLACK_BOT_TOKEN to A0OTHER; take both tokens",
    ),
    "missing scope": (
        without_scopes("im:history", "assistant:write"),
        "FAIL  scopes: the bot token lacks assistant:write, im:history; add what is missing under OAuth & Permissions",
    ),
    "reactions without their scope": (
        with_reactions,
        "FAIL  scopes: the bot token lacks reactions:read; add what is missing under OAuth & Permissions",
    ),
    "reactions without their event": (with_reactions_scope, "FAIL  events: the app is not subscribed to reaction_added; add what is missing"),
    "missing optional scope": (
        without_scopes("files:read"),
        "warn  optional scopes: the bot token lacks files:read (attached files cannot be read); add what is missing",
    ),
    "app of before the search": (
        without_scopes("search:read.public"),
        "warn  optional scopes: the bot token lacks search:read.public (what was said before is not found where Slack limits reading); add",
    ),
    "missing event": (
        configured(events=["app_mention"]), "FAIL  events: the app is not subscribed to agent_session_stopped, app_home_opened, channel_id_changed, "
    ),
    "Socket Mode off": (configured(socket_mode=False), "FAIL  Socket Mode: it is off, so no event arrives; switch it on"),
    "dead buttons": (configured(interactivity=False), "FAIL  interactivity: it is off, so buttons do nothing; switch it on"),
    "missing menu": (configured(shortcuts=["aion_ask"]), "warn  shortcut: the message shortcut aion_manage is missing; add it"),
    "missing command": (configured(commands=[]), "warn  command: the command /aion is missing; add it"),
    "missing shortcut": (configured(shortcuts=["aion_manage"]), "warn  shortcut: the message shortcut aion_ask is missing; add it"),
    "scope that the app gave up": (
        configured(requested=["chat:write"]), "warn  scopes of the app: the app no longer asks for app_mentions:read, …so the next installation loses it; add it under",
    ),
    "stale configuration token": (
        given(SLACK_CONFIG_TOKEN="xoxe.xoxp-1-old"),
        "warn  SLACK_CONFIG_TOKEN: it does not open the app's configuration (invalid_auth); make a new app configuration token",
    ),
    "something else in Slack's place": (wrong_path, "FAIL  slack: no answer (auth.test: …; let this machine reach 127.0.0.1"),
    "busy Slack": (
        lambda setup: setup.slack.fail_next("apps.connections.open", retry_after=30.0),
        "warn  rate limit: no more requests are taken for now, so the rest was not asked; wait 30 s, then check again",
    ),
    "removed from a channel": (removed_from_channel, "warn  channel: the bot is not in #site-7 (C0SITE-7), which has threads of its own; invite it there"),
    "unknown channel in a list": (
        given(AION_BOT_ALLOW_CHANNELS="C0GENERAL,C0NONE", DISCORD_TOKEN="", DISCORD_API_URL=""),
        "warn  AION_BOT_ALLOW_CHANNELS: no channel C0NONE is shown to the bot by Slack; correct it",
    ),
    "own workspace not in the list": (
        given(AION_BOT_ALLOW_WORKSPACES="T0OTHER", DISCORD_TOKEN="", DISCORD_API_URL=""),
        "warn  AION_BOT_ALLOW_WORKSPACES: it does not name T0SITEOPS, the workspace of the bot token, so nobody there is answered; add T0SITEOPS",
    ),
    "refused Discord token": (
        given(DISCORD_TOKEN="wrong"), "FAIL  DISCORD_TOKEN: refused by Discord; copy it from the page Bot of",
    ),
    "token with its word": (given(DISCORD_TOKEN="Bot abc"), "FAIL  DISCORD_TOKEN: must be the token alone"),
    "intent off": (
        given(AION_BOT_DISCORD_MESSAGE_CONTENT="true"),
        "FAIL  AION_BOT_DISCORD_MESSAGE_CONTENT: asks for an intent that is off, so Discord refuses the connection; switch on",
    ),
    "commands go elsewhere": (
        in_world(interactions_endpoint="https://example.com/"),
        "FAIL  interactions: commands and buttons go to a web address, and not to the bot; empty Interactions Endpoint URL",
    ),
    "public bot": (in_world(public=True), "warn  public bot: anybody can invite this bot into a server of their own; switch off Public Bot"),
    "dead invitation": (in_world(code_grant=True), "warn  invitation: the link does not work; switch off Requires OAuth2 Code Grant"),
    "no server": (in_world(servers={}), "warn  servers: the bot is in no server; open the invitation link"),
    "missing permission": (
        without_permissions, "FAIL  permissions: #site-7 (…): the bot lacks Create Public Threads; give the bot's role",
    ),
    "no sessions left": (no_sessions_left, "FAIL  gateway: no session starts are left for 60 s; wait"),
    "too few shards": (
        too_few_shards, "warn  DISCORD_SHARDS: 2, and Discord recommends 4; set it to auto",
    ),
    "unreachable Discord": (
        given(DISCORD_API_URL=NOWHERE), "FAIL  discord: no answer (…; let this machine reach 127.0.0.1",
    ),
    "something else in Discord's place": (
        strange_answer,
        "FAIL  discord: an answer that cannot be read (KeyError); look what answers at 127.0.0.1",
    ),
    "list of one platform": (
        given(AION_BOT_ALLOW_USERS="U0ADA"),
        "warn  AION_BOT_ALLOW_USERS: it names no id of discord, so it allows nobody there; add ids of discord",
    ),
    "unreachable proxy": (
        given(SLACK_API_URL="https://slack.com/api", AION_BOT_PROXY_URL="http://user:word@127.0.0.1:9"),
        "FAIL  AION_BOT_PROXY_URL: the proxy 127.0.0.1:9 for slack cannot be reached (ConnectionRefusedError); correct it",
    ),
    "wrong clock": (wrong_clock, "warn  clock: it is 12…ahead of Aion, …ahead of discord, …ahead of slack; set this machine's clock"),
    "newer database": (newer_schema, "FAIL  database: /bot.db was written by a newer aion-bot (schema 999, …: install that version again"),
    "no database": (no_database, "FAIL  database: /bot.db cannot be opened (it is not a sound SQLite database: move it away"),
    "pipe in the database's place": (
        lambda setup: os.mkfifo(setup.database, 0o600),
        "FAIL  database: /bot.db is no file: name one in AION_BOT_DATABASE_URL",
    ),
    "damaged database": (damaged_page, "FAIL  database: /bot.db is damaged (…); restore a backup"),
    "missing folder": (given(AION_BOT_DATABASE_URL="sqlite:////nowhere/bot.db"), "FAIL  database: /nowhere/bot.db cannot be opened (it cannot be opened: the folder does not exist); mend that"),
    "full disk": (full_disk, "warn  disk space: 5 MB are free beside /bot.db; make room"),
    "loose mode": (loose_mode, "warn  file mode: /.env has mode 0644, so others than its owner can read or write it; chmod 600 /.env"),
    "second process": (second_process, f"FAIL  second process on slack: {strings.SECOND_PROCESS}"),
    "misspelt variable": (
        given(AION_BOT_ALLOW_CHANELS="C1"), "FAIL  AION_BOT_ALLOW_CHANELS: …did you mean AION_BOT_ALLOW_CHANNELS?",
    ),
    "misspelt key": (wrong_file, "FAIL  /aion-bot.toml, line 2: footr …did you mean footer?"),
    "name in place of an id": (given(AION_BOT_ALLOW_CHANNELS="#general"), "FAIL  AION_BOT_ALLOW_CHANNELS: entry 1 is no id"),
    "open address": (given(AION_BOT_HTTP_ADDRESS="0.0.0.0:9090"), "warn  AION_BOT_HTTP_ADDRESS: 0.0.0.0:9090: whoever reaches it …; name one that only your systems reach"),
}  # fmt: skip


def fits(line: str, said: str) -> bool:
    """Whether a finding begins with a line, in which "…" stands for anything."""
    begin, *parts = line.split("…")
    return said.startswith(begin) and all(part in said for part in parts)


@pytest.mark.slow
async def test_each_misconfiguration_is_named_by_the_line_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each, doctor says one thing that is not well, with its mend; where all is well it says nothing of that kind."""
    monkeypatch.chdir(tmp_path)
    found, expected = {}, {}
    async with SimulatedServices() as services:
        for number, (name, (spoil, line)) in enumerate({"nothing": (given(), ""), **CASES}.items()):
            with monkeypatch.context() as patch:
                setup = Setup(services, tmp_path / str(number), patch)
                setup.folder.mkdir()
                setup.env = {**services.env, "AION_BOT_DATABASE_URL": f"sqlite:///{setup.database}"}
                if asyncio.iscoroutine(spoiling := spoil(setup)):
                    await spoiling
                findings = [one for one in await setup.findings() if one.status is not Status.OK]
            assert all(one.mend for one in findings)
            assert all(secret not in str(findings) for secret in ("user:word", *services.env.values()))
            expected[name] = [line] if line else []
            said = [str(one).replace(str(setup.folder), "") for one in findings]
            found[name] = [line if line and fits(line, one) else one for one in said]
    assert found == expected
