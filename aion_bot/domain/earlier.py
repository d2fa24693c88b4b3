"""What was said before a question, as Aion gets it: quoted, bounded, and never as the words of whoever asks. No I/O."""

from collections.abc import Sequence

from aion_bot.domain import strings
from aion_bot.domain.prompts import MESSAGE_LIMIT, marked, named, with_attached
from aion_bot.ports.earlier import EarlierMessage

EARLIER_LIMIT = 6_000
"""Characters of all earlier messages together, with their marks; Aion takes 10,000 of the whole question."""

_LONGEST = 1_500
"""Characters of one of them that are quoted, so that one does not leave out all others."""
_FOR_FILES = 500
"""Characters that are left for the names of the question's own files."""
_BETWEEN = "\n\n"


def quoted_before(text: str, messages: Sequence[EarlierMessage], most: int) -> tuple[str, int]:
    """Return what Aion is told, behind the words of a question, of what was said before; and how many messages that has.

    These are the first message of the thread and the newest ones, `most` together. What has no room is left out: the
    oldest ones, and the first message last.
    """
    room = min(EARLIER_LIMIT, MESSAGE_LIMIT - _FOR_FILES - len(with_attached(text, _BETWEEN)))
    room -= len(strings.EARLIER) + len(_BETWEEN)
    said = [one for one in messages if one.files or marked(one.text, _LONGEST)]
    if len(said) > most:
        first = said[: most > 1 and said[0].first]
        # Counted from the beginning: a slice from the end takes all where none is left beside the first one.
        said = [*first, *said[len(said) - most + len(first) :]]
    told: dict[str, str] = {}
    for one in (*(one for one in said if one.first), *(one for one in reversed(said) if not one.first)):
        room -= len(_BETWEEN)
        words = _quoted(one, room)
        if words is None:
            break
        told[one.key] = words
        room -= len(words)
    if not told:
        return "", 0
    return _BETWEEN.join(["", strings.EARLIER, *(told[one.key] for one in said if one.key in told)]), len(
        told
    )


def _quoted(message: EarlierMessage, room: int) -> str | None:
    """Write a message in at most `room` characters, below a line that says who wrote it; None where that has no room.

    That line is the bot's own and has no mark, and each line of the message has one: so no message can end its quote, and
    none can say something in another one's name.
    """
    silent = not marked(message.text, _LONGEST)
    label = strings.earlier_label(named(message.author.name), message.files, silent=silent)
    if silent:
        return label if len(label) <= room else None
    words = marked(message.text, min(_LONGEST, room - len(label) - 1))
    return f"{label}\n{words}" if words else None
