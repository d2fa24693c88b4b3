"""The first sentence of a plan, as its title and on the card of a long plan. No I/O."""

from collections.abc import Sequence

from aion_bot.ports.inline import in_words
from aion_bot.ports.text import one_line

SENTENCE = 300
"""Characters of the first sentence on the card of a long plan; above it the sentence is whole."""

_HEADLINE = 100
"""Characters of the first sentence behind the title."""

_ABBREVIATIONS = frozenset({"dr", "mr", "mrs", "ms", "no", "nr", "st", "vs", "fig", "approx", "etc", "ca"})
"""What ends with a dot and ends no sentence, beside single letters, what has a dot inside, and the number of an item."""


def headline(description: str) -> str:
    """Return the first sentence as one line of plain words.

    The description has it as well, unless the line is all of it word for word: signs that are formatting say something, too.
    """
    mark, _, behind = description.lstrip().partition(" ")
    # The mark of a heading, a quote or an item is no word.
    sentence = first_sentence(description.lstrip() if mark.strip("#>*-+") else behind)
    return one_line(in_words(sentence), _HEADLINE)


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, or its first line, as one line."""
    head = text[: 2 * SENTENCE]
    ends = (at for at in range(len(head) - 1) if head[at] in ".!?" and head[at + 1].isspace())
    line = head.find("\n") % (len(head) + 1)
    end = next((at for at in ends if head[at] != "." or not _abbreviates(head[:at].split())), len(head))
    return one_line(head[: min(end + 1, line)], SENTENCE)


def _abbreviates(words: Sequence[str]) -> bool:
    """Tell whether the dot behind these words belongs to the last one, as in "Dr." and in the number of an item."""
    last = words[-1] if words else ""
    is_letter = len(last) == 1 and last.isalpha()
    is_item = len(words) == 1 and last.isdecimal()
    return is_letter or is_item or "." in last or last.lower() in _ABBREVIATIONS
