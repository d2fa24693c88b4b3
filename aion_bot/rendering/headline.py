"""The first sentence of a plan, as its title and on the card of a long plan. No I/O."""

from collections.abc import Sequence

from aion_bot.ports.inline import in_words
from aion_bot.ports.text import one_line
from aion_bot.ports.unfinished import closing_marks

SENTENCE = 300
"""Characters of the first sentence on the card of a long plan; above it the sentence is whole."""

_HEADLINE = 100
"""Characters of the first sentence behind the title."""

_ABBREVIATIONS = frozenset({"dr", "mr", "mrs", "ms", "no", "nr", "st", "vs", "fig", "approx", "etc", "ca"})
"""What ends with a dot and ends no sentence, beside letters with dots between them, and the number of an item."""

_ENDS_ANYWHERE = frozenset("。\uff01\uff1f｡।॥؟\u06d4።")
"""Signs that end a sentence whatever follows: of Chinese, Japanese, Hindi, Arabic, Urdu and Amharic."""

_ENDS = _ENDS_ANYWHERE | frozenset(".!?…")

_CLOSING = frozenset("\"'*_~`)]”\u2019»“」』\uff09")
"""What closes behind the sign that ends a sentence: quotation marks, brackets and marks of emphasis."""

_FENCES = ("```", "~~~")


def headline(description: str) -> str:
    """Return the first sentence as one line of plain words.

    The description has it as well, unless the line is all of it word for word: signs that are formatting say something, too.
    """
    mark, _, behind = description.lstrip().partition(" ")
    # The mark of a heading, a quote or an item is no word.
    line = _first_line(description.lstrip() if mark.strip("#>*-+") else behind)
    # Emphasis and links may go on behind the sentence.
    return one_line(_sentence(in_words(line)), _HEADLINE)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, or its first line with words, as one line of Markdown."""
    line = _first_line(text)
    sentence = _sentence(line)
    shown = one_line(sentence, SENTENCE)
    if in_words(sentence) == _sentence(in_words(line)):
        return shown
    # Emphasis goes on behind the sentence; a sign as in `*.jpg` is none, and stays alone.
    return shown + "".join(mark for _, mark in reversed(closing_marks(shown)))


def _first_line(text: str) -> str:
    lines = text[: 2 * SENTENCE].split("\n")
    # A rule, the fence of code, and the line under a table's head have no words.
    words = (one for one in lines if not one.lstrip().startswith(_FENCES) and any(map(str.isalnum, one)))
    return next(words, lines[0])


def _sentence(line: str) -> str:
    ends = (at for at, sign in enumerate(line) if sign in _ENDS)
    return line[: next((after for at in ends if (after := _sentence_end(line, at))), len(line))]


def _sentence_end(line: str, at: int) -> int:
    """Return where a sentence that may end with the sign at this place does, what closes with it included; 0: it goes on."""
    after = at + 1
    while line[after : after + 1] in _CLOSING and after < len(line):
        after += 1
    if line[at] in _ENDS_ANYWHERE or (
        line[after : after + 1].isspace() and (line[at] != "." or not _abbreviates(line[:at].split()))
    ):
        return after
    return 0


def _abbreviates(words: Sequence[str]) -> bool:
    """Tell whether the dot behind these words belongs to the last one, as in "Dr." and in the number of an item."""
    last = words[-1].lstrip("([\"'*_“„«") if words else ""
    # As in "e.g.", and not as in "pump.jpg." or "3.5.".
    is_letters = all(len(part) == 1 and part.isalpha() for part in last.split("."))
    is_item = len(words) == 1 and last.isdecimal()
    return is_letters or is_item or last.lower() in _ABBREVIATIONS
