"""The list of an answer's sources, as Markdown that shows every name and address as it is. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from aion_bot.domain import strings
from aion_bot.ports.links import real_address
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.citations import LONGEST_NAME, Source, Sources, literal
from aion_bot.rendering.pagination import Measure

MOST_LISTED = 20
"""Sources that a message lists; others are counted."""

MOST_IN_FILE = 1_000
"""Sources that the file of a long answer lists."""

LONGEST_ADDRESS = 500
"""Characters of an address that a title leads to; of a longer one only the host is shown."""

_LONGEST_WRITTEN = 2_000
"""Characters of an address that is looked at."""

_MOST_PASSAGES = 10
"""Passages of one document that are listed."""

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_~[]<>|&"})


def source_lines(sources: Sources, most: int) -> list[str]:
    """Return a line for each source in the order of their numbers; of more than `most` the others are counted."""
    lines = [
        KNOWN.strike(f"- [{number}] {_named(source)}")
        for number, source in sorted(sources.cited.items())[:most]
    ]
    left = len(sources.cited) - len(lines)
    return [*lines, f"- {strings.more_sources(left)}"] if left else lines


def source_list(sources: Sources, most: int = MOST_LISTED) -> str:
    """Return the list of sources under its heading; "" where nothing is cited."""
    lines = source_lines(sources, most)
    return "\n".join((f"**{strings.SOURCES}**", *lines)) if lines else ""


def with_sources(
    pages: Sequence[str], sources: Sources, measure: Measure, limit: int, most_pages: int
) -> list[str]:
    """Put the list under the last page, or whole on a page of its own.

    Where there can be no other page, or one does not hold it, as many sources are listed as there is room for.
    """
    if not sources.cited:
        return list(pages)
    last = pages[-1].rstrip("\n") if pages else ""
    whole = f"{last}\n\n{source_list(sources)}".lstrip("\n")
    if measure(whole) <= limit:
        return [*pages[:-1], whole]
    before, last = (pages, "") if len(pages) < most_pages else (pages[:-1], last)
    for most in range(min(len(sources.cited), MOST_LISTED), 0, -1):
        page = f"{last}\n\n{source_list(sources, most)}".lstrip("\n")
        if measure(page) <= limit:
            return [*before, page]
    return list(pages)


def _named(source: Source) -> str:
    """Name a source: a file with its pages, a web page as a link, with its host where that is not all there is."""
    said = (source.entry.get(key) for key in ("filename", "title", "name"))
    name = source.name or next((one for one in said if isinstance(one, str)), "")
    if source.kind != "link":
        shown = literal(name) or strings.UNNAMED_SOURCES[source.kind]
        return f"{shown} ({strings.pages(_merged(source.pages))})" if source.pages else shown
    title = one_line(visible_line(name), LONGEST_NAME).translate(_ESCAPED)
    address, host = _web_address(source.entry)
    if not address:
        title = title or strings.UNNAMED_SOURCES["link"]
        return f"{title} ({host})" if host else title
    return f"[{title}]({address}) ({host})" if title else address


def _web_address(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return the address of a web page, as a link may have it, and its host; empty where it is none, or not sure."""
    found = (entry.get(key) for key in ("source_url", "url"))
    written = next((one for one in found if isinstance(one, str)), "")
    address = real_address(written.strip()) if len(written) <= _LONGEST_WRITTEN else ""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    # A name before the host is there to mislead.
    if parts.scheme.lower() not in {"http", "https"} or "@" in parts.netloc or not host:
        return "", ""
    # A parenthesis would end the link.
    address = address.replace("(", "%28").replace(")", "%29")
    return address if len(address) <= LONGEST_ADDRESS else "", host.removeprefix("www.")


def _merged(passages: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return passages in order, those that overlap or follow each other as one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(passages):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged[:_MOST_PASSAGES]
