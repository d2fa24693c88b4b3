"""The simulated Discord refuses what Discord refuses, in its words."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType

from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.caller import Caller
from tests.adapters.discord.conftest import served

CREATE = "POST /channels/{channel_id}/messages"
BUTTON = {"type": 2, "style": 1, "label": "x", "custom_id": "x"}


async def test_unknown_things(caller: Caller) -> None:
    """Channels, messages and routes that do not exist are 404s, each with its code."""
    status, answer = await caller.post({"content": "x"}, channel="1")
    assert (status, answer["code"]) == (404, 10003)
    status, answer = await caller.call("PATCH", f"/channels/{caller.general}/messages/1", {"content": "x"})
    assert (status, answer["code"]) == (404, 10008)
    assert (await caller.call("GET", "/nowhere"))[0] == 404
    assert caller.discord.violations == ["no such route: GET /api/v10/nowhere"]


async def test_a_wrong_token(caller: Caller) -> None:
    """A wrong token is a 401."""
    status, answer = await caller.call("GET", "/users/@me", token="wrong")
    assert (status, answer) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_threads(caller: Caller) -> None:
    """A thread has a name of a hundred characters, and a message has one thread, with its id."""
    _, message = await caller.post({"content": "x"})
    path = f"/channels/{caller.general}/messages/{message['id']}/threads"
    assert (await caller.call("POST", path, {"name": "x" * 101}))[1]["code"] == 50035
    status, thread = await caller.call("POST", path, {"name": "x" * 100})
    assert (status, thread["id"], thread["parent_id"]) == (200, message["id"], caller.general)
    assert (await caller.call("POST", path, {"name": "again"}))[1]["code"] == 160004
    renamed = await caller.call("PATCH", f"/channels/{thread['id']}", {"name": "another"})
    assert (renamed[1]["name"], caller.discord.title(thread["id"])) == ("another", "another")
    assert (await caller.call("PATCH", f"/channels/{thread['id']}", {"name": ""}))[1]["code"] == 50035
    odd = {"name": "x", "auto_archive_duration": 61}
    assert (await caller.call("POST", path, odd))[1]["code"] == 50035
    _, inside = await caller.post({"content": "y"}, channel=thread["id"])
    nested = f"/channels/{thread['id']}/messages/{inside['id']}/threads"
    assert (await caller.call("POST", nested, {"name": "in a thread"}))[1]["code"] == 50024


async def test_an_archived_thread(caller: Caller) -> None:
    """In an archived thread nothing is edited; a new message takes it out of the archive."""
    _, message = await caller.post({"content": "x"})
    await caller.call("POST", f"/channels/{caller.general}/messages/{message['id']}/threads", {"name": "x"})
    _, inside = await caller.post({"content": "y"}, channel=message["id"])
    await caller.call("PATCH", f"/channels/{message['id']}", {"archived": True})
    edit = f"/channels/{message['id']}/messages/{inside['id']}"
    assert (await caller.call("PATCH", edit, {"content": "z"}))[1]["code"] == 50083
    await caller.post({"content": "awake"}, channel=message["id"])
    assert (await caller.call("PATCH", edit, {"content": "z"}))[0] == 200


async def test_messages_of_others(caller: Caller) -> None:
    """A bot edits its own messages only."""
    said = caller.discord.say(caller.discord.people[0], "mine")
    status, answer = await caller.call(
        "PATCH", f"/channels/{caller.general}/messages/{said.id}", {"content": "x"}
    )
    assert (status, answer["code"]) == (403, 50005)


async def test_a_nonce_that_is_enforced(caller: Caller) -> None:
    """The same nonce again returns the first message; without enforcement it makes another."""
    _, first = await caller.post({"content": "x", "nonce": "n", "enforce_nonce": True})
    _, again = await caller.post({"content": "y", "nonce": "n", "enforce_nonce": True})
    _, other = await caller.post({"content": "y", "nonce": "n"})
    assert (again["id"], again["content"]) == (first["id"], "x")
    assert other["id"] != first["id"]


async def test_reading_a_channel(caller: Caller) -> None:
    """Messages are listed newest first, after or before one of them, and can be read one by one."""
    ids = [(await caller.post({"content": str(number)}))[1]["id"] for number in range(4)]
    path = f"/channels/{caller.general}/messages"
    listed = [
        (await caller.call("GET", f"{path}?{query}"))[1] for query in (f"after={ids[0]}&limit=2", "limit=1")
    ]
    assert [[one["content"] for one in page] for page in listed] == [["2", "1"], ["3"]]
    assert (await caller.call("GET", f"{path}/{ids[0]}"))[1]["content"] == "0"


async def test_interactions(caller: Caller) -> None:
    """An interaction is answered once, in time; then it has followups, until its token expires."""
    discord = caller.discord
    general = discord.world.named("general")
    interaction = discord.interact(2, discord.people[0], general, {"name": "x", "type": 1})
    callback, webhook = (
        f"/interactions/{interaction.id}/{interaction.token}/callback",
        f"/webhooks/1/{interaction.token}",
    )
    answer = {"type": 4, "data": {"content": "x"}}
    assert (await caller.call("POST", webhook, {"content": "early"}))[1]["code"] == 10015
    assert (await caller.call("POST", callback, answer))[0] == 204
    assert (await caller.call("POST", callback, answer))[1]["code"] == 40060
    assert (await caller.call("POST", webhook, {"content": "more", "flags": 64}))[0] == 200
    assert (await caller.call("PATCH", f"{webhook}/messages/@original", {"content": "changed"}))[0] == 200
    assert [(one.text, one.only_for) for one in discord.thread(general.id)] == [
        ("changed", None),
        ("more", discord.people[0].id),
    ]
    discord.expire_tokens()
    status, told = await caller.call("POST", webhook, {"content": "late"})
    assert (status, told["code"]) == (401, 50027)


async def test_answers_are_changed(caller: Caller) -> None:
    """The first answer to an interaction can be read, changed and removed; a later one changed."""
    discord, general = caller.discord, caller.discord.world.named("general")
    interaction = discord.interact(2, discord.people[0], general, {"name": "x", "type": 1})
    webhook = f"/webhooks/1/{interaction.token}"
    await caller.call("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", {"type": 5})
    _, more = await caller.call("POST", webhook, {"content": "more"})
    await caller.call("PATCH", f"{webhook}/messages/@original", {"content": "first"})
    await caller.call("PATCH", f"{webhook}/messages/{more['id']}", {"content": "second"})
    assert (await caller.call("GET", f"{webhook}/messages/@original"))[1]["content"] == "first"
    assert [one.text for one in discord.thread(general.id)] == ["first", "second"]
    assert (await caller.call("DELETE", f"{webhook}/messages/@original"))[0] == 204
    assert [one.text for one in discord.thread(general.id)] == ["second"]


async def test_what_is_registered(caller: Caller) -> None:
    """Commands are replaced as a whole, can be read, and keep to their form."""
    path = f"/applications/{caller.discord.world.application}/commands"
    commands = [{"name": "ask", "description": "Ask"}, {"name": "Ask Aion", "type": 3}]
    assert (await caller.call("PUT", path, commands))[0] == 200
    assert [one["name"] for one in (await caller.call("GET", path))[1]] == ["ask", "Ask Aion"]
    for wrong in ({"name": "Ask me", "description": "x"}, {"name": "ask"}, {"name": "", "type": 3}):
        assert (await caller.call("PUT", path, [wrong]))[1]["code"] == 50035


async def test_what_nobody_can_do(caller: Caller) -> None:
    """Nobody writes in channels or presses buttons that do not exist, and bots take no direct messages."""
    discord = caller.discord
    with pytest.raises(LookupError):
        discord.say(discord.people[0], "x", "nowhere")
    with pytest.raises(LookupError):
        discord.world.anywhere("1")
    status, answer = await caller.call("POST", "/users/@me/channels", {"recipient_id": discord.world.bot.id})
    assert (status, answer["code"]) == (400, 50033)


async def test_a_late_answer(caller: Caller) -> None:
    """An interaction that was answered too late is unknown."""
    caller.discord.late_acknowledgement = True
    general = caller.discord.world.named("general")
    interaction = caller.discord.interact(2, caller.discord.people[0], general, {"name": "x", "type": 1})
    callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
    status, answer = await caller.call("POST", callback, {"type": 4, "data": {"content": "x"}})
    assert (status, answer["code"]) == (404, 10062)


async def test_ordered_failures(caller: Caller) -> None:
    """A failure is answered as ordered and so often; one that acted first has acted."""
    caller.discord.fail_next(CREATE, status=503, times=2)
    assert [(await caller.post({"content": "x"}))[0] for _ in range(3)] == [503, 503, 200]
    caller.discord.fail_next(CREATE, status=500, acted=True)
    assert (await caller.post({"content": "acted"}))[0] == 500
    assert caller.discord.thread(caller.general)[-1].text == "acted"
    assert caller.discord.server.calls[CREATE] == 4


async def test_an_inspector_that_objects() -> None:
    """What the inspector raises fails the request, and is kept."""

    def object_to(name: str, body: Mapping[str, Any]) -> None:
        raise ValueError(f"{name.split(maxsplit=1)[0]} {body['content']} is not allowed")

    async with served(SimulatedDiscord(object_to)) as discord, ClientSession() as session:
        assert (await Caller(discord, session).post({"content": "x"}))[0] == 400
        assert discord.violations == [f"{CREATE}: POST x is not allowed"]


@pytest.mark.parametrize("message_content", [False, True])
async def test_what_a_bot_may_read(*, message_content: bool) -> None:
    """Without the Message Content intent a bot reads direct messages, mentions and its own words, and no others."""
    discord = SimulatedDiscord(message_content=message_content)
    intents = (1 << 9) | (1 << 12) | (1 << 15 if message_content else 0)
    async with (
        served(discord),
        ClientSession() as session,
        session.ws_connect(discord.gateway.described["url"]) as ws,
    ):
        await ws.send_json({"op": 2, "d": {"token": discord.env["DISCORD_TOKEN"], "intents": intents}})
        await discord.connected()
        ada, me = discord.people[0], discord.world.bot.id
        discord.say(ada, "among us", attachments=("a.png",))
        discord.say(ada, f"<@{me}> for you")
        await discord.direct_message(ada, "private")
        discord.backend.post_as_bot(discord.world.named("general").id, {"content": "my own"})
        events = [await ws.receive_json() for _ in range(6)]
    read = [
        (one["d"]["content"], len(one["d"]["attachments"]))
        for one in events
        if one.get("t") == "MESSAGE_CREATE"
    ]
    hidden = ("among us", 1) if message_content else ("", 0)
    assert read == [hidden, (f"<@{me}> for you", 0), ("private", 0), ("my own", 0)]


@pytest.mark.parametrize(("token", "intents", "code"), [("wrong", 0, 4004), (None, 1 << 15, 4014)])
async def test_who_may_not_identify(caller: Caller, token: str | None, intents: int, code: int) -> None:
    """A wrong token, or an intent that is switched off, closes the gateway with its code."""
    async with ClientSession() as session, session.ws_connect(caller.discord.gateway.described["url"]) as ws:
        data = {"token": token or caller.discord.env["DISCORD_TOKEN"], "intents": intents}
        await ws.send_json({"op": 2, "d": data})
        while (await ws.receive()).type is not WSMsgType.CLOSE:
            pass
        assert ws.close_code == code


async def test_a_button_that_was_never_there(caller: Caller) -> None:
    """People can press only what a message shows or has shown."""
    _, message = await caller.post({"content": "x"})
    with pytest.raises(LookupError):
        await caller.discord.press(caller.discord.people[0], caller.general, message["id"], "x")
