"""Where the simulated Discord lets a bot read, write and react, and the failures that can be ordered."""

import pytest
from aiohttp import ClientPayloadError, ClientSession

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import Channel, Message
from tests.adapters.discord.caller import Caller
from tests.adapters.discord.conftest import served

CREATE = "POST /channels/{channel_id}/messages"
HOURGLASS = "%E2%8F%B3"


async def _thread(caller: Caller) -> tuple[Channel, Message]:
    """A thread with a message of the bot in it."""
    _, opening = await caller.post({"content": "x"})
    await caller.call("POST", f"/channels/{caller.general}/messages/{opening['id']}/threads", {"name": "x"})
    _, inside = await caller.post({"content": "y"}, channel=opening["id"])
    return caller.discord.world.channel(opening["id"]), caller.discord.world.anywhere(inside["id"])


async def test_reactions(caller: Caller) -> None:
    """A reaction added twice is there once; one that is not there cannot be removed, as in an archived thread."""
    thread, message = await _thread(caller)
    path = f"/channels/{thread.id}/messages/{message.id}/reactions/{HOURGLASS}/@me"
    assert [(await caller.call("PUT", path))[0] for _ in range(2)] == [204, 204]
    assert message.reactions == ["⏳"]
    assert (await caller.call("DELETE", path))[0] == 204
    assert (await caller.call("DELETE", path))[1]["code"] == 10014
    caller.discord.backend.update(thread, {"archived": True})
    assert (await caller.call("PUT", path))[1]["code"] == 50083


async def test_a_locked_thread(caller: Caller) -> None:
    """In a locked thread nothing is posted, and it stays in the archive."""
    thread, _ = await _thread(caller)
    caller.discord.backend.update(thread, {"archived": True, "locked": True})
    assert (await caller.post({"content": "x"}, channel=thread.id))[1]["code"] == 160005
    assert (await caller.call("PATCH", f"/channels/{thread.id}", {"archived": False}))[1]["code"] == 50013


async def test_where_a_bot_may_not_write(caller: Caller) -> None:
    """A channel that may only be read closes its threads too."""
    thread, _ = await _thread(caller)
    caller.discord.world.read_only.add(caller.general)
    for channel in (caller.general, thread.id):
        assert (await caller.post({"content": "x"}, channel=channel))[1]["code"] == 50013
        assert (await caller.call("POST", f"/channels/{channel}/typing"))[1]["code"] == 50013
        assert (await caller.call("GET", f"/channels/{channel}/messages"))[0] == 200


async def test_a_server_without_the_bot(caller: Caller) -> None:
    """Taken out of the server, a bot sees none of its channels, and its direct conversations as before."""
    thread, _ = await _thread(caller)
    caller.discord.backend.remove_bot()
    for channel in (caller.general, thread.id):
        assert (await caller.call("GET", f"/channels/{channel}/messages"))[1]["code"] == 50001
    direct = caller.discord.direct(caller.discord.people[0])
    assert (await caller.post({"content": "x"}, channel=direct))[0] == 200


async def test_a_deleted_thread(caller: Caller) -> None:
    """A deleted thread is unknown."""
    thread, _ = await _thread(caller)
    caller.discord.backend.close_thread(thread)
    assert (await caller.call("GET", f"/channels/{thread.id}"))[1]["code"] == 10003


async def test_listing_hides_what_the_gateway_hides(caller: Caller) -> None:
    """Without the intent a list shows no words of others, and it never shows a nonce; a page has a hundred lines."""
    ada = caller.discord.people[0]
    caller.discord.say(ada, "among us")
    await caller.discord.mention(ada, "for you")
    await caller.post({"content": "mine", "nonce": "n"})
    path = f"/channels/{caller.general}/messages"
    _, listed = await caller.call("GET", path)
    me = f"<@{caller.discord.world.bot.id}>"
    assert [one["content"] for one in listed] == ["mine", f"{me} for you", ""]
    assert [one for one in listed if "nonce" in one] == []
    assert (await caller.call("GET", f"{path}?limit=101"))[1]["code"] == 50035


async def test_listing_with_the_intent() -> None:
    """With the intent a list shows everything."""
    async with served(SimulatedDiscord(message_content=True)) as discord:
        discord.say(discord.people[0], "among us")
        async with ClientSession() as session:
            caller = Caller(discord, session)
            _, listed = await caller.call("GET", f"/channels/{caller.general}/messages")
    assert [one["content"] for one in listed] == ["among us"]


async def test_a_failure_of_whatever_comes(caller: Caller) -> None:
    """A failure may be ordered for any request, and for no route that does not exist."""
    caller.discord.fail_next("*", status=502)
    assert [(await caller.call("GET", "/users/@me"))[0] for _ in range(2)] == [502, 200]
    with pytest.raises(LookupError):
        caller.discord.fail_next("POST /nowhere")
    caller.discord.fail_next("*", status=502)
    caller.discord.server.faults.clear()
    assert (await caller.call("GET", "/users/@me"))[0] == 200


async def test_an_answer_that_is_cut(caller: Caller) -> None:
    """An answer may end in its middle, after what was asked for was done."""
    caller.discord.fail_next(CREATE, cut=True, acted=True)
    with pytest.raises(ClientPayloadError):
        await caller.post({"content": "acted"})
    assert caller.discord.thread(caller.general)[-1].text == "acted"


def test_servers_of_one_shard_are_apart() -> None:
    """Servers that are made in the same millisecond for the same shard have ids of their own, and are that shard's."""
    world = SimulatedDiscord().world
    made = [int(world.new_id_of(number, 4)) for number in (1, 1, 3, 1, 0)]
    assert len({*made, int(world.new_id())}) == 6
    assert [(one >> 22) % 4 for one in made] == [1, 1, 3, 1, 0]
