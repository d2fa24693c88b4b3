"""What the network and Discord may do to a call: each ends as done after all, or as one of the port's errors."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from adapters.discord import client, ids
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.membership import UNKNOWN, Membership
from aion_bot.ports.errors import Forbidden, Hindrance, MessageGone, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import MessageRef, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.faults import ANY
from tests.adapters.discord.conftest import Bot, build
from tests.support.recording_host import RecordingHost

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
DELETE = "DELETE /channels/{channel_id}/messages/{message_id}"
CHANNEL = "PATCH /channels/{channel_id}"
FOLLOW_UP = "POST /webhooks/{webhook_id}/{webhook_token}"


@pytest.fixture
async def answer(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> MessageRef:
    """A message of the bot in a thread of its own."""
    await discord.ask(discord.people[0], "What is damaged?")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    return await bot.adapter.post(prompt.thread, Reply("the roof"), nonce="n")


@contextmanager
def impatient(monkeypatch: pytest.MonkeyPatch, fault: Any) -> Iterator[None]:
    """Give a call up early where Discord does not answer it; no other one has a short bound."""
    with monkeypatch.context() as patched:
        patched.setattr(client, "TIME_LIMIT", 0.5 if "hang" in fault else 60.0)
        yield


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"retry_after": 2.5}, 2.5),
        ({"retry_after": 2.5, "via": False}, 2.5),
        ({"retry_after": 2.5, "told_in_body": True}, 2.5),
        ({"retry_after": 2.5, "told_in_body": True, "via": False}, 2.5),
        ({}, 1.0),
    ],
)
async def test_rate_limits(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, fault: Any, seconds: float
) -> None:
    """A 429 is raised at once with its pause, wherever Discord or a proxy names one, and nothing is shown."""
    discord.fail_next(EDIT, status=429, **fault)
    with pytest.raises(RateLimited) as caught:
        await adapter.edit(message, Reply("second"))
    assert caught.value.retry_after == seconds
    assert discord.server.calls[EDIT] == 1
    assert discord.thread(message.thread.id)[-1].text == "first"


async def test_the_limit_of_the_whole_bot(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, answer: MessageRef
) -> None:
    """While the limit for all calls is exceeded none is made, but commands and buttons are still answered."""
    discord.fail_next(EDIT, status=429, retry_after=60, all_routes=True)
    with pytest.raises(RateLimited):
        await bot.adapter.edit(answer, Reply("second"))
    calls = discord.server.calls.copy()
    with pytest.raises(RateLimited) as caught:
        await bot.adapter.post(answer.thread, Reply("another"), nonce="n-2")
    assert 50 < caught.value.retry_after <= 60
    assert discord.server.calls == calls
    await bot.adapter.reply_privately(await host.prompt(), ("Patience.",))
    assert discord.server.calls[FOLLOW_UP] == 1


async def test_the_limit_of_the_whole_bot_ends(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """After the pause calls are made again."""
    discord.fail_next(EDIT, status=429, retry_after=0.05, all_routes=True)
    with pytest.raises(RateLimited) as caught:
        await adapter.edit(message, Reply("second"))
    await asyncio.sleep(caught.value.retry_after)  # what the adapter promises is about this pause
    await adapter.edit(message, Reply("second"))
    assert discord.thread(message.thread.id)[-1].text == "second"


@pytest.mark.parametrize("route", [EDIT, DELETE])
@pytest.mark.parametrize("in_thread", [True, False])
async def test_a_refused_change_names_the_permission(
    discord: SimulatedDiscord, bot: Bot, answer: MessageRef, *, route: str, in_thread: bool
) -> None:
    """An edit or a deletion that Discord refuses for want of a permission names it, in the log as well."""
    general = ids.thread_key(int(discord.world.named("general").id))
    message = answer if in_thread else await bot.adapter.post(general, Reply("hall"), nonce="hall")
    discord.fail_next(route, status=403, code=50013)
    change = bot.adapter.delete(message) if route == DELETE else bot.adapter.edit(message, Reply("x"))
    with pytest.raises(Forbidden) as caught:
        await change
    writing = "Send Messages in Threads" if in_thread else "Send Messages"
    assert caught.value.permission == ("Manage Messages" if route == DELETE else writing)
    assert caught.value.permission in repr(caught.value)


async def test_a_reply_needs_no_history(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """Where the bot may not read the history, and so not reply, the message is posted without the reference."""
    discord.fail_next(CREATE, status=400, code=160002)
    await adapter.post_reply(message.thread, Reply("second"), to=message, nonce="second")
    assert discord.world.messages[message.thread.id][-1].replied_to is None
    assert discord.server.calls[CREATE] == 3


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True},
        {"cut": True},
        {"hang": True},
        *({"status": code} for code in (500, 502, 503, 504, 524)),
    ],
)
async def test_an_ambiguous_post(
    discord: SimulatedDiscord,
    adapter: DiscordAdapter,
    general: ThreadKey,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
    *,
    acted: bool,
) -> None:
    """Whether a post arrived before it failed or not, posting again with its nonce leaves one message."""
    await adapter.own_messages(general)  # it logs in
    discord.fail_next(CREATE, acted=acted, **fault)
    with impatient(monkeypatch, fault), pytest.raises(PlatformDown):
        await adapter.post(general, Reply("once"), nonce="turn-1-0")
    assert discord.server.calls[CREATE] == 1
    ref = await adapter.post(general, Reply("once"), nonce="turn-1-0")
    assert [shown.id for shown in discord.thread(general.id)] == [str(ids.address_of(ref)[1])]


@pytest.mark.parametrize("fault", [{"cut": True}, {"hang": True}, {"status": 504}])
async def test_an_edit_whose_answer_was_lost(
    discord: SimulatedDiscord,
    adapter: DiscordAdapter,
    message: MessageRef,
    monkeypatch: pytest.MonkeyPatch,
    fault: Any,
) -> None:
    """An edit that may have arrived is one request; a newer one afterwards is what stays."""
    discord.fail_next(EDIT, acted=True, **fault)
    with impatient(monkeypatch, fault), pytest.raises(PlatformDown):
        await adapter.edit(message, Reply("stale"))
    await adapter.edit(message, Reply("newest"))
    assert discord.server.calls[EDIT] == 2
    assert discord.thread(message.thread.id)[-1].versions == ["first", "stale", "newest"]


async def test_nobody_at_the_other_end(discord: SimulatedDiscord, general: ThreadKey) -> None:
    """Without a connection a call says that Discord is down, and the same adapter works when it is back."""
    adapter = build(discord.env)
    await discord.stop()
    with pytest.raises(PlatformDown):
        await adapter.post(general, Reply("hello"), nonce="n")
    await discord.start()
    await adapter.post(general, Reply("hello"), nonce="n")
    assert len(discord.thread(general.id)) == 1
    await adapter.close()


@pytest.mark.parametrize("kind", [PlatformDown, RateLimited])
async def test_logging_in_again(
    discord: SimulatedDiscord, general: ThreadKey, kind: type[PlatformError]
) -> None:
    """A failure while logging in is raised, and the next call logs in."""
    adapter = build(discord.env)
    how: Any = {"status": 429, "retry_after": 1} if kind is RateLimited else {"status": 503}
    discord.fail_next(ANY, **how)
    with pytest.raises(kind):
        await adapter.post(general, Reply("hello"), nonce="n")
    await adapter.post(general, Reply("hello"), nonce="n")
    await adapter.close()


async def test_a_message_that_was_deleted(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """A message that somebody deleted can be neither edited nor deleted."""
    discord.withdraw(str(ids.address_of(message)[1]))
    with pytest.raises(MessageGone):
        await adapter.edit(message, Reply("second"))
    with pytest.raises(MessageGone):
        await adapter.delete(message)


async def test_an_archived_thread(discord: SimulatedDiscord, bot: Bot, answer: MessageRef) -> None:
    """In an archived thread posts and edits are done after all."""
    thread = discord.world.channel(answer.thread.id)
    discord.backend.update(thread, {"archived": True})
    await bot.adapter.edit(answer, Reply("decided"))
    discord.backend.update(thread, {"archived": True})
    await bot.adapter.post(answer.thread, Reply("another"), nonce="n-2")
    assert [shown.text for shown in discord.thread(thread.id)][1:] == ["decided", "another"]
    assert discord.server.calls[CHANNEL] == 1


async def test_a_thread_that_is_locked(discord: SimulatedDiscord, bot: Bot, answer: MessageRef) -> None:
    """In a locked thread nothing is posted, and once it is archived nothing is edited."""
    thread = discord.world.channel(answer.thread.id)
    discord.backend.update(thread, {"archived": True, "locked": True})
    with pytest.raises(Forbidden):
        await bot.adapter.edit(answer, Reply("decided"))
    with pytest.raises(Forbidden):
        await bot.adapter.post(answer.thread, Reply("another"), nonce="n-2")
    assert [shown.text for shown in discord.thread(thread.id)][1:] == ["the roof"]


async def test_a_thread_that_was_deleted(discord: SimulatedDiscord, bot: Bot, answer: MessageRef) -> None:
    """With its thread an answer is gone."""
    discord.backend.close_thread(discord.world.channel(answer.thread.id))
    with pytest.raises(MessageGone):
        await bot.adapter.edit(answer, Reply("decided"))
    with pytest.raises(MessageGone):
        await bot.adapter.post(answer.thread, Reply("another"), nonce="n-2")
    with pytest.raises(MessageGone):
        await bot.adapter.own_messages(answer.thread)


async def test_a_server_without_the_bot(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, answer: MessageRef
) -> None:
    """Taken out of the server, the bot may do nothing there; direct messages still arrive."""
    discord.backend.remove_bot()
    with pytest.raises(Forbidden):
        await bot.adapter.edit(answer, Reply("decided"))
    with pytest.raises(Forbidden):
        await bot.adapter.post(answer.thread, Reply("another"), nonce="n-2")
    with pytest.raises(Forbidden):
        await bot.adapter.own_messages(answer.thread)
    await discord.direct_message(discord.people[0], "are you there?")
    assert (await host.prompt(2)).text == "are you there?"


async def test_a_channel_where_the_bot_may_not_write(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Whoever mentions the bot there can be told by a direct message."""
    ada = discord.people[0]
    discord.world.read_only.add(discord.world.named("general").id)
    await discord.mention(ada, "what is damaged?")
    prompt = await host.prompt()
    with pytest.raises(Forbidden):
        await bot.adapter.open_thread(prompt)
    with pytest.raises(Forbidden):
        await bot.adapter.post(ids.thread_key(int(prompt.place.channel)), Reply("the roof"), nonce="n")
    await bot.adapter.reply_privately(prompt, ("I may not write there.",))
    assert [shown.text for shown in discord.thread(discord.direct(ada))] == ["I may not write there."]


