"""The model's Markdown as Discord draws it. No I/O.

Discord draws emphasis, three sizes of headings, lists, quotes, code and masked links. It does not draw tables,
smaller headings, indented code, pictures and rules, and it hides what stands between double bars. Only what it does not
draw is rewritten; all other lines stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator

from adapters.discord.tables import show
from aion_bot.ports.links import LONGEST_LINE, Link, opens_no_link, real_address, rewritten
from aion_bot.ports.markdown import Block, blocks, plain_line_ends, table_cells

_LARGEST_SMALL_HEADING = 4
_SHORTEST_RULE = 3
_SHORTEST_CODE = "    "
_MARKS = ("```", "~~~", "####", "\t")
_SIGNS = " >-*_+=.)0123456789|:"
"""What the marks of quotes and list items consist of, and all of a rule, a heading's underline or a table's."""
_DRAWN_RULE = "─" * 12
_QUOTE_TO_THE_END = ">>> "
_FENCE = "```"
_BROKEN_FENCE = "``\u200b`"
_LINE_MARKS = " \t>*+-0123456789.)"
"""What may stand in a line before a heading or small print: the marks of quotes and list items."""
# People, roles, channels, commands, sounds and the server's own pages; `<t:…>` is a time, and harmless.
_PILLS = tuple(
    (opening, f"{opening[0]}\u200b{opening[1:]}") for opening in ("<@", "<#", "</", "<id:", "<sound:")
)
_EMPHASIS = "*_~"
_INVISIBLE = "\u200b"
_NO_LINK = f"]{_INVISIBLE}("
_LANGUAGE_SIGNS = frozenset("_+-.#")


def convert(text: str) -> str:
    """Rewrite Markdown for Discord. A code block that is still open is closed at the end."""
    text = plain_line_ends(text)
    lines = text.split("\n")
    drawn: list[str] = []
    done = 0
    for block in [] if is_plain(text) else blocks(text, is_plain=is_plain):
        rewrite = _REWRITTEN.get(block.kind)
        if rewrite is not None:
            end = min(block.end, len(lines))
            drawn += map(_line, lines[done : block.first])
            drawn += rewrite(block, lines[block.first : end])
            done = end
    return _sure("\n".join([*drawn, *map(_line, lines[done:])]))


def is_plain(text: str) -> bool:
    """Tell without parsing whether Discord draws every block of `text`. False may be wrong, True is not."""
    if any(mark in text for mark in _MARKS):
        return False
    before, may_be_code = "", True
    for line in text.split("\n"):
        words = line.lstrip(_SIGNS)
        signs = line[: len(line) - len(words)]
        # Signs alone may be a rule, or what makes the line before a title or the head of a table.
        under_head = "|" in before and "-" in signs
        if not words and (under_head or max(map(signs.count, "-*_")) >= _SHORTEST_RULE):
            return False
        # Code cannot interrupt a paragraph: what is indented behind one goes on with it, or is an item in an item.
        indented = _SHORTEST_CODE in (signs if may_be_code else signs.lstrip(" "))
        if indented and not line.isspace():
            return False
        before, may_be_code = line, words[:1] in {"", "#"}
    return True


def inline(line: str) -> str:
    """Rewrite what stands inside a line: links, pictures and double bars, but nothing in code.

    Discord takes fewer backticks than stand there for the opening of code, also where only a later line has as many more.
    Those that open or close no code in Markdown are escaped, so that both find the same code.
    """
    shown = harmless(line)
    ticks_pair = line.count("`") % 2 == 0 and not any(sign in line for sign in ("``", "\\", ":/"))
    # Where nothing is rewritten it does not matter what is code.
    has_code = "`" in line and not (ticks_pair and shown == line)
    if not ("](" in line or has_code) or len(line) > LONGEST_LINE:  # no message holds such a line
        return shown
    if "](" not in line and "`" not in line.partition("`")[2].lstrip("`"):
        return _text(line)  # a single mark opens nothing; parsing the line takes longer
    return _sure(rewritten(line, _link, _code_span, _text))


def _sure(drawn: str) -> str:
    """Break up mentions in code as well, where Discord may see none: emphasis that began before can take in its first mark."""
    if "`" not in drawn or not any(mark in drawn for mark in _EMPHASIS):
        return drawn
    for opening, shown in _PILLS:
        # Code has closing tags.
        drawn = drawn if opening == "</" else drawn.replace(opening, shown)
    return drawn


def _text(text: str) -> str:
    """Keep text from opening code, and from being a masked link as well."""
    pieces = unlinked(text).split("`")
    return "".join(f"{one}{'' if _escapes(one) else chr(92)}`" for one in pieces[:-1]) + pieces[-1]


def _escapes(before: str) -> bool:
    """Tell whether a backslash at the end of a text escapes what follows, and is not escaped itself."""
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def unlinked(text: str) -> str:
    """Keep text from being a masked link as well, such as one whose label began in another line."""
    first, *rest = harmless(text).split("](")
    pieces, before = [first], first
    for piece in rest:
        # Discord makes no link without an address, nor of a label whose bracket is escaped.
        no_link = piece.startswith(")") or before[max(map(before.rfind, "[]")) - 1 :].startswith("\\[")
        pieces += "](" if no_link else _NO_LINK, piece
        before = piece
    return "".join(pieces)


def _code_span(written: str, before: str) -> str:
    """Write code or an automatic link. A backtick in an address is a part of it for Discord, and opens no code."""
    if not written.startswith("`"):
        return written
    inside = written.strip("`")
    mark = written[: written.index(inside)]
    in_address = ":/" in before[max(map(before.rfind, " \t")) + 1 :]
    # Discord's apps do not agree on code that holds as many backticks as its mark has, or on longer marks.
    apart = in_address or mark in inside or len(mark) > len(_FENCE)
    if apart:
        return _text(written)
    # Emphasis that began before can take in the first mark: a link in code is one then.
    taken_in = any(mark in before for mark in _EMPHASIS)
    return written.replace("](", _NO_LINK) if taken_in else opens_no_link(written, _INVISIBLE)


def _link(link: Link) -> str:
    """Write a link so that Discord makes one of it: a label that holds an address would show the marks."""
    if not link.address:
        return _text(link.written)
    without_scheme = link.address.removeprefix("https://").removeprefix("http://")
    if not link.label or link.label in {link.address, link.target, without_scheme}:
        return link.address.replace("`", "%60")
    bare = link.label.replace("https://", "").replace("http://", "")
    bare = (
        rewritten(bare, lambda one: _text(one.written), _code_span, _text) if "`" in bare else harmless(bare)
    )
    if link.misleads:
        address = harmless(real_address(link.address))
        shown = f"<{address}>" if "://" in address else address
        return f"{bare.replace('](', _NO_LINK)} ({shown})"
    # A target that Discord takes for no address would be text, in which bars hide what follows.
    return f"[{bare}]({link.target.replace('||', '%7C%7C').replace('`', '%60')})"


def quoted(text: str) -> str:
    """Rewrite the model's Markdown as a quote, in which nothing is as large or as small as the bot's own headings and notes."""
    return (
        "\n".join(f"> {line}" for line in in_own_size(convert(text.strip()).split("\n")))
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


def harmless(text: str) -> str:
    """Keep text from hiding what follows it, and from showing mentions, which Discord draws like real ones.

    Whom a message notifies is decided where it is sent; this is about what it looks like.
    """
    text = text.replace("||", r"\|\|")
    for opening, shown in _PILLS:
        text = text.replace(opening, shown)
    for name in ("@everyone", "@here"):
        text = _unaddressed(text, name)
    return text


def _unaddressed(text: str, name: str) -> str:
    """Break up a mention of everybody, but not where it is a part of an address, which would lead elsewhere then."""
    first, *rest = text.split(name)
    pieces = [first]
    word = first
    for piece in rest:
        # An address ends at a blank: only the word that the name stands in matters.
        inside = "://" in word[max(map(word.rfind, " \n\t")) + 1 :]
        pieces += name if inside else f"{name[0]}\u200b{name[1:]}", piece
        # An address may hold the name more than once.
        word = f"://{piece}" if inside else piece
    return "".join(pieces)


def plain(text: str) -> str:
    """Keep text that is not parsed from opening code, hiding what follows, and passing for the bot's own small print.

    For an answer that could not be converted: at most twice as long, and one pass.
    """
    return "\n".join(unlinked(unfenced(_one_quote(_in_full_size(line)))) for line in text.split("\n"))


def unfenced(text: str) -> str:
    """Break up fences, for text that must not open or close a code block."""
    # Twice: what is left of one fence and the beginning of the next make a third.
    return text.replace("```", _BROKEN_FENCE).replace("```", _BROKEN_FENCE)


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
    line = _one_quote(_in_full_size(line))
    return inline(line)


def _quotes(block: Block) -> str:
    return "> " * sum(container.quote for container in block.containers)


def _code(block: Block, lines: list[str]) -> Iterator[str]:
    """Show code in Discord's only fence. Its lines lose the indentation of list items, which Discord would show."""
    # Discord takes the word behind the mark for a line of code unless it could be the name of a language.
    word = block.info.split()[0] if block.info else ""
    language = (
        word if word.isascii() and all(sign.isalnum() or sign in _LANGUAGE_SIGNS for sign in word) else ""
    )
    opening = _one_quote(lines[0].partition(block.markup)[0]) if block.markup else _quotes(block)
    yield f"{opening}```{language}"
    # Discord looks for links first: one whose label began above would end in the code.
    for line in opens_no_link(block.text, _INVISIBLE).split("\n")[:-1]:
        yield _quotes(block) + unfenced(line)
    yield f"{_quotes(block)}{'' if block.containers else opening}```"


