"""HTML as values: everything that is not `Html` is escaped. No I/O."""

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a platform asks before a press counts: a title, words, and the labels of the buttons that go on and back."""

    title: str
    words: str
    confirm: str
    deny: str
    style: str = ""


class Button(Protocol):
    """Draws a button of its label, its platform's id, and its style: "primary", "danger" or ""."""

    def __call__(
        self, label: str, name: str, style: str, confirmation: Confirmation | None = None, /
    ) -> Html:
        """Draw one; with a `confirmation` it opens that, whose first button is the one that counts."""


Picture = Callable[[bytes], str | None]
"""Returns where the page has a picture of these bytes; None where they are none that it shows."""


def text(words: str) -> Html:
    """Escape text; `Html` is not changed."""
    return words if isinstance(words, Html) else Html(html.escape(words, quote=True))


def joined(pieces: Iterable[str]) -> Html:
    """All pieces, one after the other."""
    return Html("".join(text(piece) for piece in pieces))


def element(name: str, /, *inside: str, **attributes: str | bool | None) -> Html:
    """An element. `class_` and `data_key` name the attributes `class` and `data-key`; False and None leave one out."""
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opening if name in _VOID else f"{opening}{joined(inside)}</{name}>")


def lines(words: str) -> Html:
    """Text whose line breaks are kept."""
    return Html("<br>".join(text(line) for line in words.split("\n")))


def _attribute(key: str, value: str | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(value, quote=True)}"'
