"""Events that discord.py cannot read, a second process with the same token, and a clock that is wrong."""

import json
import time
from pathlib import Path
from string import Template
from typing import Any

import pytest

from adapters.discord import interactions
from aion_bot import doctor
from aion_bot.domain import strings
from aion_bot.ports.diagnosis import Status
from aion_bot.ports.errors import TakenElsewhere
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.host import SECOND_PROCESS
from aion_bot.ports.messages import Action, Button, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord, payloads
from aion_bot.simulators.discord.gateway import GUILD_MESSAGES
from aion_bot.simulators.discord.model import Interaction
from aion_bot.storage import Store
from tests.adapters.discord.conftest import Bot, running
from tests.support.recording_host import RecordingHost

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
CREATE_THREAD = "POST /channels/{channel_id}/messages/{message_id}/threads"

BROKEN = sorted((Path(__file__).parents[2] / "samples" / "discord" / "broken").glob("*.json"))
"""Events that discord.py cannot read, or that lack what Discord documents; `$` as in `test_samples`."""


def read(path: Path, discord: SimulatedDiscord) -> dict[str, Any]:
    """The event of a file, with the simulated server's own ids."""
    world = discord.world
    ids = {"bot": world.bot.id, "role": world.bot_role, "guild": world.guild}
    text = Template(path.read_text(encoding="utf-8"))
    return json.loads(text.substitute(ids, general=world.named("general").id))  # type: ignore[no-any-return]  # JSON has any type


@pytest.mark.parametrize("path", BROKEN, ids=lambda one: one.stem)
@pytest.mark.usefixtures("bot")
async def test_a_broken_event_is_skipped(discord: SimulatedDiscord, host: RecordingHost, path: Path) -> None:
    """After an event that discord.py cannot read the same session goes on, and the next question arrives."""
    broken = read(path, discord)
    discord.gateway.dispatch(broken["event"], broken["data"], GUILD_MESSAGES)
    await discord.mention(discord.people[0], "and now?")
    assert (await host.prompt()).text == "and now?"
    assert discord.gateway.identified == 1


@pytest.mark.parametrize("depth", [400, 800, 100_000])
@pytest.mark.parametrize("field", ["embeds", "components", "attachments", "author", "nothing"])
@pytest.mark.usefixtures("bot")
async def test_a_deeply_nested_event_is_skipped(
    discord: SimulatedDiscord, host: RecordingHost, depth: int, field: str
) -> None:
    """However deeply an event is nested, the same session goes on, and the next question arrives."""
    said = payloads.event(discord.say(discord.people[1], "just talk"), discord.world) | {"id": "77", field: 0}
    data = json.dumps(said).replace(f'"{field}": 0', f'"{field}": {"[" * depth}{"]" * depth}')
    await discord.gateway.send_raw(f'{{"op": 0, "t": "MESSAGE_CREATE", "s": 50, "d": {data}}}')
    await discord.mention(discord.people[0], "and now?")
    await host.until(lambda: "and now?" in [one.text for one in host.events if isinstance(one, Prompt)])
    assert discord.gateway.identified == 1


@pytest.mark.parametrize("kind", [4, 13, 14, 15, 99, None, "text"])
@pytest.mark.usefixtures("bot")
async def test_a_press_in_an_unknown_kind_of_channel_arrives(
    discord: SimulatedDiscord, host: RecordingHost, kind: object
) -> None:
    """A press counts, with its channel, in whatever kind of channel it is made, one of tomorrow's included."""
    ada, general = discord.people[0], discord.world.named("general")
    posted = discord.backend.post_as_bot(general.id, {"content": "Plan"})
    data = {"custom_id": "aion:stop:k", "component_type": 2}
    pressed = Interaction(discord.world.new_id(), "token", 3, ada, general.id, data, posted)
    discord.world.interactions["token"] = pressed
    shown = payloads.interaction(pressed, discord.world) | {"channel_id": "79"}
    shown["channel"] = {**shown["channel"], "id": "79", "type": kind}
    shown["message"] = {**shown["message"], "channel_id": "79"}
    discord.gateway.dispatch("INTERACTION_CREATE", shown, 0)
    await host.until(lambda: bool(host.events))
    click = host.events[0]
    assert isinstance(click, Click)
    assert (click.action, click.key, click.place.channel) == (Action.STOP, "k", "79")
    assert click.message.thread == ThreadKey("discord", "79")


