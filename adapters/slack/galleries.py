"""Galleries: pictures are uploaded first, each by three requests, and then shown by one message.

An image block shows a file that the bot has uploaded, where that is a PNG, a JPEG or a GIF:
https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object. Slack reads a file for a moment after
its upload, and until then refuses the message as it does for a file that it cannot show at all; its answer names the blocks.

A file that no message shows is seen by nobody, but it takes the workspace's storage: it is deleted once its message is
refused for good. What was begun and not completed is no file yet, and Slack offers no request that takes it back. The files of a
process that was killed between an upload and its message stay: nothing tells them from those of another one.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from adapters.slack import ids, rendering, strings
from adapters.slack.client import WebApi
from adapters.slack.errors import PicturesRefused
from adapters.slack.messages import Arguments, Messages
from adapters.slack.methods import Method
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import (
    CannotDraw,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    UploadRefused,
)
from aion_bot.ports.messages import Gallery, MessageRef, Picture, ThreadKey

TYPES = frozenset({"image/png", "image/jpeg", "image/gif"})
"""Types of the pictures that an image block shows."""

READ: Iterable[float] = Backoff(0.5, factor=2.0, attempts=5)
"""Pauses in seconds before pictures that were uploaded are posted again: 7.5 s in all."""

_KEPT = 100
"""Galleries whose files are remembered; far more than one process posts at a time."""

_log = logging.getLogger(__name__)

_Files = dict[str, str]
"""The ids of the files of a gallery by the names of its pictures; "" for one that Slack refused."""


class Galleries:
    """Posts galleries with one workspace's bot token. The files of one that was not posted yet are known to this process alone."""

    def __init__(self, web: WebApi, messages: Messages) -> None:
        self._web = web
        self._messages = messages
        self._files: OrderedDict[str, _Files] = OrderedDict()

    async def post(self, thread: ThreadKey, gallery: Gallery, nonce: str, common: Arguments) -> MessageRef:
        """Post a gallery as the port's `post_gallery`, with the arguments that are `common` to all messages.

        Another attempt with the same nonce uploads only what the earlier ones did not.
        """
        team = ids.thread(thread).team
        files = self._files.setdefault(nonce, {})
        if len(self._files) > _KEPT:
            self._files.popitem(last=False)
        try:
            await self._upload(team, gallery, files)
            message = await self._show(thread, gallery, nonce, files, common)
        except (PlatformDown, RateLimited):
            raise  # another attempt goes on from here
        except PlatformError:
            self._files.pop(nonce, None)
            await self._delete(team, files.values())
            raise
        self._files.pop(nonce, None)
        return message

    async def _upload(self, team: str, gallery: Gallery, files: _Files) -> None:
        """Upload the pictures that Slack does not have yet. Raises UploadRefused where it refuses all of them."""
        missing = [one for one in gallery.pictures if one.name not in files]
        # Each is waited for, so that no upload goes on after a failure.
        found = await asyncio.gather(*(self._keep(team, one) for one in missing), return_exceptions=True)
        failed = [one for one in found if isinstance(one, BaseException)]
        # In place: the dictionary is the one that is kept for the next attempt.
        files |= {one.name: file for one, file in zip(missing, found, strict=True) if isinstance(file, str)}
        if failed:
            raise failed[0]
        if files and not any(files.values()):
            raise UploadRefused

    async def _keep(self, team: str, picture: Picture) -> str:
        """Upload a picture; returns "" where Slack refuses it, which costs no other one."""
        try:
            return await self._messages.files.keep(team, picture)
        except (PlatformDown, RateLimited, TokenRefused):
            raise
        except PlatformError as error:
            _log.warning("picture refused", extra={"reason": repr(error)})
            return ""

    async def _show(
        self, thread: ThreadKey, gallery: Gallery, nonce: str, files: _Files, common: Arguments
    ) -> MessageRef:
        """Post the message of a gallery; a picture that Slack cannot show is named in it."""
        # It ends, as each round has fewer pictures than the one before.
        while True:
            shown = [one for one in gallery.pictures if files[one.name]]
            refused = [one.title for one in gallery.pictures if not files[one.name]]
            note = "\n".join(filter(None, (gallery.note, strings.pictures_refused(refused))))
            arguments = rendering.gallery_arguments(
                replace(gallery, pictures=tuple(shown), note=note), [files[one.name] for one in shown]
            )
            post = partial(self._messages.post, thread, nonce, {**common, **arguments})
            try:
                return await retry(post, backoff=READ, on=CannotDraw)
            except PicturesRefused as error:
                # The images are the first blocks.
                names = [one.name for number, one in enumerate(shown) if number in error.blocks]
                if not names or len(names) == len(shown):
                    raise
                _log.warning("pictures not shown", extra={"pictures": len(names)})
                await self._delete(ids.thread(thread).team, [files[name] for name in names])
                files |= dict.fromkeys(names, "")

    async def _delete(self, team: str, files: Iterable[str]) -> None:
        """Delete files that no message shows, as far as Slack takes that."""
        for file in filter(None, files):
            try:
                await self._web.call(Method.FILES_DELETE, team, file=file)
            except PlatformError as error:
                _log.info("file not deleted", extra={"reason": repr(error)})
