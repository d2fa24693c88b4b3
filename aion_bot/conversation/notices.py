"""What stands beside an answer in the bot's own words: which question it answers, what was read, how to go on."""

from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.prompts import also_read
from aion_bot.domain.turn import Turn
from aion_bot.ports.messages import MessageRef
from aion_bot.ports.secrets import KNOWN
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage.turns import Turns


def answered_message(turn: Turn) -> MessageRef | None:
    """Return the message that shows the question, if there is one: a person's own, or what acknowledged a command."""
    return None if turn.origin is None else turn.origin.source or turn.origin.echo


def named(question: str) -> str:
    """Name a question by its first words, without secrets: struck before signs are taken out of it."""
    return strings.about(KNOWN.strike(question))


async def add_notices(view: AnswerView, thread: Thread, turn: Turn, turns: Turns, *, crowded: bool) -> None:
    """Put into the view of a new answer what its question calls for; `crowded`: other questions came between."""
    origin = turn.origin
    if origin is None:
        return
    if crowded and turn.text and (thread.replies is None or answered_message(turn) is None):
        view.notice(named(turn.text))
    # Those that can be read have a line of their own.
    if origin.attachments > len(origin.files):
        view.notice(strings.SOME_FILES if origin.files else strings.NO_FILES)
    if origin.quotes and (read := also_read(origin.quotes)):
        view.notice(read)
    if thread.mentions_only and not origin.place.direct and await turns.is_first(turn):
        view.footnote(strings.GO_ON)
