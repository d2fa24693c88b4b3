"""Files in a thread: those that the bot posts, and those that people attach.

An upload takes three requests, of which the last one posts.

https://docs.slack.dev/messaging/working-with-files#uploading_files: Slack names an address, takes the bytes there, and
then shares the file in a thread. Its answer does not name the message, so a file is referred to by its own id. Slack
keeps no nonce; the file's name carries it, by which a file of an earlier request, or of an earlier process, is found.

A file of somebody's takes two: `files.info` says where its bytes are, which have to be fetched with the bot token. Slack
answers with a page for signing in, and status 200, where it does not accept that. A file of another organisation is a
stub without a name in the event (`file_access`): https://docs.slack.dev/reference/objects/file-object
"""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

import aiohttp

from adapters.slack import errors, ids, strings
from adapters.slack.client import WebApi, field
from adapters.slack.earlier import LOOK_BACK
from adapters.slack.methods import Method
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import (
    FileProblem,
    FileUnavailable,
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    UploadRefused,
)
from aion_bot.ports.files import PIECE, Attachment, whole
from aion_bot.ports.messages import Document, MessageRef, Picture, ThreadKey
from aion_bot.ports.text import clip
from aion_bot.ports.thread_files import ThreadFiles

_log = logging.getLogger(__name__)

_KEPT = 1_000
"""Nonces that are remembered; far more than one process has open at a time."""
_CLOCK_SKEW = 300.0
"""Seconds by which Slack's clock may differ from this machine's."""

_UNAVAILABLE: Mapping[str, FileProblem] = {
    "access_denied": FileProblem.WITHHELD,
    "external": FileProblem.ELSEWHERE,
    "file_not_found": FileProblem.GONE,
    "hidden_by_limit": FileProblem.WITHHELD,
    "list": FileProblem.NO_FILE,
    "post": FileProblem.NO_FILE,
    "quip": FileProblem.NO_FILE,
    "space": FileProblem.NO_FILE,
    "tombstone": FileProblem.GONE,
}
"""What `mode` and `file_access` of a file say about why it has no bytes: a canvas is `quip`, a post `post` or `space`."""
_MADE_BY_SLACK = "application/vnd.slack-"
"""How the types of canvases and lists begin, whose addresses answer with a page."""
_DESCRIPTION = 1_000
"""Characters of the description of an upload (the error `alt_txt_too_large` of `files.getUploadURLExternal`)."""
EVENT_PATIENCE = 0.5
"""Seconds for which an event that should come is waited for before Slack is asked. The question waits, its first sign
does not."""

OwnMessages = Callable[[ThreadKey, float], Awaitable[Sequence[OwnMessage]]]
"""Returns the bot's messages in a thread since a time in seconds since the epoch."""

Replies = Callable[[ThreadKey, ThreadFiles, MessageRef | None, float], Awaitable[None]]
"""Notes the files of a thread's messages for a question, since a time in seconds since the epoch, by one request."""


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
        # `replace`: a lone surrogate, which JSON can bring, has no UTF-8.
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
        # A form holds no lists: Slack takes this one as JSON.
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

    async def keep(self, team: str, picture: Picture) -> str:
        """Upload a picture that no message shows yet, by three requests; returns its id, for an image block.

        Raises UploadRefused where the app or the workspace takes no files.
        """
        method, description = Method.FILES_GET_UPLOAD_URL, clip(picture.description, _DESCRIPTION)
        answer = await self._call(
            method, team, filename=picture.name, length=len(picture.data), alt_txt=description
        )
        file = field(answer, "file_id", method)
        await self._web.upload(field(answer, "upload_url", method), picture.data)
        files = json.dumps([{"id": file, "title": picture.title}])
        await self._call(Method.FILES_COMPLETE_UPLOAD, team, files=files)
        return file

    async def _call(self, method: Method, team: str, **arguments: Any) -> Mapping[str, Any]:
        answer = await self._web.call(method, team, tolerated=errors.NO_UPLOADS, **arguments)
        if error := answer.get("error"):
            _log.warning("upload refused", extra={"reason": str(error)})
            raise UploadRefused(strings.no_upload(str(error)))
        return answer


