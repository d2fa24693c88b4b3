"""What is open where Markdown is cut into pages, and how the next page goes on with it. No I/O.

A page is read by the platform as a document of its own. Say that one ends behind `make`, in the code of this item:

    1. Run the tests:
       ```sh
       make
       make test
       ```
       They take a minute.

There a fence is open, in a list item whose content is indented by three columns: that is the `Context` of what follows,
which is parsed behind a *preamble*, lines that open the same again:

    -  ```sh
       make test
       ```
       They take a minute.

On its page (see `piece`) it is shown without the list item, which is on the page before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aion_bot.ports.inline import spans
from aion_bot.ports.markdown import Block, Container, blocks, line_starts, plain_line_ends
from aion_bot.ports.unfinished import closing_marks, open_marks, settled

_LONGEST_INFO = 40
"""Characters behind a fence that are worth repeating on each page: a language's name."""

_LONGEST_MARK = 40
"""Characters of a fence's mark that are worth repeating; a fence with a longer one is cut like words."""

_LONGEST_HEAD = 400
"""Characters of a table's head, with the line under it, that are worth repeating; one with a longer head is cut like words."""

WORD_JOINER = "\N{WORD JOINER}"
"""Nobody sees it; in front of the mark of a block it makes plain text of the mark."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is open where a text was cut.

    Attributes:
        containers: The quotes and list items around the cut, the outermost first.
        leaf: `fence`, `code` (inside a line of an indented block), `table` (between two of its lines), `paragraph`, or ""
            where none of these goes on.
        markup: The mark of an open fence, or the head of a table and the line under it.
        info: The words behind the mark of an open fence.
        inside_line: Whether the cut is inside a line.
        marks: What closes the emphasis and the code of a paragraph that are open, the outermost first.
    """

    containers: tuple[Container, ...] = ()
    leaf: str = ""
    markup: str = ""
    info: str = ""
    inside_line: bool = False
    marks: tuple[str, ...] = ()

    @property
    def closing(self) -> str:
        """What closes the marks that are open."""
        return "".join(reversed(self.marks))

    @property
    def opening(self) -> str:
        """What opens these marks again."""
        return "".join(mark.strip() for mark in self.marks)

    @property
    def quotes(self) -> str:
        """The marks of the quotes around the cut."""
        return "> " * sum(container.quote for container in self.containers)


NOTHING_OPEN = Context()


@dataclass(frozen=True, slots=True)
class Page:
    """What one message shows of a piece.

    Attributes:
        closing: How many characters at its end only close a fence that the piece leaves open.
        reserve: The room to keep for the closing of any fence that was opened so far. It never shrinks with the length
            of the piece, so that a page that is full once stays full while the text grows.
        blank: Whether it shows nothing but the marks of a fence.
    """

    text: str
    closing: int
    reserve: int
    blank: bool


def open_at_end(text: str, read: Callable[[str], Sequence[Block]] = blocks) -> Context:
    """Return what is open behind the last character of `text`, whose blocks are those that `read` finds."""
    text = plain_line_ends(text)
    found = read(text)
    if not found:
        return NOTHING_OPEN
    last = found[-1]
    inside_line = not text.endswith("\n")
    lines = text.count("\n") + inside_line
    if is_kept_fence(last) and not last.closed and last.end >= lines:
        info = last.info if len(last.info) <= _LONGEST_INFO else ""
        return Context(last.containers, "fence", last.markup, info, inside_line)
    # A blank line ends a quote and what is in it, but not a list item; any other line that is not in it ends both.
    said = text.rstrip(" \t\n").count("\n") + 1
    reach = [(one, lines if one.quote else said) for one in last.containers]
    ended = next((at for at, (one, end) in enumerate(reach) if one.end < end), None)
    containers = last.containers[:ended]
    # Behind a whole line only a paragraph or a table goes on; inside of a line, whatever block it is in.
    goes_on = last.kind in {"paragraph", "table"} or (inside_line and not is_kept_fence(last))
    if last.end < lines or not goes_on:
        return Context(containers, inside_line=inside_line)
    head = table_head(last)
    if head and not inside_line:
        return Context(containers, "table", head)
    if last.kind == "code":
        return Context(containers, "code", inside_line=inside_line)
    return Context(containers, "paragraph", inside_line=inside_line, marks=_open_marks(last, inside_line))


def _open_marks(block: Block, inside_line: bool) -> tuple[str, ...]:
    """Return what closes the marks that a block leaves open; none where they would begin a fence on the next page."""
    found = open_marks(block.text) if block.kind != "table" else []
    # Code ends with its line.
    marks = tuple(mark for _, mark in found if inside_line or "`" not in mark)
    written = " ".join(("".join(marks), "".join(reversed(marks))))
    return () if "```" in written or "~~~" in written else marks


def is_kept_fence(block: Block) -> bool:
    """Tell whether a block is a fence that is closed and opened again where a page ends in it."""
    return block.kind == "fence" and len(block.markup) <= _LONGEST_MARK


def table_head(block: Block) -> str:
    """Return the head of a table and the line under it where a page that goes on with it repeats them; "" elsewhere."""
    head = "\n".join(line.strip() for line in block.text.split("\n", 2)[:2]) if block.kind == "table" else ""
    return head if len(head) <= _LONGEST_HEAD else ""


