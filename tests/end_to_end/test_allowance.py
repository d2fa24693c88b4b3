"""Nobody can use up everybody: questions an hour, and turns among people when the process is full."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.domain.allowance import UsedUp, Whose
from aion_bot.domain.rule_keys import PER_CHANNEL, PER_PERSON
from aion_bot.domain.rules import Rule, Rules
from aion_bot.runtime import active_turns, promised_places
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import SimulatedPerson
from tests.end_to_end.bot import Bot


def held(number: int) -> Scene:
    """An answer that waits to be released."""
    words = f"Answer {number}."
    return Scene(
        (Speak("At work. "), Hold(str(number), pings=True), Speak(words), *ENDING),
        Answer("At work. " + words),
    )


FAILED = Scene((Emit("error", {"message": "Tired", "code": "SERVER_ERROR"}),))


def limited(key: str, limit: int) -> Rules:
    """Rules with one limit for every place."""
    return Rules(defaults={key: Rule(limit, "test")})


def refused(whose: Whose, limit: int) -> str:
    """The sentence of somebody who is refused just after the question that took the last place."""
    return strings.used_up(UsedUp(whose, limit, 3590.0))


async def test_a_person_beyond_the_limit_is_refused_privately(idle: Bot) -> None:
    """The second of one question an hour gets a private sentence with the wait, nothing in public; others may ask."""
    await idle.start(rules=limited(PER_PERSON, 1))
    idle.aion.play(spoken("The first."), spoken("Ben's."))
    thread = await idle.asked(idle.ada, "What?", "The first.")
    before = len(idle.bots(thread))
    await idle.workspace.reply(idle.ada, thread, "And more?")
    await idle.replies_privately(thread, idle.ada, refused(Whose.PERSON, 1))
    assert len(idle.bots(thread)) == before
    await idle.asked(idle.ben, "What?", "Ben's.")
    assert idle.aion.count("send_stream") == 2


async def test_a_channel_beyond_the_limit_is_refused_over_a_restart(idle: Bot) -> None:
    """A thread counts as its channel, and another process remembers what was asked."""
    await idle.start(rules=limited(PER_CHANNEL, 2))
    idle.aion.play(spoken("The first."), spoken("The second."))
    thread = await idle.asked(idle.ada, "What?", "The first.")
    await idle.workspace.reply(idle.ada, thread, "And more?")
    await idle.shows(thread, "The second.")
    await idle.stop()
    await idle.start(rules=limited(PER_CHANNEL, 2))
    await idle.workspace.reply(idle.ben, thread, "And mine?")
    await idle.replies_privately(thread, idle.ben, refused(Whose.CHANNEL, 2))
    assert idle.aion.count("send_stream") == 2


async def test_a_failed_answer_is_not_charged_and_its_retry_once(idle: Bot) -> None:
    """What Aion failed leaves the place free; the retry takes it, and another retry waits for room."""
    await idle.start(rules=limited(PER_PERSON, 1))
    failed_later = replace(FAILED, steps=(Speak("At work. "), Hold("fail", pings=True), *FAILED.steps))
    idle.aion.play(FAILED, failed_later, spoken("Answered."), spoken("Other."))
    thread = await idle.workspace.ask(idle.ada, "What?")
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.press(idle.ada, thread, "Retry")
    await idle.shows(thread, "At work.")  # the first button is gone by then
    idle.aion.release("fail")
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.asked(idle.ada, "Something else?", "Answered.")
    await idle.press(idle.ada, thread, "Retry")
    await idle.replies_privately(thread, idle.ada, refused(Whose.PERSON, 1))
    assert idle.aion.count("send_stream") == 3


async def test_each_of_many_at_once_is_refused_once(idle: Bot) -> None:
    """Of six mentions at the same moment one is asked, and each other one is refused once, however often it arrives."""
    await idle.start(rules=limited(PER_PERSON, 1))
    idle.aion.play(spoken("The first."))
    with capture_logs() as logs:
        threads = [await idle.workspace.mention(idle.ada, f"Question {n}?") for n in range(6)]

        def told() -> int:
            # On Discord all of them are in one direct conversation.
            return len({one.id for at in threads for one in idle.workspace.private_messages(at, idle.ada)})

        await idle.until(lambda: told() >= 5)
        await idle.until(lambda: any("The first." in idle.text(one) for one in threads))
        await idle.stop()
    assert told() == 5
    assert [one["event"] for one in logs].count("allowance used up") == 5


async def test_a_command_beyond_the_limit_is_not_echoed(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """Discord's /ask is acknowledged in private where the allowance is used up: nobody else sees the refusal."""
    await on_discord.start(rules=limited(PER_PERSON, 1))
    on_discord.aion.play(spoken("The first."))
    await on_discord.asked(on_discord.ada, "What?", "The first.")
    seen = len(list(discord.world.everything()))
    told = await on_discord.workspace.ask(on_discord.ada, "And more?")
    await on_discord.replies_privately(told, on_discord.ada, refused(Whose.PERSON, 1))
    assert [one for one in list(discord.world.everything())[seen:] if one.only_for is None] == []


