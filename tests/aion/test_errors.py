"""What goes wrong, and what is tried again, over a real socket."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from aion_bot.aion import (
    AionVision,
    AionvisionConnectionError,
    AionvisionError,
    AionvisionPermissionError,
    AionvisionTimeoutError,
    AuthenticationError,
    ChatError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ServerError,
    ValidationError,
)
from aion_bot.aion.responses import error_for
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.simulators.aion.scene import Hold, Scene, Shape

WRONG_KEY = "aion_wrong_0123456789abcdefghij"


@pytest.fixture
async def once(aion: SimulatedAion) -> AsyncIterator[AionVision]:
    """A client that tries nothing again."""
    async with AionVision(API_KEY, base_url=aion.base_url, timeout=30.0, max_retries=0) as connected:
        yield connected


@pytest.fixture
def trying_again() -> Iterator[asyncio.Event]:
    """Set once a client says in its log that it tries again."""
    happened = asyncio.Event()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "retrying request" in record.getMessage():
                happened.set()

    listening, log = Listening(), logging.getLogger("aion_bot.aion._async.transport")
    log.addHandler(listening)
    log.setLevel(logging.INFO)
    yield happened
    log.removeHandler(listening)
    log.setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, ValidationError, "VALIDATION_ERROR"),
        (401, AuthenticationError, "AUTH_ERROR"),
        (402, QuotaExceededError, "QUOTA_EXCEEDED"),
        (403, AionvisionPermissionError, "PERMISSION_DENIED"),
        (404, ResourceNotFoundError, "NOT_FOUND"),
        (409, ChatError, "THE_SERVERS"),
        (422, ValidationError, "VALIDATION_ERROR"),
        (429, RateLimitError, "RATE_LIMIT"),
        (500, ServerError, "SERVER_ERROR"),
        (502, ServerError, "SERVER_ERROR"),
        (503, ServerError, "SERVER_ERROR"),
    ],
)
@pytest.mark.parametrize("shape", [Shape.GATEWAY, Shape.CHAT])
async def test_each_status_is_its_documented_error(
    aion: SimulatedAion,
    once: AionVision,
    status: int,
    error: type[AionvisionError],
    code: str,
    shape: Shape,
) -> None:
    """Every refusal is the documented exception with its code, whichever form its body has."""
    aion.fail_next("create_session", status, code="THE_SERVERS", message="in words", shape=shape)
    with pytest.raises(error) as raised:
        await once.chats.create_session()
    assert (raised.value.code, raised.value.message, raised.value.status_code) == (code, "in words", status)
    assert raised.value.server_code == "THE_SERVERS"
    assert raised.value.request_id == ("req_simulated" if shape is Shape.GATEWAY else None)
    assert raised.value.maybe_acted == (status in {500, 502})


async def test_fastapi_complaints_name_the_field(aion: SimulatedAion, once: AionVision) -> None:
    """A 422 in FastAPI's form says which field is wrong."""
    aion.fail_next("create_session", 422, message="too odd", shape=Shape.FASTAPI)
    with pytest.raises(ValidationError) as raised:
        await once.chats.create_session()
    assert raised.value.message == "body.message: too odd"
    assert raised.value.details["errors"][0]["loc"] == ["body", "message"]


async def test_a_rate_limit_says_all_that_the_headers_say(aion: SimulatedAion, once: AionVision) -> None:
    """429 carries Retry-After and the X-RateLimit headers."""
    headers = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000000"}
    aion.fail_next("create_session", 429, retry_after=17, headers=headers)
    with pytest.raises(RateLimitError) as raised:
        await once.chats.create_session()
    limit = raised.value
    assert (limit.retry_after, limit.limit, limit.remaining, limit.reset) == (17.0, 100, 0, 1_790_000_000)
    assert not limit.maybe_acted


