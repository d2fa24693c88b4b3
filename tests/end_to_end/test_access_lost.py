"""Whoever loses access, or the right to write, after a question: no road leads on from what they asked before."""

from collections.abc import Collection

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import ALLOW_USERS, REACTIONS
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.scene import Emit, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.workspace import Shown, ShownButton, SimulatedPerson
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_private import asked_privately, private, public

pytestmark = pytest.mark.slow

FAILS = Scene((Speak("At work. "), Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})))
FOUND = "I found 3 pieces"


async def use(bot: Bot, person: SimulatedPerson, thread: str) -> list[tuple[str, Shown]]:
    """Let a person have everything that has buttons, in their thread and in private; returns these messages with the threads."""
    await bot.until(lambda: any(one.rates for each in bot.bots(thread) for one in each.buttons))
    bot.aion.play(FAILS)
    failed = await bot.workspace.mention(person, "fails")
    await bot.until(lambda: strings.RETRY in bot.pressable(failed))
    plan = await bot.workspace.ask(person, "Organize the photos of site 7 into folders")
    await bot.card(plan)
    shown = [(one, message) for one in (thread, failed, plan) for message in bot.bots(one) if message.buttons]
    own = await asked_privately(bot, person)
    return [*shown, (bot.workspace.thread_of(own.id), own)]


def told(bot: Bot, person: SimulatedPerson, places: Collection[str]) -> int:
    """How often a person was told that they may not use the bot."""
    found = [one for where in places for one in bot.workspace.private_messages(where, person)]
    every = [*found, *bot.workspace.command_answers(person), *bot.workspace.direct_messages(person)]
    return sum(text.count(strings.NOT_HERE) for text in {one.id: one.text for one in every}.values())


async def press(bot: Bot, person: SimulatedPerson, where: str, message: Shown, button: ShownButton) -> None:
    """Press a button that the person sees."""
    private = message.id in {one.id for one in bot.workspace.direct_messages(person)}
    if private:
        await bot.workspace.press_private(person, message.id, button.id)
    else:
        await bot.workspace.press(person, where, message.id, button.id)


@pytest.mark.parametrize(
    "command", ["", pytest.param("slow", marks=pytest.mark.slow)], ids=["presses", "commands"]
)
async def test_every_road_is_closed_to_who_is_taken_off_the_list(idle: Bot, command: str) -> None:
    """Each button that they see, and each command: a private sentence, and neither Aion nor others hear anything of it."""
    await idle.start()
    thread = await idle.asked(idle.ben, "What is damaged on site 7?", FOUND)
    shown = await use(idle, idle.ben, thread)
    await idle.stop()
    await idle.start(rules=Rules({ALLOW_USERS: Rule(frozenset({idle.ada.id}), "bot.toml, line 3")}))
    places = {where for where, _ in shown}
    before, asked = public(idle), len(idle.aion.requests)
    if command:
        for number, words in enumerate(
            ("new", "close", "rename x", "sessions", "status", "context", "export", "search roof"), 1
        ):
            await idle.workspace.command(idle.ben, words, thread=thread)
            await idle.until(lambda: told(idle, idle.ben, places) >= number)  # noqa: B023  # awaited here
    else:
        pressed = 0  # one more may be told: Discord reads once more what was written around the restart
        for where, message in shown:
            for button in message.buttons:
                pressed += 1
                await press(idle, idle.ben, where, message, button)
                await idle.until(lambda: told(idle, idle.ben, places) >= pressed)  # noqa: B023  # awaited here
        assert pressed >= 8
    assert public(idle) == before
    assert len(idle.aion.requests) == asked


async def test_who_may_not_write_any_more_shares_no_older_answer(idle: Bot) -> None:
    """The bot posts for nobody where they may not write themselves: now, not when they asked."""
    await idle.start()
    shown = await asked_privately(idle, idle.ben)
    button = next(one for one in shown.buttons if one.label == strings.SHARE)
    idle.uses.silence(idle.ben)
    before = public(idle)
    await idle.workspace.press_private(idle.ben, shown.id, button.id)
    await idle.until(lambda: strings.SHARE_MUTED in private(idle, idle.ben))
    assert public(idle) == before


@pytest.mark.slow
async def test_nothing_is_shared_where_the_platform_does_not_say_who_may_write(idle: Bot) -> None:
    """The person is told to try again; what they see stays as it is."""
    await idle.start()
    shown = await asked_privately(idle, idle.ben)
    button = next(one for one in shown.buttons if one.label == strings.SHARE)
    idle.uses.withhold_rights()
    before = public(idle)
    await idle.workspace.press_private(idle.ben, shown.id, button.id)
    await idle.until(lambda: strings.UNCHECKED in private(idle, idle.ben))
    assert public(idle) == before


@pytest.mark.parametrize("silenced", ["muted", "timed_out"])
async def test_who_may_not_write_any_more_changes_no_thread(
    on_discord: Bot, discord: SimulatedDiscord, silenced: str
) -> None:
    """No command or reaction of theirs posts for others; an export for them alone works."""
    bot = on_discord
    await bot.start(rules=Rules({REACTIONS: Rule(True, "bot.toml, line 2")}))  # a value of the file
    thread = await bot.asked(bot.ben, "What is damaged on site 7?", FOUND)
    bot.aion.play(FAILS)
    failed = await bot.workspace.mention(bot.ben, "fails")
    await bot.until(lambda: strings.RETRY in bot.pressable(failed))
    getattr(discord.world, silenced).add(bot.ben.id)
    before, asked = public(bot), bot.aion.count("send_stream")
    for number, words in enumerate(("new", "close", "export"), 1):
        await bot.workspace.command(bot.ben, words, thread=thread)
        await bot.until(lambda: private(bot, bot.ben).count(strings.MUTED_HERE) == number)  # noqa: B023  # awaited here
    await bot.workspace.command(bot.ben, "export json private", thread=thread)
    await bot.until(lambda: any(one.files for one in bot.workspace.command_answers(bot.ben)))
    bot.workspace.react(bot.ben, bot.bots(failed)[-1].id, "🔁")
    await bot.replies_privately(failed, bot.ben, strings.MUTED)
    assert (public(bot), bot.aion.count("send_stream")) == (before, asked)
