"""The model's Markdown as Discord draws it. No I/O.

Discord draws emphasis, three sizes of headings, lists with `-`, `*` and `1.`, quotes, code and masked links. It does not draw
tables, smaller or underlined headings, indented code, task lists, quotes in quotes, pictures and rules, and it hides what
stands between double bars. What it does not draw is rewritten; all other lines stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from adapters.discord.inline import (
    as_words,
    in_bold,
    inline,
    needs_rewriting,
    unfenced,
    unlinked,
    with_lone_signs,
    without_pills_in_code,
)
from adapters.discord.tables import show
from aion_bot.ports.inline import LINE_BREAK, spans
from aion_bot.ports.links import opens_no_link
from aion_bot.ports.markdown import Block, Container, begins_table, blocks, plain_line_ends, table_cells

_LARGEST_SMALL_HEADING = 4
_SHORTEST_RULE = 3
_SHORTEST_CODE = "    "
_MARKS = ("~~~", "####", "-#", "# ", "\t", ">", "+ ", "=", ") ")
"""What a text has that has a block to rewrite, beside code, rules and what stands inside of lines."""
_SIGNS = " >-*_+=.)0123456789|:"
"""What the marks of quotes and list items consist of, and all of a rule, a heading's underline or a table's."""
_DRAWN_RULE = "─" * 12
_QUOTE_TO_THE_END = ">>> "
_LINE_MARKS = " \t>*+-0123456789.)"
"""What may stand in a line before a heading or small print: the marks of quotes and list items."""
_DRAWN_AS_WORDS = frozenset({"rule", "heading", "table"})
_INVISIBLE = "\u200b"
_LANGUAGE_SIGNS = frozenset("_+-.#")
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}


def convert(text: str) -> str:
    """Rewrite Markdown for Discord. A code block that is still open is closed at the end."""
    text = plain_line_ends(text)
    return text if is_plain(text) else with_lone_signs(text, _converted(text))


def _converted(text: str) -> str:
    lines = text.split("\n")
    drawn: list[str] = []
    done, in_list = 0, False
    left: tuple[Container, ...] = ()
    for block in blocks(text, is_plain=is_plain):
        end = min(block.end, len(lines))
        drawn += map(_line, lines[done : block.first])
        shown = list(_REWRITTEN[block.kind](block, _outside(left, block, lines[block.first : end])))
        words = block.kind in _DRAWN_AS_WORDS and not _is_quoted(block) and shown[0][:1] not in "#`"
        above = drawn[-1] if drawn else ""
        # What is drawn as words would go on with the quote above it, be a title above the sign of an empty item, or go on
        # with the item above it, in which other signs begin items than in a paragraph.
        after_quote = above.startswith("> ") and above.strip(" >")
        after_item = in_list and above.strip() and not block.containers
        begins_title = shown[:1] and shown[0].strip() == "-" and above[:1].isalpha()
        drawn += [""] if (words and (after_quote or after_item)) or begins_title else []
        following = "".join(lines[end : end + 1])
        as_list = block.kind == "table" and shown[-1].startswith("- ")
        empty = (words or bool(left) or shown[-1:] == [_DRAWN_RULE]) and _begins_with_its_sign(following)
        drawn += [*shown, ""] if empty or (as_list and following.strip()) else shown
        done, in_list = end, bool(block.containers)
        # Code and quotes stand outside of their list, and so does what follows them in the same item.
        left = block.containers if block.kind in {"fence", "code"} or _is_quoted(block) else left
    return without_pills_in_code("\n".join([*drawn, *map(_line, lines[done:])]))


def _begins_with_its_sign(line: str) -> bool:
    """Tell whether a line begins an item that goes on with words above it.

    It is drawn as the sign of an item alone, as is one whose words begin with code, or it has another number than 1.
    """
    sign, words = line.strip()[:1], line.strip()[1:].lstrip()
    number, behind, _ = line.strip().partition(line.strip().lstrip("0123456789")[:1] or " ")
    counted = number.isdigit() and behind in {".", ")"} and number.lstrip("0") != "1"
    return counted or (sign == "-" and not words) or (sign in {"-", "+"} and words.startswith(("```", "~~~")))


def _outside(left: tuple[Container, ...], block: Block, lines: list[str]) -> list[str]:
    """Return lines without the indentation of list items that code has ended."""
    if not left or _is_quoted(block):
        return lines
    indent = max((one.indent for one in block.containers if one in left), default=0)
    if "\t" in "".join(line[: len(line) - len(line.lstrip())] for line in lines):
        lines = [line[: len(line) - len(line.lstrip())].expandtabs(4) + line.lstrip() for line in lines]
    if not indent:
        return lines
    cut = [line[indent:] if line[:indent].isspace() else line for line in lines]
    # What of it is no item of its own would be one of that list again with a blank in front, and a heading none.
    is_left = block.kind not in {"fence", "code"} and set(block.containers) <= set(left)
    return [line.lstrip(" ") for line in cut] if is_left else cut


def is_plain(text: str) -> bool:
    """Tell without parsing whether Discord draws all of `text` as Markdown has it. False may be wrong, True is not."""
    if needs_rewriting(text) or any(mark in text for mark in _MARKS):
        return False
    may_be_code = True
    for line in text.split("\n"):
        words = line.lstrip(_SIGNS)
        signs = line[: len(line) - len(words)]
        # Signs alone may be a rule, or what makes the line before a title or the head of a table.
        if not words and "-" in signs:
            return False
        # Code cannot interrupt a paragraph: what is indented behind one goes on with it, or is an item in an item.
        indented = _SHORTEST_CODE in (signs if may_be_code else signs.lstrip(" "))
        if indented and not line.isspace():
            return False
        may_be_code = words[:1] in {"", "#"}
    return True


def quoted(text: str) -> str:
    """Rewrite the model's Markdown as a quote, in which nothing is as large or as small as the bot's own headings and notes."""
    return (
        "\n".join(f"> {line}" for line in in_own_size(_converted(plain_line_ends(text.strip())).split("\n")))
        if text.strip()
        else ""
    )


def in_own_size(lines: Iterable[str]) -> Iterator[str]:
    """Escape the marks of headings and small print outside of code."""
    fenced = False
    for line in lines:
        # Each line of a fence has one mark; two of them are code inside a line.
        fenced ^= line.count("```") % 2 == 1
        words = line.lstrip(_LINE_MARKS)
        escapes = words.startswith("#") and not fenced
        yield f"{line[: -len(words)]}\\{words}" if escapes else line


def plain(text: str) -> str:
    """Keep text that is not parsed from opening code, hiding what follows, and passing for the bot's own small print.

    For an answer that could not be converted: at most twice as long, and one pass.
    """
    return "\n".join(unlinked(unfenced(_one_quote(_in_full_size(line)))) for line in text.split("\n"))


def _in_full_size(line: str) -> str:
    """Escape the mark of small print, which is the bot's own voice; the backslash is not shown."""
    words = line.lstrip(_LINE_MARKS)
    if words.startswith("#") and line[: -len(words)].endswith("-"):
        return f"{line[: -len(words)]}\\{words}"
    return line


