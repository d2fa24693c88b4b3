"""The two small buttons under a finished answer, and what a press on one does."""

from aion_bot.conversation.private_reply import failed
from aion_bot.conversation.services import Services
from aion_bot.domain import strings
from aion_bot.domain.turn import EndReason, Outcome, Turn
from aion_bot.ports.events import Click
from aion_bot.ports.messages import Action, Button


def buttons_below(services: Services, turn: Turn, outcome: Outcome) -> tuple[Button, ...]:
    """Return the buttons under an answer that has ended whole: those that rate, unless ratings are off or the place is not known.

    A private one has one more, which shares it.
    """
    if outcome.reason is not EndReason.ANSWERED or turn.origin is None:
        return ()
    sharing = (Button(Action.SHARE, turn.key, strings.SHARE),) if turn.origin.share_to else ()
    if not services.access.rules.asks_for_ratings(turn.origin.place):
        return sharing
    return *sharing, Button(Action.GOOD, turn.key, strings.GOOD), Button(Action.BAD, turn.key, strings.BAD)


async def rate(services: Services, click: Click) -> str:
    """Record a press, and return what to tell whoever pressed. Raises `sqlite3.Error`."""
    turn = await services.store.turns.get(click.key)
    if turn is None or turn.thread != click.thread:
        return failed(click.thread.platform, click, strings.RATING_GONE)
    before = await services.store.ratings.rate(turn.key, click.person, click.action)
    if before is None:
        return failed(click.thread.platform, click, strings.RATING_GONE)
    return strings.RATED_AGAIN if before else strings.RATED
