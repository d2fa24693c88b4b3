"""The simulated Discord refuses requests too many, and tells of its buckets in headers."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import ClientSession
from jsonschema_rs import Draft202012Validator

from adapters.discord import ids
from aion_bot.ports.messages import Reply
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.errors import ApiError
from aion_bot.simulators.discord.rates import CREATE, EDIT, KINDS, DiscordLimits, Rate, Rates
from aion_bot.simulators.visible_changes import VisibleChange
from tests.adapters.discord.caller import Caller
from tests.adapters.discord.conftest import build, served
from tests.schemas import discord as contracts
from tests.support.manual_clock import ManualClock

HERE = {"channel_id": "1", "message_id": "2", "emoji_name": "x", "webhook_token": "t"}
PUT_REACTION = "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
FOLLOW_UP = "POST /webhooks/{webhook_id}/{webhook_token}"
INFO = "GET /channels/{channel_id}"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def rates(clock: ManualClock) -> Rates:
    rates = Rates(clock)
    rates.limits = DiscordLimits()
    return rates


@pytest.fixture
async def limited(clock: ManualClock) -> AsyncIterator[Caller]:
    async with served(SimulatedDiscord(clock=clock)) as discord, ClientSession() as session:
        discord.rates.limits = DiscordLimits()
        yield Caller(discord, session)


async def answer(caller: Caller, content: str) -> tuple[int, Mapping[str, str], dict[str, Any]]:
    """Create a message; returns status, headers and body."""
    url = f"{caller.discord.server.address}/channels/{caller.general}/messages"
    authorization = {"Authorization": f"Bot {caller.discord.env['DISCORD_TOKEN']}"}
    async with caller._session.post(url, json={"content": content}, headers=authorization) as told:
        return told.status, told.headers, await told.json()


def taken(rates: Rates, route: str, times: int, path: Mapping[str, str] | None = None) -> int:
    """How many of so many requests are taken."""
    return times - sum(refusal(rates, route, path) is not None for _ in range(times))


def refusal(rates: Rates, route: str, path: Mapping[str, str] | None = None) -> ApiError | None:
    try:
        rates.take(route, path or HERE)
    except ApiError as error:
        return error
    return None


async def test_without_limits_nothing_is_told(caller: Caller) -> None:
    """Limits are off unless a test or benchmark asks for them, and then there are no headers either."""
    for _ in range(12):
        status, headers, _ = await answer(caller, "x")
        assert status == 200
        assert "X-RateLimit-Bucket" not in headers


async def test_headers_tell_of_the_bucket(limited: Caller, clock: ManualClock) -> None:
    """Every answer tells what is left and when the window ends; the same kind of route has the same hash."""
    _, first, _ = await answer(limited, "x")
    clock.now += 1.5
    status, second, _ = await answer(limited, "x")
    assert [first[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset-After")] == [
        "5",
        "4",
        "5.000",
    ]
    assert (status, second["X-RateLimit-Remaining"], second["X-RateLimit-Reset-After"]) == (200, "3", "3.500")
    assert first["X-RateLimit-Bucket"] == second["X-RateLimit-Bucket"]
    assert float(second["X-RateLimit-Reset"]) > 1e9


async def test_a_request_too_many_is_refused_in_discords_words(limited: Caller, clock: ManualClock) -> None:
    """A 429 tells the pause to the millisecond, and comes from Discord itself."""
    for _ in range(5):
        await answer(limited, "x")
    clock.now += 1.2345
    status, headers, body = await answer(limited, "x")
    assert status == 429
    assert body == {
        "message": "You are being rate limited.",
        "code": 0,
        "retry_after": 3.766,
        "global": False,
    }
    assert (headers["Retry-After"], headers["X-RateLimit-Scope"]) == ("4", "user")
    assert headers["Via"]
    assert headers["X-RateLimit-Remaining"] == "0"
    assert limited.discord.rates.refusals == {CREATE: 1}
    assert limited.discord.server.log[-1].status == 429
    assert len(limited.discord.thread(limited.general)) == 5


@pytest.mark.skipif(
    not contracts.FILE.exists(), reason="the published contracts are not beside this checkout"
)
def test_a_refusal_has_the_published_shape(rates: Rates) -> None:
    """Discord's own document knows such an answer, of a bucket and of the whole bot."""
    registry, _ = contracts._document()
    schema = {"$ref": f"{contracts.DOCUMENT}#/components/schemas/RatelimitedResponse"}
    for route in (CREATE, INFO):
        taken(rates, route, 60)
        error = refusal(rates, route)
        assert error is not None
        Draft202012Validator(schema, registry=registry).validate(error.body)


def test_windows_begin_with_a_request(rates: Rates, clock: ManualClock) -> None:
    """A window is fixed: it opens with a request and takes its number until it ends, then another opens."""
    assert taken(rates, CREATE, 1) == 1
    clock.now += 4.9
    assert taken(rates, CREATE, 5) == 4
    clock.now += 0.1
    assert taken(rates, CREATE, 6) == 5