def _one_quote(line: str) -> str:
    """Make a quote of three marks one of a single mark. In Discord three also quote all that follows."""
    words = line.lstrip(" ")
    return f"> {words.removeprefix(_QUOTE_TO_THE_END)}" if words.startswith(_QUOTE_TO_THE_END) else line


def _line(line: str) -> str:
    """Draw a line of no block: a blank one, an item without words, or one that is nested too deeply."""
    if not line.strip(" >"):
        return "> " if ">" in line else line
    return inline(_one_quote(_in_full_size(line))).replace(LINE_BREAK, " ").rstrip(" ")


def _marks(block: Block, line: str, words: str) -> str:
    """Return how a line that ends with `words` begins on Discord: in one quote at most, with its marks of lists."""
    before = line[: max(0, len(line.rstrip()) - len(words))]
    if _is_quoted(block):
        if before.lstrip() == _QUOTE_TO_THE_END.rstrip():
            return before  # no quote for Discord, which wants a blank behind the marks
        # Discord has no quote in a quote or in an item, and ends one at a line without its mark.
        inside = before.lstrip(" ") if before.lstrip(" ").startswith(">") else before
        before = "> " + inside.replace("> ", "").replace(">", "")
    if "+" in before or ")" in before:
        before = before.replace("+", "-").replace(")", ".")
    return before


def _is_quoted(block: Block) -> bool:
    return any(container.quote for container in block.containers)


