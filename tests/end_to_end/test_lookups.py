"""A look-up that fails is tried again, and then told as what it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord import client, membership
from aion_bot.concurrency.backoff import Backoff
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy, Intent, Refusal, decide
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import FullWorkspace
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

INFO = "conversations.info"
MEMBER = "GET /guilds/{guild_id}/members/{user_id}"


@asynccontextmanager
async def running(
    aion: SimulatedAion, workspace: FullWorkspace, folder: Path, **env: str
) -> AsyncIterator[Bot]:
    """A bot on one platform."""
    bot = Bot(aion, workspace, folder)
    await bot.start(**env)
    try:
        yield bot
    finally:
        await bot.stop()


async def test_a_press_on_the_bots_own_card_needs_no_lookup(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """Approve counts while Slack refuses every look-up of the channel, also after a restart."""
    async with running(aion, slack, tmp_path) as bot:
        thread = await bot.asked(bot.ada, "Sort the photos of site 7")
        await bot.card(thread)
    async with running(aion, slack, tmp_path) as bot:
        slack.fail_next(INFO, retry_after=30, times=50)
        await bot.press(bot.ada, thread, "Approve")
        await bot.shows(thread, strings.DONE)
        assert slack.api.calls[INFO] == 0


async def test_a_channel_that_became_shared_is_known_from_its_events(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """A press in a channel of which an event said that it is shared now is refused without a look-up."""
    async with running(aion, slack, tmp_path) as bot:
        thread = await bot.asked(bot.ada, "Sort the photos of site 7")
        await bot.card(thread)
        slack.conversations.add(replace(slack.general, shared=True))
        slack.remark(bot.ben, "Hello, partners!")
        await slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))
        await bot.press(bot.ada, thread, "Approve")
        await bot.replies_privately(thread, bot.ada, strings.SHARED)
        assert slack.api.calls[INFO] == 0


@pytest.mark.parametrize("fault", [{"retry_after": 0.01}, {"status": 503}])
async def test_a_lookup_is_tried_again_for_a_moment(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path, fault: dict[str, float]
) -> None:
    """A shortcut in a channel that Slack does not describe at once is answered all the same."""
    async with running(aion, slack, tmp_path) as bot:
        aion.play(spoken("The answer."))
        said = slack.remark(bot.ben, "The crane looks bent.")
        slack.fail_next(INFO, **fault)
        thread = await slack.ask_about(bot.ada, said)
        await bot.shows(thread, "The answer.")


async def test_a_lookup_that_fails_is_told_as_what_it_is(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """Where Slack keeps refusing the look-up, the person is told that, and not that the channel is shared."""
    async with running(aion, slack, tmp_path) as bot:
        said = slack.remark(bot.ben, "The crane looks bent.")
        slack.fail_next(INFO, retry_after=30, times=9)
        await slack.ask_about(bot.ada, said)
        await bot.until(
            lambda: any(f"{strings.UNCHECKED} (ref " in one.text for one in slack.channel(slack.general))
        )


async def test_a_private_channel_without_the_bot_is_no_shared_one(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """Slack does not know a private channel without the bot; the person reads that the bot cannot write there."""
    async with running(aion, slack, tmp_path) as bot:
        secret = slack.open_channel("secret", kind="group", member=False)
        said = slack.say(bot.ada, secret, "The crane looks bent.")
        await slack.ask_about(bot.ada, said.ts)
        direct = slack.conversations.channels["D0ADA"]
        await bot.until(lambda: len(slack.channel(direct)) == 1)
        assert slack.channel(direct)[0].text.startswith(f"{strings.CANNOT_WRITE} (ref ")


async def test_an_edit_of_a_waiting_question_needs_no_lookup(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that waits is asked with its new words also where Discord did not say who belongs where."""
    monkeypatch.setattr(membership, "LIFETIME", 0.0)
    monkeypatch.setattr(client, "LOOKUP_DELAYS", Backoff(0.01, attempts=1))
    discord.invite("Elsewhere", "hall")
    aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    async with running(aion, discord, tmp_path) as bot:
        thread = await discord.direct_message(bot.ada, "first")
        await bot.until(lambda: bool(bot.bots(thread)))
        waiting = discord.say(bot.ada, "secnd", thread)
        await bot.until(lambda: discord.is_marked(waiting.id))
        discord.fail_next(MEMBER, status=503, times=50)
        discord.rewrite(waiting.id, "second")
        discord.say(bot.ada, "third", thread)  # behind the edit: it is not accepted, and that is told
        await bot.replies_privately(thread, bot.ada, f"{strings.UNCHECKED} (ref ")
        aion.release("go")
        await bot.shows(thread, "The second.")
    assert [body["message"] for body in aion.bodies("send_stream")] == ["first", "second"]


UNCHECKED = Place("T1", "C1", shared=True, checked=False)


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        (AccessPolicy(), Refusal.UNCHECKED),
        (AccessPolicy(allow_channels=frozenset({"C1"})), None),
        (AccessPolicy(allow_users=frozenset({"U2"})), Refusal.SHARED),
    ],
)
def test_what_is_not_known_is_no_permission(policy: AccessPolicy, refusal: Refusal | None) -> None:
    """An unchecked channel is served only if it is listed, and never says more than is known."""
    assert decide(policy, Intent.DECIDE, UNCHECKED, Person("U1")) is refusal
