"""An answer that is too long for messages: twenty of them, then one file, also over failures and restarts."""

import asyncio
import re
import time

import pytest
from structlog.testing import capture_logs

from adapters.discord import strings as discord_strings
from adapters.slack.strings import no_upload
from aion_bot.delivery.executor import Executor
from aion_bot.delivery.steps import Post, PostFile, StartStream
from aion_bot.domain import strings
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Emit,
    Operation,
    Plan,
    Propose,
    Scene,
    Speak,
    spoken,
)
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Failure
from aion_bot.simulators.workspace import Operation as PlatformOperation
from tests.end_to_end.bot import Bot

LONG = "".join(f"Paragraph {number:05d} of a report. {'words ' * 60}\n\n" for number in range(400))

MESSAGES_ON_SLACK, MESSAGES_ON_DISCORD = 12, 20
"""Messages that show the beginning of `LONG`: 40,000 characters fill twelve of Slack's."""

WHOLE = Scene(ENDING, Answer(LONG))
"""The answer in one event."""


def files(bot: Bot, thread: str) -> list[str]:
    """The texts of the files in a thread."""
    return [text for one in bot.bots(thread) for text in one.files.values()]


async def test_a_long_answer_ends_with_a_file(idle: Bot) -> None:
    """Twenty messages, or 40,000 characters, show the beginning, and the last message of the thread is a file with the whole answer."""
    await idle.start()
    idle.aion.play(WHOLE)
    thread = await idle.workspace.mention(idle.ada, "Everything?")
    await idle.until(lambda: len(files(idle, thread)) == 1)
    shown = [one for one in idle.bots(thread) if not one.files]
    assert len(shown) == idle.uses.most_messages
    assert sum(len(one.text) for one in shown) < 41_000
    assert "Paragraph 00000" in shown[0].text
    assert strings.WHOLE_IN_FILE in shown[-1].text
    assert idle.bots(thread)[-1].files
    assert files(idle, thread)[0].strip() == LONG.strip()


@pytest.mark.slow
@pytest.mark.parametrize("paragraphs", [60, 78, 82, 400])
async def test_the_sources_of_a_long_answer_stand_once(idle: Bot, paragraphs: int) -> None:
    """Under the last message, also of twenty full ones; with the whole answer in the file, where there is one."""
    names = [one.id[:8] for one in library.DOCUMENTS]
    cited = (
        f"Paragraph {at} of a report. {'words ' * 60}[[doc:{names[at % len(names)]}]]"
        for at in range(paragraphs)
    )
    data = {"tool_document_data": [one.to_data() for one in library.DOCUMENTS]}
    await idle.start()
    idle.aion.play(Scene(ENDING, Answer("\n\n".join(cited), data)))
    thread = await idle.workspace.mention(idle.ada, "Everything?")

    def lists() -> list[str]:
        messages = idle.bots(thread)
        return [
            text for one in messages for text in (one.text, *one.files.values()) if strings.SOURCES in text
        ]

    await idle.until(lambda: len(lists()) == 1)
    (text,) = lists()
    assert all(text.count(one.filename) == 1 for one in library.DOCUMENTS)
    assert text in (files(idle, thread) or [idle.bots(thread)[-1].text])


async def test_a_lost_upload_is_not_repeated(on_slack: Bot) -> None:
    """After the answer to the request that posts the file was lost, the file is in the thread once."""
    await on_slack.start()
    on_slack.aion.play(WHOLE, spoken("The next."))
    on_slack.workspace.refuse(PlatformOperation.POST_FILE, Failure.LOST)
    thread = await on_slack.workspace.mention(on_slack.ada, "Everything?")
    await on_slack.until(lambda: len(files(on_slack, thread)) == 1)
    await on_slack.workspace.reply(on_slack.ada, thread, "And more?")
    await on_slack.shows(thread, "The next.")
    assert len(files(on_slack, thread)) == 1


