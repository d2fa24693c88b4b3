"""What a press on one of the two small buttons under a finished answer does, and why somebody rates an answer as a bad one."""

from aion_bot.conversation.forms import unwritten
from aion_bot.conversation.private_reply import failed
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.prompts import readable
from aion_bot.ports.capabilities import PrivateAnswers
from aion_bot.ports.events import Click
from aion_bot.ports.forms import MOST_WORDS, OpensForms
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.ports.secrets import KNOWN


async def rate(services: Services, thread: Thread, click: Click) -> str | Reply:
    """Record a press, and return what to tell whoever pressed; a bad rating can be explained. Raises `sqlite3.Error`."""
    if click.action is Action.WHY:
        return await _explain(services, click)
    turn = await services.store.turns.get(click.key)
    if turn is None or turn.thread != click.thread:
        return failed(click.thread.platform, click, strings.RATING_GONE)
    before = await services.store.ratings.rate(turn.key, click.person, click.action)
    if before is None:
        return failed(click.thread.platform, click, strings.RATING_GONE)
    told, adapter = strings.RATED_AGAIN if before else strings.RATED, thread.adapter
    explains = isinstance(adapter, OpensForms) and isinstance(adapter, PrivateAnswers)
    if click.action is Action.GOOD or not explains:
        return told
    return Reply(told, buttons=(Button(Action.WHY, turn.key, strings.WHY),))


async def _explain(services: Services, click: Click) -> str:
    """Keep the words of a form with the rating of whoever wrote them. The press may be in another place than the answer."""
    words, ratings = KNOWN.strike(readable(click.words[:MOST_WORDS])), services.store.ratings
    if words and await ratings.explain(click.key, click.person, words):
        return strings.WHY_NOTED
    if not words and await ratings.is_bad(click.key, click.person):
        return unwritten(click)
    return strings.NOTHING_TO_EXPLAIN
