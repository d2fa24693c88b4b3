"""Buttons, pressed by a person in the simulated Discord."""

import pytest

from adapters.discord import ids, strings
from aion_bot.ports.messages import Action, Button, Person, PlanCard, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import Message
from tests.adapters.discord.conftest import Bot, build, running
from tests.support.recording_host import RecordingHost

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
APPROVE = Button(Action.APPROVE, "plan-1", "Approve")


def _message(discord: SimulatedDiscord, custom_id: str) -> Message:
    """Post a message with one button, as some earlier version of the bot may have."""
    button = {"type": 2, "style": 1, "label": "Old", "custom_id": custom_id}
    body = {"content": "An old card", "components": [{"type": 1, "components": [button]}]}
    return discord.backend.post_as_bot(discord.world.named("general").id, body)


async def test_a_press(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A press reaches the core with the button's key, its message and who pressed; nothing visible changes."""
    ada, ben, _ = discord.people
    thread = await discord.ask(ada, "Tag them all")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    ref = await bot.adapter.post(prompt.thread, PlanCard("Plan", "Tag", buttons=(APPROVE,)), nonce="n")
    before = list(discord.thread(thread))
    await discord.press(ben, thread, str(ids.address_of(ref)[1]), "aion:approve:plan-1")
    click = await host.click(2)
    assert (click.action, click.key, click.message) == (Action.APPROVE, "plan-1", ref)
    assert click.person == Person(ben.id, "Ben")
    assert click.place == prompt.place
    assert click.reply_token
    assert list(discord.thread(thread)) == before
    assert discord.server.calls[CALLBACK] == 2


async def test_a_button_of_an_earlier_process(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A button works although the process that posted it has gone."""
    direct = discord.direct(discord.people[0])
    first = build(discord.env)
    ref = await first.post(ThreadKey("discord", direct), Reply("Failed", buttons=(APPROVE,)), nonce="n")
    await first.close()
    async with running(discord, host):
        await discord.press(discord.people[0], direct, str(ids.address_of(ref)[1]), "aion:approve:plan-1")
        click = await host.click()
    assert click.message == ref
    assert click.place.direct


@pytest.mark.parametrize(
    "custom_id", ["vote:yes", "aion:approve:", "aion:explode:plan-1", "aion:approve:" + "x" * 65]
)
@pytest.mark.usefixtures("bot")
async def test_a_button_that_nobody_knows(
    discord: SimulatedDiscord, host: RecordingHost, custom_id: str
) -> None:
    """A button that is none of ours gets a private sentence, and the core is not bothered."""
    old = _message(discord, custom_id)
    await discord.press(discord.people[2], old.channel, old.id, custom_id)
    await discord.until(lambda: len(discord.thread(old.channel)) == 2)
    told = discord.thread(old.channel)[-1]
    assert (told.text, told.only_for) == (strings.UNKNOWN_BUTTON, discord.people[2].id)
    ours = _message(discord, "aion:cancel:plan-1")
    await discord.press(discord.people[2], ours.channel, ours.id, "aion:cancel:plan-1")
    assert [await host.click()] == host.events


@pytest.mark.usefixtures("bot")
async def test_a_late_press_of_an_unknown_button(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """An unknown button whose answer comes too late harms nothing: the next press arrives."""
    old, ours = _message(discord, "vote:yes"), _message(discord, "aion:cancel:plan-1")
    discord.late_acknowledgement = True
    await discord.press(discord.people[0], old.channel, old.id, "vote:yes")
    await discord.press(discord.people[0], ours.channel, ours.id, "aion:cancel:plan-1")
    assert (await host.click()).key == "plan-1"


async def test_a_late_press(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A press that was acknowledged too late counts all the same, and is answered by a direct message."""
    old = _message(discord, "aion:cancel:plan-1")
    ada = discord.people[0]
    discord.late_acknowledgement = True
    await discord.press(ada, old.channel, old.id, "aion:cancel:plan-1")
    click = await host.click()
    assert click.action is Action.CANCEL
    await bot.adapter.reply_privately(click, ("Cancelled.",))
    assert [shown.text for shown in discord.thread(discord.direct(ada))] == ["Cancelled."]


async def test_a_button_that_a_lagging_client_still_shows(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost
) -> None:
    """A press on a card that has lost its buttons meanwhile reaches the core, which knows what became of it."""
    thread = ThreadKey("discord", discord.direct(discord.people[0]))
    ref = await bot.adapter.post(thread, PlanCard("Plan", "Tag", buttons=(APPROVE,)), nonce="n")
    await bot.adapter.edit(ref, PlanCard("Plan", "Tag", record=(("Approved",),)))
    message = str(ids.address_of(ref)[1])
    assert discord.thread(thread.id)[-1].buttons == ()
    await discord.press(discord.people[0], thread.id, message, "aion:approve:plan-1")
    assert (await host.click()).key == "plan-1"


async def test_a_press_whose_key_cannot_be_looked_up_counts(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the core cannot read whose a press is, it is acknowledged and delivered, as what cannot be written is."""
    direct = discord.direct(discord.people[0])
    ref = await bot.adapter.post(ThreadKey("discord", direct), Reply("Failed", buttons=(APPROVE,)), nonce="n")

    async def fails(_: str) -> bool:
        raise OSError("disk")

    monkeypatch.setattr(host, "knows", fails)
    await discord.press(discord.people[0], direct, str(ids.address_of(ref)[1]), "aion:approve:plan-1")
    assert (await host.click()).message == ref
    assert discord.server.calls[CALLBACK] == 1
