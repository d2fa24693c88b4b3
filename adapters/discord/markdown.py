"""The model's Markdown as Discord draws it. No I/O.

Discord draws emphasis, three sizes of headings, lists, quotes, code and masked links. It does not draw tables,
smaller headings, pictures and rules, and it hides what stands between double bars.
"""

import re
from collections.abc import Iterator

from adapters.discord.tables import begins_table, cells, show

_FENCE = re.compile(r"(\s*)(`{3,}|~{3,})([^`]*)")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]+")
_SMALL_HEADING = re.compile(r"\s{0,3}#{4,6}\s+(.*?)\s*#*\s*")
_RULE = re.compile(r"\s{0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_CODE_SPAN = re.compile(r"(`+[^`]+`+)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((<[^<>\s]+>|[^\s()]+(?:\([^\s()]*\)[^\s()]*)*)\)")
_SCHEME = re.compile(r"https?://")
_DRAWN_RULE = "─" * 12
_BROKEN_FENCE = "``\u200b`"


def convert(text: str) -> str:
    """Rewrite Markdown for Discord. A code block that is still open is closed at the end."""
    return "\n".join(_converted(text.split("\n")))


def inline(line: str) -> str:
    """Rewrite what stands inside a line: links, pictures and double bars, but nothing in code."""
    if "`" not in line:
        return _rewritten(line)
    pieces = _CODE_SPAN.split(line)
    return "".join(piece if at % 2 else _rewritten(piece) for at, piece in enumerate(pieces))


def unfenced(text: str) -> str:
    """Break up fences, for text that must not open or close a code block."""
    return text.replace("```", _BROKEN_FENCE)


def _converted(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        if fence := _FENCE.fullmatch(lines[at]):
            block, at = _code_block(fence, lines, at + 1)
            yield from block
        elif at + 1 < len(lines) and begins_table(lines[at], lines[at + 1]):
            end = _end_of_table(lines, at + 2)
            yield show([cells(line) for line in (lines[at], *lines[at + 2 : end])])
            at = end
        else:
            yield _line(lines[at])
            at += 1


def _code_block(opening: re.Match[str], lines: list[str], at: int) -> tuple[list[str], int]:
    """Return a block with Discord's only fence, and where the text goes on."""
    indent, fence, info = opening[1], opening[2], opening[3].strip()
    word = info.split()[0] if info else ""
    block = [f"{indent}```{word if _LANGUAGE.fullmatch(word) else ''}"]
    while at < len(lines) and not _closes(lines[at], fence):
        block.append(unfenced(lines[at]))
        at += 1
    return [*block, f"{indent}```"], at + 1


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and bare == fence[0] * len(bare)


def _end_of_table(lines: list[str], at: int) -> int:
    while at < len(lines) and "|" in lines[at] and not _FENCE.fullmatch(lines[at]):
        at += 1
    return at


def _line(line: str) -> str:
    if heading := _SMALL_HEADING.fullmatch(line):
        words = heading[1].replace("**", "")
        return f"**{inline(words)}**" if words else ""
    if _RULE.fullmatch(line):
        return _DRAWN_RULE
    return inline(line)


def _rewritten(piece: str) -> str:
    piece = piece.replace("||", r"\|\|")
    return _LINK.sub(_link, piece) if "](" in piece else piece


def _link(match: re.Match[str]) -> str:
    """Write a link so that Discord makes one of it: a label that holds an address would show the marks."""
    label, target = match[1].strip(), match[2]
    address = target.strip("<>")
    if not label or label in {address, target} or label == _SCHEME.sub("", address):
        return address
    return f"[{_SCHEME.sub('', label)}]({target})"
