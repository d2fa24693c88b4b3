"""The page sends changes, performs presses, and reports what cannot be done."""

import asyncio
import json
import logging
import socket
import struct
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.demo.page.server import LEFT, NO_ANSWER, TOO_LARGE
from aion_bot.demo.page.sides import COMMANDS
from aion_bot.ports.subcommands import SUBCOMMANDS
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.state import BOT, Message


async def next_event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next server-sent event."""
    async for line in stream.content:
        if line.startswith(b"data: "):
            event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
            return event
    raise AssertionError("the stream ended")


async def event_with(stream: aiohttp.ClientResponse, words: str) -> dict[str, Any]:
    """The first event that contains these words."""
    while True:
        event = await next_event(stream)
        if words in json.dumps(event):
            return event


async def post(http: aiohttp.ClientSession, page: Page, action: str, **fields: str) -> int:
    headers = {"Origin": "http://" + urlsplit(page.address).netloc}
    async with http.post(
        page.address + action, data=fields, headers=headers, allow_redirects=False
    ) as answer:
        return answer.status


def bot_says(services: SimulatedServices, thread: str, text: str, only_for: str | None = None) -> Message:
    slack = services.slack
    message = Message(
        slack.conversations.clock.ts(), slack.general.id, BOT, [{"text": text}], thread_ts=thread
    )
    message.only_for = only_for
    slack.add(message)
    return message


async def test_only_changes_are_sent(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """After the first event one edit is sent as one message; the others are only named."""
    thread = await services.slack.ask(services.slack.people[0], "A question")
    answer = bot_says(services, thread, "first")
    async with http.get(f"{page.address}events?as=Ada&slack={thread}") as stream:
        assert all(drawn for _, drawn in (await event_with(stream, "first"))["logs"]["slack-log"])
        services.slack.change(answer, {"text": "second"})
        event = await event_with(stream, "second")
    assert [drawn is None for _, drawn in event["logs"]["slack-log"]] == [True, False]
    assert "discord-log" not in event["logs"]


async def test_a_private_reply_is_sent_to_its_reader_alone(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """No event for another person contains Ben's private reply."""
    slack = services.slack
    thread = await slack.ask(slack.people[0], "A question")
    bot_says(services, thread, "An answer")
    async with (
        http.get(f"{page.address}events?as=Ada&slack={thread}") as hers,
        http.get(f"{page.address}events?as=Ben&slack={thread}") as his,
    ):
        bot_says(services, thread, "for Ben's eyes", only_for=slack.people[1].id)
        await event_with(his, "for Ben")
        bot_says(services, thread, "for everybody")
        event = await event_with(hers, "for everybody")
    assert "for Ben" not in json.dumps(event)
    assert len(event["logs"]["slack-log"]) == 3


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("say", {}),
        ("say", {"side": "slack", "words": "  "}),
        ("say", {"side": "irc", "words": "hello"}),
        ("press", {}),
        ("press", {"press": "irc|1|2|3"}),
        ("trouble", {"trouble": "earthquake"}),
        ("act", {}),
        ("act", {"target": "slack|1|2"}),
        ("act", {"target": "irc|1|2", "edit": "Save"}),
    ],
)
async def test_invalid_forms_are_refused(
    page: Page, http: aiohttp.ClientSession, action: str, fields: dict[str, str]
) -> None:
    """An invalid form gets status 400."""
    assert await post(http, page, action, **fields) == 400


@pytest.mark.parametrize("value", ["slack|1|2|aion_retry", "discord|1|2|aion:retry:x", "slack"])
async def test_a_press_on_a_removed_button_is_reported(
    page: Page, http: aiohttp.ClientSession, value: str
) -> None:
    """A press on a button that was removed shows a sentence."""
    assert await post(http, page, "press", press=value) == 303
    async with http.get(page.address) as answer:
        assert "no longer there" in await answer.text()


