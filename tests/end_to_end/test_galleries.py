"""Pictures that an answer refers to stand in a message under it, on both platforms."""

from aion_bot.domain import strings
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.photos import photo
from aion_bot.simulators.workspace import Shown
from tests.end_to_end.bot import Bot


async def gallery(bot: Bot, thread: str) -> Shown:
    """Wait for the message with pictures."""
    await bot.until(lambda: any(one.pictures for one in bot.bots(thread)))
    (found,) = (one for one in bot.bots(thread) if one.pictures)
    return found


async def test_pictures_stand_under_their_answer(bot: Bot) -> None:
    """The pictures are the last message, in the order of their citations, with titles and alternative texts."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    shown = await gallery(bot, thread)
    wanted = (library.PUMP, library.SCAFFOLD, library.LIFT)
    assert bot.bots(thread)[-1].id == shown.id
    assert [one.name for one in shown.pictures] == [one.filename for one in wanted]
    assert [one.description for one in shown.pictures] == [one.description for one in wanted]
    assert [one.content for one in shown.pictures] == [photo(one.filename) for one in wanted]
    assert all(one.title in shown.text for one in wanted)
    assert [button.label for button in shown.buttons] == [strings.ONLY_THESE, strings.CLOSER]
