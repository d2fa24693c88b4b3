"""Links whose addresses stand elsewhere in the text, written where they are used: a page has no other page's. No I/O.

See [the report][1] and [site 7][].        See [the report](https://x.example/1) and [site 7](https://x.example/7).

[1]: https://x.example/1
[site 7]: https://x.example/7
"""

from collections.abc import Container, Mapping

from aion_bot.ports.markdown import blocks, plain_line_ends
from aion_bot.ports.unfinished import masked

_LONGEST_TEXT = 200_000
"""Characters of a text in which definitions are looked for."""
_LONGEST_LABEL = 200
_MOST_READ = 1_000
"""Definitions of numbers of which it is looked whether they stand in code."""


def with_links(text: str) -> str:
    """Write each link by reference as a link, and leave out the definitions that are used.

    A number in brackets alone stays: it may be a citation.
    """
    if ("]: http" not in text and "]: <http" not in text) or len(text) > _LONGEST_TEXT:
        return text
    lines, defined, code = text.split("\n"), dict[str, tuple[int, str]](), set[int]()
    for block in blocks(plain_line_ends(text)):
        if block.kind in {"fence", "code"}:
            code.update(range(block.first, block.end))
        for number, line in enumerate(
            block.text.split("\n") if block.kind == "paragraph" else (), block.first
        ):
            label, is_definition, rest = line.strip().partition("]:")
            address = (rest.split() or [""])[0].strip("<>")
            if not (is_definition and label[:1] == "[" and "://" in address and "[" not in label[1:]):
                break  # definitions stand at the beginning of a paragraph
            defined.setdefault(_key(label[1:]), (number, address))
    used: set[str] = set()
    if defined:
        lines = [line if at in code else _linked(line, defined, used) for at, line in enumerate(lines)]
    left_out = {defined[key][0] for key in used}
    return (
        "\n".join(line for at, line in enumerate(lines) if at not in left_out).rstrip("\n") if used else text
    )


def as_labels(page: str) -> str:
    """Write each link by reference as its label, and no definition: in a text that grows nobody knows yet where it leads."""
    if "][" not in page and "]:" not in page:
        return page
    lines = page.split("\n")
    found = blocks(plain_line_ends(page), is_plain=lambda part: "][" not in part and "]:" not in part)
    for at in (at for one in found if one.kind not in {"fence", "code"} for at in range(one.first, one.end)):
        label, is_definition, rest = lines[at].strip().partition("]:")
        address = rest.strip().removeprefix("<")
        if is_definition and label[:1] == "[" and label[1:2] != "^" and address[:4] in {"", "http"}:
            lines[at] = ""
        elif "][" in lines[at]:
            lines[at] = _labelled(lines[at])
    return "\n".join(lines)


def _labelled(line: str) -> str:
    signs, pieces, done = masked(line), list[str](), 0
    at = signs.find("][")
    while at >= 0:
        start, close = signs.rfind("[", done, at), signs.find("]", at + 2, at + 2 + _LONGEST_LABEL)
        label, before = line[start + 1 : at], signs[max(0, start - 1) : start]
        # Two brackets behind a name are an index, and numbers are citations.
        if (
            start >= 0
            and close > 0
            and not before.isalnum()
            and before not in {"]", ")", "_"}
            and any(map(str.isalpha, label))
        ):
            pieces += line[done:start], label
            done = close + 1
        at = signs.find("][", max(at + 1, done))
    return "".join((*pieces, line[done:]))


def without_definitions(text: str, numbers: Container[int]) -> str:
    """Escape the text's own definitions of these numbers: where they are citations, they would lead elsewhere."""
    if "]:" not in text:
        return text
    lines = text.split("\n")
    defining = [at for at, line in enumerate(lines) if "]:" in line and _defines(line, numbers)]
    # Reading the blocks of a long text takes most of a second. So many definitions are no code that somebody copies.
    inside = set(defining)
    if 0 < len(defining) <= _MOST_READ:
        found = blocks(plain_line_ends(text), is_plain=lambda part: "]:" not in part)
        inside = {at for one in found if one.kind == "paragraph" for at in range(one.first, one.end)}
    for at in defining:
        if at in inside:
            before, opening, rest = lines[at].partition("[")
            lines[at] = f"{before}\\{opening}{rest}"
    return "\n".join(lines)


def _defines(line: str, numbers: Container[int]) -> bool:
    """Tell whether a line may define one of these numbers."""
    label, is_definition, _ = line.partition("[")[2][:_LONGEST_LABEL].partition("]:")
    number = label.strip()
    return bool(is_definition) and number.isascii() and number.isdecimal() and int(number) in numbers


def _linked(line: str, defined: Mapping[str, tuple[int, str]], used: set[str]) -> str:
    if "[" not in line or len(line) > _LONGEST_TEXT:
        return line
    signs, pieces, done, opened = masked(line), list[str](), 0, list[int]()
    for at, sign in enumerate(signs):
        if sign == "[":
            opened.append(at)
        elif sign == "]" and opened:
            start = opened.pop()
            if start < done:
                continue
            label, end = line[start + 1 : at], at + 1
            key = _key(label)
            if signs[end : end + 1] == "[" and (close := signs.find("]", end, end + _LONGEST_LABEL)) > 0:
                key, end = _key(line[end + 1 : close]) or key, close + 1
            elif key.isdecimal() or signs[end : end + 1] in {":", "("}:
                continue
            if key in defined:
                address = defined[key][1]
                target = f"<{address}>" if "(" in address or ")" in address else address
                pieces += line[done:start], f"[{label}]({target})"
                used.add(key)
                done = end
    return "".join((*pieces, line[done:]))


def _key(label: str) -> str:
    """Return a label as it is compared: its case and its blanks do not matter."""
    return " ".join(label[:_LONGEST_LABEL].split()).casefold()
