"""Sharing a private answer: its asker, and nobody else, has question and answer posted where the question was asked, once.

The sources are part of its text; its pictures follow in a message of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from aion_bot.aion import AionvisionError, ChatMessage, MessageRole
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.aion_keys import of_session
from aion_bot.conversation.private_reply import failed, refused
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_history import answer_data
from aion_bot.conversation.shared_pictures import SharedPictures
from aion_bot.delivery.executor import Delivery, adopted
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.access import Intent, Refusal
from aion_bot.domain.prompts import QUESTION_SHOWN, own_words
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Click
from aion_bot.ports.messages import Content, MessageRef, PostedOnce, Reply, ThreadKey
from aion_bot.ports.text import clip
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.screen import Screen
from aion_bot.storage import recorded, retry_write
from aion_bot.storage.shares import Share, SharePhase

_log = structlog.get_logger(__name__)

_MOST_MESSAGES = 1_000
"""Messages of a session in which the answer is looked for, as many as Aion gives: somebody may press an old button."""

_LOOK_AGAIN = Backoff(0.5, attempts=6)
"""For looking at a channel: a message that is there and was not seen would be posted again."""


class _GoneError(Exception):
    """Aion has the answer no more, or not yet."""


@dataclass(frozen=True, slots=True)
class _SharedView:
    """The question, with who shares it, and below it the answer; as for `delivery.view.View`."""

    question: Reply
    answer: AnswerView
    ended: bool = True

    def advance(self) -> bool:
        return self.answer.advance()

    def screen(self) -> Screen:
        return (self.question, *self.answer.screen())

    def shrink(self) -> bool:
        return self.answer.shrink()

    def fall_back(self, error: Exception) -> bool:
        return self.answer.fall_back(error)

    def refuse_file(self, reason: str) -> None:
        self.answer.refuse_file(reason)


async def share(services: Services, thread: Thread, click: Click) -> str:
    """Share the answer that a press names, which may be forged; returns what its person is told. Raises `sqlite3.Error`."""
    turn = await services.store.turns.get(click.key)
    if turn is None or turn.thread != click.thread or turn.origin is None or turn.origin.share_to is None:
        return failed(thread.platform, click, strings.SHARE_GONE)
    if (objection := await _objection(services, thread, click, turn, turn.origin.share_to)) is not None:
        return objection
    # Nothing is awaited between this look and the mark below: of two presses at once one shares.
    if turn.key in services.sharing:
        return strings.SHARING
    services.sharing.add(turn.key)
    try:
        claimed = await services.store.shares.claim(turn.key)
        known = await services.store.shares.of_turn(turn.key)
        if known is None or known.phase is SharePhase.SHARED:
            return strings.SHARED_ALREADY
        # One that was claimed before was given up while the platform was down: what stands of it is looked for.
        told = await _share(services, thread, turn, known, resumed=not claimed)
    finally:
        services.sharing.discard(turn.key)
    return failed(thread.platform, click, told) if told else strings.NOW_SHARED


async def _objection(
    services: Services, thread: Thread, click: Click, turn: Turn, target: ThreadKey
) -> str | None:
    """Return why whoever pressed may not share an answer in the target; None if they may."""
    place = replace(turn.place, private=False, person_workspace=click.place.person_workspace)
    if turn.asker.id == click.person.id:  # whether they may write where they asked may have changed since
        place = await services.access.as_now(target, place, click.person)
    refusal = await services.access.refusal(thread.platform, Intent.SHARE, place, click.person, turn.asker)
    if refusal is Refusal.NOT_THEIRS:  # in these direct messages it was theirs, and whose it was is erased
        return failed(thread.platform, click, strings.SHARE_GONE)
    if refusal is Refusal.MUTED:
        return strings.SHARE_MUTED
    return None if refusal is None else refused(thread.platform, click, refusal)


async def resume_share(services: Services, thread: Thread, turn: Turn, known: Share) -> None:
    """Post the rest of what an earlier process began to share; its person has the messages, and is told nothing."""
    services.sharing.add(turn.key)
    try:
        told = await _share(services, thread, turn, known, resumed=True)
    finally:
        services.sharing.discard(turn.key)
    if told:
        _log.warning("share not finished", turn=turn.key, platform=thread.platform, reason=told)


async def _share(
    services: Services, thread: Thread, turn: Turn, known: Share, *, resumed: bool = False
) -> str:
    """Post question and answer; returns a sentence that says why not, "" where it stands."""
    shares, told = services.store.shares, ""
    try:
        of_its = await of_session(services, turn.session_id)
        view = await _view(of_its, thread, turn)
        target, text = await _post(services, thread, turn, view, known, resumed=resumed)
        await SharedPictures(of_its, target, turn, view.answer).show(text, resumed=resumed)
    except _GoneError:
        told = strings.SHARE_GONE
    except AionvisionError as error:
        told = (
            strings.SHARE_GONE
            if error_messages.session_gone(error)
            else error_messages.sentence(error, retry=False)
        )
    except PlatformDown as error:
        # What may stand is looked for by the next press, or by the next start.
        _log.warning("answer not shared yet", turn=turn.key, platform=thread.platform, reason=repr(error))
        return strings.SHARE_NOT_YET
    except PlatformError as error:
        _log.info("share refused", turn=turn.key, platform=thread.platform, reason=repr(error))
        told = error_messages.not_shown(error)
    # Where it failed and a message of it stands, it counts as shared: a second attempt would post that once more.
    if not told or not await retry_write(lambda: shares.release(turn.key)):
        await recorded(_log, shares.end(turn.key), "share")
    if not told:
        _log.info("private answer shared", turn=turn.key, platform=thread.platform, person=turn.asker.id)
    return told


async def _view(services: Services, thread: Thread, turn: Turn) -> _SharedView:
    """Make what is shown of what Aion has: the row's own words are erased once the answer is shown. Raises as the client does."""
    if not turn.session_id or not turn.answer_id:
        raise _GoneError
    messages = await services.history.messages(turn.session_id, _MOST_MESSAGES)
    place = next((number for number, one in enumerate(messages) if one.id == turn.answer_id), None)
    if place is None:
        raise _GoneError
    answer = AnswerView(thread.page_format, key=turn.key)
    answer.show_stored(messages[place].content, answer_data(messages[place]))
    answer.finish()
    words = clip(own_words(_asked(messages[:place])), QUESTION_SHOWN)
    return _SharedView(Reply(words, byline=(turn.asker, strings.SHARED_BY), plain=True), answer)


