"""Links in a line of Markdown: where they stand, and whether a label names another address than its target. No I/O."""

import html
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from aion_bot.ports.text import visible

LONGEST_LINE = 4_000
"""Characters of a line whose links are looked for: twice a message of the smallest platform.

Parsing what is inside a line of brackets takes up to 50 microseconds a character.
"""

_DOTS = str.maketrans(
    dict.fromkeys(
        "\u00b7\u0660\u06d4\u06f0\u0701\u0702\u1427\u16eb\u2022\u2027\u2219\u22c5\u2e31\u2e33\u3002\u30fb\ua4f8\ua60e\ua78f"
        "\U00010a50",
        ".",
    )
)
"""What looks like the dot in a host's name, or is read as one in an address (RFC 3490)."""
_MARKUP = str.maketrans(dict.fromkeys("\\*~`|"))
"""Signs that a platform may draw as formatting, and so leave out."""
_NAME_SIGNS = "-_."
_FILE_ENDINGS = frozenset({
    "pdf", "jpg", "jpeg", "png", "webp", "gif", "heic", "tif", "tiff", "bmp", "svg", "txt", "csv", "doc", "docx", "xls",
    "xlsx", "ppt", "pptx", "json", "xml", "html", "htm", "yaml", "toml", "js", "css", "log", "mp4",
})  # fmt: skip
"""Endings of files that are no top-level domain; a name with any other ending may be a host's."""
_PIECE = 1_000
"""Characters that are normalised at once: sorting a long run of combining marks takes quadratic time."""
_NUMBERS = 4
"""Numbers of an IPv4 address."""
_PORTS = {"http": 80, "https": 443}
_ADDRESS_SIGNS = "/?#[]@!$&'()*+,;=:%-._~"


@dataclass(frozen=True, slots=True)
class Link:
    """A link or picture as it is written in a line.

    `written` is all of it, without a picture's mark; `label` and `target` are what stands in the brackets and in the
    parentheses; `address` is the target without a title.
    """

    written: str
    label: str
    target: str
    address: str

    @property
    def misleads(self) -> bool:
        """Whether the label looks like an address, a mail address or a mention, and is not that of the target."""
        return names_other(self.label, self.address)


def names_other(label: str, address: str) -> bool:
    """Tell whether a label names, or looks like, another address than the one that it leads to."""
    said, meant = _folded(label), _folded(address)
    if _bare(said) == _bare(meant):
        return False
    # A mail address, an IPv6 address, or a user name before the host: none can be compared as a host's name, so each
    # counts as misleading.
    if "@" in said or "://[" in said or "@" in meant.partition("://")[2].partition("/")[0]:
        return True
    host, port = _host_and_port(meant)
    return any(_other_host(*name, host, port) for name in _names(said))


def names_host(text: str) -> bool:
    """Tell whether a text has what looks like a host's name, such as `example.com`."""
    return any(_is_host(name) for _, name, _ in _names(_folded(text)))


def real_address(address: str) -> str:
    """Return an address as it leads, to be shown: a host that only looks like another shows its letters (punycode)."""
    address = _unescaped(address.replace("\\", ""))
    try:
        host = urlsplit(address).hostname or ""
        shown = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        shown = host = ""
    # In lower case, as a browser reads it: `hostname` is, whatever was written.
    begin = address.lower().find(host) if host else -1
    if begin >= 0:
        address = address[:begin] + shown + address[begin + len(host) :]
    return quote(address, safe=_ADDRESS_SIGNS)


def opens_no_link(code: str, joiner: str) -> str:
    """Return code in which nothing ends a link that began before it: a platform may look for links before code."""
    before, bracket, after = code.partition("[")
    return f"{before.replace('](', f']{joiner}(')}{bracket}{after}"


def _folded(text: str) -> str:
    """Return what a text looks like, with one spelling for what looks alike to a parser of addresses."""
    text = visible(_unescaped(text).translate(_MARKUP))
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return (
        "".join(unicodedata.normalize("NFKC", piece) for piece in pieces).translate(_DOTS).casefold().strip()
    )


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # Python reads no number of 4,300 digits, and nobody means a character by one
        return text.replace("&", "@")  # what follows is unknown, so that as a label it misleads


def _bare(address: str) -> str:
    """Return an address without what does not change where it leads."""
    scheme, sign, rest = address.partition("://")
    if not sign:
        rest = address.removeprefix("mailto:")
    host, slash, path = rest.partition("/")
    host = host.removesuffix(f":{_PORTS.get(scheme, '')}").rstrip(".")
    return f"{host}{slash}{path}".rstrip("/")


def _host_and_port(address: str) -> tuple[str, int | None]:
    try:
        parts = urlsplit(address)
        return (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None


def _other_host(before: str, name: str, rest: str, host: str, port: int | None) -> bool:
    """Tell whether a name in a label, with what stands around it, is a host's and not that of the target."""
    if before != "://" and not _is_host(name):
        return False
    # `www.` in front of a host does not make another site of it.
    if name.removeprefix("www.") != host.removeprefix("www."):
        return True
    number = rest[1:6] if rest[:1] == ":" else ""
    # At most five digits: a port has no more, and int() of long digits takes quadratic time.
    digits = number[: len(number) - len(number.lstrip("0123456789"))]
    return bool(digits) and int(digits) != port


def _names(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each run of letters, digits, dots and dashes, between the few characters before and behind it."""
    begun = 0
    for at, sign in enumerate(f"{text} "):
        if sign.isalnum() or sign in _NAME_SIGNS or unicodedata.combining(sign):
            continue
        if at > begun:
            # Three characters before show `://`, six behind show a colon and a port.
            yield text[max(0, begun - 3) : begun], text[begun:at].strip(_NAME_SIGNS), text[at : at + 6]
        begun = at + 1


def _is_host(name: str) -> bool:
    if name == "localhost":
        return True
    *parts, last = name.split(".")
    while parts and last in _FILE_ENDINGS:
        *parts, last = parts  # `example.com.pdf` still begins like a host
    # A name without a dot is a word, such as `example`.
    if not any(parts):
        return False
    if last.isdecimal():
        return len(parts) == _NUMBERS - 1 and all(part.isdecimal() for part in parts)
    return last.startswith("xn--") or (len(last) > 1 and not any(sign.isdecimal() for sign in last))
