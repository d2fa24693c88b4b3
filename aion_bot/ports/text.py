"""Shortening text where a platform allows only so much, and making text safe to show. No I/O."""

import unicodedata

from wcwidth import grapheme_boundary_before

ELLIPSIS = "…"

_LONGEST_CHARACTER = 32
"""Code points of what people see as one character; a longer one, such as a letter with many marks, may be cut."""


def character_start(text: str, at: int) -> int:
    """Return `at`, or where the character begins that people see as one and that a cut there would break in two.

    Such characters are letters with combining marks, flags, and emoji of several parts (Unicode, UAX #29).
    """
    if text[at - 1 : at + 1].isascii() or not 0 < at < len(text):
        return at
    begin = at
    while begin and _is_half_flag(text[begin - 1]):
        begin -= 1
    if begin < at and _is_half_flag(text[at]):  # a run of flags has no other place to begin counting
        return at - (at - begin) % 2
    begin = max(0, at - _LONGEST_CHARACTER)
    start = begin + grapheme_boundary_before(text[begin : at + 1], at - begin + 1)
    return start if start > begin else at


def _is_half_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def clip(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, with an ellipsis where something was left out.

    For names and notification texts only: words of an answer are cut into pages, never clipped.
    """
    if len(text) <= limit:
        return text
    return text[: character_start(text, max(0, limit - 1))].rstrip() + ELLIPSIS


def one_line(text: str, limit: int) -> str:
    """Fold `text` into a single line of at most `limit` characters, as for the name of a thread."""
    return clip(" ".join(text.split()), limit)


def well_formed(text: str) -> str:
    """Return `text` with a question mark for each half of a surrogate pair.

    JSON may hold one as an escape; UTF-8, and with it the database and the platforms, cannot.
    """
    return text if text.isascii() else text.encode(errors="replace").decode()


def whole_pairs(text: str) -> str:
    """Return a growing text without the first half of a surrogate pair at its end: the other half comes with more text."""
    return text[:-1] if "\ud800" <= text[-1:] <= "\udbff" else text


def visible(text: str) -> str:
    """Return `text` without characters that nobody sees, or that change the order in which others are read.

    Control characters, bidirectional overrides and isolates, zero-width and filler characters go, as a text with them
    can read other than it is. Line ends and tabs stay, and so do the joiners and selectors inside emoji.
    """
    characters = set(text) - {"\n", "\t"}
    if characters.isdisjoint(_EMOJI_SELECTORS) and not any(map(_is_hidden, characters)):
        return text
    return "".join(
        character
        for at, character in enumerate(text)
        if character in "\n\t"
        or _joins_emoji(text, at)
        or not (_is_hidden(character) or (character in _EMOJI_SELECTORS and text[at - 1 : at].isalpha()))
    )


def visible_line(text: str) -> str:
    """Return `text` as one line of visible characters, so that it cannot pass for several."""
    return " ".join(visible(text).split())


def escaped(text: str) -> str:
    """Return `text` with each hidden character written as an escape, for logs: it can be seen, and does nothing."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n" or not _is_hidden(character)
        else character.encode("unicode_escape").decode()
        for character in text
    )


# Control, format and surrogate characters; line and paragraph separators are line ends that `split("\n")` does not see.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# No format characters, but blank in every font.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Which form of the character before is meant; of emoji people see it.
_EMOJI_SELECTORS = frozenset("\ufe0e\ufe0f")
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE0E))))
# No characters yet, and nothing is shown where they stand (Unicode, Default_Ignorable_Code_Point).
_RESERVED = frozenset(map(chr, (0x2065, *range(0xFFF0, 0xFFF9))))
_TAGS_AND_SELECTORS = ("\U000e0000", "\U000e0fff")
_ZERO_WIDTH_JOINER = "\u200d"


def _is_hidden(character: str) -> bool:
    first, last = _TAGS_AND_SELECTORS
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or character in _BLANK_LETTERS
        or character in _SELECTORS
        or character in _RESERVED
        or first <= character <= last
    )


def _joins_emoji(text: str, at: int) -> bool:
    """Tell whether a joiner makes one picture of two, as in 👩‍🔧, where leaving it out would show both."""
    if text[at] != _ZERO_WIDTH_JOINER or not 0 < at < len(text) - 1:
        return False
    # Before it may stand a variation selector or a skin tone.
    before = text[at - 2] if text[at - 1] == "\ufe0f" and at > 1 else text[at - 1]
    return all(unicodedata.category(one) in {"So", "Sk"} for one in (before, text[at + 1]))
