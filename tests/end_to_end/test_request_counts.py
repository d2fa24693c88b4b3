"""Every request to a platform is counted: the metric, the demo's meter and the platform agree to the request."""

import asyncio
import re
import time
from collections import Counter
from itertools import islice

import aiohttp
import pytest

from aion_bot.demo.page import meter
from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation, SimulatedFile
from tests.end_to_end.bot import Bot

QUESTION = "What is damaged on site 7?"
FOUND = "I found 3 pieces"
WORDS = "The hoist stands and has no gate. " * 20
ROOF = SimulatedFile("roof.png", png("roof.png"))
NOTES = SimulatedFile("notes.txt", b"The hoist has no gate.", "text/plain")
COUNTED = re.compile(
    r'^aion_bot_platform_requests_total\{method="([^"]+)".*status="([^"]+)"\} ([\d.]+)$', re.MULTILINE
)
ANY_LIMIT = meter.Limit("", 1, 60.0, by_channel=False, words="")
PATIENCE = 20.0
"""Seconds."""
Requests = Counter[tuple[str, bool]]
"""Requests by method, and by whether they were refused as too many."""


@pytest.fixture
def pictures() -> bool:
    """Answers have pictures to fetch and to upload."""
    return True


def served(bot: Bot, since: int) -> Requests:
    """What the platform served after its first so many requests."""
    log = islice(bot.workspace.log, since, None)
    return Counter((one.name, one.status == meter.REFUSED) for one in log)


async def counted(address: str) -> Requests:
    """What the bot's metric says."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/metrics") as answer:
        found: Requests = Counter()
        for method, status, count in COUNTED.findall(await answer.text()):
            found[method, status == "rate_limited"] += int(float(count))
        return found


async def agree(bot: Bot, address: str, since: int = 0) -> Requests:
    """Wait until the bot and the platform agree, as the answers to the last requests may be on their way; returns the requests."""
    found, wanted = await counted(address), served(bot, since)
    ends = time.monotonic() + PATIENCE
    while found != wanted and time.monotonic() < ends:
        await asyncio.sleep(0.05)  # there is no event for an answer that the bot has read
        found, wanted = await counted(address), served(bot, since)
    assert found == wanted, {"the metric alone": found - wanted, "the platform alone": wanted - found}
    read = meter.read(ANY_LIMIT, bot.workspace.log, 0.0)
    assert read.calls == since + wanted.total()
    assert since or read.refused == sum(wanted[one] for one in wanted if one[1])
    return found


def made(requests: Requests, words: str) -> int:
    """How many of the requests have these words in their name."""
    return sum(requests[one] for one in requests if words in one[0])


async def use_files(bot: Bot) -> None:
    """Files in, pictures out."""
    thread = await bot.workspace.mention(bot.ada, "What is this?", files=[ROOF, NOTES])
    await bot.shows(thread, "I looked at 2 of your files")
    await bot.until(lambda: any(one.pictures for one in bot.bots(thread)))


async def use_commands(bot: Bot) -> None:
    """A command with an answer, and a question with an answer for one person."""
    await bot.workspace.command(bot.ben, "help")
    await bot.until(lambda: bool(bot.workspace.command_answers(bot.ben)))
    await bot.workspace.ask_privately(bot.cy, QUESTION)
    await bot.until(lambda: any(FOUND in one.text for one in bot.workspace.direct_messages(bot.cy)))


async def use_plan(bot: Bot) -> None:
    """A card, and what comes of its approval."""
    plan = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(plan)
    await bot.press(bot.ada, plan, "Approve")
    await bot.until(lambda: not bot.pressable(plan))


async def meet_failures(bot: Bot) -> None:
    """Posts and edits that are refused as too many or fail otherwise."""
    bot.workspace.refuse(Operation.EDIT, Failure.RATE_LIMITED, times=2)
    bot.workspace.refuse(Operation.POST, Failure.RATE_LIMITED)
    bot.workspace.refuse(Operation.EDIT, Failure.DOWN)
    bot.aion.play(spoken(WORDS))
    await bot.asked(bot.ben, "Tell me about site 7", "no gate")


async def ask_directly(bot: Bot) -> None:
    """An answer in a direct message, where Slack has native streams: it begins, grows and ends, each when the last is shown."""
    begin, grow = Hold("grow", pings=True), Hold("end", pings=True)
    bot.aion.play(Scene((Speak("One. "), begin, Speak("Two. "), grow, *ENDING), Answer("One. Two. Three.")))
    thread = await bot.workspace.direct_message(bot.ben, "Tell me about site 7")
    for shown, event in (("One.", "grow"), ("Two.", "end")):
        await bot.shows(thread, shown)
        bot.aion.release(event)
    await bot.shows(thread, "Three.")


async def use_everything(bot: Bot) -> None:
    """One after the other, so that each failure meets the request for which it was ordered."""
    for use in (use_files, use_commands, use_plan, meet_failures, ask_directly):
        await use(bot)


async def break_off(bot: Bot, address: str) -> str:
    """End the process in the middle of an answer; returns its thread."""
    bot.aion.play(Scene((Speak("At work. "), Hold("never", pings=True), *ENDING), Answer("At work. Done.")))
    thread = await bot.asked(bot.ada, QUESTION, "At work.")
    await agree(bot, address)
    await bot.kill()
    return thread


async def use_all(bot: Bot, address: str) -> Requests:
    """Start and use everything; returns the requests, on whose counts all agree."""
    await bot.start(AION_BOT_HTTP_ADDRESS=address)
    await use_everything(bot)
    requests = await agree(bot, address)
    assert any(refused for _, refused in requests)
    return requests


async def go_on(bot: Bot, address: str, thread: str, broken: str) -> Requests:
    """Start again, with a reply in `thread` that nobody received, and the answer that broke off; returns the requests since."""
    await bot.workspace.reply(bot.ada, thread, QUESTION)
    since = len(bot.workspace.log)
    await bot.start(AION_BOT_HTTP_ADDRESS=address)
    await bot.shows(broken, "Done.")
    if not bot.workspace.repeats_events:  # what Slack did not deliver is not read later
        await bot.until(lambda: bot.text(thread).count(FOUND) == 2)
    return await agree(bot, address, since)


@pytest.mark.slow
async def test_each_request_to_slack_is_counted(on_slack: Bot, address: str) -> None:
    """Over uploads, pictures, commands, private answers, plans, refusals and native streams."""
    requests = await use_all(on_slack, address)
    for one in ("chat.startStream", "chat.appendStream", "chat.stopStream", "response_url", "upload_url"):
        assert made(requests, one), requests


@pytest.mark.slow
async def test_each_request_to_discord_is_counted(on_discord: Bot, address: str) -> None:
    """Over uploads, pictures, commands, private answers, plans and refusals."""
    requests = await use_all(on_discord, address)
    for one in ("PATCH /webhooks", "POST /interactions", "GET /attachments", "/threads", "/typing"):
        assert made(requests, one), requests


@pytest.mark.slow
async def test_each_request_of_presses_and_lookups_is_counted(idle: Bot, address: str) -> None:
    """Over an answer that is shared, a closer look, an export, a question about another's message, and a mark of the queue."""
    await idle.start(AION_BOT_HTTP_ADDRESS=address)
    thread = await idle.asked(idle.ada, QUESTION, FOUND)
    await idle.until(lambda: any(one.pictures for one in idle.bots(thread)))
    await idle.press(idle.ada, thread, strings.CLOSER)
    await idle.until(lambda: len([one for one in idle.bots(thread) if one.pictures]) == 2)
    await share(idle)
    remark = idle.workspace.remark(idle.ben, "The pump leaks", files=[ROOF])
    asked = idle.aion.count("send_stream")
    await idle.workspace.ask_about(idle.ada, remark)
    # Before the next scene is queued, which would be its answer.
    await idle.aion.until(lambda: idle.aion.count("send_stream") > asked)
    await idle.workspace.command(idle.ada, "export json private", thread=thread)
    await idle.until(lambda: bool(idle.private_replies(thread, idle.ada)))
    await wait_in_line(idle)
    await agree(idle, address)


