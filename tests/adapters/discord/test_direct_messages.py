"""Direct messages of people whose private conversation belongs to another bucket than the one that gets the events."""

import json
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from adapters.discord import ids
from adapters.discord.bucket_gateway import CREATED, MISSED
from adapters.discord.buckets import BucketAdapter
from adapters.discord.direct_messages import EVENT, KIND, MOST, NEXT, DirectMessages, nobody_takes
from aion_bot.ports.events import ManageCommand, Prompt, Reaction
from aion_bot.ports.http_requests import HttpRequest
from aion_bot.ports.messages import Action, Button, PrivateAnswer, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord, payloads
from aion_bot.simulators.discord.commands import COMMAND, IN_CHAT
from tests.adapters.discord.replicas import Owners, replica, soon
from tests.support.recording_host import RecordingHost
from tests.support.shared_values import MemoryValues

__all__ = ["soon"]
pytestmark = pytest.mark.usefixtures("soon")


class Deployment:
    """Two buckets that are served, with a host each, and what they share."""

    def __init__(self, discord: SimulatedDiscord) -> None:
        self.discord, self.ada = discord, discord.people[0]
        self.values, self.owners = MemoryValues(), Owners()
        self.hosts = [RecordingHost(), RecordingHost()]
        self.adapters: list[BucketAdapter] = []
        self.takes_reactions = False
        self.site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))

    async def serve(self, stack: AsyncExitStack, bucket: int) -> None:
        """Let a bucket be served until the end of `stack`."""
        serving = replica(
            self.discord, self.hosts[bucket], str(bucket), self.values, owners=self.owners,
            takes_reactions=self.takes_reactions,
        )  # fmt: skip
        self.adapters.append(await stack.enter_async_context(serving))

    async def private_question(self, *, copied: bool = False) -> ThreadKey:
        """Let the second bucket answer a question privately, or post a plan's copy; returns the direct conversation."""
        await self.discord.mention(self.ada, "What is damaged?", self.site)
        prompt = replace(await self.hosts[1].newest(Prompt), private=not copied)
        return await self.adapters[1].open_private(prompt, Reply("What is damaged?"), nonce="q")

    async def press(self, thread: ThreadKey, bucket: int, key: str, *known_to: int) -> None:
        """Press a button that one bucket has posted, with a key that these buckets know."""
        for number, host in enumerate(self.hosts):
            host.unknown = set() if number in known_to else {key}
        buttons = (Button(Action.RETRY, key, "Ask again"),)
        ref = await self.adapters[bucket].post(thread, Reply("Failed", buttons=buttons), nonce=key)
        await self.discord.press(self.ada, thread.id, str(ids.address_of(ref)[1]), f"aion:retry:{key}")


@pytest.fixture
def deployment(discord: SimulatedDiscord) -> Deployment:
    return Deployment(discord)


async def test_a_private_conversation_goes_on_in_its_bucket(deployment: Deployment) -> None:
    """What a person writes, changes, presses and commands in a private conversation reaches the bucket that has it, in order, once."""
    discord, ada, (first, second) = deployment.discord, deployment.ada, deployment.hosts
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        await discord.direct_message(ada, "Before")
        await first.newest(Prompt)
        thread = await deployment.private_question()
        for number in range(3):
            await discord.direct_message(ada, f"And {number}?")
        await second.newest(Prompt, 4)
        assert [one.text for one in second.prompts[1:]] == ["And 0?", "And 1?", "And 2?"]
        assert {(one.thread, one.place.direct) for one in second.prompts[1:]} == {(thread, True)}
        said = str(second.prompts[-1].key).partition(":")[2]
        discord.rewrite(said, "And three?")
        await second.until(lambda: [one.text for one in second.changes] == ["And three?"])
        discord.withdraw(said)
        await second.until(lambda: [one.text for one in second.changes] == ["And three?", None])
        await deployment.press(thread, 1, "turn-1", 1)
        await second.until(lambda: [one.key for one in second.clicks] == ["turn-1"])
        await discord.use(ada, "ask", "By a command", thread.id)
        assert (await second.newest(Prompt, 5)).text == "By a command"
        await discord.direct_message(discord.people[1], "Somebody else")
        await first.newest(Prompt, 2)
    assert [one.text for one in first.prompts] == ["Before", "Somebody else"]
    assert (first.clicks, first.changes) == ([], [])


