"""The simulated Aion's events and error bodies as bytes and JSON. No I/O."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aion_bot.simulators.aion.scene import Answer, Fault, Shape, Speak
from aion_bot.simulators.aion.sessions import stamp

_PIECE = re.compile(r"\s*\S{1,9}|\s+\Z")

_REFERENCE = re.compile(r"\[\[(ref|img|doc|link):([^|\]]+)(?:\|([^|\]]*))?(?:\|(pp?):([\d-]+))?\]\]")


def event(kind: str, fields: Mapping[str, Any], event_id: int | None = None) -> bytes:
    """One event; the JSON's `type` equals the event's."""
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    identity = f"id: {event_id}\n" if event_id is not None else ""
    return f"event: {kind}\n{identity}data: {data}\n\n".encode()


class StreamText:
    """The text that one stream has sent, and the index of its next token.

    A token of a text without pieces of its own has `words` words, at most nine characters of each.
    """

    def __init__(self, words: int = 1) -> None:
        self.text = ""
        self._words = words
        self._index = 0

    def tokens(self, speak: Speak) -> Iterator[bytes]:
        """Yield the token events of a step."""
        words = _PIECE.findall(speak.text)
        joined = ("".join(words[at : at + self._words]) for at in range(0, len(words), self._words))
        for piece in speak.pieces or joined:
            self.text += piece
            fields = {"content": piece, "accumulated": self.text, "token_index": self._index}
            if not speak.accumulates:
                del fields["accumulated"]
            self._index += 1
            yield event("token", fields, self._index)


def error_body(fault: Fault) -> dict[str, Any]:
    """The body of a refusal in the form that the fault names."""
    match fault.shape:
        case Shape.GATEWAY:
            complaint = {"code": fault.code, "message": fault.message, "details": dict(fault.details)}
            return {"error": complaint, "request_id": "req_simulated"}
        case Shape.FASTAPI:
            return {"detail": [{"loc": ["body", "message"], "msg": fault.message, "type": "value_error"}]}
        case _:
            return {
                "error": fault.message,
                "error_code": fault.code,
                "detail": None,
                "timestamp": stamp(),
            }


def plain_words(answer: Answer) -> str:
    """An answer as the server resolves its references. The scripted names contain no brackets."""

    def word(reference: re.Match[str]) -> str:
        kind, key, name, unit, pages = reference.groups()
        if kind == "ref":
            return str(answer.metadata["result_refs"][key]["count"])
        return f"{name} ({unit}.{pages})" if pages else str(name)

    return _REFERENCE.sub(word, answer.content)