async def share(bot: Bot) -> None:
    """Ask privately, and share the answer where all can read it."""
    await use_commands(bot)
    await bot.until(lambda: any(one.buttons for one in bot.workspace.direct_messages(bot.cy)))
    shown = next(one for one in bot.workspace.direct_messages(bot.cy) if one.buttons)
    await bot.workspace.press_private(bot.cy, shown.id, shown.buttons[0].id)
    name = f"@{bot.cy.name}{strings.SHARED_BY}"
    await bot.until(lambda: any(name in one.text for one in bot.workspace.public_messages()))


async def wait_in_line(bot: Bot) -> None:
    """Ask twice in one thread: the second question gets a mark, and loses it."""
    bot.aion.play(Scene((Speak("At work. "), Hold("go", pings=True), *ENDING), Answer("At work. Done.")))
    thread = await bot.asked(bot.ben, "Tell me about site 9", "At work.")
    await bot.workspace.reply(bot.ada, thread, QUESTION)
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, FOUND)
    await bot.until(lambda: bot.queued_marker_count(thread) == 0)


@pytest.mark.slow
async def test_each_request_after_a_restart_is_counted(idle: Bot, address: str) -> None:
    """Over what finishes the answer that broke off, and over what is read of the time between."""
    await idle.start(AION_BOT_HTTP_ADDRESS=address)
    thread = await idle.asked(idle.ada, QUESTION, FOUND)
    broken = await break_off(idle, address)
    requests = await go_on(idle, address, thread, broken)
    assert any(made(requests, one) for one in idle.workspace.requests[Operation.EDIT]), requests