@pytest.mark.parametrize("action", ["edit", "delete", "ask", "stop"])
@pytest.mark.parametrize("key", ["slack", "discord"])
async def test_an_action_on_what_has_gone_is_reported(
    page: Page, http: aiohttp.ClientSession, key: str, action: str
) -> None:
    """The menu of a message that was deleted, and a Stop that is over, show a sentence."""
    assert await post(http, page, "act", target=f"{key}|1|2", **{action: "x"}) == 303
    async with http.get(page.address) as answer:
        assert LEFT in await answer.text()


async def test_the_news_can_be_closed(page: Page, http: aiohttp.ClientSession) -> None:
    """A sentence of the trouble menu goes when its button is pressed, on every page."""
    await post(http, page, "press", press="slack|1|2|3")
    async with http.get(page.address + "events") as stream:
        assert "no longer there" in (await next_event(stream))["pieces"]["news"]
        assert await post(http, page, "close", close="news") == 303
        assert "no longer" not in (await event_with(stream, "news"))["pieces"]["news"]


async def test_a_message_is_edited_and_deleted_by_its_menu(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """The forms of the message menu change what the platform shows."""
    slack = services.slack
    thread = await slack.ask(slack.people[0], "A question")
    target = f"slack|{slack.general.id}|{thread}"
    assert await post(http, page, "act", target=target, edit="Save", words="Another one") == 303
    assert slack.thread(thread)[0].text == "@aion Another one"
    assert await post(http, page, "act", target=target, delete="Delete") == 303
    assert slack.thread(thread) == []


async def test_a_photo_needs_no_words(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """A photo alone is sent."""
    assert await post(http, page, "say", side="slack", photo="1") == 303
    assert len(services.slack.conversations.messages[-1].files) == 1


async def send(http: aiohttp.ClientSession, page: Page, files: list[tuple[str, bytes]], **fields: str) -> int:
    """Send a form with files, as a browser does: one without a name is an empty field."""
    form = aiohttp.FormData(fields, quote_fields=False)  # as browsers write names
    for name, content in files:
        form.add_field("files", content, filename=name, content_type="text/html")
    headers = {"Origin": "http://" + urlsplit(page.address).netloc}
    async with http.post(page.address + "say", data=form, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def test_files_of_the_composer_are_attached(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """Files come as they were chosen, with words or without, on both sides; a folder before a name is left out."""
    slack, discord = services.slack, services.discord
    files = [("../../etc/a <b>.txt", b"first"), ("b.bin", bytes(range(256)))]
    names = [("a <b>.txt", b"first"), ("b.bin", bytes(range(256)))]
    assert await send(http, page, files, side="slack", words="See") == 303
    assert await send(http, page, files, side="discord", words="") == 303
    given = [slack.uploads.given[one["id"]].file for one in slack.conversations.messages[-1].files]
    assert [(one.name, one.content) for one in given] == names
    assert slack.conversations.messages[-1].body["text"].endswith("See")
    attached = discord.world.everything()[-1].contents
    assert [(one.name, one.content) for one in attached] == names


async def test_an_empty_field_for_files_sends_none(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """A browser that chose none sends the words alone; without words there is nothing to send."""
    assert await send(http, page, [("", b"")], side="slack", words="See") == 303
    assert services.slack.conversations.messages[-1].files == ()
    assert await send(http, page, [("", b"")], side="slack", words=" ") == 400


async def test_files_that_are_too_large_are_reported(
    services: SimulatedServices, idle: BotProcess, http: aiohttp.ClientSession
) -> None:
    """A form above the limit is refused with a sentence, and nothing of it is sent."""
    async with Page(services, idle, 0, most=1_000) as page:
        assert await send(http, page, [("a.txt", b"a" * 100_000)], side="slack", words="See") == 303
        async with http.get(page.address) as answer:
            assert TOO_LARGE in await answer.text()
    assert services.slack.conversations.messages == []


async def test_a_command_without_a_bot_is_reported(page: Page, http: aiohttp.ClientSession) -> None:
    """While no bot has registered commands, asking on Discord reports that nobody responds."""
    assert await post(http, page, "say", side="discord", words="Anybody?") == 303
    async with http.get(page.address) as answer:
        assert NO_ANSWER.format("Discord") in await answer.text()


async def test_a_command_is_used_where_it_is_typed(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """What begins with /aion goes to the bot as a command, and no message is written; both sides offer all of them."""
    assert tuple(SUBCOMMANDS) == COMMANDS
    slack, discord = services.slack, services.discord
    discord.world.commands = [
        {"id": "1", "name": "aion", "type": 1, "options": [{"name": "help", "type": 1}]}
    ]
    for side in ("slack", "discord"):
        assert await post(http, page, "say", side=side, words="/aion help") == 303
    assert slack.conversations.messages == []
    assert [one.payload["text"] for one in slack.sockets.deliveries] == ["help"]
    (used,) = discord.world.interactions.values()
    assert used.data["options"][0]["name"] == "help"
    async with http.get(page.address) as answer:
        shown = await answer.text()
    assert shown.count('value="/aion status"') == 2


async def test_a_suggestion_in_a_thread_asks_in_its_channel(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """A suggested question always opens a thread of its own."""
    slack = services.slack
    thread = await slack.ask(slack.people[0], "A question")
    bot_says(services, thread, "An answer")
    await post(http, page, "say", side="slack", words="Another one", slack=thread)
    assert slack.conversations.messages[-1].thread_ts is None


async def test_a_chosen_port_must_be_free(services: SimulatedServices, idle: BotProcess, page: Page) -> None:
    """A port that the user chose raises OSError if it is in use."""
    taken = urlsplit(page.address).port
    with pytest.raises(OSError, match="in use"):
        async with Page(services, idle, taken):
            pass


@pytest.mark.parametrize(
    "sent",
    [
        "GET {path}events?as=Ada HTTP/1.1\r\nHost: {host}\r\n\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
        (
            "POST {path}say HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\nside=sl"
        ),
    ],
    ids=["events", "page", "half a form"],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_a_browser_that_leaves_is_no_error(
    page: Page, services: SimulatedServices, caplog: pytest.LogCaptureFixture, sent: str, reset: bool
) -> None:
    """Requests that a browser gives up, at any moment, leave no trace in the log."""
    where = urlsplit(page.address)
    request = sent.format(path=where.path, host=where.netloc).encode()
    question = await services.slack.ask(services.slack.people[0], "A question")
    for _ in range(10):
        _reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(request)
        if reset:  # closing sends RST
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        await asyncio.sleep(0)
        services.slack.edit(question, "changed")
    async with aiohttp.ClientSession() as http, http.get(page.address) as answer:
        assert answer.status == 200  # all that was sent before has been read
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_private_question_is_typed_as_on_each_platform(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession
) -> None:
    """`/aion ask` on Slack and `private:True` on Discord are commands, which both boxes offer; no message is written."""
    slack, discord = services.slack, services.discord
    discord.world.commands = [{"id": "1", "name": "ask", "type": 1, "options": []}]
    assert await post(http, page, "say", side="slack", words="/aion ask What is damaged?") == 303
    assert await post(http, page, "say", side="discord", words="What is damaged? private:True") == 303
    assert slack.conversations.messages == []
    assert [one.payload["text"] for one in slack.sockets.deliveries] == ["ask What is damaged?"]
    (used,) = discord.world.interactions.values()
    assert {one["name"]: one["value"] for one in used.data["options"]} == {
        "prompt": "What is damaged?",
        "private": True,
    }
    async with http.get(page.address) as answer:
        shown = await answer.text()
    assert 'value="/aion ask "' in shown
    assert 'value="/ask private:True "' in shown