async def test_nowhere_to_answer(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """Somebody who takes no direct messages, where the bot may not write, cannot be told."""
    ada = discord.people[0]
    discord.world.closed_to_bot.add(ada.id)
    discord.world.read_only.add(discord.world.named("general").id)
    await discord.mention(ada, "what is damaged?")
    with pytest.raises(Forbidden):
        await bot.adapter.reply_privately(await host.prompt(), ("I may not write there.",))


@pytest.mark.parametrize("status", [200, 403, 404])
async def test_a_page_of_a_proxy_says_nothing(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, status: int
) -> None:
    """What is not Discord's answer tells of no refusal and of no deleted message; another attempt may succeed."""
    discord.fail_next(EDIT, page=True, status=status)
    with pytest.raises(PlatformDown):
        await adapter.edit(message, Reply("second"))
    await adapter.edit(message, Reply("second"))
    assert discord.thread(message.thread.id)[-1].text == "second"


@pytest.mark.parametrize(("status", "code"), [(403, 40333), (503, 130000)])
async def test_an_overloaded_discord(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, status: int, code: int
) -> None:
    """Where Discord itself cannot take a request, that is no missing permission."""
    discord.fail_next(EDIT, status=status, code=code)
    with pytest.raises(PlatformDown):
        await adapter.edit(message, Reply("second"))


async def test_a_thread_that_stays_in_the_archive(
    discord: SimulatedDiscord, bot: Bot, answer: MessageRef
) -> None:
    """Where a thread may not be taken out of the archive, a new message may take the place of the edited one."""
    discord.backend.update(discord.world.channel(answer.thread.id), {"archived": True})
    discord.fail_next(CHANNEL, status=403, code=50013)
    with pytest.raises(Forbidden) as caught:
        await bot.adapter.edit(answer, Reply("decided"))
    assert caught.value.hindrance is Hindrance.ARCHIVED


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (404, 10004)])
async def test_a_server_that_tells_nothing_hides_no_other(
    discord: SimulatedDiscord, adapter: DiscordAdapter, status: int, code: int
) -> None:
    """Somebody who writes directly belongs to the next server where one does not say who is in it."""
    discord.invite("Elsewhere", "hall")
    membership = Membership(adapter._rest)  # the part under test; the adapter makes its own when it listens
    first, second = map(int, discord.world.servers)
    membership.servers = lambda: [first, second]
    ada = int(discord.people[0].id)
    discord.fail_next("GET /guilds/{guild_id}/members/{user_id}", status=status, code=code)
    assert await membership.home(ada) == str(second)
    assert membership.checked(ada)
    ben = int(discord.people[1].id)
    discord.fail_next("GET /guilds/{guild_id}/members/{user_id}", times=2, status=status, code=code)
    assert await membership.home(ben) == UNKNOWN
    assert not membership.checked(ben)
