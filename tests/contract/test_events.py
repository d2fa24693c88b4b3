"""The events that every adapter reports."""

import asyncio
from contextlib import suppress

import pytest

import adapters
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import RateLimited, TokenRefused
from aion_bot.ports.events import Click, MessageChange, Prompt
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.ports.platform_package import required_of
from aion_bot.simulators.workspace import Failure, Operation, Workspace
from tests.contract.conftest import Connection
from tests.support.loop_time import loop_seconds
from tests.support.recording_host import RecordingHost

RETRY = Button(Action.RETRY, "0123456789abcdef", "Retry")


async def test_a_connection_is_reported(connection: Connection) -> None:
    """An adapter that listens reports the bot's name and workspaces."""
    (presence,) = connection.host.presences
    assert presence.bot
    assert presence.workspaces


async def test_a_question_is_reported(connection: Connection) -> None:
    """A prompt has the words, the person and the place; its thread names the platform."""
    _, prompt = await connection.asked("Which lamps <b>&amp; pumps</b> are broken?")
    assert prompt.text == "Which lamps <b>&amp; pumps</b> are broken?"
    assert prompt.person.id == connection.ada.id
    assert prompt.thread.platform == connection.adapter.platform
    assert prompt.place.workspace
    assert prompt.place.channel
    assert not prompt.place.direct


async def test_a_reply_belongs_to_its_thread(connection: Connection) -> None:
    """A further prompt in a thread has the thread of the first one, and a key of its own."""
    thread, prompt = await connection.asked()
    await connection.adapter.post(prompt.thread, Reply("Three lamps."), nonce="a")
    await connection.workspace.reply(connection.workspace.people[1], thread, "Which ones?")
    further = await connection.host.newest(Prompt, 2)
    assert further.thread == prompt.thread
    assert further.key != prompt.key
    assert further.text == "Which ones?"
    assert further.person.id == connection.workspace.people[1].id


async def replied(connection: Connection) -> tuple[str, str, Prompt]:
    """Reply in a thread as Ada; returns the thread, her message, and its prompt."""
    thread, prompt = await connection.asked()
    await connection.adapter.post(prompt.thread, Reply("Three lamps."), nonce="a")
    await connection.workspace.reply(connection.ada, thread, "Which ones?")
    further = await connection.host.newest(Prompt, 2)
    inside = connection.workspace.thread(thread)
    message = next(one.id for one in inside if not one.by_bot and "Which ones?" in one.text)
    return thread, message, further


async def test_an_edited_question_is_reported(connection: Connection) -> None:
    """An edit has the prompt's key and the new words."""
    _, message, prompt = await replied(connection)
    connection.workspace.edit_message(message, "Which lamps?")
    change = await connection.host.newest(MessageChange)
    assert (change.prompt, change.thread, change.text) == (prompt.key, prompt.thread, "Which lamps?")


async def test_a_deleted_question_is_reported(connection: Connection) -> None:
    """A deletion has the prompt's key and no words."""
    _, message, prompt = await replied(connection)
    connection.workspace.delete_message(message)
    change = await connection.host.newest(MessageChange)
    assert (change.prompt, change.thread, change.text) == (prompt.key, prompt.thread, None)


async def press(connection: Connection) -> tuple[str, Click]:
    """Press a button of a message as Ben; returns the thread and the click."""
    thread, prompt = await connection.asked()
    message = await connection.adapter.post(prompt.thread, Reply("It failed.", buttons=(RETRY,)), nonce="a")
    shown = connection.workspace.thread(thread)[-1]
    ben = connection.workspace.people[1]
    await connection.workspace.press(ben, thread, shown.id, shown.buttons[0].id)
    click = await connection.host.newest(Click)
    assert click.message == message
    return thread, click


async def test_a_press_is_reported(connection: Connection) -> None:
    """A click has the action and key of the button, its message, and the person."""
    _, click = await press(connection)
    assert (click.action, click.key) == (RETRY.action, RETRY.key)
    assert click.person.id == connection.workspace.people[1].id


async def test_a_prompt_gets_a_private_reply(connection: Connection) -> None:
    """Only the person who asked sees a private reply to a prompt, with names for people."""
    thread, prompt = await connection.asked()
    await connection.adapter.reply_privately(prompt, ("Not for ", prompt.person, "."))
    ada, ben, _ = connection.workspace.people
    assert any("Not for" in one.text for one in connection.workspace.private_messages(thread, ada))
    assert not connection.workspace.private_messages(thread, ben)
    assert not any("Not for" in text for text in connection.said(thread))


async def test_a_press_gets_a_private_reply(connection: Connection) -> None:
    """Only the person who pressed sees a private reply to a click."""
    thread, click = await press(connection)
    await connection.adapter.reply_privately(click, ("This isn't yours.",))
    ada, ben, _ = connection.workspace.people
    assert any("isn't yours" in one.text for one in connection.workspace.private_messages(thread, ben))
    assert not connection.workspace.private_messages(thread, ada)


async def test_a_refused_token_is_named(workspace: Workspace) -> None:
    """Listening with a refused token raises an error that names the variable."""
    given = {one: set(required_of(one, workspace.env)) for one in adapters.platforms()}
    (platform,) = [one for one, required in given.items() if required <= set(workspace.env)]
    secret = next(name for name in required_of(platform, workspace.env) if name.endswith("TOKEN"))
    wrong = workspace.env[secret][:-4] + "zzzz"
    (adapter,), problems = adapters.discover({**workspace.env, secret: wrong})
    assert not problems
    with pytest.raises(TokenRefused) as refused:
        await adapter.listen(RecordingHost())
    assert refused.value.variable == secret
    await adapter.close()


async def test_listening_ends_when_it_is_cancelled(workspace: Workspace, adapter: PlatformAdapter) -> None:
    """A cancelled adapter disconnects in time, and can post until it is closed."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await workspace.connected()
    thread = await workspace.ask(workspace.people[0], "What is damaged?")
    prompt = await host.newest(Prompt)
    await adapter.open_thread(prompt)
    listening.cancel()
    async with loop_seconds(10):  # sooner than any request or connection is given up
        with suppress(asyncio.CancelledError):
            await listening
    await adapter.post(prompt.thread, Reply("Goodbye."), nonce="a")
    assert any("Goodbye." in one.text for one in workspace.thread(thread))


async def test_a_failed_private_reply_is_an_error(connection: Connection) -> None:
    """A private reply that the platform does not take now raises an error."""
    thread, click = await press(connection)
    connection.workspace.refuse(Operation.REPLY_PRIVATELY, Failure.RATE_LIMITED, retry_after=0.5)
    with pytest.raises(RateLimited):
        await connection.adapter.reply_privately(click, ("Later.",))
    await connection.adapter.reply_privately(click, ("Later.",))
    ben = connection.workspace.people[1]
    assert [one.text for one in connection.workspace.private_messages(thread, ben)] == ["Later."]
