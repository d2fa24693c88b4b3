"""The message that shows how many questions are ahead of one that waits, with the button that takes it back.

It is posted and edited where the limits leave room: the answers that run come first. It is removed until it is gone.
"""

import structlog

from aion_bot.conversation.removal import until_gone
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn, waiting_key
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import Action, Button, MessageRef, Reply, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store, recorded

_log = structlog.get_logger(__name__)

MOST_COUNTED = 5
"""Questions ahead that are counted: beyond, the sign says that there are more. So a move of a long queue edits few signs."""


def place_of_sign(thread: Thread, turn: Turn) -> ThreadKey | None:
    """Return where the sign of a question may stand; None where it has none, as where another process may answer it.

    It is its thread, or, until that is opened, the place where it was asked. The thread of a private question exists once
    it was opened, which moved the turn there; its person alone reads it.
    """
    origin = turn.origin
    if thread.claims is not None and thread.claims.contested:
        return None
    moved = origin is not None and origin.private and turn.thread != origin.thread
    return turn.thread if moved or origin is None or origin.opening is None else origin.in_place


def sign_of(turn: Turn, ahead: int) -> Reply:
    """Return what it shows; `ahead` counts the questions that are answered before."""
    button = Button(Action.WITHDRAW, waiting_key(turn.key), strings.WITHDRAW)
    return Reply("", strings.ahead(ahead, MOST_COUNTED), buttons=(button,))


class WaitingSign:
    """The sign of one question, in `thread`. Its methods are awaited one after the other.

    `message` is the one that an earlier process posted. `shown` is the number that it shows, None while it shows none;
    `refused`: the platform takes none, or somebody has removed it.
    """

    def __init__(self, store: Store, thread: Thread, turn: Turn, message: MessageRef | None = None) -> None:
        self._signs, self._thread, self._turn = store.waiting_signs, thread, turn
        self._message = message
        self._posting = message is not None
        """Whether a row says that there is, or may be, a message."""
        self.shown: int | None = None
        self.refused = False

    @property
    def stands(self) -> bool:
        """Whether people see it."""
        return self._message is not None and self.shown is not None

    @property
    def _nonce(self) -> str:
        return f"{self._turn.name}q"

    async def show(self, ahead: int, *, insist: bool = False) -> None:
        """Show a number, if the limits leave room now; `insist`: wait until they do. What fails is left to the next call."""
        if min(ahead, MOST_COUNTED + 1) == self.shown:
            return
        operation = Operation.POST if self._message is None else Operation.EDIT
        priority = Priority.PREVIEW if insist else Priority.BEST_EFFORT
        try:
            async with self._thread.limiter.permit(operation, self._thread.key, priority) as allowed:
                if allowed:
                    await self._perform(sign_of(self._turn, ahead))
                    self.shown = min(ahead, MOST_COUNTED + 1)
        except (RateLimited, PlatformDown) as error:
            _log.info("waiting sign not shown", platform=self._thread.platform, reason=repr(error))
        except PlatformError as error:
            _log.info("waiting sign refused", platform=self._thread.platform, reason=repr(error))
            self.refused = True
            if self._message is None and self._posting:  # an unknown outcome is another error
                self._posting = False
                await recorded(_log, self._signs.note_gone(self._turn.key), "sign")

    async def _perform(self, content: Reply) -> None:
        if self._message is not None:
            await self._thread.adapter.edit(self._message, content)
            return
        # Before the post: after a crash the row says that it may be there.
        if not self._posting and not await recorded(_log, self._signs.note_posting(self._turn.key), "sign"):
            self.refused = True
            return
        self._posting = True
        self._message = await self._post(content)
        await recorded(_log, self._signs.note_standing(self._turn.key, self._message), "sign")

    async def _post(self, content: Reply) -> MessageRef:
        thread, origin = self._thread, self._turn.origin
        asked = None if origin is None else origin.source or origin.echo
        if thread.replies is not None and asked is not None:
            return await thread.replies.post_reply(thread.key, content, to=asked, nonce=self._nonce)
        return await thread.adapter.post(thread.key, content, nonce=self._nonce)

    async def find(self) -> bool:
        """Look for a message whose post was not answered, or not recorded; False where that cannot be told."""
        if self._message is not None:
            return True
        self._posting, key = True, waiting_key(self._turn.key)
        try:
            found = await until_gone(self._thread.own_messages)
        except PlatformError as error:
            _log.info("waiting sign not found", platform=self._thread.platform, reason=repr(error))
            return False
        signs = (one.message for one in found if key in one.keys or one.nonce == self._nonce)
        self._message = next(signs, None)
        if self._message is not None:
            await recorded(_log, self._signs.note_standing(self._turn.key, self._message), "sign")
        return True

    async def remove(self) -> None:
        """Remove it, again and again for a day if need be; what stands then is left to the next process."""
        self.shown = None
        if not self._posting or not await self.find():
            return
        message = self._message
        try:
            if message is not None:
                await until_gone(lambda: self._thread.delete(message))
        except (Forbidden, MessageGone):
            pass  # nothing that a later attempt would change
        except PlatformError as error:
            _log.info("waiting sign not removed", platform=self._thread.platform, reason=repr(error))
            return
        self._message, self._posting = None, False
        await recorded(_log, self._signs.note_gone(self._turn.key), "sign")
