"""Answers made of numbered words, so that whatever shows a part of one tells which part. No I/O."""

import re
from collections.abc import Sequence
from string import ascii_lowercase

MOST = 10 * len(ascii_lowercase) ** 2
"""How many words can be told apart."""

PARAGRAPH = 60
"""Words between two empty lines: long answers are cut into messages there."""

_WORD = re.compile(r"(?<!\w)([0-9])([a-z])([a-z])(?!\w)")
_LETTERS = len(ascii_lowercase)


def token(number: int) -> str:
    """Return the token of this number, counted from 0: a word of three characters, and what parts it from the next."""
    rest, last = divmod(number, _LETTERS)
    digit, middle = divmod(rest, _LETTERS)
    gap = "\n\n" if (number + 1) % PARAGRAPH == 0 else " "
    return f"{digit}{ascii_lowercase[middle]}{ascii_lowercase[last]}{gap}"


def tokens(count: int) -> list[str]:
    """Return an answer of so many tokens. Raises ValueError if they could not be told apart."""
    if count > MOST:
        raise ValueError(f"at most {MOST} tokens have words of their own")
    return [token(number) for number in range(count)]


def numbers(text: str) -> Sequence[int]:
    """Return the numbers of the words that a message shows, in reading order; everything else in it is ignored."""
    return [
        (int(digit) * _LETTERS + ord(middle) - ord("a")) * _LETTERS + ord(last) - ord("a")
        for digit, middle, last in _WORD.findall(text)
    ]