async def test_a_used_up_month_is_a_quota_whatever_its_status(
    aion: SimulatedAion, client: AionVision
) -> None:
    """USAGE_LIMIT_EXCEEDED is QuotaExceededError and is not tried again."""
    aion.fail_next("send_stream", 429, code="USAGE_LIMIT_EXCEEDED", retry_after=0)
    session = await client.chats.create_session()
    with pytest.raises(QuotaExceededError) as raised:
        await anext(client.chats.send_stream("hello", session_id=session.id))
    assert raised.value.server_code == "USAGE_LIMIT_EXCEEDED"
    assert aion.count("send_stream") == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("operation", ["send", "send_stream", "create_session", "get_session"])
async def test_what_was_refused_before_it_was_done_is_tried_again(
    aion: SimulatedAion, client: AionVision, operation: str, status: int
) -> None:
    """429 and 503 are waited for and repeated, questions included: nothing had happened."""
    aion.fail_next(operation, status, retry_after=0, times=2)
    session = await client.chats.create_session()
    match operation:
        case "send":
            await client.chats.send("hello", session_id=session.id)
        case "send_stream":
            assert [token async for token in client.chats.send_stream("hello", session_id=session.id)]
        case "get_session":
            await client.chats.get_session(session.id)
    assert aion.count(operation) == 3


