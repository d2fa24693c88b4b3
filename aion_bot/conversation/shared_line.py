"""One message in a channel that says how many questions wait there, where no sign of their own has room.

It is edited where the limits leave room: the answers that run come first. It is removed until it is gone.
"""

import secrets

import structlog

from aion_bot.conversation.removal import until_gone
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, PlatformError
from aion_bot.ports.messages import Reply
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store, recorded
from aion_bot.storage.shared_lines import LeftLine

_log = structlog.get_logger(__name__)


class SharedLine:
    """The line of one channel, which `thread` is. Its methods are awaited one after the other.

    `left` is one that an earlier process has posted, or has begun to.
    """

    def __init__(self, store: Store, thread: Thread, left: LeftLine | None = None) -> None:
        self._lines, self._thread = store.shared_lines, thread
        self._nonce = f"line{secrets.token_hex(8)}" if left is None else left.nonce
        self._message = None if left is None else left.message
        self._posting = left is not None
        """Whether a row says that there is, or may be, a message."""
        self._shown = 0
        self._removal: SharedLimits = ()
        """The reservation for its deletion, which answers that are replaced at their ends would take."""

    async def post(self, count: int) -> bool:
        """Post it before every post of an answer; returns whether it stands."""
        # Before the post: after a crash the row says that it may be there.
        if not await recorded(_log, self._lines.note_posting(self._nonce, self._thread.key), "line"):
            return False
        self._posting = True
        self._removal = self._thread.limiter.reserve(Operation.DELETE, self._thread.key)
        try:
            async with self._thread.limiter.permit(Operation.POST, self._thread.key, Priority.FINAL):
                content = Reply("", strings.also_waiting(count))
                self._message = await self._thread.adapter.post(self._thread.key, content, nonce=self._nonce)
        except PlatformError as error:
            _log.info("shared line not posted", platform=self._thread.platform, reason=repr(error))
            if not isinstance(error, PlatformDown):  # whose outcome is unknown
                await self._gone()
            return False
        self._shown = count
        await recorded(_log, self._lines.note_standing(self._nonce, self._message), "line")
        return True

    async def show(self, count: int) -> bool:
        """Say that so many wait now, if the limits leave room; returns whether it may still stand."""
        if count == self._shown or self._message is None:
            return True
        try:
            async with self._thread.limiter.permit(
                Operation.EDIT, self._thread.key, Priority.BEST_EFFORT
            ) as allowed:
                if allowed:
                    await self._thread.adapter.edit(self._message, Reply("", strings.also_waiting(count)))
                    self._shown = count
        except PlatformError as error:
            _log.info("shared line not edited", platform=self._thread.platform, reason=repr(error))
            return not isinstance(error, MessageGone)
        return True

    async def remove(self) -> None:
        """Remove it, again and again for a day if need be; what stands then is left to the next process."""
        if not self._posting:
            return
        try:
            await until_gone(self._remove)
        except (Forbidden, MessageGone):
            pass  # nothing that a later attempt would change
        except PlatformError as error:
            _log.info("shared line not removed", platform=self._thread.platform, reason=repr(error))
            self._release()
            return
        await self._gone()

    async def _remove(self) -> None:
        if self._message is None:  # its post was not answered, or not recorded
            found = await self._thread.own_messages()
            self._message = next((one.message for one in found if one.nonce == self._nonce), None)
        if self._message is not None:
            await self._thread.delete(self._message)

    def _release(self) -> None:
        self._thread.limiter.release(self._removal)
        self._removal = ()

    async def _gone(self) -> None:
        self._posting = False
        self._release()
        await recorded(_log, self._lines.note_gone(self._nonce), "line")