def preamble(context: Context, text: str) -> str:
    """Return the lines that open `context` again, and the beginning of the next line if `text` begins inside of one."""
    opening, going_on = _inside(context.containers)
    if context.leaf == "fence":
        line = going_on + guard(text, context.markup) if context.inside_line else ""
        return f"{opening}{context.markup}{context.info}\n{line}"
    if context.leaf == "table":
        head, dashes = context.markup.split("\n")
        return f"{opening}{head}\n{going_on}{dashes}\n"
    if context.leaf == "paragraph":
        # `x` stands for the words on the page before; the preamble is parsed, and never shown.
        return f"{opening}{context.opening}x" if context.inside_line else f"{opening}{context.opening}x\n"
    # A paragraph, and an empty line that ends it but not the list items around it.
    indented = f"{going_on}    " if context.leaf == "code" else going_on
    return f"{opening}x\n{going_on.rstrip()}\n{indented if context.inside_line else ''}"


def _inside(containers: Sequence[Container]) -> tuple[str, str]:
    """Return how the first line inside these containers begins, and how each other one does."""
    opening = going_on = ""
    column = 0
    for container in containers:
        if container.quote:
            opening, going_on = opening + "> ", going_on + "> "
        else:
            width = container.indent - column
            opening, going_on = opening + _marker(width), going_on + " " * width
        column = container.indent  # columns are counted anew inside a quote, whose own indentation is 0
    return opening, going_on


def closed(text: str) -> str:
    """Return a text behind which another one may follow: a fence that it leaves open is closed."""
    context = open_at_end(text) if "```" in text or "~~~" in text else NOTHING_OPEN
    if context.leaf != "fence":
        return text
    return (
        f"{text}{'' if text.endswith(chr(10)) else chr(10)}{_inside(context.containers)[1]}{context.markup}"
    )


def healed(page: str, closing: int, *, growing: bool) -> tuple[str, int]:
    """Return a page whose last construct is not whole as it may be shown, and how many characters at its end only close.

    `closing`: so many close a fence by now. `growing`: more text follows, and what may be the beginning of another construct
    waits for it.
    """
    text = page[: len(page) - closing]
    close = page[len(text) :]
    if "```" in close or "~~~" in close:
        plain = plain_line_ends(text)
        last = blocks(plain)[-1:]
        opened = line_starts(plain)[last[0].first] if last else 0
        line = text.rfind("\n") + 1
        if growing and line > opened and not text[line:].strip(" \t>`~"):
            # This may become the mark that closes the code.
            text, close = text[:line], close.lstrip("\n")
        if not growing or text[opened:].partition("\n")[2].strip(" \t\n>"):
            return text + close, len(close)
        text = text[:opened]  # code that has no line yet
    if growing:
        text = text[: settled(text)]
    marks = "".join(mark for _, mark in reversed(closing_marks(text)))
    return (text.rstrip() if marks else text) + marks, len(marks)


def guard(line: str, markup: str) -> str:
    """Return what keeps the rest of a line of code from closing the code."""
    return WORD_JOINER if line.lstrip(" ").startswith(markup[0]) else ""


def paired(words: str, opening: str) -> str:
    """Return which of the marks that words begin with have a partner; none where they would begin a fence."""
    found = "".join(
        words[one.start : min(one.end, len(opening))] for one in spans(words) if one.kind != "sign"
    )
    return "" if (found + words[len(opening) :]).startswith(("```", "~~~")) else found


def _marker(width: int) -> str:
    """Return the marker of a list item whose content is indented by `width`: 2 to 17 in CommonMark."""
    # A bullet takes up to four blanks; wider content needs a number with more digits.
    if width <= 5:
        return "-" + " " * (width - 1)
    digits = min(9, width - 2)
    spaces = min(4, width - 1 - digits)
    return " " * (width - 1 - digits - spaces) + "1" * digits + "." + " " * spaces


def without_items(line: str, containers: Sequence[Container]) -> tuple[int, str]:
    """Return how much of a line only indents it inside list items, and what it begins with on a page without them."""
    at = column = base = 0
    made = ""
    for container in containers:
        wanted, before = base + container.indent, at
        while at < len(line) and line[at] in " \t" and (container.quote or column < wanted):
            column += 4 - column % 4 if line[at] == "\t" else 1
            at += 1
        # A line that goes on with a paragraph may leave out what its containers ask for.
        if line[at : at + 1] != ">" if container.quote else column < wanted and line[at:].strip():
            return before, made
        if container.quote:
            at, column, made = at + 1, column + 1, made + "> "
            if line[at : at + 1] in {" ", "\t"}:
                at, column = at + 1, column + 1
            base = column
    if containers and not containers[-1].quote and "\t" in line[: len(line) - len(line.lstrip(" \t"))]:
        # A tab is as wide as where it stands makes it, and it stands elsewhere now.
        while at < len(line) and line[at] in " \t":
            column += 4 - column % 4 if line[at] == "\t" else 1
            at += 1
        made += " " * max(0, column - base - containers[-1].indent)
    return at, made


def as_words(line: str, old: int, new: str) -> tuple[int, str]:
    """Return a line's prefix that keeps the rest of it a part of a paragraph, whatever it begins with."""
    words = line[old:].lstrip(" \t")
    found = blocks(words.rstrip("\n")) if words.strip() else []
    harmless = not words.strip() or (found and found[0].kind == "paragraph" and not found[0].containers)
    return len(line) - len(words), new if harmless else new + WORD_JOINER


def joins(block: Block, is_elsewhere: Callable[[Container], bool], line: str) -> bool:
    """Tell whether the line behind a block becomes a part of it where the item that the line ends is on another page."""
    at = next((at for at, one in enumerate(block.containers) if is_elsewhere(one)), None)
    line = line.lstrip(" ")
    if at is None or block.containers[at].end != block.end or not line.strip():
        return False
    if block.containers[at + 1 :] and block.containers[at + 1].quote:
        return line.startswith(">")
    # An item without words, or with another number than 1, does not end a paragraph.
    return block.kind == "paragraph" and blocks(f"x\n{line}")[0].end > 1
