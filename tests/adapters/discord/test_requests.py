"""Every HTTP request to Discord is reported, with its route and the budgets that it counts against."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import http_writer

from adapters.discord import ids, rate_limits
from adapters.discord.adapter import DiscordAdapter
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import Action, Button, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Operation, RequestStatus
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import build
from tests.adapters.discord.observer import RecordingObserver
from tests.support.recording_host import RecordingHost

ADA = Person("1", "Ada")
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
COMMANDS = "PUT /applications/{application_id}/commands"
CREATE = "POST /channels/{channel_id}/messages"
DIRECT = "POST /users/@me/channels"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
FOLLOW_UP = "POST /webhooks/{webhook_id}/{webhook_token}"
GET_CHANNEL = "GET /channels/{channel_id}"
LIST = "GET /channels/{channel_id}/messages"
ORIGINAL = "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original"
EDIT_ORIGINAL = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
TYPING = "POST /channels/{channel_id}/typing"
WHOLE_BOT = ("global", "")


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


@asynccontextmanager
async def observed(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> AsyncIterator[DiscordAdapter]:
    """Let an adapter listen whose requests are observed; at the end of the block each has been answered."""
    adapter = build(discord.env)
    adapter.observe_requests(observer)
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await host.until(lambda: bool(host.presences))
        yield adapter
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.close()
    assert observer.open == []


@pytest.fixture
async def adapter(discord: SimulatedDiscord, observer: RecordingObserver) -> AsyncIterator[DiscordAdapter]:
    """An observed adapter that never listens."""
    adapter = build(discord.env)
    adapter.observe_requests(observer)
    yield adapter
    await adapter.close()
    assert observer.open == []


async def test_every_request_is_reported(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """Everything that the adapter does, route by route: as many requests as Discord saw, none left open."""
    ada, ben, _ = discord.people
    async with observed(discord, host, observer) as adapter:
        thread = await discord.ask(ada, "What is damaged?")
        command = await host.prompt()
        await adapter.open_thread(command)
        await adapter.show_activity(command.thread, ADA, active=True)
        button = Button(Action.RETRY, "k", "Try again")
        answer = await adapter.post(command.thread, Reply("the roof", buttons=(button,)), nonce="n-1")
        await adapter.edit(answer, Reply("the roof, I think", buttons=(button,)))
        await discord.press(ada, thread, str(ids.address_of(answer)[1]), "aion:retry:k")
        await host.click(2)
        await adapter.reply_privately(command, ("Only you see this.",))
        discord.backend.update(discord.world.channel(thread), {"archived": True})
        await adapter.edit(answer, Reply("the roof, at last"))
        await adapter.own_messages(command.thread)
        await discord.mention(ben, "and the door?")
        mention = await host.prompt(3)
        assert mention.source is not None
        await adapter.mark_queued(mention.source, queued=True)
        await adapter.mark_queued(mention.source, queued=False)
        await adapter.reply_privately(mention, ("Not in public.",))
        await adapter.delete(answer)
    assert observer.methods == discord.server.calls
    assert {CALLBACK, COMMANDS, DIRECT, FOLLOW_UP, TYPING, "GET /gateway/bot"} <= set(observer.methods)
    assert set(observer.methods) <= set(rate_limits.Method)


async def test_what_may_not_go_once_it_is_connected_is_not_sent(
    discord: SimulatedDiscord, adapter: DiscordAdapter, observer: RecordingObserver
) -> None:
    """Connecting takes time, in which another replica may have taken over: such a request fails, and Discord never sees it."""
    thread = ids.thread_key(int(discord.direct(discord.people[0])))
    for serves in (True, False):  # the second one finds a connection that is open already
        observer.serves = serves
        before = discord.server.calls[CREATE]
        if serves:
            await adapter.post(thread, Reply("one"), nonce="n-1")
        else:
            with pytest.raises(PlatformDown):
                await adapter.post(thread, Reply("two"), nonce="n-2")
        assert discord.server.calls[CREATE] == before + serves
    assert observer.answers[-1][1] is RequestStatus.ERROR


async def test_a_process_that_is_paused_over_a_request_does_not_send_it(
    discord: SimulatedDiscord,
    adapter: DiscordAdapter,
    observer: RecordingObserver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last look is right before the bytes are written, when the head of the request has been put together."""
    thread = ids.thread_key(int(discord.direct(discord.people[0])))
    put_together = http_writer._serialize_headers

    def paused(*head: Any) -> bytes:
        observer.serves = not head[0].startswith("POST")  # a look-up that comes first is sent
        return put_together(*head)

    with monkeypatch.context() as patch:
        patch.setattr(http_writer, "_serialize_headers", paused)
        with pytest.raises(PlatformDown):
            await adapter.post(thread, Reply("one"), nonce="n-1")
    assert not discord.server.calls[CREATE]
    assert observer.answers[-1][1] is RequestStatus.ERROR