@pytest.mark.parametrize(("key", "whose"), [(PER_PERSON, Whose.PERSON), (PER_CHANNEL, Whose.CHANNEL)])
async def test_of_two_commands_at_once_the_refused_one_is_not_echoed(
    on_discord: Bot, discord: SimulatedDiscord, key: str, whose: Whose
) -> None:
    """Of two /ask at the same instant one takes the last place before either is repeated in public."""
    await on_discord.start(rules=limited(key, 1))
    on_discord.aion.play(spoken("The first."))
    other = on_discord.ada if whose is Whose.PERSON else on_discord.ben
    asked = [on_discord.workspace.ask(on_discord.ada, "One?"), on_discord.workspace.ask(other, "Two?")]
    told = await asyncio.gather(*asked)
    await on_discord.until(
        lambda: any(refused(whose, 1) in one.content for one in discord.world.everything() if one.only_for)
    )
    await on_discord.until(lambda: any("The first." in on_discord.text(one) for one in told))
    public = [one.content for one in discord.world.everything() if one.only_for is None]
    assert sum("One?" in one or "Two?" in one for one in public) == 1
    assert on_discord.aion.count("send_stream") == 1


async def test_an_acknowledgement_whose_place_is_gone_is_removed(
    on_discord: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a place could not be kept, as while Discord takes long, the refused question does not stay in public."""
    monkeypatch.setattr(promised_places, "_KEPT", 0.0)
    await on_discord.start(rules=limited(PER_PERSON, 1))
    on_discord.aion.play(spoken("The first."))
    asked = [on_discord.workspace.ask(on_discord.ada, question) for question in ("One?", "Two?")]
    await asyncio.gather(*asked)

    def public() -> int:
        said = [one.content for one in discord.world.everything() if one.only_for is None]
        return sum("One?" in one or "Two?" in one for one in said)

    def told() -> bool:
        return any(
            refused(Whose.PERSON, 1) in one.content for one in discord.world.everything() if one.only_for
        )

    await on_discord.until(lambda: told() and public() == 1)


async def test_of_two_commands_at_once_in_a_busy_thread_the_refused_one_is_not_echoed(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """With `AION_BOT_BUSY=reject` a question that was promised its answer makes the thread busy for the next one."""
    await on_discord.start(AION_BOT_BUSY="reject")
    on_discord.aion.play(spoken("The first."), held(2))
    thread = await on_discord.asked(on_discord.ada, "What?", "The first.")
    await asyncio.gather(
        on_discord.workspace.use(on_discord.ada, "ask", "One?", thread),
        on_discord.workspace.use(on_discord.ben, "ask", "Two?", thread),
    )
    await on_discord.until(
        lambda: any(strings.WAIT in one.content for one in discord.world.everything() if one.only_for)
    )
    await on_discord.shows(thread, "At work.")
    public = [one.content for one in discord.world.everything() if one.only_for is None]
    assert sum("One?" in one or "Two?" in one for one in public) == 1
    on_discord.aion.release("2")


async def test_people_take_turns_when_the_process_is_full(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one answer at a time Ben's question is the next although Ada's came before; both are told, and the marks go."""
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    await idle.start()
    idle.aion.play(held(1), spoken("For Ben."), spoken("For Ada."))
    await idle.asked(idle.ada, "first", "At work.")
    second = await idle.workspace.mention(idle.ada, "second")
    await idle.replies_privately(second, idle.ada, strings.answering_others(1, own=True))
    third = await idle.workspace.mention(idle.ben, "third")
    await idle.replies_privately(third, idle.ben, strings.answering_others(1, own=False))
    await idle.until(lambda: idle.queued_marker_count(second) == idle.queued_marker_count(third) == 1)
    idle.aion.release("1")
    await idle.shows(third, "For Ben.")
    await idle.shows(second, "For Ada.")
    await idle.until(lambda: idle.queued_marker_count(second) == idle.queued_marker_count(third) == 0)


async def test_what_waits_for_its_turn_is_asked_after_a_restart(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop does not wait for questions that wait for a slot; the next start asks them."""
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    await idle.start()
    idle.aion.play(held(1), spoken("For Ben."))
    await idle.asked(idle.ada, "first", "At work.")
    thread = await idle.workspace.ask(idle.ben, "second")
    await idle.replies_privately(thread, idle.ben, strings.answering_others(1, own=False))
    await idle.stop()
    assert idle.aion.count("send_stream") == 1
    await idle.start()
    await idle.shows(thread, "For Ben.")
    await idle.until(lambda: idle.queued_marker_count(thread) == 0)


async def test_one_person_cannot_fill_the_process(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the process is half full a person has a share of it, and others can still ask."""
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    monkeypatch.setattr(active_turns, "MOST_IN_PROCESS", 4)
    monkeypatch.setattr(active_turns, "MOST_OF_PERSON", 2)
    await idle.start()
    idle.aion.play(held(1), *(spoken(f"Answer {n}.") for n in range(2, 5)))
    await idle.asked(idle.ada, "first", "At work.")
    await waiting(idle, idle.ada, "second")
    third = await idle.workspace.mention(idle.ada, "third")
    await idle.replies_privately(third, idle.ada, strings.FULL_PERSON)
    await waiting(idle, idle.ben, "fourth")
    await waiting(idle, idle.ben, "fifth")
    sixth = await idle.workspace.mention(idle.cy, "sixth")
    await idle.replies_privately(sixth, idle.cy, strings.FULL_PROCESS)


async def waiting(bot: Bot, person: SimulatedPerson, question: str) -> None:
    """Ask a question, and wait until it is marked as queued."""
    thread = await bot.workspace.mention(person, question)
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)


async def test_a_shortcut_beyond_the_limit_is_refused_privately(idle: Bot) -> None:
    """A shortcut counts like a question, and its refusal is seen by nobody else, nor is the message that it is about."""
    await idle.start(rules=limited(PER_PERSON, 1))
    idle.aion.play(spoken("The first."))
    first = await idle.workspace.ask_about(idle.ada, idle.workspace.remark(idle.ben, "One crane."))
    await idle.shows(first, "The first.")
    second = await idle.workspace.ask_about(idle.ada, idle.workspace.remark(idle.ben, "Two cranes."))
    # Slack shows in the channel itself what answers somebody who reads there.
    await idle.until(lambda: idle.uses.shown_in_general(idle.ada, second) == [refused(Whose.PERSON, 1)])
    assert idle.bots(second) == []
    assert idle.aion.count("send_stream") == 1


async def test_a_retry_by_somebody_else_takes_the_askers_place(idle: Bot) -> None:
    """Ben may have Ada's question asked again while Ada has room; then he is told, privately, whose allowance it is."""
    await idle.start(rules=limited(PER_PERSON, 1), AION_BOT_APPROVERS="anyone")
    idle.aion.play(FAILED, spoken("Ada's next."), spoken("Ben's."))
    thread = await idle.workspace.ask(idle.ada, "What?")
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.asked(idle.ada, "Something else?", "Ada's next.")
    shown = len(idle.bots(thread))
    await idle.press(idle.ben, thread, "Retry")
    await idle.replies_privately(
        thread, idle.ben, strings.used_up(UsedUp(Whose.PERSON, 1, 3590.0), own=False)
    )
    assert len(idle.bots(thread)) == shown
    await idle.asked(idle.ben, "Mine?", "Ben's.")


async def test_a_direct_message_gives_no_second_allowance(idle: Bot) -> None:
    """Whoever has asked in a channel is refused in a direct message as well."""
    await idle.start(rules=limited(PER_PERSON, 1))
    idle.aion.play(spoken("The first."))
    await idle.asked(idle.ada, "What?", "The first.")
    direct = await idle.workspace.direct_message(idle.ada, "And more?")
    await idle.until(
        lambda: any(
            refused(Whose.PERSON, 1) in one.text for one in idle.workspace.thread(direct) if one.by_bot
        )
    )
    assert idle.aion.count("send_stream") == 1
