"""Answers made of numbered words, so that any part of one shows which part it is. No I/O."""

import re
from collections.abc import Sequence
from string import ascii_lowercase

MOST = 10 * len(ascii_lowercase) ** 2
"""The number of distinct words."""

PARAGRAPH = 60
"""Words between two empty lines: long answers are cut into messages there."""

_WORD = re.compile(r"(?<!\w)([0-9])([a-z])([a-z])(?!\w)")
_LETTERS = len(ascii_lowercase)


def token(number: int) -> str:
    """The token with this number, counted from 0: a word of three characters, and its separator."""
    rest, last = divmod(number, _LETTERS)
    digit, middle = divmod(rest, _LETTERS)
    gap = "\n\n" if (number + 1) % PARAGRAPH == 0 else " "
    return f"{digit}{ascii_lowercase[middle]}{ascii_lowercase[last]}{gap}"


def tokens(count: int) -> list[str]:
    """An answer of so many tokens. Raises ValueError if they would not be distinct."""
    if count > MOST:
        raise ValueError(f"at most {MOST} tokens have words of their own")
    return [token(number) for number in range(count)]


def numbers(text: str) -> Sequence[int]:
    """The numbers of the words in a message, in reading order; everything else is ignored."""
    return [
        (int(digit) * _LETTERS + ord(middle) - ord("a")) * _LETTERS + ord(last) - ord("a")
        for digit, middle, last in _WORD.findall(text)
    ]
