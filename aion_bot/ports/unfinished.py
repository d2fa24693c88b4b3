"""What is unfinished at the end of Markdown that still grows, outside of code blocks. No I/O.

Half a link, half a row of a table or the first sign of a list would be read as words, and a moment later as what they are. So
they wait. Emphasis and code inside a line are closed where the text ends by now.
"""

from collections.abc import Sequence
from itertools import pairwise

from aion_bot.ports.inline import KNOWN_TAGS, spans
from aion_bot.ports.inline_parser import Span
from aion_bot.ports.markdown import begins_table, table_cells

_LONGEST_WAIT = 300
"""Characters at the end of a text that may wait for what follows."""
_LONGEST_LABEL = 80
"""Characters of a link's label that wait for its end; most brackets begin no link."""
_LONGEST_ROW = 120
"""Characters of a row that begins without a bar."""
# `&#1114111;`, the last character there is, and `</blockquote` of the tags that are known.
_LONGEST_ENTITY, _LONGEST_TAG = 10, 12
_PARAGRAPH = 1_500
"""Characters of a paragraph, or of a table, that are looked at."""
_LONGEST_MARK = 3
_MOST_OPEN = 4
"""Marks that may be open at once: each is tried by parsing the paragraph with its end."""
_LONGEST_INDENT = 60
_RUNS = "*_~`\\"
_MARKS = f"{_RUNS} \t#>+-=.)|:0123456789[]xX"
"""What lines of nothing but marks consist of, boxes of tasks included."""
_BEFORE_ADDRESS = frozenset("([\"'*_~<")
_ROW_MARKS = " \t>-*"
_SIGNS = frozenset("*_~`[<&:\\!")
_ARGUMENTS = frozenset({"args", "kwargs"})
_AROUND_NAME = "`'\",.;:)]"


def settled(text: str) -> int:
    """Return how much of a growing text may be shown: without what may be the beginning of another construct at its end."""
    formula = _open_formula(text, max(0, len(text) - _LONGEST_WAIT))
    end = _settled(text if formula < 0 else text[:formula])
    # What is left out may close a formula, as alone in a line of a list item.
    formula = _open_formula(text[:end], max(0, end - _LONGEST_WAIT)) if end < len(text) else -1
    return end if formula < 0 else formula


def _settled(text: str) -> int:
    line = text.rfind("\n") + 1
    before = text[text.rfind("\n", 0, max(0, line - 1)) + 1 : line]
    if (rows := _settled_rows(text, line, before)) is not None:
        return rows
    if _is_fence(text, line):
        return len(text)  # it is whole: what stands in an open fence is not asked for
    # A box stands behind the sign of a list; a line that begins with a bracket may be citations.
    marks = not text[line : line + _LONGEST_WAIT].strip(_MARKS) and not text.startswith(("[", "\\"), line)
    if line < len(text) <= line + _LONGEST_WAIT and marks:
        return line
    word = max(map(text.rfind, (" ", "\t", "\n"))) + 1
    if line == len(text) and not before.strip(f"{_MARKS}\n"):
        return len(text)  # a blank line, or a rule
    if _SIGNS.isdisjoint(text[line:] or before) and not text.startswith("h", word):
        return len(text)
    begin = max(_last_paragraph(text), len(text) - _LONGEST_WAIT)
    starts = [begin + _unfinished_link(text[begin:]), _without_run(text, begin), _unfinished_tag(text, begin)]
    starts += _run_in_word(text, word, begin), _unfinished_autolink(text, word)
    address = word
    while text[address : address + 1] in _BEFORE_ADDRESS:
        address += 1
    # A picture may follow a sign that begins a word, an address its first letters.
    if address < len(text) and (
        text[word:] == "!" or _may_be_address(text[address : address + _LONGEST_WAIT])
    ):
        starts.append(address - (text[address - 1 : address] == "<"))
    for sign, longest, more in (("&", _LONGEST_ENTITY, "#"), ("<", _LONGEST_TAG, "/!-")):
        at = text.rfind(sign, word)
        if at >= 0 and len(text) - at <= longest and (text[at + 1 :].strip(more) or "a").isalnum():
            starts.append(at)
    shown = min((one for one in starts if one >= len(text) - _LONGEST_WAIT), default=len(text))
    # What waits may have had a mark before it, which is at the end now.
    return shown if shown == len(text) else _without_run(text[:shown], min(begin, shown))


def closing_marks(text: str) -> list[tuple[int, str]]:
    """Return the emphasis and the code inside a line that a text leaves open: where each begins, and what closes it.

    The outermost is the first.
    """
    begin = _last_paragraph(text)
    return [(begin + start, mark) for start, mark in open_marks(text[begin:].rstrip())]