def _heading(block: Block, lines: list[str]) -> Iterator[str]:
    if len(block.markup) < _LARGEST_SMALL_HEADING:
        yield _line(lines[0])
        return
    # Bold inside of bold would end it.
    before = _one_quote(lines[0].partition("#")[0]) if block.containers else ""
    # Headings of the fourth level and below do not exist in Discord: they become bold lines.
    words = _line(block.text.replace("**", ""))
    yield f"{before}**{words}**" if words else before


def _underlined(block: Block, lines: list[str]) -> Iterator[str]:
    yield from map(_line, lines[:-1])
    # A line of dashes under words is meant as a rule more often than as a title's underline.
    marks = lines[-1].strip()
    is_rule = block.markup == "-" and len(marks) >= _SHORTEST_RULE and not block.containers
    yield _DRAWN_RULE if is_rule else lines[-1]


def _rule(block: Block, lines: list[str]) -> Iterator[str]:
    before = _one_quote(lines[0].rstrip(f"{block.markup[0]} \t"))
    yield f"{before} {_DRAWN_RULE}" if before else _DRAWN_RULE


def _table(block: Block, lines: list[str]) -> Iterator[str]:
    del lines
    head, _, *rows = block.text.split("\n")
    shown = show([table_cells(row) for row in (head, *rows)])
    # As a list its cells are words like any others; in a code block nothing is drawn.
    drawn = shown if shown.startswith("```") else "\n".join(map(_line, shown.split("\n")))
    for line in drawn.split("\n"):
        yield _quotes(block) + line


_REWRITTEN: dict[str, Callable[[Block, list[str]], Iterator[str]]] = {
    "fence": _code,
    "code": _code,
    "heading": _heading,
    "underlined": _underlined,
    "rule": _rule,
    "table": _table,
}
