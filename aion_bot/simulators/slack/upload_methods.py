"""The methods of files: https://docs.slack.dev/messaging/working-with-files. No I/O."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from aion_bot.simulators.slack import payloads
from aion_bot.simulators.slack.backend import Answer, Arguments, Backend, Refused, writable
from aion_bot.simulators.slack.state import Message
from aion_bot.simulators.slack.uploads import Uploads
from aion_bot.simulators.workspace import SimulatedFile


class Files(Protocol):
    """Where the files are that people attach."""

    uploads: Uploads

    def file_address(self, file: str) -> str:
        """The address of the bytes of a file that a person attached."""


def get_upload_url(backend: Backend, arguments: Arguments) -> Answer:
    """`files.getUploadURLExternal`."""
    name, length = arguments.get("filename"), str(arguments.get("length", ""))
    if not name or not length.isdecimal() or int(length) == 0:
        raise Refused("invalid_arguments")
    if len(str(arguments.get("alt_txt", ""))) > 1_000:
        raise Refused("alt_txt_too_large")
    file, ticket = backend.uploads.announce(str(name), int(length))
    return {"upload_url": backend.upload_address(ticket), "file_id": file}


def complete(backend: Backend, arguments: Arguments) -> Answer:
    """`files.completeUploadExternal`: share files that were uploaded in one message."""
    files = _files(arguments)
    for file in files:
        upload = backend.uploads.files.get(str(file.get("id")))
        if upload is None or upload.raw is None or upload.shared:
            raise Refused("file_not_found")
    if arguments.get("channel_id"):
        channel = writable(backend, {"channel": arguments["channel_id"]})
        thread = arguments.get("thread_ts")
        if thread and backend.conversations.find(channel.id, str(thread)) is None:
            raise Refused("thread_not_found")
        shown = tuple(_record(backend, file) for file in files)
        text = str(arguments.get("initial_comment") or "")
        message = Message(
            backend.conversations.clock.ts(),
            channel.id,
            backend.conversations.team.bot,
            [{"text": text}],
            thread_ts=str(thread),
            files=shown,
            home=backend.conversations.team,
        )
        backend.add(message)
    for file in files:
        backend.uploads.files[str(file["id"])].shared = True
    return {"files": [{"id": file["id"], "title": file.get("title", "")} for file in files]}


def delete(backend: Backend, arguments: Arguments) -> Answer:
    """`files.delete`: the message that shares it goes with it."""
    file = str(arguments.get("file"))
    if backend.uploads.files.pop(file, None) is None:
        raise Refused("file_not_found")
    for message in list(backend.conversations.messages):
        if any(one["id"] == file for one in message.files):
            backend.delete(message)
    return {}


def attach(backend: Files, message: Message, files: Iterable[SimulatedFile], *, stubs: bool) -> None:
    """Attach files of a person to a message, as events show them."""
    given = {backend.uploads.give(file): file for file in files}
    message.files = tuple(
        payloads.attached(one, backend.uploads.given[one], backend.file_address(one), stub=stubs)
        for one in given
    )


def remove(backend: Files, message: Message) -> None:
    """Delete the files of a message, which stays: it shows where they were."""
    given = {one["id"]: backend.uploads.given[one["id"]] for one in message.files}
    for one in given.values():
        one.deleted = True
    message.files = tuple(payloads.attached(file, one, "") for file, one in given.items())


def info(backend: Backend, arguments: Arguments) -> Answer:
    """`files.info`: https://docs.slack.dev/reference/methods/files.info."""
    file = str(arguments.get("file"))
    given = backend.uploads.given.get(file)
    if given is None:
        raise Refused("file_not_found")
    if given.deleted:
        raise Refused("file_deleted")
    return {"file": payloads.attached(file, given, backend.file_address(file)), "comments": []}


def _files(arguments: Arguments) -> list[Mapping[str, Any]]:
    given = arguments.get("files")
    files = json.loads(given) if isinstance(given, str) else given
    if not isinstance(files, list) or not files or not all(isinstance(one, dict) for one in files):
        raise Refused("invalid_arguments")
    return files


def _record(backend: Backend, file: Mapping[str, Any]) -> Mapping[str, Any]:
    upload = backend.uploads.files[str(file["id"])]
    return {
        "id": file["id"],
        "name": upload.name,
        "title": file.get("title", upload.name),
        "mimetype": "text/markdown",
        "filetype": "markdown",
        "size": upload.length,
        "user": backend.conversations.team.bot.id,
    }
