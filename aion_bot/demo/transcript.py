"""The changes of a thread as lines of text. No I/O."""

from collections.abc import Iterator, Sequence

from aion_bot.simulators.workspace import Shown

_MARGIN = 16
_BRIEF = 90
"""Characters of an edit that a brief reader returns."""
_HEAD, _TAIL = 10, 4
"""Lines of a long message that are returned."""


class Reader:
    """Remembers what it has returned of a thread. A brief one returns of an edit only the end of the new text."""

    def __init__(self, *, brief: bool = False) -> None:
        self._brief = brief
        self._read: dict[str, int] = {}

    def changes(self, thread: Sequence[Shown]) -> list[str]:
        """Return what changed since the last call: new messages whole, edits as what they added."""
        lines: list[str] = []
        for message in thread:
            seen = self._read.get(message.id, 0)
            if seen == len(message.versions):
                continue
            self._read[message.id] = len(message.versions)
            lines += self._changed(message, message.versions[seen - 1]) if seen else self._new(message)
        return lines

    def _new(self, message: Shown) -> list[str]:
        return _without_middle(_whole(message)) if self._brief else list(_whole(message))

    def _changed(self, message: Shown, before: str) -> Iterator[str]:
        text = message.text
        same = next(
            (at for at, (old, new) in enumerate(zip(before, text, strict=False)) if old != new), len(before)
        )
        added = text[same:]
        if self._brief:
            end = " ".join(added.split())
            yield from _said("   edit", f"{len(text):>5} characters  …{end[-_BRIEF:]}")
        else:
            yield from _said("   edit", added)
        yield from _pressable(message)


def final(thread: Sequence[Shown]) -> list[str]:
    """Return the final text of the bot's messages, long ones without their middle."""
    lines: list[str] = []
    for message in thread:
        if message.by_bot and message.only_for is None:
            lines += _without_middle(_whole(message))
    return lines


def _without_middle(whole: Iterator[str]) -> list[str]:
    lines = list(whole)
    left_out = len(lines) - _HEAD - _TAIL
    if left_out > 1:
        lines[_HEAD:-_TAIL] = [*_said("", f"[{left_out} more lines]")]
    return lines


def _whole(message: Shown) -> Iterator[str]:
    yield from _said(
        message.author if message.only_for is None else f"({message.author}, privately)", message.text
    )
    yield from _pressable(message)


def _pressable(message: Shown) -> Iterator[str]:
    if message.buttons:
        yield from _said("", "  ".join(f"[ {button.label} ]" for button in message.buttons))


def _said(who: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.strip("\n").split("\n")):
        yield f"{who if number == 0 else '':<{_MARGIN}} {line}".rstrip()
