"""The addresses at which Discord serves the files of messages and commands. No I/O.

They are signed, and expire after a day: `ex` in the query is the moment, in hexadecimal seconds since the epoch (Discord's
documentation, *Signed Attachment CDN URLs*). A new one comes with the message, each time it is read. What is attached to
a command is in no message, so that its first address is its only one.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aion_bot.ports.settings import is_loopback

_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
_MARGIN = 60.0
"""Seconds before its end from which on an address is not used: clocks differ, and the request takes a while."""
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class FileAddress:
    """Where a file is, and how many bytes it has, None where Discord does not say."""

    url: str
    size: int | None

    @property
    def expired(self) -> bool:
        """Whether Discord would refuse the address, by this machine's clock. One that names no moment is tried."""
        try:
            ends = parse_qs(urlsplit(self.url).query).get("ex", ("",))[0]
            return bool(ends) and int(ends, 16) < time() + _MARGIN
        except ValueError:
            return False


class FileAddresses:
    """The addresses that were learned last, by the id of the file."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, FileAddress] = OrderedDict()

    def learn(self, file: int, url: str, size: object) -> None:
        """Remember the address of a file."""
        self._known[file] = FileAddress(url, size if isinstance(size, int) else None)
        self._known.move_to_end(file)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def learn_from(self, message: Mapping[str, Any]) -> None:
        """Remember the addresses of all files of a message, as REST returns it, and of what it forwards."""
        snapshots = [one.get("message") for one in _items(message, "message_snapshots")]
        for part in (message, *(one for one in snapshots if isinstance(one, Mapping))):
            for file in _items(part, "attachments"):
                if str(file.get("id")).isdecimal() and isinstance(file.get("url"), str):
                    self.learn(int(file["id"]), file["url"], file.get("size"))

    def find(self, file: int) -> FileAddress | None:
        """Return an address that holds; None where there is none."""
        found = self._known.get(file)
        return None if found is None or found.expired else found

    def forget(self, file: int) -> None:
        """Forget an address that Discord has refused."""
        self._known.pop(file, None)


def is_files_host(url: str, api_url: str) -> bool:
    """Tell whether an address is of a host that serves Discord's files; where the API is on loopback, they are there too."""
    try:
        parts, own = urlsplit(url), urlsplit(api_url)
        where = (parts.scheme, parts.hostname, parts.port)
    except ValueError:
        return False
    if is_loopback(own.hostname):
        return where == (own.scheme, own.hostname, own.port)
    return parts.scheme == "https" and parts.port in {None, 443} and parts.hostname in _HOSTS


def _items(of: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    found = of.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
