"""Asking privately: only whoever asks sees question and answer, wherever the bot stops, and may share them."""

from aion_bot.domain import strings
from aion_bot.simulators.workspace import Shown, SimulatedPerson
from tests.end_to_end.bot import Bot

QUESTION = "What is damaged on site 7?"


def read_by(bot: Bot, person: SimulatedPerson) -> str:
    """All that the bot wrote to a person in their direct messages."""
    return "\n".join(one.text for one in bot.workspace.direct_messages(person))


async def answered(bot: Bot, person: SimulatedPerson, *parts: str) -> Shown:
    """Wait until a person's direct messages show every part, and the answer its button; returns its last message."""

    def found() -> list[Shown]:
        shown = [one for one in bot.workspace.direct_messages(person) if strings.SHARE in labels(one)]
        return shown if all(part in read_by(bot, person) for part in parts) else []

    await bot.until(lambda: bool(found()))
    return found()[-1]


def labels(message: Shown) -> list[str]:
    """What the buttons of a message say."""
    return [one.label for one in message.buttons]


async def test_only_the_asker_sees_question_and_answer(bot: Bot) -> None:
    """Both stand in the asker's direct messages, in a session of their own; others see nothing of either."""
    await bot.asked(bot.ben, "Show the damage on site 7", "I found 3 pieces")
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await answered(bot, bot.ada, QUESTION, strings.ASKED_PRIVATELY, "I found 3 pieces")
    assert QUESTION not in public(bot)
    assert public(bot).count("I found 3 pieces") == 1
    assert read_by(bot, bot.ben) == ""
    assert [len(list(one.texts("user"))) for one in bot.aion.sessions] == [1, 1]


async def test_the_asker_shares_an_answer_once(bot: Bot) -> None:
    """Question and answer stand where the question was asked, with who shared them, and ping nobody; a second press says so."""
    await bot.workspace.ask_privately(bot.ada, f"{QUESTION} @everyone <!channel>")
    shown = await answered(bot, bot.ada, "The sign on the fence")
    button = next(one for one in shown.buttons if one.label == strings.SHARE)
    await bot.workspace.press_private(bot.ada, shown.id, button.id)
    await bot.until(
        lambda: "The sign on the fence" in public(bot) and strings.NOW_SHARED in private(bot, bot.ada)
    )
    assert QUESTION in public(bot)
    assert f"@{bot.ada.name}{strings.SHARED_BY}" in public(bot)
    pinged = {who for one in bot.workspace.public_messages() if one.by_bot for who in one.pings}
    assert pinged <= {bot.ada.id}  # whoever shares it is named
    before = public(bot)
    await bot.workspace.press_private(bot.ada, shown.id, button.id)
    await bot.until(lambda: strings.SHARED_ALREADY in private(bot, bot.ada))
    assert public(bot) == before


def public(bot: Bot) -> str:
    """All that anybody can read outside of direct messages."""
    return "\n".join(one.text for one in bot.workspace.public_messages())


def private(bot: Bot, person: SimulatedPerson) -> str:
    """All that a person alone reads of the bot."""
    shown = [*bot.workspace.command_answers(person), *bot.workspace.direct_messages(person)]
    return "\n".join(one.text for one in shown)
