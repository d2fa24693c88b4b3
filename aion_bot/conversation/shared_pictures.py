"""The pictures of a private answer that is shared: in one message below its text, where the question was asked."""

from dataclasses import dataclass

import structlog

from aion_bot.conversation.gallery import is_posted_below, referred_to
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.messages import MessageRef
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.time_limit import where

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SharedPictures:
    """Posts the pictures of `answer`, which is the turn's and stands in `target`; `services` are those of its session."""

    services: Services
    target: Thread
    turn: Turn
    answer: AnswerView

    async def show(self, text: tuple[MessageRef, ...], *, resumed: bool) -> None:
        """Post the pictures below the messages of the `text`. `resumed`: an earlier process may have posted them.

        Raises `PlatformDown`; then they may be posted later. Whatever else hinders them, the text stands without.
        """
        try:
            await self._show(text, resumed=resumed)
        except PlatformDown:
            raise
        except Exception as error:  # noqa: BLE001  # the text stands, whatever hinders its pictures
            _log.warning("pictures not shown", owner=self.turn.key, reason=where(error))

    async def _show(self, text: tuple[MessageRef, ...], *, resumed: bool) -> None:
        fetching, galleries = self.services.pictures, self.target.galleries
        if fetching is None or galleries is None or self.answer.trouble:
            return
        if not (found := referred_to(self.answer.sources, self.answer.facts.metadata)):
            return
        # No buttons: they ask the question once more, in the private session.
        gallery = await fetching.gallery(self.turn.key, found, types=galleries.picture_types)
        name = f"{self.turn.key}sg"
        if resumed and await is_posted_below(self.target, name, text, gallery):
            return
        delivery = Delivery(name, self.turn.asker, resumed=resumed)
        await self.services.registry.sync(self.target, OneMessage(gallery), delivery).run()