async def test_backfill_is_reported(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """What the gateway's client reads by REST counts too: the channel that is looked up, and its history."""
    ada = discord.people[0]
    async with observed(discord, host, observer) as adapter:
        thread = await discord.ask(ada, "What is damaged?")
        await adapter.open_thread(await host.prompt())
    direct = discord.direct(ada)
    await discord.direct_message(ada, "missed")
    host.events.clear()
    host.presences.clear()
    host.known = [ids.thread_key(int(thread)), ids.thread_key(int(direct))]
    host.away = time.time() - 1
    async with observed(discord, host, observer):
        await host.prompt()
        await discord.until(lambda: discord.server.calls[LIST] == 2)
    assert observer.methods == discord.server.calls
    assert observer.charges(GET_CHANNEL) == [{("channel lookups", direct), WHOLE_BOT}]
    assert [{("history", thread), WHOLE_BOT}, {("history", direct), WHOLE_BOT}] == sorted(
        observer.charges(LIST), key=lambda charges: ("history", direct) in charges
    )


async def test_what_a_private_reply_counts_against(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """A direct message counts against its own channel; an answer to an interaction against no limit of the bot."""
    ada = discord.people[0]
    async with observed(discord, host, observer) as adapter:
        await discord.mention(ada, "may I?")
        await adapter.reply_privately(await host.prompt(), ("No.",))
        await discord.ask(ada, "May I?")
        await adapter.reply_privately(await host.prompt(2), ("No.",))
    assert observer.charges(DIRECT) == [{("direct-message channels", ""), WHOLE_BOT}]
    assert observer.charges(CREATE) == [{("messages", discord.direct(ada)), WHOLE_BOT}]
    assert observer.charges(FOLLOW_UP) == observer.charges(CALLBACK) == [set()]


async def test_a_lost_acknowledgement_is_looked_for(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """Each of discord.py's own attempts at an interaction is a request."""
    discord.fail_next(CALLBACK, cut=True, acted=True)
    async with observed(discord, host, observer):
        await discord.ask(discord.people[0], "What is damaged?")
        await host.prompt()
    assert observer.methods[ORIGINAL] == 1
    assert observer.methods == discord.server.calls


async def test_charges_have_the_scope_of_the_operation(
    adapter: DiscordAdapter, observer: RecordingObserver, general: ThreadKey
) -> None:
    """What is counted at the wire is what the operation was scheduled against."""
    message = await adapter.post(general, Reply("first"), nonce="n")
    await adapter.edit(message, Reply("second"))
    await adapter.mark_queued(message, queued=True)
    await adapter.mark_queued(message, queued=False)
    await adapter.show_activity(general, ADA, active=True)
    await adapter.own_messages(general)
    await adapter.delete(message)
    operations = (
        Operation.POST,
        Operation.EDIT,
        Operation.MARK_QUEUED,
        Operation.UNMARK_QUEUED,
        Operation.SHOW_ACTIVITY,
        Operation.LIST_MESSAGES,
        Operation.DELETE,
    )
    scheduled = [
        tuple((budget, adapter.scope_key(general, budget.scope)) for budget in adapter.limits.budgets[one])
        for one in operations
    ]
    logging_in = 2
    assert [request.charges for request in observer.requests[logging_in:]] == scheduled


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        ({"status": 429, "retry_after": 2.5}, RequestStatus.RATE_LIMITED, 2.5),
        ({"status": 429, "retry_after": 2.5, "via": False}, RequestStatus.RATE_LIMITED, 2.5),
        ({"status": 403, "code": 50013}, RequestStatus.REFUSED, 0.0),
        ({"status": 404, "code": 10008}, RequestStatus.REFUSED, 0.0),
        ({"status": 503}, RequestStatus.ERROR, 0.0),
        ({"drop": True}, RequestStatus.ERROR, 0.0),
        ({"cut": True}, RequestStatus.OK, 0.0),
    ],
)
async def test_what_came_of_a_request(
    discord: SimulatedDiscord,
    adapter: DiscordAdapter,
    observer: RecordingObserver,
    general: ThreadKey,
    fault: dict[str, Any],
    status: RequestStatus,
    retry_after: float,
) -> None:
    """Every answer is reported once, as what it was; an answer counts from its headers on."""
    message = await adapter.post(general, Reply("first"), nonce="n")
    discord.fail_next(EDIT, **fault)
    with pytest.raises(PlatformError):
        await adapter.edit(message, Reply("second"))
    assert [answer for answer in observer.answers if answer[0] == EDIT] == [(EDIT, status, retry_after)]
    assert observer.methods == discord.server.calls


async def test_a_request_that_is_cancelled(
    discord: SimulatedDiscord, adapter: DiscordAdapter, observer: RecordingObserver, general: ThreadKey
) -> None:
    """A request that nobody waits for any more is answered too: as an error."""
    discord.fail_next(CREATE, hang=True)
    posting = asyncio.create_task(adapter.post(general, Reply("first"), nonce="n"))
    await discord.until(lambda: discord.server.calls[CREATE] == 1)
    assert [request.method for request in observer.open] == [CREATE]
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    assert observer.statuses(CREATE) == [RequestStatus.ERROR]


async def test_nobody_at_the_other_end(
    discord: SimulatedDiscord, adapter: DiscordAdapter, observer: RecordingObserver, general: ThreadKey
) -> None:
    """A connection that cannot be made is a request that failed."""
    await discord.stop()
    with pytest.raises(PlatformError):
        await adapter.post(general, Reply("first"), nonce="n")
    assert observer.answers == [("GET /users/@me", RequestStatus.ERROR, 0.0)]
    await discord.start()


async def test_a_request_that_aiohttp_repeats(
    discord: SimulatedDiscord, adapter: DiscordAdapter, observer: RecordingObserver, general: ThreadKey
) -> None:
    """A reading request on a connection that broke is sent again by aiohttp itself: that is two requests."""
    await adapter.post(general, Reply("first"), nonce="n")
    discord.fail_next(LIST, drop=True)
    await adapter.own_messages(general)
    assert observer.statuses(LIST) == [RequestStatus.ERROR, RequestStatus.OK]
    assert observer.methods == discord.server.calls


async def test_a_request_that_discord_py_repeats(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """The gateway's client waits for a rate limit and asks again: that is two requests."""
    discord.fail_next(COMMANDS, status=429, retry_after=0.05)
    async with observed(discord, host, observer):
        await host.until(lambda: bool(host.presences))
    assert observer.statuses(COMMANDS) == [RequestStatus.RATE_LIMITED, RequestStatus.OK]
    assert observer.methods == discord.server.calls


async def test_no_secret_is_reported(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver
) -> None:
    """A method is a documented route: it holds no id, and no interaction's token."""
    async with observed(discord, host, observer) as adapter:
        await discord.ask(discord.people[0], "What is damaged?")
        await adapter.reply_privately(await host.prompt(), ("No.",))
    shown = repr(observer.requests)
    assert [token for token in discord.world.interactions if token in shown] == []
    assert all(not part.isdecimal() for method in observer.methods for part in method.split("/"))


async def test_nothing_is_reported_twice_without_an_observer(
    discord: SimulatedDiscord, general: ThreadKey, observer: RecordingObserver
) -> None:
    """Requests before the observer came are not reported, and what began before it has no answer to report."""
    adapter = build(discord.env)
    await adapter.post(general, Reply("first"), nonce="n-1")
    adapter.observe_requests(observer)
    await adapter.post(general, Reply("second"), nonce="n-2")
    assert observer.methods == {CREATE: 1}
    assert observer.open == []
    await adapter.close()


def test_a_refusal_holds_only_its_own_limit_back() -> None:
    """The limit of the whole bot is never the most specific one, which a refusal is held against."""
    for method, budgets in rate_limits.BUDGETS.items():
        assert [budget.name for budget in budgets][1:] in ([], ["global"]), method
        assert not budgets or budgets[0].name != "global"


async def test_the_limit_of_the_whole_bot_is_one_for_both_clients(
    discord: SimulatedDiscord, host: RecordingHost, observer: RecordingObserver, general: ThreadKey
) -> None:
    """Where the gateway's client exceeds it, no REST call is made until it is over."""
    direct = discord.direct(discord.people[0])
    host.known, host.away = [ids.thread_key(int(direct))], time.time() - 1
    discord.fail_next(GET_CHANNEL, status=429, retry_after=60, all_routes=True)
    async with observed(discord, host, observer) as adapter:
        await observer.until(lambda: bool(observer.statuses(GET_CHANNEL)))
        with pytest.raises(RateLimited) as caught:
            await adapter.post(general, Reply("first"), nonce="n")
    assert caught.value.budget == "global"
    assert discord.server.calls[CREATE] == 0


async def test_what_is_not_sent_is_not_reported(
    discord: SimulatedDiscord, adapter: DiscordAdapter, observer: RecordingObserver, general: ThreadKey
) -> None:
    """While the bot's limit is exceeded nothing is sent, so nothing is reported."""
    message = await adapter.post(general, Reply("first"), nonce="n")
    discord.fail_next(EDIT, status=429, retry_after=60, all_routes=True)
    for _ in range(2):
        with pytest.raises(RateLimited):
            await adapter.edit(message, Reply("second"))
    assert observer.statuses(EDIT) == [RequestStatus.RATE_LIMITED]


@pytest.mark.parametrize(
    ("verb", "path", "method", "charged"),
    [
        ("GET", "/guilds/1/roles", "GET /{unlisted}", {("other routes", ""), WHOLE_BOT}),
        ("POST", "/webhooks/1/secret/other", "POST /{unlisted}", set()),
        ("PATCH", "/webhooks/1/secret/messages/@original", EDIT_ORIGINAL, set()),
        ("GET", "/users/@me", "GET /users/@me", {("login", ""), WHOLE_BOT}),
        ("GET", "/users/7", "GET /users/{user_id}", {("other routes", ""), WHOLE_BOT}),
        ("GET", "/users/@me/guilds", "GET /users/@me/guilds", {("other routes", ""), WHOLE_BOT}),
        ("DELETE", "/channels/7", "DELETE /{unlisted}", {("other routes", ""), WHOLE_BOT}),
        ("PATCH", "/channels/7", "PATCH /channels/{channel_id}", {("channel edits", "7"), WHOLE_BOT}),
        ("POST", "/channels/7/messages", CREATE, {("messages", "7"), WHOLE_BOT}),
        ("POST", "/channels/7/messages/8/threads", THREAD, {("thread creation", ""), WHOLE_BOT}),
    ],
)
def test_routes(verb: str, path: str, method: str, charged: set[tuple[str, str]]) -> None:
    """A route that the adapter does not list shows nothing of its path, and counts for the bot."""
    request = rate_limits.request(verb, path)
    assert request.method == method
    assert {(budget.name, key) for budget, key in request.charges} == charged


def test_every_operation_is_a_listed_method() -> None:
    """What an operation is scheduled against is what its method is charged to."""
    for operation, method in rate_limits.OPERATIONS.items():
        assert rate_limits.LIMITS.budgets[operation] == rate_limits.BUDGETS[method]