async def test_a_press_is_of_the_bucket_that_knows_it(deployment: Deployment) -> None:
    """A press reaches the bucket that has recorded its key, whichever one's conversation goes on; one that nobody knows the last."""
    first, second = deployment.hosts
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        thread = await deployment.private_question()
        await deployment.press(thread, 0, "turn-0", 0)
        await first.until(lambda: [one.key for one in first.clicks] == ["turn-0"])
        await DirectMessages(deployment.values, 0, nobody_takes).note(int(thread.id), goes_on=True)
        await deployment.discord.direct_message(deployment.ada, "Here again?")
        await first.newest(Prompt)
        await deployment.press(thread, 1, "turn-1", 1)
        await second.until(lambda: [one.key for one in second.clicks] == ["turn-1"])
        await deployment.press(thread, 1, "turn-2")
        await second.until(lambda: [one.key for one in second.clicks] == ["turn-1", "turn-2"])
    assert [one.text for one in first.prompts] == ["Here again?"]


async def test_a_copied_plan_leaves_the_conversation_where_it_is(deployment: Deployment) -> None:
    """A plan's copy from another bucket is decided there; what its approver writes stays in their own conversation."""
    first, second = deployment.hosts
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        thread = await deployment.private_question(copied=True)
        await deployment.press(thread, 1, "plan-1", 1)
        await second.until(lambda: [one.key for one in second.clicks] == ["plan-1"])
        await deployment.discord.direct_message(deployment.ada, "What is this?")
        await first.newest(Prompt)
    assert len(second.prompts) == 1


async def test_a_late_answer_is_pressed_in_its_bucket(deployment: Deployment) -> None:
    """What answers a command by direct messages, because its interaction has expired, is known to be of its bucket."""
    discord, ada, second = deployment.discord, deployment.ada, deployment.hosts[1]
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        await discord.command(ada, "status", thread=deployment.site)
        used = await second.newest(ManageCommand)
        discord.expire_tokens()
        await deployment.adapters[1].answer_privately(used, PrivateAnswer(Reply("Yours")))
        thread = ids.thread_key(int(discord.direct(ada)))
        await deployment.press(thread, 1, "turn-1", 1)
        await second.until(lambda: [one.key for one in second.clicks] == ["turn-1"])
        await discord.direct_message(ada, "Thank you")
        await deployment.hosts[0].newest(Prompt)


async def test_who_may_not_write_goes_on_in_their_bucket(deployment: Deployment) -> None:
    """Somebody who may not write in a server's channel is answered directly; what they write next reaches the server's bucket."""
    discord, ada, second = deployment.discord, deployment.ada, deployment.hosts[1]
    discord.world.muted.add(ada.id)
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        data = payloads.command(
            discord.world.command("ask", IN_CHAT), "What is damaged?", None, discord.world
        )
        discord.interact(COMMAND, ada, discord.world.channel(deployment.site), data)
        thread = (await second.newest(Prompt)).thread
        assert thread.id == discord.direct(ada)
        await discord.direct_message(ada, "And now?")
        assert (await second.newest(Prompt, 2)).thread == thread


async def test_reactions_are_of_the_bucket_with_the_conversation(deployment: Deployment) -> None:
    """A shortcut on an answer in direct messages reaches the bucket whose conversation it is."""
    discord, ada, second = deployment.discord, deployment.ada, deployment.hosts[1]
    deployment.takes_reactions = True
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        thread = await deployment.private_question()
        shown = await deployment.adapters[1].post(thread, Reply("3 pieces"), nonce="n")
        discord.react(ada, str(ids.address_of(shown)[1]), "🔁")
        reaction = await second.newest(Reaction)
    assert (reaction.action, reaction.message) == (Action.RETRY, shown)


