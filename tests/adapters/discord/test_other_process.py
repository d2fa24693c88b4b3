"""Two processes with one token: who claims a question answers it, and nothing is left to nobody."""

import pytest

from adapters.discord import ids, other_process
from aion_bot.ports.errors import PlatformDown, TakenElsewhere
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Action, Button, MessageRef, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot, build, running
from tests.support.recording_host import RecordingHost

POST = "POST /channels/{channel_id}/messages"


@pytest.fixture(autouse=True)
def _unknown(host: RecordingHost) -> None:
    """The other process has a database of its own."""
    host.unknown.add("theirs")


@pytest.fixture
async def opened(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A thread that the bot's account opened and that is not recorded here."""
    monkeypatch.setattr(other_process, "YIELD", 0.2)
    thread = await discord.ask(discord.people[0], "What?")
    await bot.adapter.open_thread(await host.prompt())
    host.events.clear()
    host.strangers.add(thread)
    return thread


def post_elsewhere(discord: SimulatedDiscord, channel: str, *, claims: str = "") -> None:
    """Let another process of the same account post, as the first message of an answer to the message that it claims."""
    nonce = ids.claim_of(f"discord:{claims}") if claims else "theirs-0"
    buttons = [
        {"type": 1, "components": [{"type": 2, "style": 2, "label": "Stop", "custom_id": "aion:stop:theirs"}]}
    ]
    body = {"content": "Thinking\u2026", "components": buttons, "nonce": nonce, "enforce_nonce": True}
    discord.backend.post_as_bot(channel, body)


def words_of(host: RecordingHost) -> list[str]:
    return [one.text for one in host.events if isinstance(one, Prompt)]


def newest(discord: SimulatedDiscord, channel: str) -> str:
    return discord.thread(channel)[-1].id


def thinking(key: str) -> Reply:
    """The first message of an answer to the question that this process knows by `key`."""
    return Reply("Thinking\u2026", buttons=(Button(Action.STOP, key, "Stop"),))


async def claim(bot: Bot, prompt: Prompt, key: str = "mine") -> MessageRef:
    """Post the first message of an answer."""
    return await bot.adapter.post(prompt.thread, thinking(key), nonce=bot.adapter.claim_of(prompt))


async def test_who_posts_second_for_a_question_keeps_out(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """The other process has claimed the question: no second message, the core is told, and the next look costs no request."""
    channel = await discord.direct_message(discord.people[0], "What?")
    prompt = await host.prompt()
    discord.gateway.dropping_events = True  # the claim is not seen before this process posts
    post_elsewhere(discord, channel, claims=newest(discord, channel))
    discord.gateway.dropping_events = False
    assert not bot.adapter.contested
    for _ in range(2):
        with pytest.raises(TakenElsewhere):
            await claim(bot, prompt)
    assert (bot.adapter.contested, len(host.signs), discord.server.calls[POST]) == (True, 1, 1)
    assert [one.text for one in discord.thread(channel)] == ["What?", "Thinking\u2026"]


@pytest.mark.parametrize("ended", [False, True])
async def test_an_own_claim_is_not_taken_for_another_process(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, *, ended: bool
) -> None:
    """A post whose answer was lost is found again by another attempt, also when its buttons are gone meanwhile."""
    channel = await discord.direct_message(discord.people[0], "What?")
    prompt = await host.prompt()
    discord.fail_next(POST, drop=True, acted=True)
    with pytest.raises(PlatformDown):
        await claim(bot, prompt)
    if ended:
        shown = discord.world.anywhere(newest(discord, channel))
        discord.backend.edit(shown, {"content": "The end.", "components": []})
    assert (await claim(bot, prompt)).id.endswith(newest(discord, channel))
    assert host.signs == []


@pytest.mark.usefixtures("bot")
async def test_the_claim_of_an_earlier_process_is_known_by_its_key(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A message whose key is recorded here is of an earlier process on this database: the answer goes on in it."""
    channel = await discord.direct_message(discord.people[0], "What?")
    prompt = await host.prompt()
    post_elsewhere(discord, channel, claims=newest(discord, channel))
    await host.until(lambda: bool(host.signs))  # nothing tells yet that this was an earlier process
    async with running(discord, RecordingHost()) as after:
        assert (await claim(after, prompt)).id.endswith(newest(discord, channel))


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("begun", [True, False])
async def test_a_first_page_without_buttons_is_an_earlier_process_s_where_that_began_the_answer(
    discord: SimulatedDiscord, host: RecordingHost, *, begun: bool
) -> None:
    """A page that was filled and not noted has no buttons: the answer goes on in it, or it is another process's."""
    channel = await discord.direct_message(discord.people[0], "What?")
    prompt = await host.prompt()
    post_elsewhere(discord, channel, claims=newest(discord, channel))
    page = discord.world.anywhere(newest(discord, channel))
    discord.backend.edit(page, {"content": "A full page.", "components": []})
    await host.until(lambda: bool(host.signs))
    later = RecordingHost()
    later.begun |= {prompt.key} if begun else set()
    async with running(discord, later) as after:
        if begun:
            assert (await claim(after, prompt)).id.endswith(page.id)
        else:
            with pytest.raises(TakenElsewhere):
                await claim(after, prompt)


async def test_a_private_reply_is_said_once(discord: SimulatedDiscord, host: RecordingHost, bot: Bot) -> None:
    """Two processes that refuse the same message with the same words make one direct message; other words make another."""
    await discord.mention(discord.people[0], "")
    prompt = await host.prompt()
    second = build(discord.env)
    for adapter in (bot.adapter, second):
        await adapter.reply_privately(prompt, ("Ask me something.",))
    await second.reply_privately(prompt, ("I can't do that.",))
    await second.close()
    told = discord.private_messages(discord.direct(discord.people[0]), discord.people[0])
    assert [one.text for one in told] == ["Ask me something.", "I can't do that."]


@pytest.mark.parametrize("seen", [True, False])
async def test_a_thread_of_the_other_process_is_left_to_it(
    discord: SimulatedDiscord, host: RecordingHost, opened: str, *, seen: bool
) -> None:
    """In a thread that the bot opened and that is not recorded here the other process goes first; its claim is waited for."""
    if seen:
        post_elsewhere(discord, discord.world.named("general").id)
        await host.until(lambda: bool(host.signs))
    await discord.reply(discord.people[0], opened, "and now?")
    reply = newest(discord, opened)
    post_elsewhere(discord, opened, claims=reply)
    discord.edit_into_question(reply, "and then?")
    await discord.mention(discord.people[0], "a new one")
    await host.prompt()
    assert words_of(host) == ["a new one"]
    assert host.signs


@pytest.mark.parametrize("seen", [True, False])
async def test_a_process_that_is_gone_leaves_nobody_without_an_answer(
    discord: SimulatedDiscord, host: RecordingHost, opened: str, *, seen: bool
) -> None:
    """Where no other process claims a question in a thread that is not recorded here, this one answers."""
    if seen:
        post_elsewhere(discord, opened)
        await host.until(lambda: bool(host.signs))
    await discord.reply(discord.people[0], opened, "and now?")
    assert (await host.prompt()).text == "and now?"


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_who_spoke_last_goes_first(
    discord: SimulatedDiscord,
    host: RecordingHost,
    bot: Bot,
    monkeypatch: pytest.MonkeyPatch,
    *,
    elsewhere: bool,
) -> None:
    """In a direct message the process that spoke last goes first; where it is silent the other one answers."""
    monkeypatch.setattr(other_process, "YIELD", 0.2)
    ada = discord.people[0]
    direct = discord.direct(ada)
    post_elsewhere(discord, direct)
    await host.until(lambda: bool(host.signs))
    await discord.direct_message(ada, "and now?")
    if elsewhere:
        post_elsewhere(discord, direct, claims=newest(discord, direct))
    else:
        assert (await host.prompt()).text == "and now?"
    await bot.adapter.post(ThreadKey("discord", direct), Reply("Now I speak."), nonce="mine-0")
    monkeypatch.setattr(other_process, "YIELD", 60.0)  # nobody is waited for any more
    await discord.direct_message(ada, "and then?")
    await host.until(lambda: "and then?" in words_of(host))
    assert words_of(host) == ["and then?"] if elsewhere else ["and now?", "and then?"]


async def test_a_process_that_writes_is_waited_for(
    discord: SimulatedDiscord, host: RecordingHost, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the other process edits its answer in a thread, the next question there waits in its queue: it is left to it."""
    # Longer than a busy machine takes from one edit to the next, and shorter than all of them.
    monkeypatch.setattr(other_process, "YIELD", 2.0)
    post_elsewhere(discord, opened)
    growing = discord.world.anywhere(newest(discord, opened))
    await host.until(lambda: bool(host.signs))
    await discord.reply(discord.people[0], opened, "and now?")
    reply = newest(discord, opened)
    for number in range(5):
        with pytest.raises(TimeoutError):
            await discord.until(lambda: False, timeout=0.5)
        discord.backend.edit(growing, {"content": f"Part {number}"})
    assert words_of(host) == []
    post_elsewhere(discord, opened, claims=reply)
    await discord.mention(discord.people[0], "a new one")
    await host.prompt()
    assert words_of(host) == ["a new one"]


async def test_what_was_missed_is_asked_whatever_stands_behind_it(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message of the bot's account behind a missed question answers another one: only a claim keeps a process out."""
    monkeypatch.setattr(other_process, "YIELD", 0.1)
    ada = discord.people[0]
    channel = await discord.direct_message(ada, "What?")
    await claim(bot, await host.prompt())
    host.known = [ThreadKey("discord", channel)]
    post_elsewhere(discord, discord.world.named("general").id)
    await host.until(lambda: bool(host.signs))
    discord.gateway.dropping_events = True
    await discord.direct_message(ada, "and now?")
    post_elsewhere(discord, channel)
    await discord.direct_message(ada, "and then?")
    discord.gateway.dropping_events = False
    await discord.gateway.invalidate()
    await host.until(lambda: "and then?" in words_of(host))
    assert list(dict.fromkeys(words_of(host))) == [
        "What?",
        "and now?",
        "and then?",
    ]  # the core knows the first


@pytest.mark.usefixtures("bot")
async def test_a_post_of_an_earlier_process_is_no_sign_of_another(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A message that was on its way when the process before ended is known by its button's key: nobody is warned."""
    channel = await discord.direct_message(discord.people[0], "What?")
    await host.prompt()
    host.unknown.clear()
    post_elsewhere(discord, channel, claims=newest(discord, channel))
    await discord.direct_message(discord.people[0], "and now?")
    await host.prompt(2)
    assert host.signs == []


async def test_a_question_whose_thread_cannot_be_looked_up_is_answered(
    discord: SimulatedDiscord, host: RecordingHost, opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the core cannot read whether it takes part in a thread, the question is not lost."""

    async def fails(_: ThreadKey) -> bool:
        raise OSError("disk")

    monkeypatch.setattr(host, "takes_part", fails)
    await discord.reply(discord.people[0], opened, "And on site 8?")
    await host.prompt()
    assert words_of(host) == ["And on site 8?"]