def _asked(before: Sequence[ChatMessage]) -> str:
    return next((one.content for one in reversed(before) if one.role is MessageRole.USER), "")


async def _post(
    services: Services, thread: Thread, turn: Turn, view: _SharedView, known: Share, *, resumed: bool
) -> tuple[Thread, tuple[MessageRef, ...]]:
    """Post a view where the question was asked, beside what an earlier process has posted of it; returns where it stands."""
    if turn.origin is None or turn.origin.share_to is None:
        raise _GoneError
    target, shares = services.registry.thread(thread.adapter, turn.origin.share_to), services.store.shares
    name, posted = f"{turn.key}s", tuple(MessageRef(target.key, one) for one in known.posted)
    if resumed:
        posted = await _standing(target, name, posted, known)

    async def note_posted(_: Content | PostedOnce, message: MessageRef) -> None:
        del message
        await recorded(_log, shares.note_posted(turn.key, sync.diff.replies), "share")

    delivery = Delivery(
        name, turn.asker, posted, note_posted, lambda one: shares.note_posting(turn.key, one), resumed=resumed
    )
    sync = services.registry.sync(target, view, delivery)
    await sync.run()
    return target, sync.diff.replies


async def _standing(
    target: Thread, name: str, posted: tuple[MessageRef, ...], known: Share
) -> tuple[MessageRef, ...]:
    """Return the messages that stand, noted or not: by their nonces, or by what they show where the platform forgets nonces."""
    found = await retry(
        target.own_messages,
        backoff=_LOOK_AGAIN,
        on=lambda error: isinstance(error, PlatformDown | RateLimited),
    )
    noted = {one.id for one in posted}
    told = [
        own.message
        for own in reversed(found)
        if own.fingerprint in known.posting and own.message.id not in noted
    ]
    return adopted(name, posted, found, told)