def _paragraph(block: Block, lines: list[str]) -> Iterator[str]:
    if block.text[:2] in {"\\[", "$$"} and "\n" in block.text and not block.containers:
        found = spans(block.text)
        if len(found) == 1 and found[0].kind == "code" and found[0].end == len(block.text):
            yield from _code(replace(block, text=f"{found[0].value.strip('`').strip(chr(10))}\n"), lines)
            return
    written = block.text.split("\n")
    task = _TASKS.get(block.text[:4]) if block.containers and not block.containers[-1].quote else None
    begins_item = task is not None and block.containers[-1].first == block.first
    drawn = inline(block.text[4:] if begins_item else block.text).split("\n")
    # A line of nothing but tags has become empty; the next one begins the block.
    kept = [
        at for at, words in enumerate(drawn) if words.strip() or not "".join(written[at : at + 1]).strip()
    ]
    above = ""
    for number in kept or [0]:
        first, *more = drawn[number].strip().split(LINE_BREAK)
        begins = number == (kept or [0])[0]
        shown = [f"{task}{first}" if begins_item and begins else first, *more]
        of = 0 if begins else number
        before = _marks(block, lines[of], written[of].strip()) if of < len(lines) else ""
        indented = before[: len(before) - len(before.lstrip("> "))] + " " * len(before.lstrip("> "))
        for at, one in enumerate(shown):
            words = as_words(one)
            # Bars that are escaped now may have kept these two lines from being the head of a table.
            words = f"\\{words}" if begins_table(above, words) else words
            above = words
            yield f"{indented if at else before}{words}"


def _code(block: Block, lines: list[str]) -> Iterator[str]:
    """Show code in Discord's only fence. Its lines lose the indentation of list items, which Discord would show."""
    # Discord takes the word behind the mark for a line of code unless it could be the name of a language.
    word = block.info.split()[0] if block.info else ""
    language = (
        word if word.isascii() and all(sign.isalnum() or sign in _LANGUAGE_SIGNS for sign in word) else ""
    )
    quote = "> " if _is_quoted(block) else ""
    opening = (
        _marks(block, lines[0], lines[0][lines[0].find(block.markup) :].rstrip())
        if block.markup and block.containers
        else quote
    )
    if any(not container.quote for container in block.containers):
        # A list of Discord's ends at the first line that is not indented, and a fence that it opens ends with it. So the
        # sign of an item whose words begin with code has a line of its own, and code stands outside of the list.
        if opening.strip("> "):
            yield opening.rstrip()
        opening = quote
    yield f"{opening}```{language}"
    # Discord looks for links first: one whose label began above would end in the code.
    for line in opens_no_link(block.text, _INVISIBLE).split("\n")[:-1]:
        yield quote + unfenced(line)
    yield f"{quote if block.containers else opening}```"


def _heading(block: Block, lines: list[str]) -> Iterator[str]:
    before = _marks(block, lines[0], lines[0][lines[0].find("#") :].rstrip()) if block.containers else ""
    if len(block.markup) < _LARGEST_SMALL_HEADING:
        yield f"{before}{block.markup} {inline(block.text).replace(LINE_BREAK, ' ')}"
        return
    # Headings of the fourth level and below do not exist in Discord: they become bold lines.
    yield f"{before}{in_bold(block.text)}"


def _underlined(block: Block, lines: list[str]) -> Iterator[str]:
    # A line of dashes under words is meant as a rule more often than as a title's underline.
    if block.markup == "-" and len(lines[-1].strip()) >= _SHORTEST_RULE and not block.containers:
        yield from _paragraph(block, lines[:-1])
        yield _DRAWN_RULE
        return
    before = _marks(block, lines[0], block.text.split("\n")[0].strip()) if block.containers else ""
    title = " ".join(inline(block.text).replace(LINE_BREAK, " ").split())
    yield f"{before}{'#' if block.markup == '=' else '##'} {title}"


def _rule(block: Block, lines: list[str]) -> Iterator[str]:
    before = _marks(block, lines[0].rstrip(f"{block.markup[0]} \t"), "") if block.containers else ""
    yield f"{before.rstrip()} {_DRAWN_RULE}" if before.strip() else _DRAWN_RULE


def _table(block: Block, lines: list[str]) -> Iterator[str]:
    del lines
    head, _, *rows = block.text.rstrip("\n").split("\n")
    for line in show([table_cells(row) for row in (head, *rows)]).split("\n"):
        yield ("> " if _is_quoted(block) else "") + line


_REWRITTEN: dict[str, Callable[[Block, list[str]], Iterator[str]]] = {
    "paragraph": _paragraph,
    "fence": _code,
    "code": _code,
    "heading": _heading,
    "underlined": _underlined,
    "rule": _rule,
    "table": _table,
}