async def test_retry_after_is_waited_for(aion: SimulatedAion, client: AionVision) -> None:
    """The pause after a 429 is at least its Retry-After."""
    aion.fail_next("create_session", 429, retry_after=0.2)
    begun = time.monotonic()
    await client.chats.create_session()
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize(
    "form", ["%a, %d %b %Y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y", "%A, %d-%b-%y %H:%M:%S GMT"]
)
def test_a_retry_after_may_be_a_date(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In each of the forms that HTTP knows it is UTC, wherever this machine stands."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        date = time.strftime(form, time.gmtime(time.time() + 30))
        error = error_for(httpx.Response(429, headers={"Retry-After": date}), ("session", "s"), API_KEY)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert error.retry_after == pytest.approx(30, abs=5)


async def test_a_very_long_retry_after_is_left_to_the_caller(aion: SimulatedAion, client: AionVision) -> None:
    """A server that wants more than a minute is not waited for; the error says for how long."""
    aion.fail_next("create_session", 429, retry_after=3600)
    with pytest.raises(RateLimitError) as raised:
        await client.chats.create_session()
    assert raised.value.retry_after == 3600
    assert aion.count("create_session") == 1


@pytest.mark.parametrize("status", [500, 502, None])
@pytest.mark.parametrize("operation", ["send", "send_stream"])
async def test_a_question_that_may_have_been_taken_is_never_sent_twice(
    aion: SimulatedAion, client: AionVision, operation: str, status: int | None
) -> None:
    """After another 5xx, or an answer that was lost, the question is not repeated, and the error says why."""
    aion.fail_next(operation, status)
    session = await client.chats.create_session()
    asked = (
        client.chats.send("hello", session_id=session.id)
        if operation == "send"
        else anext(client.chats.send_stream("hello", session_id=session.id))
    )
    with pytest.raises(AionvisionError) as raised:
        await asked
    assert raised.value.maybe_acted
    assert raised.value.request_sent
    assert aion.count(operation) == 1


@pytest.mark.parametrize("status", [500, 502, None])
async def test_reads_are_repeated_after_any_failure(
    aion: SimulatedAion, client: AionVision, status: int | None
) -> None:
    """Reading again is harmless, so it is done after any 5xx and any lost answer."""
    session = await client.chats.create_session()
    aion.fail_next("get_session", status, times=3)
    assert (await client.chats.get_session(session.id)).session.id == session.id
    assert aion.count("get_session") == 4


async def test_retries_end(aion: SimulatedAion, client: AionVision) -> None:
    """After `max_retries` repetitions the error is raised."""
    aion.fail_next("list_sessions", 503, retry_after=0, times=9)
    with pytest.raises(ServerError):
        await client.chats.list_sessions()
    assert aion.count("list_sessions") == 4


async def test_a_server_that_is_not_there_was_never_asked() -> None:
    """A refused connection says that nothing was sent, after all repetitions, for plan actions too."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/v2"
        async with AionVision(API_KEY, base_url=address, max_retries=2, retry_delay=0.01) as client:
            for call in (client.chats.create_session(), client.chats.approve_plan("s", "p")):
                with pytest.raises(AionvisionConnectionError) as raised:
                    await call
                assert not raised.value.request_sent
                assert not raised.value.maybe_acted


async def test_a_plan_action_is_repeated_until_the_server_can_be_reached(
    aion: SimulatedAion, trying_again: asyncio.Event
) -> None:
    """What never left is sent again by itself, also a plan action."""
    session = aion.sessions.create({})
    await aion.stop()
    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=20, retry_delay=0.001) as client:
        deciding = asyncio.create_task(client.chats.approve_plan(session.id, "unknown"))
        async with asyncio.timeout(60):
            await trying_again.wait()
        await aion.start()
        with pytest.raises(ResourceNotFoundError):
            await deciding
    assert aion.count("plan_action") == 1


async def test_a_silent_server_times_out(aion: SimulatedAion) -> None:
    """No first byte within the timeout is AionvisionTimeoutError, and the question may have been taken."""
    aion.play(Scene((Hold("never"),)))
    async with AionVision(API_KEY, base_url=aion.base_url, timeout=0.5, max_retries=0) as client:
        session = aion.sessions.create({})
        with pytest.raises(AionvisionTimeoutError) as raised:
            async for _ in client.chats.send_stream("hello", session_id=session.id):
                pass
    assert raised.value.code == "TIMEOUT"
    assert raised.value.maybe_acted


async def test_a_wrong_key_is_told_without_the_key(aion: SimulatedAion) -> None:
    """The key stands in no text, representation or detail of an error, also where the server repeats it."""
    aion.fail_next("create_session", 401, message=f"bad key {API_KEY}")
    async with (
        AionVision(API_KEY, base_url=aion.base_url) as client,
        AionVision(WRONG_KEY, base_url=aion.base_url) as stranger,
    ):
        for each in (client, stranger):
            with pytest.raises(AuthenticationError) as raised:
                await each.chats.create_session()
            shown = f"{raised.value} {raised.value!r} {raised.value.details} {each!r} {each.__dict__}"
            assert API_KEY not in shown
            assert WRONG_KEY not in shown


async def test_tenant_and_key_travel_as_headers(aion: SimulatedAion) -> None:
    """`tenant_id` is sent as X-Tenant-ID, the key as a bearer token, and streams are asked for as such."""
    async with AionVision(API_KEY, base_url=aion.base_url, tenant_id="acme") as client:
        session = await client.chats.create_session()
        async for _ in client.chats.send_stream("hello", session_id=session.id):
            pass
    assert {taken.headers["X-Tenant-ID"] for taken in aion.requests} == {"acme"}
    assert aion.requests[0].headers["Authorization"] == f"Bearer {API_KEY}"
    assert aion.requests[1].headers["Accept"] == "text/event-stream"


async def test_proxy_variables_do_not_reach_the_client(
    aion: SimulatedAion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only `proxy_url` names a proxy: the environment's is not used."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=0) as client:
        assert (await client.chats.list_sessions()).total == 0


async def test_a_given_proxy_is_used(aion: SimulatedAion) -> None:
    """With `proxy_url` every request goes through it; here the simulator itself plays the proxy."""
    proxy = aion.base_url.removesuffix("/api/v2")
    async with AionVision(API_KEY, base_url="http://127.0.0.1:9/api/v2", proxy_url=proxy) as client:
        assert (await client.chats.list_sessions()).total == 0
    assert aion.count("list_sessions") == 1