class AttachedFiles:
    """Files that people attached, read with one workspace's bot token. `seen` is what events told of threads.

    `listening`: events arrive, so that one that is on its way is worth waiting for.
    """

    def __init__(self, web: WebApi, replies: Replies) -> None:
        self.seen = ThreadFiles()
        self.listening = False
        self._web = web
        self._replies = replies

    @asynccontextmanager
    async def open(self, file: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read a file as the port's `open_file`; takes two requests, and one more for each redirect."""
        method, (team, file_id) = Method.FILES_INFO, ids.file(file.id)
        try:
            about = (await self._web.call(method, team, file=file_id)).get("file")
        except MessageGone as error:
            raise FileUnavailable(str(error), FileProblem.GONE) from error
        except Forbidden as error:
            text, permission = str(error), error.permission
            raise FileUnavailable(text, FileProblem.WITHHELD, permission=permission) from error
        if not isinstance(about, Mapping):
            raise errors.not_slack(method)
        kept = "external" if about.get("is_external") else about.get("file_access")
        problem = _UNAVAILABLE.get(str(about.get("mode"))) or _UNAVAILABLE.get(str(kept))
        media_type = str(about.get("mimetype") or "")
        if media_type.startswith(_MADE_BY_SLACK):
            problem = problem or FileProblem.NO_FILE
        address, size = about.get("url_private_download") or about.get("url_private"), about.get("size")
        if problem is not None or not isinstance(address, str):
            raise FileUnavailable(f"{method}: no bytes", problem or FileProblem.WITHHELD)
        async with self._web.download(address) as answer:
            _check_is_file(answer, media_type)
            promised = size if isinstance(size, int) else None
            # aiohttp stops reading from the connection while its buffer of two pieces is full.
            pieces, down = (
                answer.content.iter_chunked(PIECE),
                partial(errors.translate, method=Method.FILES_DOWNLOAD),
            )
            async with aclosing(whole(pieces, promised, errors.FAILURES, down)) as found:
                yield found

    async def recent(self, thread: ThreadKey, before: MessageRef | None) -> Sequence[Attachment]:
        """Return what the port's `recent_files` does, without a request where events told enough.

        A thread that was seen in part is read by one request, `LOOK_BACK` at most. Raises PlatformError where that does not
        tell its newest messages.
        """
        number = None if before is None else ids.number(ids.message(before).ts)
        if number is not None and self.listening:
            # The `message` of an `app_mention` is on its way as a rule: it costs no request, and has the files.
            await self.seen.wait_for(thread, number, timeout=EVENT_PATIENCE)
        found = self.seen.recent(thread, number)
        if found is None:
            asked = time.time() if before is None else float(ids.message(before).ts)
            await self._replies(thread, self.seen, before, asked - LOOK_BACK)
            found = self.seen.recent(thread, number, complete=False)
        return found or ()


def _check_is_file(answer: aiohttp.ClientResponse, media_type: str) -> None:
    """Raise `FileUnavailable` where an answer with status 200 cannot be the file: Slack's page for signing in is HTML."""
    method = Method.FILES_DOWNLOAD
    if answer.content_type == "text/html" and media_type != "text/html":
        raise FileUnavailable(f"{method}: a page instead of the file", FileProblem.WITHHELD)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FileUnavailable(f"{method}: packed, which was not asked for", FileProblem.INCOMPLETE)


def file_name(name: str, nonce: str) -> str:
    """Put a nonce into the name of a file, before its ending."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{nonce}.{ending}"


def nonce_of(name: str) -> str | None:
    """Read a nonce from the name of a file of the bot's own."""
    parts = name.rsplit(".", 2)
    return parts[1] if len(parts) == 3 else None