async def test_what_cannot_be_handed_over_is_answered_all_the_same(
    deployment: Deployment, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the other bucket cannot be reached, or the database does not say which one it is, the first bucket takes the question."""
    discord, ada, (first, second) = deployment.discord, deployment.ada, deployment.hosts
    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 0)
        await deployment.serve(stack, 1)
        await deployment.private_question()
        deployment.owners.away = True
        await discord.direct_message(ada, "Anybody?")
        await first.newest(Prompt)
        deployment.owners.away = False
        deployment.values.fail("get", KIND, times=4)
        await discord.direct_message(ada, "And now?")
        await first.newest(Prompt, 2)
    assert len(second.prompts) == 1
    assert [text in caplog.text for text in ("not handed over", "owner of direct messages not known")] == [
        True,
        True,
    ]


async def test_missed_direct_messages_are_handed_over(deployment: Deployment) -> None:
    """What was written while the first bucket had no session is read by it, and reaches the bucket of its conversation."""
    discord, ada, (first, second) = deployment.discord, deployment.ada, deployment.hosts
    async with AsyncExitStack() as stack:
        deployment.adapters.append(BucketAdapter.__new__(BucketAdapter))  # the first one is not served yet
        await deployment.serve(stack, 1)
        thread = await deployment.private_question()
        first.away = time.time()
        await discord.direct_message(ada, "Is anybody there?")
        gone = discord.say(ada, "Never mind", thread.id)
        deployment.adapters.clear()
        await deployment.serve(stack, 0)
        await second.newest(Prompt, 3)
        discord.withdraw(gone.id)
        missed = {"channel_id": thread.id, "id": gone.id}
        request = HttpRequest("POST", "", {EVENT: MISSED, NEXT: ""}, json.dumps(missed).encode())
        assert (await deployment.owners.adapters["1"].take(request)).status == 200
        discord.fail_next("GET /channels/{channel_id}/messages/{message_id}")
        assert (await deployment.owners.adapters["1"].take(request)).status == 503
    assert [one.text for one in second.prompts] == ["What is damaged?", "Is anybody there?", "Never mind"]
    assert first.prompts == []


async def test_what_is_taken(deployment: Deployment) -> None:
    """Without a session nothing can be read, so that it is tried again; what cannot be read at all is not."""

    def request(event: str, body: bytes) -> HttpRequest:
        return HttpRequest("POST", "", {EVENT: event, NEXT: ""}, body)

    async with AsyncExitStack() as stack:
        await deployment.serve(stack, 1)
        adapter = deployment.adapters[0]
        assert (await adapter.take(request(CREATED, b"no JSON"))).status == 400
        assert (await adapter.take(HttpRequest("POST", "", {}, b"{}"))).status == 400
        for event, body in ((CREATED, b"{}"), ("of another kind", b"{}"), (CREATED, b"[]")):
            assert (await adapter.take(request(event, body))).status == 200
    assert (await adapter.take(request(CREATED, b"{}"))).status == 503


async def test_the_buckets_of_a_direct_channel() -> None:
    """The bucket of the newest conversation comes first; so many are known at most; a bot with one bucket writes nothing."""
    values = MemoryValues()
    several = [DirectMessages(values, number, nobody_takes) for number in range(12)]
    await several[0].note(7, goes_on=True)
    assert (await several[0].buckets(7), await several[0].channels()) == ([0], [])
    await several[3].note(7)
    assert await several[0].buckets(7) == [0, 3]
    await several[2].note(7, goes_on=True)
    await several[2].note(7)
    await several[0].note(7)
    assert await several[0].buckets(7) == [2, 0, 3]
    for one in several:
        await one.note(7, goes_on=True)
    assert await several[0].buckets(7) == list(range(11, 11 - MOST, -1))
    assert await several[0].channels() == [7]
