"""Messages of the bot, by its token alone: posted, edited, removed; and what Discord may answer."""

import pytest

from adapters.discord import ids
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.channels import SEND
from aion_bot.ports.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
)
from aion_bot.ports.messages import Action, Button, Content, MessageRef, PlanCard, Reply, Step, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import SUPPRESS_EMBEDS
from tests.adapters.discord.conftest import Bot, build
from tests.support.recording_host import RecordingHost

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"
HOSTILE = "@everyone @here <@{ada}> <@!{ada}> <@&{role}> `<@{ada}>`\n```\n@everyone <@&{role}>\n```\n> @here"


async def test_a_post_needs_no_gateway(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """A message is posted although nobody listens: with buttons, without link previews."""
    reply = Reply(
        "It failed. https://aion.example", "7 left", buttons=(Button(Action.RETRY, "turn-1", "Try again"),)
    )
    await adapter.post(general, reply, nonce="n-1")
    shown = discord.thread(general.id)[-1]
    assert shown.payload["content"] == "It failed. https://aion.example\n-# 7 left"
    assert [(button.label, button.id) for button in shown.buttons] == [("Try again", "aion:retry:turn-1")]
    assert shown.payload["flags"] == SUPPRESS_EMBEDS


async def test_no_button_is_kept(adapter: DiscordAdapter, general: ThreadKey) -> None:
    """However many buttons are posted and edited, the client remembers none of them."""
    reply = Reply("x", buttons=(Button(Action.RETRY, "turn-1", "Try again"),))
    await adapter.edit(await adapter.post(general, reply, nonce="n"), reply)
    client = adapter._rest._client
    assert client is not None
    assert list(client.persistent_views) == []


async def test_a_nonce_makes_one_message(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """A message whose answer was lost is found again, not posted twice."""
    discord.fail_next(CREATE, drop=True, acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(general, Reply("once"), nonce="turn-1-0")
    ref = await adapter.post(general, Reply("once"), nonce="turn-1-0")
    assert [shown.id for shown in discord.thread(general.id)] == [str(ids.address_of(ref)[1])]


async def test_an_edit_replaces_text_and_buttons(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """An edit shows the new text, drops buttons that are not in it, and leaves the message's flags alone."""
    buttons = (Button(Action.APPROVE, "p", "Approve"), Button(Action.CANCEL, "p", "Cancel"))
    ref = await adapter.post(
        general, PlanCard("Plan", "Tag", (Step("Tagger", "tag"),), buttons=buttons), nonce="n"
    )
    await adapter.edit(ref, PlanCard("Plan", "Tag", (Step("Tagger", "tag"),), record=(("Approved.",),)))
    shown = discord.thread(general.id)[-1]
    assert shown.text == "### Plan\n> Tag\n> 1. **Tagger**: tag\nApproved."
    assert shown.buttons == ()
    assert "flags" not in shown.payload
    assert discord.world.anywhere(shown.id).flags == SUPPRESS_EMBEDS


async def test_a_message_is_removed(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey, message: MessageRef
) -> None:
    """A message of the bot's own can be removed; then it is gone."""
    await adapter.delete(message)
    assert list(discord.thread(general.id)) == []
    with pytest.raises(MessageGone):
        await adapter.edit(message, Reply("too late"))


async def test_the_starter_message_lies_in_the_parent(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """A reference finds its message in another channel than its thread's."""
    channel, number = ids.address_of(message)
    elsewhere = ids.message_ref(ids.thread_key(number), channel, number)
    await adapter.edit(elsewhere, Reply("found"))
    assert discord.thread(str(number))[0].text == "found"


async def test_nobody_is_pinged(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """Whatever the model writes, neither a post nor an edit notifies anybody."""
    hostile = HOSTILE.format(ada=discord.people[0].id, role=discord.world.bot_role)
    card = PlanCard(hostile, hostile, (Step(hostile, hostile),), ((hostile,),), ((hostile,),))
    contents: list[Content] = [Reply(hostile, hostile), card]
    for number, content in enumerate(contents):
        ref = await adapter.post(general, content, nonce=f"n-{number}")
        await adapter.edit(ref, content)
        await adapter.edit(ref, Reply(hostile))
    assert [shown.pings for shown in discord.thread(general.id)] == [[], []]


async def test_a_message_in_an_archived_thread(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """An old card in an archived thread is edited after taking the thread out of the archive."""
    thread = await discord.ask(discord.people[0], "Tag them")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    ref = await bot.adapter.post(prompt.thread, Reply("card"), nonce="n")
    discord.backend.update(discord.world.channel(thread), {"archived": True})
    await bot.adapter.edit(ref, Reply("decided"))
    assert discord.thread(thread)[-1].text == "decided"
    assert not discord.world.channel(thread).archived


async def test_a_locked_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """Where the thread may not be taken out of the archive, the edit is forbidden."""
    thread = await discord.ask(discord.people[0], "Tag them")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    ref = await bot.adapter.post(prompt.thread, Reply("card"), nonce="n")
    discord.backend.update(discord.world.channel(thread), {"archived": True})
    discord.fail_next("PATCH /channels/{channel_id}", status=403, code=50013)
    with pytest.raises(Forbidden):
        await bot.adapter.edit(ref, Reply("decided"))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, 10003, MessageGone),
        (404, 10008, MessageGone),
        (400, 10008, MessageGone),
        (404, 0, MessageGone),
        (403, 50001, Forbidden),
        (403, 50013, Forbidden),
        (403, 0, Forbidden),
        (400, 160005, Forbidden),
        (401, 0, TokenRefused),
        (500, 0, PlatformDown),
        (502, 0, PlatformDown),
        (503, 0, PlatformDown),
        (520, 0, PlatformDown),
        (400, 50006, PlatformError),
    ],
)
async def test_what_discord_may_answer(
    discord: SimulatedDiscord,
    adapter: DiscordAdapter,
    message: MessageRef,
    status: int,
    code: int,
    expected: type[PlatformError],
) -> None:
    """Each refusal becomes one of the port's errors after a single request; its text repeats nothing that was sent."""
    discord.fail_next(EDIT, status=status, code=code)
    with pytest.raises(expected) as caught:
        await adapter.edit(message, Reply("what nobody may read"))
    assert type(caught.value) is expected
    assert "nobody may read" not in str(caught.value)
    assert discord.server.calls[EDIT] == 1


async def test_a_rate_limit_is_told_at_once(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """A 429 is one request and a pause to keep, not a wait inside the call: a newer text must not be overtaken."""
    discord.fail_next(EDIT, status=429, retry_after=2.5)
    with pytest.raises(RateLimited) as caught:
        await adapter.edit(message, Reply("stale"))
    assert caught.value.retry_after == 2.5
    await adapter.edit(message, Reply("newest"))
    assert discord.server.calls[EDIT] == 2
    assert discord.thread(message.thread.id)[-1].versions == ["first", "newest"]


async def test_a_broken_connection(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """A connection that breaks under a call means that the platform is down, and the next call works."""
    discord.fail_next(EDIT, drop=True)
    with pytest.raises(PlatformDown):
        await adapter.edit(message, Reply("second"))
    await adapter.edit(message, Reply("second"))
    assert discord.thread(message.thread.id)[-1].text == "second"


async def test_a_message_over_the_limit(adapter: DiscordAdapter, general: ThreadKey) -> None:
    """What measures more than a page is refused by Discord; what measures a page is taken."""
    page = adapter.limits.page
    assert adapter.measure(Reply("x" * page)) == page
    await adapter.post(general, Reply("x" * page), nonce="fits")
    with pytest.raises(TooLong):
        await adapter.post(general, Reply("x" * (page + 1)), nonce="too-long")


async def test_nothing_to_open(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """In a direct conversation nothing is opened."""
    await discord.direct_message(discord.people[0], "hello")
    await bot.adapter.open_thread(await host.prompt())
    assert discord.server.calls[THREAD] == 0


async def test_threads_that_may_not_be_opened(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """Without the permission to create threads, opening one is forbidden."""
    await discord.ask(discord.people[0], "Open it")
    discord.fail_next(THREAD, status=403, code=50013)
    with pytest.raises(Forbidden):
        await bot.adapter.open_thread(await host.prompt())


async def test_a_long_answer_outlives_the_interaction(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """After fifteen minutes an answer still grows: no edit depends on the interaction's token."""
    await discord.ask(discord.people[0], "Think hard")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    ref = await bot.adapter.post(prompt.thread, Reply("thinking"), nonce="n")
    discord.expire_tokens()
    await bot.adapter.edit(ref, Reply("done"))
    assert discord.thread(prompt.thread.id)[-1].text == "done"


async def test_a_token_that_is_refused(discord: SimulatedDiscord, general: ThreadKey) -> None:
    """A wrong token is named by its variable at the first call, and not repeated."""
    adapter = build({**discord.env, "DISCORD_TOKEN": "wrong.token.entirely"})
    with pytest.raises(TokenRefused) as caught:
        await adapter.post(general, Reply("hello"), nonce="n")
    assert caught.value.variable == "DISCORD_TOKEN"
    assert "wrong.token" not in str(caught.value)
    await adapter.close()


async def test_calls_side_by_side_log_in_once(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """The first calls share one login, and after closing the next call makes a new one."""
    await adapter.post(general, Reply("a"), nonce="a")
    await adapter.post(general, Reply("b"), nonce="b")
    assert discord.server.calls["GET /users/@me"] == 1
    await adapter.close()
    await adapter.post(general, Reply("c"), nonce="c")
    assert discord.server.calls["GET /users/@me"] == 2


async def test_a_reply_refers_to_a_message_of_its_channel(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey, message: MessageRef
) -> None:
    """A reply names its message and pings nobody; where that is gone, or elsewhere, it is a message like any other."""
    await adapter.post_reply(general, Reply("second"), to=message, nonce="b")
    elsewhere = MessageRef(general, "1/2")
    await adapter.post_reply(general, Reply("third"), to=elsewhere, nonce="c")
    await adapter.delete(message)
    await adapter.post_reply(general, Reply("fourth"), to=message, nonce="d")
    posted = {"second", "third", "fourth"}
    found = [one for one in discord.world.messages[general.id] if one.content in posted]
    assert [one.content for one in found] == ["second", "third", "fourth"]
    assert [one.replied_to is not None for one in found] == [True, False, False]
    assert not any(one.pings for one in found)


async def test_a_permission_that_was_given_is_not_named_any_more(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, general: ThreadKey
) -> None:
    """Where the bot may open threads by now, a refused post in the channel lacks another permission."""
    await discord.ask(discord.people[0], "Open it")
    prompt = await host.prompt()
    discord.fail_next(THREAD, status=403, code=50013)
    with pytest.raises(Forbidden):
        await bot.adapter.open_thread(prompt)
    await bot.adapter.open_thread(prompt)
    discord.fail_next(CREATE, status=403, code=50013)
    with pytest.raises(Forbidden) as refused:
        await bot.adapter.post(general, Reply("A"), nonce="n")
    assert refused.value.permission == SEND
