"""Why a session takes no more questions, so that a new one takes its place."""

from aion_bot.aion import AionvisionError, ChatError, QuotaExceededError, ValidationError
from aion_bot.conversation.footer import no_room
from aion_bot.conversation.services import Services
from aion_bot.domain import error_messages, strings


class SessionGoneError(Exception):
    """A stream itself said that its session does not exist any more."""


async def why_replaced(services: Services, session: str, error: AionvisionError | None = None) -> str | None:
    """Return the sentence with which a new session takes the place of one that refused a question.

    None where the session is not the trouble. Aion documents no error for one that has run out: where the question was refused for
    what may be that, or the month's allowance, the session says what it has left. `error` is None where a stream said that the
    session is gone.
    """
    gone = error is None or error_messages.session_gone(error)
    refused = isinstance(error, ValidationError | QuotaExceededError | ChatError) and not error.maybe_acted
    if not (gone or refused):
        return None
    try:
        found = (await services.aion.chats.get_session(session, include_messages=False)).session
    except AionvisionError:  # the first error is told, or the session is gone
        found = None
    if found is not None and no_room(found.remaining_messages, found.remaining_tokens):
        return strings.SESSION_RAN_OUT
    return strings.NEW_SESSION if gone else None