def test_creating_and_editing_share_a_bucket(rates: Rates) -> None:
    """They are counted together in each channel, unless told apart; their hash is the same either way."""
    assert (taken(rates, CREATE, 3), taken(rates, EDIT, 3)) == (3, 2)
    assert taken(rates, EDIT, 1, {"channel_id": "other"}) == 1
    rates.limits = DiscordLimits(edits_apart=True, messages=Rate(6, 5.0))
    assert (taken(rates, CREATE, 7), taken(rates, EDIT, 7)) == (6, 6)
    error = refusal(rates, EDIT)
    created = rates.take(CREATE, {"channel_id": "third"})
    assert error is not None
    assert error.headers["X-RateLimit-Bucket"] == created["X-RateLimit-Bucket"]


@pytest.mark.parametrize(
    ("route", "calls", "seconds"),
    [
        (CREATE, 5, 5.0),
        (EDIT, 5, 5.0),
        (DELETE, 5, 1.0),
        (PUT_REACTION, 1, 0.25),
        ("POST /channels/{channel_id}/typing", 5, 5.0),
        ("POST /channels/{channel_id}/messages/{message_id}/threads", 50, 300.0),
        (FOLLOW_UP, 5, 2.0),
        ("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", 5, 2.0),
    ],
)
def test_each_kind_of_route_has_its_bucket(
    rates: Rates, clock: ManualClock, route: str, calls: int, seconds: float
) -> None:
    """So many of a kind are taken in its window, and tell how long it lasts."""
    rates.limits = DiscordLimits(everything=Rate(1_000, 1.0))
    assert taken(rates, route, calls + 1) == calls
    error = refusal(rates, route)
    assert error is not None
    assert error.pause == seconds
    clock.now += seconds
    assert taken(rates, route, 1) == 1


def test_routes_of_the_table_exist() -> None:
    """Every route with a bucket is one that the simulator serves."""
    assert set(KINDS) <= set(SimulatedDiscord().server.routes)


def test_the_bot_has_a_limit_of_its_own(rates: Rates, clock: ManualClock) -> None:
    """Fifty requests a second, whatever they are, but for answers to interactions; refused ones do not count."""
    assert taken(rates, INFO, 51) == 50
    error = refusal(rates, EDIT)
    assert error is not None
    assert error.body["global"] is True
    assert (error.headers["X-RateLimit-Scope"], error.headers["X-RateLimit-Global"]) == ("global", "true")
    assert taken(rates, FOLLOW_UP, 5) == 5
    clock.now += 1.0
    assert taken(rates, EDIT, 5) == 5


def test_limits_are_scaled() -> None:
    """Half and double are data; half of one request is one in twice the time; a scope stays."""
    half, double = DiscordLimits().scaled(0.5), DiscordLimits().scaled(2)
    assert (half.messages, half.reactions) == (Rate(2, 5.0), Rate(1, 0.5))
    assert (double.messages, double.everything) == (Rate(10, 5.0), Rate(100, 1.0))
    assert Rate(4, 1.0, "shared").scaled(0.5) == Rate(2, 1.0, "shared")


def test_a_shared_limit_says_so(rates: Rates) -> None:
    """The scope of a refusal is that of its limit."""
    rates.limits = DiscordLimits(messages=Rate(1, 5.0, "shared"))
    taken(rates, CREATE, 1)
    error = refusal(rates, CREATE)
    assert error is not None
    assert error.headers["X-RateLimit-Scope"] == "shared"


def test_another_process_uses_up_the_bucket(rates: Rates) -> None:
    """What somebody else calls is missing in that channel, and is not counted as the bot's."""
    assert rates.use("1", 3) == 3
    assert taken(rates, EDIT, 3) == 2
    assert rates.use("1") == 0
    assert rates.refusals == {EDIT: 1}


async def test_discords_own_library_understands_the_limits() -> None:
    """discord.py waits as the headers tell it, so that nothing it posts is refused."""
    async with served(SimulatedDiscord()) as discord:
        discord.rates.limits = DiscordLimits(messages=Rate(3, 0.2))
        adapter = build(discord.env)
        general = ids.thread_key(int(discord.world.named("general").id))
        for number in range(7):
            await adapter.post(general, Reply(f"{number}"), nonce=f"{number}")
        await adapter.close()
        assert (discord.server.calls[CREATE], discord.rates.refused) == (7, [])


async def test_watching(caller: Caller) -> None:
    """A message of the bot's is seen when it appears, changes and goes; people's are not told."""
    seen: list[VisibleChange] = []
    end = caller.discord.watch(seen.append)
    caller.discord.say(caller.discord.people[0], "hello")
    _, message = await caller.post({"content": "one"})
    path = f"/channels/{caller.general}/messages/{message['id']}"
    await caller.call("PATCH", path, {"content": "two"})
    await caller.call("DELETE", path)
    end()
    await caller.post({"content": "three"})
    assert [(one.asker, one.bystanders) for one in seen] == [("one", "one"), ("two", "two"), ("", "")]
    assert {(one.channel, one.thread, one.message) for one in seen} == {
        (caller.general, caller.general, message["id"])
    }
    assert seen == sorted(seen, key=lambda one: one.at)