async def test_a_missing_scope_is_told(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Where the file is refused the messages stay, and the last one says why there is no more."""
    await on_slack.start()
    on_slack.aion.play(WHOLE)
    slack.fail_next("files.getUploadURLExternal", error="missing_scope")
    with capture_logs() as logs:
        thread = await on_slack.workspace.mention(on_slack.ada, "Everything?")
        await on_slack.shows(thread, strings.ONLY_BEGINNING, no_upload("missing_scope"))
        await on_slack.stop()
    assert len(on_slack.bots(thread)) == MESSAGES_ON_SLACK
    assert [one["event"] for one in logs if one.get("ref") == reference_in(on_slack, thread)] == [
        "file refused"
    ]


async def test_a_missing_permission_is_told(without_files: Bot) -> None:
    """Without Discord's permission Attach Files the twenty messages stay, and the last one says so, with a reference."""
    bot = without_files
    await bot.start()
    bot.aion.play(WHOLE, spoken("The next."))
    with capture_logs() as logs:
        thread = await bot.workspace.mention(bot.ada, "Everything?")
        await bot.shows(thread, strings.ONLY_BEGINNING, discord_strings.NO_ATTACHMENTS)
        await bot.workspace.reply(bot.ada, thread, "And more?")
        await bot.shows(thread, "The next.")
        await bot.stop()
    assert len(bot.bots(thread)) == 21
    assert files(bot, thread) == []
    assert "file refused" in [one["event"] for one in logs if one.get("ref") == reference_in(bot, thread)]


def reference_in(bot: Bot, thread: str) -> str:
    """The one reference that a thread shows."""
    (found,) = re.findall(r"\(ref ([a-z0-9]{6})\)", bot.text(thread))
    return str(found)


PLANS = [Plan(f"Plan {n}", (Operation("A", f"Sort folder {n}"),), "Sorted.") for n in range(2)]
AROUND_CARDS = Scene(
    (
        *(Speak("Lead one."), Propose(PLANS[0]), Speak("\n\nLead two."), Propose(PLANS[1])),
        *(Speak(pieces=("\n\n" + LONG,)), *ENDING),
    ),
    Answer("Lead one.\n\nLead two.\n\n" + LONG),
)


async def after_a_kill(idle: Bot, monkeypatch: pytest.MonkeyPatch, posts: int) -> str | None:
    """Play a long answer with two cards, kill the bot behind so many posts, and let the next process end it.

    Returns the thread; None where the answer needs fewer posts.
    """
    perform, begun, killed = Executor._post, 0, asyncio.Event()

    async def post_and_hang(self: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        nonlocal begun
        begun += 1
        message = await perform(self, step)
        if begun == posts:
            killed.set()
            await asyncio.Event().wait()
        return message

    await idle.start()
    idle.aion.play(AROUND_CARDS, spoken("The next."))
    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", post_and_hang)
        thread = await idle.workspace.mention(idle.ada, "Everything?")
        await idle.until(lambda: killed.is_set() or len(files(idle, thread)) == 1)
        # The last post is the file's: it stands before the process hangs.
        if begun < posts:
            return None
        await killed.wait()
        await idle.aion.until(lambda: idle.aion.streaming == 0)
        await idle.kill()
    await idle.start()
    await idle.workspace.reply(idle.ada, thread, "And more?")
    await idle.shows(thread, "The next.")
    return thread


def check_whole(bot: Bot, thread: str) -> None:
    """Each page stands once, in order, the file behind them, once, and both cards can be pressed."""
    numbers = re.findall(r"Paragraph (\d{5})", bot.text(thread))
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 65
    assert len(files(bot, thread)) == 1
    assert bot.bots(thread)[-2].files
    assert bot.pressable(thread).count("Approve") == 2


@pytest.mark.parametrize("posts", [7, 15])
@pytest.mark.slow
async def test_a_crash_between_cards_keeps_the_order_and_one_file(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, posts: int
) -> None:
    """A long answer with two cards is killed after some posts: the next process shows each page once, in order."""
    thread = await after_a_kill(idle, monkeypatch, posts)
    assert thread is not None
    check_whole(idle, thread)


@pytest.mark.slow
@pytest.mark.parametrize("posts", range(4, 23))
async def test_a_crash_after_any_post_keeps_the_order_and_one_file(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, posts: int
) -> None:
    """Whichever post the kill follows, that of the file included, the answer is whole behind the restart."""
    thread = await after_a_kill(idle, monkeypatch, posts)
    if thread is None:
        assert posts > idle.uses.most_posts
        return
    check_whole(idle, thread)


@pytest.mark.slow
async def test_a_crash_after_the_upload_posts_no_second_file(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed in the moment after the file was posted is followed by one that finds it."""
    perform, posted = Executor._post, asyncio.Event()

    async def post_and_hang(self: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await perform(self, step)
        if isinstance(step, PostFile) and not posted.is_set():
            posted.set()
            await asyncio.Event().wait()
        return message

    monkeypatch.setattr(Executor, "_post", post_and_hang)
    await idle.start()
    idle.aion.play(WHOLE, spoken("The next."))
    thread = await idle.workspace.mention(idle.ada, "Everything?")
    await posted.wait()
    await idle.kill()
    await idle.start()
    await idle.workspace.reply(idle.ada, thread, "And more?")
    await idle.shows(thread, "The next.")
    assert len(files(idle, thread)) == 1


FAILED_AFTER_CARD = Scene(
    (
        *(Speak("Lead one."), Propose(PLANS[0]), Speak("\n\nThen this.")),
        Emit("error", {"message": "It is tired", "code": "AI_ERROR"}),
    )
)
THREE_PAGES = "".join(f"Paragraph {number:05d} of a report. {'words ' * 60}\n\n" for number in range(20))


@pytest.mark.slow
async def test_a_crash_of_a_retry_posts_no_page_twice(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry whose earlier attempt brought a card is killed after it posted a page: the next process finds that page."""
    perform, killed = Executor._post, asyncio.Event()

    async def post_and_hang(self: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await perform(self, step)
        if step.slot == 2:
            killed.set()
            await asyncio.Event().wait()
        return message

    await idle.start()
    idle.aion.play(FAILED_AFTER_CARD, spoken(THREE_PAGES))
    thread = await idle.workspace.mention(idle.ada, "Everything?")
    await idle.until(lambda: "Retry" in idle.pressable(thread))
    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", post_and_hang)
        await idle.press(idle.ada, thread, "Retry")
        await killed.wait()
        await idle.aion.until(lambda: idle.aion.streaming == 0)
        await idle.kill()
    await idle.start()
    await idle.shows(thread, "Paragraph 00019")
    await idle.until(lambda: "Stop" not in idle.pressable(thread))
    numbers = re.findall(r"Paragraph (\d{5})", idle.text(thread))
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 20


@pytest.mark.slow
@pytest.mark.parametrize("limited", [False, True], ids=["without limits", "at the platform's limits"])
async def test_a_megabyte_is_whole_within_a_minute(
    idle: Bot, capsys: pytest.CaptureFixture[str], *, limited: bool
) -> None:
    """An answer of a megabyte that grows is whole in its thread within 60 s, and meanwhile another person is answered.

    The simulators' limits are the documented ones, in real time; Discord documents few, and the others are observed.
    """
    paragraph = "Some *words* of an `answer`, see [page 7](https://x.example/7).\n\n- and an item\n- **another** one\n\n"
    text = paragraph * (990_000 // len(paragraph))
    pieces = tuple(text[at : at + 50_000] for at in range(0, len(text), 50_000))
    idle.aion.play(Scene((Speak(pieces=pieces), *ENDING), Answer(text)), spoken("Meanwhile."))
    if limited:
        idle.limits = {}
        idle.uses.limit()
    await idle.start()
    begun = time.monotonic()
    thread = await idle.workspace.mention(idle.ada, "Everything?")
    # The scenes are played in the order of the questions.
    await idle.aion.until(lambda: idle.aion.bodies("send_stream") != [])
    await idle.asked(idle.ben, "And I?", "Meanwhile.")
    other = time.monotonic() - begun
    assert files(idle, thread) == []
    await idle.until(lambda: len(files(idle, thread)) == 1)
    whole = time.monotonic() - begun
    figures = f"{type(idle.workspace).__name__}, limited {limited}: whole {whole:.1f} s, other {other:.1f} s"
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201  # the figures are the purpose
    assert whole < 60
    assert files(idle, thread)[0].strip() == text.strip()
