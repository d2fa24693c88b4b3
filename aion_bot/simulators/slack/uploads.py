"""Files that a bot uploads to a simulated workspace. No I/O."""

import secrets
from dataclasses import dataclass


@dataclass(slots=True)
class Upload:
    """A file that was announced; `raw` is None until its bytes have come, `shared` says whether a message has it."""

    name: str
    length: int
    raw: bytes | None = None
    shared: bool = False


class Uploads:
    """Files by their ids, and by the tickets of the addresses that take their bytes once."""

    def __init__(self) -> None:
        self.files: dict[str, Upload] = {}
        self._tickets: dict[str, str] = {}

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

    def text(self, file: str) -> str:
        """The content of a file."""
        return (self.files[file].raw or b"").decode()
