"""The pictures of a page: recognised by content, fetched from the page itself by their digest. No I/O."""

from base64 import b64encode
from hashlib import sha256

from aion_bot.demo.page.elements import Html, element

_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def media_type(content: bytes) -> str | None:
    """The type of a picture that every browser shows and that runs nothing; None of anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), None)


def embedded(content: bytes) -> str | None:
    """The address of a picture that a file has in itself."""
    kind = media_type(content)
    return None if kind is None else f"data:{kind};base64,{b64encode(content).decode()}"


class Album:
    """The pictures that were drawn, for browsers that fetch them. They are the simulators' own bytes, not copies."""

    def __init__(self) -> None:
        self._keys: dict[bytes, str] = {}  # bytes keep their hash: a second look reads none of them
        self._pictures: dict[str, bytes] = {}

    def address(self, content: bytes) -> str | None:
        """The address of a picture below the page's."""
        if media_type(content) is None:
            return None
        if content not in self._keys:
            key = self._keys[content] = sha256(content).hexdigest()
            self._pictures[key] = content
        return f"picture/{self._keys[content]}"

    def find(self, key: str) -> bytes | None:
        """The picture of a digest."""
        return self._pictures.get(key)


def figure(address: str, description: str, caption: str) -> Html:
    """A picture with its alternative text and its name."""
    shown = element("img", src=address, alt=description, loading="lazy")
    return element("figure", shown, element("figcaption", caption) if caption else "")


def unseen(description: str) -> Html:
    """What stands where the page has no picture: it loads nothing from elsewhere."""
    return element("p", f"[picture: {description or 'without words'}]", class_="picture")