def open_marks(words: str) -> list[tuple[int, str]]:
    """Return what `closing_marks` does of the words of one block."""
    if not any(sign in words for sign in _RUNS):
        return []
    found = spans(words)
    opened: list[tuple[int, str]] = []
    at = masked(words).find("`", words.rfind("\n") + 1)
    if at >= 0:
        mark = words[at : len(words) - len(words[at:].lstrip("`"))]
        # A backtick at the end would make another mark of the one that closes it.
        opened.append((at, f" {mark}" if words.endswith("`") and at + len(mark) < len(words) else mark))
    closing = "".join(mark for _, mark in opened)
    for start, run in reversed(
        _runs(words, [span for span in found if at < 0 or span.end <= at])[-_MOST_OPEN:]
    ):
        before = words[start - 1 : start]
        word, *_ = words[start + len(run) :].split(None, 1) or [""]
        if len(run) > _LONGEST_MARK or (before.isascii() and before.isalnum()) or _is_name(run, word):
            continue
        if any(span.start == start and span.kind != "sign" for span in spans(words + closing + run)):
            opened.insert(0, (start, run))
            closing += run
    return opened


def _is_name(run: str, word: str) -> bool:
    """Tell whether signs belong to the name that follows them, and not to emphasis: `__init__.py`, `*.png`, `**kwargs`."""
    inside = spans(word)
    marks = {at for span in inside if span.kind in {"mark", "hidden"} for at in range(span.start, span.end)}
    rest = "".join(sign for at, sign in enumerate(word) if at not in marks)
    return run in rest or rest[:1] in {".", "/"} or rest.rstrip(_AROUND_NAME) in _ARGUMENTS


def _runs(words: str, found: Sequence[Span]) -> list[tuple[int, str]]:
    """Return the runs of signs that belong to no pair, each with its place."""
    runs: list[tuple[int, str]] = []
    for span in found:
        if span.kind == "sign":
            start, run = runs[-1] if runs else (0, "")
            if run and start + len(run) == span.start and run[0] == words[span.start]:
                runs[-1] = (start, run + words[span.start : span.end])
            else:
                runs.append((span.start, words[span.start : span.end]))
    return runs


def masked(words: str) -> str:
    """Return words in which blanks stand for all that is whole, and that no bracket and no backtick opens anything in."""
    pieces: list[str] = []
    done = 0
    for span in spans(words):
        if span.kind not in {"mark", "sign", "hidden"}:
            pieces += words[done : span.start], " " * (span.end - span.start)
            done = span.end
    return "".join((*pieces, words[done:]))


def _unfinished_link(words: str) -> int:
    """Return where a link begins that is not closed yet; the length of the words where there is none."""
    opened: list[int] = []
    signs, waiting, whole = masked(words), len(words), (0, -1)
    for at, sign in enumerate(signs):
        if sign == "[":
            opened.append(at)
        elif sign == "]" and opened:
            start = opened.pop()
            # The second brackets of a link by reference wait with its label.
            start, whole = whole[0] if whole[1] == start else start, (start, at + 1)
            rest = signs[at + 1 :]
            # A number in brackets is a citation, which is whole as it stands.
            ends = not rest and not words[start + 1 : at].isdigit()
            behind = rest[:1]
            if ends or (behind == "(" and ")" not in rest) or (behind == "[" and "]" not in rest):
                waiting = min(waiting, start)
    if opened and len(words) - opened[0] <= _LONGEST_LABEL:
        waiting = min(waiting, opened[0])
    # Where a picture's sign does not begin a word it was shown already.
    return waiting - (
        waiting < len(words) and words[waiting - 1 : waiting] == "!" and not words[: waiting - 1][-1:].strip()
    )


def _unfinished_tag(text: str, begin: int) -> int:
    """Return where an HTML tag with attributes begins that is not closed yet; the length of the text where there is none."""
    at = text.rfind("<", begin)
    if at < 0 or ">" in text[at:] or text[at + 1 : at + 2].isspace():
        return len(text)
    name, *words = text[at + 1 :].lower().split(None, 2) or [""]
    # A sign of comparison may stand before a word as well: an attribute has its value behind a sign of equality.
    begun = not words or ("=" in words[0] or (len(words) == 1 and not text[-1].isspace()))
    return at if begun and (name in KNOWN_TAGS or name == "a") else len(text)


def _run_in_word(text: str, word: int, begin: int) -> int:
    """Return where marks stand in the last word that may be emphasis once it ends; the length of the text where none do."""
    for span in spans(text[begin:]):
        at = begin + span.start
        before = text[at - 1 : at]
        if at > word and span.kind == "sign" and text[at] in "*~" and before.isascii() and before.isalpha():
            return at
    return len(text)


def _unfinished_autolink(text: str, word: int) -> int:
    """Return where an address in angle brackets begins that is not closed yet; the length of the text where none does."""
    at = text.rfind("<", word)
    inside = text[at + 1 :]
    begun = at >= 0 and inside.isascii() and inside[:1].isalpha() and ">" not in inside
    return at if begun and not {":", "@"}.isdisjoint(inside) else len(text)


