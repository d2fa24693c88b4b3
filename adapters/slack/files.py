"""Files in a thread: an upload takes three requests, of which the last one posts.

https://docs.slack.dev/messaging/working-with-files#uploading_files: Slack names an address, takes the bytes there, and
then shares the file in a thread. Its answer does not name the message, so a file is referred to by its own id. Slack
keeps no nonce; the file's name carries it, by which a file of an earlier request, or of an earlier process, is found.
"""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from adapters.slack import errors, ids, strings
from adapters.slack.client import WebApi, field
from adapters.slack.methods import Method
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import PlatformDown, PlatformError, UploadRefused
from aion_bot.ports.messages import Document, MessageRef, ThreadKey

_log = logging.getLogger(__name__)

_KEPT = 1_000
"""Nonces that are remembered; far more than one process has open at a time."""
_CLOCK_SKEW = 300.0
"""Seconds by which Slack's clock may differ from this machine's."""

OwnMessages = Callable[[ThreadKey, float], Awaitable[Sequence[OwnMessage]]]
"""Returns the bot's messages in a thread since a time in seconds since the epoch."""


class Files:
    """Files by one workspace's bot token. Unknown outcomes are known to this process alone."""

    def __init__(self, web: WebApi, own_messages: OwnMessages) -> None:
        self._web = web
        self._own_messages = own_messages
        self._unknown: OrderedDict[str, float] = OrderedDict()

    async def post(self, thread: ThreadKey, document: Document, nonce: str) -> MessageRef:
        """Upload and share; looks in the thread first where the outcome of an earlier request is unknown.

        Takes three requests. Raises UploadRefused where the app or the workspace takes no files.
        """
        if nonce in self._unknown:
            own = await self._own_messages(thread, self._unknown[nonce])
            found = next((one.message for one in own if one.nonce == nonce), None)
            if found is not None:
                self._unknown.pop(nonce, None)
                return found
        place, raw = ids.thread(thread), document.text.encode("utf-8", "replace")
        name, title = file_name(document.name, nonce), document.name
        method = Method.FILES_GET_UPLOAD_URL
        answer = await self._call(method, place.team, filename=name, length=len(raw))
        file = field(answer, "file_id", method)
        await self._web.upload(field(answer, "upload_url", method), raw)
        first_try = nonce not in self._unknown
        # Recorded before the request that posts, because a cancelled task has no later moment.
        self._unknown.setdefault(nonce, time.time() - _CLOCK_SKEW)
        if len(self._unknown) > _KEPT:
            self._unknown.popitem(last=False)
        files = json.dumps([{"id": file, "title": title}])
        where = {"channel_id": place.channel, "thread_ts": place.ts}
        try:
            await self._call(Method.FILES_COMPLETE_UPLOAD, place.team, files=files, **where)
        except PlatformDown:
            raise  # it may have been shared
        except PlatformError:
            # A refusal tells nothing about an earlier request, which may still arrive.
            if first_try:
                self._unknown.pop(nonce, None)
            raise
        self._unknown.pop(nonce, None)
        return ids.message_ref(thread, place.channel, file)

    async def _call(self, method: Method, team: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await self._web.call(method, team, tolerated=errors.NO_UPLOADS, **arguments)
        if error := answer.get("error"):
            _log.warning("upload refused", extra={"reason": str(error)})
            raise UploadRefused(strings.no_upload(str(error)))
        return answer


def file_name(name: str, nonce: str) -> str:
    """Put a nonce into the name of a file, before its ending."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{nonce}.{ending}"


def nonce_of(name: str) -> str | None:
    """Read a nonce from the name of a file of the bot's own."""
    parts = name.rsplit(".", 2)
    return parts[1] if len(parts) == 3 else None