@pytest.mark.parametrize(
    "change",
    [
        {"attachments": [{"id": "1"}]},
        {"id": None},
        {"id": "soon"},
        {"author": None},
        {"content": 5},
        {"embeds": [None]},
    ],
    ids=str,
)
async def test_a_broken_message_hides_nothing_behind_it(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """What was written behind a message that discord.py, or the adapter, cannot read is caught up with."""
    async with running(discord, host) as bot:
        thread = await discord.ask(discord.people[0], "What is damaged?")
        await bot.adapter.open_thread(await host.prompt())
    host.known, host.away = [ThreadKey("discord", thread)], time.time() - 1
    bad = discord.say(discord.people[0], f"<@{discord.world.bot.id}> first", thread)
    await discord.reply(discord.people[0], thread, "second")
    listed = payloads.listed

    def broken(message: Any, world: Any, *, content: bool) -> Any:
        shown = listed(message, world, content=content)
        return shown | change if message.id == bad.id else shown

    monkeypatch.setattr(payloads, "listed", broken)
    async with running(discord, host):
        await host.until(lambda: "second" in [one.text for one in host.events if isinstance(one, Prompt)])


async def test_a_command_that_another_process_answered_is_left_to_it(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """40060: the question is not delivered, and the core is told of the other process."""
    discord.fail_next(CALLBACK, status=400, code=40060)
    discord.interact(2, discord.people[0], discord.world.named("general"), _ask(discord))
    await host.until(lambda: bool(host.signs))
    assert host.events == []
    assert bot.listening.done() is False


async def test_an_own_attempt_is_not_taken_for_another_process(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """A command that discord.py acknowledged twice, as the first answer was lost, is delivered."""
    discord.fail_next(CALLBACK, status=500, acted=True)
    discord.interact(2, discord.people[0], discord.world.named("general"), _ask(discord))
    assert (await host.prompt()).text == "What?"
    assert host.signs == []
    assert bot.listening.done() is False


@pytest.mark.parametrize("taken", [True, False])
async def test_a_press_of_an_unknown_key_waits_for_the_other_process(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, monkeypatch: pytest.MonkeyPatch, *, taken: bool
) -> None:
    """A press whose key is not recorded here is acknowledged only after a while; one that is taken then is left alone."""
    monkeypatch.setattr(interactions, "YIELD", 0.05)
    host.unknown.add("other")
    thread = await discord.ask(discord.people[0], "What?")
    await bot.adapter.open_thread(await host.prompt())
    button = Button(Action.APPROVE, "other", "Approve")
    await bot.adapter.post(ThreadKey("discord", thread), Reply("Plan", buttons=(button,)), nonce="n")
    shown = next(one for one in discord.thread(thread) if one.buttons)
    if taken:
        discord.fail_next(CALLBACK, status=400, code=40060)
    before = discord.server.calls[CALLBACK]
    await discord.press(discord.people[0], thread, shown.id, shown.buttons[0].id)
    await host.until(lambda: bool(host.signs) or isinstance(host.events[-1], Click))
    assert bool(host.signs) is taken
    assert discord.server.calls[CALLBACK] == before + 1


async def test_a_thread_that_another_process_opened_is_left_to_it(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """160004 for a thread of the bot's own account: this process keeps out, unless it may have been its own attempt."""
    question = discord.world.anywhere(await discord.mention(discord.people[0], "What?"))
    prompt = await host.prompt()
    discord.backend.open_thread(question, {"name": "opened elsewhere"}, by=discord.world.bot)
    with pytest.raises(TakenElsewhere):
        await bot.adapter.open_thread(prompt)
    assert host.signs
    await bot.adapter.open_thread(prompt, again=True)


async def test_a_thread_that_a_person_opened_is_answered_in(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """People open threads from questions, too."""
    question = discord.world.anywhere(await discord.mention(discord.people[0], "What?"))
    prompt = await host.prompt()
    discord.backend.open_thread(question, {"name": "look here"}, by=discord.people[1])
    await bot.adapter.open_thread(prompt)
    assert host.signs == []


async def test_a_foreign_message_of_the_own_account_is_noticed(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """What this process posts is its own; a message of its account with another nonce is another process's."""
    host.unknown.add("theirs")
    general = discord.world.named("general")
    await bot.adapter.post(ThreadKey("discord", general.id), Reply("mine"), nonce="mine-0")
    await discord.mention(discord.people[0], "What?")
    await host.prompt()
    assert host.signs == []
    discord.backend.post_as_bot(general.id, {"content": "not mine", "nonce": "theirs-0"})
    await host.until(lambda: bool(host.signs))


async def test_doctor_reports_a_second_process(tmp_path: Path) -> None:
    """What a running bot has noticed in the last minutes is a finding of `doctor`."""
    store = await Store.open(tmp_path / "bot.db")
    await store.kv.set("discord", SECOND_PROCESS, str(time.time()))
    await store.kv.set("slack", SECOND_PROCESS, str(time.time() - 3_600))
    await store.close()
    (found,) = doctor._second_processes(tmp_path / "bot.db")
    assert (found.check, found.status) == ("second process on discord", Status.FAIL)
    assert str(found) == f"FAIL  second process on discord: {strings.SECOND_PROCESS}"
    assert doctor._second_processes(tmp_path / "none.db") == []


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, -3_600.0])
async def test_a_wrong_clock_loses_nothing(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """What was written between two sessions is caught up with, however wrong this machine's clock is."""
    from adapters.discord import backfill

    monkeypatch.setattr(backfill, "time", lambda: time.time() + ahead)
    async with running(discord, host) as bot:
        thread = await discord.ask(discord.people[0], "What is damaged?")
        await bot.adapter.open_thread(await host.prompt())
        await host.until(lambda: bool(host.presences))
        host.known = [ThreadKey("discord", thread)]
        discord.gateway.dropping_events = True
        await discord.reply(discord.people[0], thread, "and meanwhile?")
        discord.gateway.dropping_events = False
        await discord.gateway.invalidate()
        await host.until(
            lambda: "and meanwhile?" in [one.text for one in host.events if isinstance(one, Prompt)]
        )


async def test_a_restart_counts_from_the_newest_event(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The next process reads on from the newest event of the one before, not from a clock that was ahead."""
    async with running(discord, host) as bot:
        thread = await discord.ask(discord.people[0], "What is damaged?")
        await bot.adapter.open_thread(await host.prompt())
        await host.until(lambda: bool(host.presences))
        await discord.mention(discord.people[0], "a message that is remembered")
        await host.prompt(2)
    host.known, host.away = [ThreadKey("discord", thread)], time.time() + 3_600
    await discord.reply(discord.people[0], thread, "and meanwhile?")
    async with running(discord, host):
        await host.until(
            lambda: "and meanwhile?" in [one.text for one in host.events if isinstance(one, Prompt)]
        )


def _ask(discord: SimulatedDiscord) -> dict[str, object]:
    """What a client sends for `/ask`."""
    known = discord.world.command("ask", 1)
    option = {"name": "prompt", "type": 3, "value": "What?"}
    return {"id": known["id"], "name": "ask", "type": 1, "options": [option]}
