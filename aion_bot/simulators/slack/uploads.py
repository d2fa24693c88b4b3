"""Files of a simulated workspace: those that a bot uploads, and those that people attach. No I/O."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.simulators.workspace import ShownPicture, SimulatedFile

_SHOWN = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8")
"""Beginnings of the files that an image block shows."""


@dataclass(slots=True)
class Upload:
    """A file that was announced; `raw` is None until its bytes have come, `shared` says whether a message has it."""

    name: str
    length: int
    raw: bytes | None = None
    shared: bool = False


@dataclass(slots=True)
class Given:
    """A file that a person attached. `deleted`: its bytes are gone."""

    file: SimulatedFile
    deleted: bool = False
    created: int = field(default_factory=lambda: int(time.time()))


class Uploads:
    """Files by their ids, and by the tickets of the addresses that take their bytes once. `given` are those of people."""

    def __init__(self) -> None:
        self.files: dict[str, Upload] = {}
        self.given: dict[str, Given] = {}
        self._tickets: dict[str, str] = {}

    def give(self, file: SimulatedFile) -> str:
        """Keep a file of a person; returns its id."""
        found = f"F0{secrets.token_hex(4).upper()}"
        self.given[found] = Given(file)
        return found

    def announce(self, name: str, length: int) -> tuple[str, str]:
        """Expect a file; returns its id and its ticket."""
        file, ticket = f"F0{secrets.token_hex(4).upper()}", secrets.token_urlsafe(8)
        self.files[file], self._tickets[ticket] = Upload(name, length), file
        return file, ticket

    def receive(self, ticket: str, raw: bytes) -> bool:
        """Take the bytes of a file; False where the ticket was used, or the length is another one."""
        upload = self.files.get(self._tickets.pop(ticket, ""))
        if upload is None or len(raw) != upload.length:
            return False
        upload.raw = raw
        return True

    def has(self, file: str) -> bool:
        """Whether a file was uploaded to its end, so that a block may show it."""
        return file in self.files and self.files[file].raw is not None and self.files[file].shared

    def shows(self, file: str) -> bool:
        """Whether a block may show an uploaded file: only a PNG, a JPEG or a GIF.

        https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object
        """
        return self.has(file) and bytes(self.files[file].raw or b"").startswith(_SHOWN)

    def picture(self, block: Mapping[str, Any]) -> ShownPicture:
        """The picture that an image block shows."""
        upload, title = self.files[block["slack_file"]["id"]], block.get("title") or {}
        return ShownPicture(upload.name, title.get("text", ""), block["alt_text"], upload.raw or b"")

    def text(self, file: str) -> str:
        """The content of a file."""
        return (self.files[file].raw or b"").decode()