def _open_formula(text: str, begin: int) -> int:
    """Return where a formula begins that is not closed yet; -1 where there is none."""
    at = max(text.rfind("\\(", begin), text.rfind("\\[", begin))
    if at >= 0 and text.find({"(": "\\)", "[": "\\]"}[text[at + 1]], at) < 0:
        return at
    paragraph = _last_paragraph(text) if "$$" in text[begin:] else len(text)
    # The same signs open and close a formula: those of whole ones are masked.
    at = paragraph + masked(text[paragraph:]).find("$$")
    if paragraph <= at >= begin:
        return at
    return len(text) - 1 if text.endswith("$") and not text[-2:-1].strip() else -1


def _without_run(text: str, begin: int) -> int:
    """Return where a run of marks begins that ends the text and closes nothing: it may be longer a moment later."""
    said = text.rstrip()
    end = len(said.rstrip(_RUNS))
    if end == len(said):
        return len(text)
    found = spans(said[begin:])
    closes = bool(found) and found[-1].end == len(said) - begin and found[-1].kind != "sign"
    # One of two stars has arrived that close bold: CommonMark takes it for the end of emphasis inside of a star.
    half = any(one.kind == "sign" and two.opens and one.end == two.start for one, two in pairwise(found))
    return len(text) if closes and not half else max(end, begin)


def _may_be_address(word: str) -> bool:
    schemes = ("http://", "https://")
    return word.startswith(schemes) or any(scheme.startswith(word) for scheme in schemes)


def _is_row(line: str) -> bool:
    """Tell whether a line may be one of a table; one that does not begin with a bar is words once it is long."""
    return line.lstrip(_ROW_MARKS).startswith("|") or (
        "|" in line and len(line) <= _LONGEST_ROW and len(table_cells(f"{line}x")) > 1
    )


def _settled_rows(text: str, line: int, before: str) -> int | None:
    """Return where the rows of a table end that may be shown: whole ones, and a head only with the line under it.

    None where the last line is no row, or the lines are no table, whatever follows.
    """
    # A row without bars at its sides begins like words.
    begins_row = _is_row(before) and not before.lstrip(" \t>").startswith("|")
    may_be_row = len(text) - line <= _LONGEST_ROW if begins_row else not text[line:].strip(_ROW_MARKS)
    if not _is_row(text[line:]) and not (may_be_row and _is_row(before)):
        return None
    first = line
    while first > 0:
        start = text.rfind("\n", 0, first - 1) + 1
        if not _is_row(text[start:first]):
            break
        first = start
        if line - first > _PARAGRAPH:
            # The head is too far away to be looked at; a row waits for its end, whatever it belongs to.
            return line if len(text) - line <= _PARAGRAPH else len(text)
    head, _, rest = text[first:].partition("\n")
    under, ends, _ = rest.partition("\n")
    if (ends or under.strip(" \t>|:-")) and not begins_table(head.lstrip(_ROW_MARKS), under.lstrip(" \t>")):
        return None
    shown = line if ends else first
    return shown if len(text) - shown <= _PARAGRAPH else len(text)


def _last_paragraph(text: str) -> int:
    """Return where the words of the last paragraph begin; at most `_PARAGRAPH` characters before the end."""
    start = max(text.rfind("\n\n") + 2 if "\n\n" in text else 0, len(text) - _PARAGRAPH)
    at = text.rfind("\n", start) + 1
    while at > start:
        words = _words(text, at)
        if _is_fence(text, at):
            return text.find("\n", at) + 1 or len(text)
        # Each line of a quote has its mark; that of any other block begins the words.
        begun = text.rfind("\n", 0, max(0, at - 1)) + 1
        if text[at:words].strip(" \t>" if text[begun:at].lstrip(" ").startswith(">") else None):
            return words
        at = text.rfind("\n", start, at - 1) + 1
    return (text.find("\n", start) + 1 or len(text)) if _is_fence(text, start) else _words(text, start)


def _is_fence(text: str, line: int) -> bool:
    return text[line : line + _LONGEST_INDENT].lstrip(" \t>").startswith(("```", "~~~"))


def _words(text: str, line: int) -> int:
    """Return where the words of a line begin, behind the marks of its blocks."""
    at = line
    while at < len(text):
        rest = text[at : at + 12]
        number = rest.lstrip("0123456789")
        if rest[0] in " \t>":
            at += 1
        elif rest[:2] in {"- ", "* ", "+ "}:
            at += 2
        elif len(number) < len(rest) and number[:2] in {". ", ") "}:
            at += len(rest) - len(number) + 2
        elif rest[0] == "#" and rest.lstrip("#")[:1] == " ":
            return at + len(rest) - len(rest.lstrip("#")) + 1
        else:
            break
    return at
