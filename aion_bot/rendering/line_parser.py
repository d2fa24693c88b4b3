"""Aion's markers in a part of a line, found by markdown-it-py with rules of our own: not in code, and up to a comment. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from aion_bot.aion.references import MAX_MARKER_LENGTH, Marker, marker_at
from aion_bot.ports.code_spans import find_code

REACH = MAX_MARKER_LENGTH
"""Characters from the beginning of code in a line to its end. It bounds what waits for the text after it, and the work for each
backtick."""

OPENING = re.compile(r"\[\[(?:img|doc|link|ref):|<!--")
BEGUN = re.compile(r"(?:\[(?:\[(?:i|im|img|d|do|doc|l|li|lin|link|r|re|ref)?)?|<(?:!-?)?)\Z")
LONGEST_BEGINNING = len("[[link")
_SIGN = re.compile(r"[\\`\[<]")
_RUN = re.compile("`+")
_ESCAPED = frozenset("\\`<")


@dataclass(slots=True)
class Part:
    """A line, or a part of one, and what the parser notes of it: up to where it got, and what waits there.

    `goes_on`: a run of backticks that is too long to open code goes on at the beginning, and then at the end.
    """

    text: str
    whole: bool
    end: int = 0
    waits: str = ""
    goes_on: bool = False
    markers: list[Marker] = field(default_factory=list)

    def wait(self, state: StateInline, reason: str) -> bool:
        """Stop before what is not to be told yet."""
        # The place at the end of the text ends the loop of the parser, so that no rule sees what follows.
        self.end, self.waits, self.goes_on = state.pos, reason, False
        state.pos = state.posMax
        return True


def parse_part(text: str, start: int, *, whole: bool, goes_on: bool) -> Part:
    """Parse a part of a line that begins at a place of a text; `whole`: it ends with its line."""
    part = Part(text, whole, goes_on=goes_on)
    _PARSER.inline.parse(text, _PARSER, {"here": part}, [])
    part.markers = [replace(one, start=one.start + start, end=one.end + start) for one in part.markers]
    return part


def _find_words(state: StateInline, _silent: bool) -> bool:
    """Pass over words up to the next sign."""
    here: Part = state.env["here"]
    sign = _SIGN.search(state.src, state.pos)
    start, state.pos = state.pos, sign.start() if sign else state.posMax
    return state.pos > start and _passed(state, here)


def _find_escape(state: StateInline, _silent: bool) -> bool:
    here: Part = state.env["here"]
    if state.src[state.pos] != "\\":
        return False
    if state.pos + 1 == state.posMax and not here.whole:
        return here.wait(state, "code")  # the words behind it decide, and are shown
    state.pos += 2 if state.src[state.pos + 1 : state.pos + 2] in _ESCAPED else 1
    return _passed(state, here)


def _find_code(state: StateInline, _silent: bool) -> bool:
    here: Part = state.env["here"]
    start = state.pos
    if (run := _RUN.match(state.src, start)) is None or not find_code(state, True):
        return False
    if here.goes_on or run.end() - start > REACH:
        state.pos = run.end()
        return _passed(state, here, goes_on=run.end() == len(state.src))
    may_close = not here.whole and len(state.src) - run.end() <= REACH
    is_code = run.end() < state.pos <= run.end() + REACH
    if is_code and (here.whole or state.pos < state.posMax):  # a run at the end may become longer
        return _passed(state, here)
    state.pos = start if may_close else run.end()
    return here.wait(state, "code") if may_close else _passed(state, here)


def _find_marker(state: StateInline, _silent: bool) -> bool:
    here: Part = state.env["here"]
    if state.src[state.pos] != "[":
        return False
    start = state.pos
    if not here.whole and BEGUN.match(state.src, start):
        return here.wait(state, "marker")
    if not OPENING.match(state.src, start):
        state.pos += 1
        return _passed(state, here)
    marker = marker_at(state.src, start)
    rest = len(state.src) - start
    written = state.src[start : marker.end] if marker else ""
    # What looks like a marker by now may end later while a bracket in it is open. One too long never ends.
    if (
        not here.whole
        and rest <= MAX_MARKER_LENGTH
        and (not marker or written.count("[") > written.count("]"))
    ):
        return here.wait(state, "marker")
    if marker:
        here.markers.append(marker)
    state.pos = marker.end if marker else start + state.src[start:].index(":") + 1
    return _passed(state, here)


def _find_comment(state: StateInline, _silent: bool) -> bool:
    here: Part = state.env["here"]
    if state.src[state.pos] != "<":
        return False
    if state.src.startswith("<!--", state.pos):
        return here.wait(state, "comment")
    if not here.whole and BEGUN.match(state.src, state.pos):
        return here.wait(state, "marker")
    state.pos += 1
    return _passed(state, here)


def _passed(state: StateInline, here: Part, *, goes_on: bool = False) -> bool:
    here.end, here.goes_on = state.pos, goes_on
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero")
    rules: dict[str, Callable[[StateInline, bool], bool]] = {
        "own_escape": _find_escape,
        "own_code": _find_code,
        "marker": _find_marker,
        "comment": _find_comment,
    }
    # The library's rule also stops at each sign that may be formatting, and keeps the words for a token.
    parser.inline.ruler.at("text", _find_words)
    for name, rule in rules.items():
        parser.inline.ruler.push(name, rule)
    parser.inline.ruler.enableOnly(["text", *rules])
    # The preset has two rules that go over the tokens (`balance_pairs`, `fragments_join`), of which there are none here.
    parser.inline.ruler2.enableOnly([])
    return parser


_PARSER = _parser()
