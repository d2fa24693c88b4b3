"""The parts of a diagnosis: permissions as Discord computes them, proxies, clocks, and an address that is not Aion's."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import discord
import pytest
from aiohttp import web

from adapters.discord.diagnosis import names_of
from adapters.discord.permissions import permissions
from aion_bot.aion import AionVision, ResourceNotFoundError, WrongAddressError
from aion_bot.diagnosis.network import Route, check_clock, check_proxies
from aion_bot.ports.diagnosis import Status, seconds_ahead
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import find_damage, places_with_threads

VIEW, SEND, THREADS, ADMIN = 1 << 10, 1 << 11, 1 << 35, 1 << 3


def overwrite(of: str, *, allow: int = 0, deny: int = 0) -> Mapping[str, Any]:
    """A rule of a channel."""
    return {"id": of, "type": 0, "allow": str(allow), "deny": str(deny)}


@pytest.mark.parametrize(
    ("everyone", "role", "overwrites", "more", "may"),
    [
        (VIEW, SEND, [], {}, VIEW | SEND),
        (VIEW | SEND, 0, [overwrite("1", deny=SEND)], {}, VIEW),
        (VIEW | SEND, 0, [overwrite("1", deny=SEND), overwrite("2", allow=SEND)], {}, VIEW | SEND),
        (VIEW | SEND, 0, [overwrite("2", deny=SEND), overwrite("3", allow=SEND)], {}, VIEW | SEND),
        (VIEW | SEND, 0, [overwrite("2", allow=SEND), overwrite("9", deny=SEND)], {}, VIEW),
        (VIEW, 0, [overwrite("8", allow=SEND)], {}, VIEW),
        (VIEW | SEND, 0, [], {"communication_disabled_until": "2999-01-01T00:00:00+00:00"}, VIEW),
        (VIEW | SEND, 0, [], {"communication_disabled_until": "2020-01-01T00:00:00+00:00"}, VIEW | SEND),
    ],
    ids=[
        "roles add up",
        "everybody",
        "a role wins",
        "any role allows",
        "the member wins",
        "of others",
        "timed out",
        "timed out in the past",
    ],
)
def test_permissions_are_those_that_discord_computes(
    everyone: int, role: int, overwrites: list[Mapping[str, Any]], more: Mapping[str, Any], may: int
) -> None:
    """Roles first, then the channel's rules for everybody, for roles, and for the bot itself (Discord, *Permissions*)."""
    roles = [{"id": "1", "permissions": str(everyone)}, {"id": "2", "permissions": str(role)}]
    server = {"id": "1", "owner_id": "7", "roles": [*roles, {"id": "3", "permissions": "0"}]}
    member, channel = {"roles": ["2", "3"], **more}, {"permission_overwrites": overwrites}
    assert permissions(server, member, "9", channel).value == may


@pytest.mark.parametrize(("owner", "role"), [("9", 0), ("7", ADMIN)])
def test_an_owner_and_an_administrator_may_do_all(owner: str, role: int) -> None:
    """No rule of a channel takes anything from them."""
    server = {"id": "1", "owner_id": owner, "roles": [{"id": "2", "permissions": str(role)}]}
    channel = {"permission_overwrites": [overwrite("2", deny=SEND)]}
    assert permissions(server, {"roles": ["2"]}, "9", channel) == discord.Permissions.all()


def test_permissions_have_the_names_of_discord() -> None:
    """They are those that the settings of a server show."""
    lacking = discord.Permissions(SEND | THREADS | 1 << 38)
    assert names_of(lacking) == ["Create Public Threads", "Send Messages", "Send Messages in Threads"]


async def test_a_proxy_that_listens_is_fine() -> None:
    """Each proxy is named once with what it is used for, without its password; services without one are named as well."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    through = f"http://user:word@127.0.0.1:{port}"
    routes = [Route("a", through, "HTTPS_PROXY"), Route("b"), Route("c", through, "HTTPS_PROXY")]
    findings, cut_off = await check_proxies(routes)
    server.close()
    assert [str(one) for one in findings] == [
        f"ok    proxy: 127.0.0.1:{port} for a, c (HTTPS_PROXY)", "ok    proxy: none for b",
    ]  # fmt: skip
    assert cut_off == set()


def test_a_clock_may_differ_by_a_moment() -> None:
    """A header has whole seconds, so a few are nothing; from then on each service is named."""
    assert [one.status for one in check_clock({"a": 1.9, "b": -4.0})] == [Status.OK]
    (found,) = check_clock({"a": 1.0, "b": -40.0})
    assert (found.status, found.message) == (Status.WARN, "it is 40 s behind b")
    assert check_clock({}) == []
    assert seconds_ahead("yesterday") is seconds_ahead(None) is None


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [(200, "text/html", WrongAddressError), (404, "text/html", WrongAddressError), (302, "text/plain", WrongAddressError),
     (404, "application/json", WrongAddressError), (405, "application/json", WrongAddressError)],
)  # fmt: skip
async def test_something_else_than_aion_is_told_apart(status: int, kind: str, error: type[Exception]) -> None:
    """A page, a redirect, or a 404 without a code for what Aion has shows that the address is wrong; nothing is followed."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="{}", content_type=kind, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v2"
    async with AionVision(API_KEY, base_url=url, max_retries=0) as client:
        with pytest.raises(error):
            await client.chats.create_session()
    await runner.cleanup()


async def test_what_aion_misses_is_no_wrong_address(aion: SimulatedAion) -> None:
    """A session that is gone, and a 404 with a code of Aion's own, stay what they are."""
    async with AionVision(API_KEY, base_url=aion.base_url) as client:
        with pytest.raises(ResourceNotFoundError):
            await client.chats.get_session("gone")
        aion.fail_next("create_session", 404, code="TENANT_NOT_FOUND")
        with pytest.raises(ResourceNotFoundError):
            await client.chats.create_session()


@pytest.fixture
async def aion() -> Any:
    async with SimulatedAion() as server:
        yield server


def test_reading_a_large_database_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    """After the time that it is given, what was not read is not known; a database of another program has no places."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE big (x); WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) "
            "INSERT INTO big SELECT x FROM n;"
        )
    assert find_damage(path, seconds=60) == ""
    assert find_damage(path, seconds=-1) is None
    assert places_with_threads(path) == {}
