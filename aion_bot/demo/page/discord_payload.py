"""A Discord message as HTML: content, embeds, components. No I/O.

Their parts: Discord's documentation, *Message Resource* and *Component Reference*.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aion_bot.demo.page import markdown
from aion_bot.demo.page.elements import Button, Html, element, joined
from aion_bot.demo.page.markdown import Names, is_address
from aion_bot.demo.page.pictures import figure, unseen

Body = Mapping[str, Any]

_STYLES = {1: "primary", 3: "success", 4: "danger"}
_LINK = 5
_SUPPRESS_EMBEDS = 1 << 2


def draw(body: Body, names: Names, button: Button, pictures: Sequence[tuple[str | None, str]] = ()) -> Html:
    """Draw what Discord shows of a message; `pictures` are the attached ones, as their addresses and descriptions."""
    return joined(_pieces(body, names, button, pictures))


def _pieces(
    body: Body, names: Names, button: Button, pictures: Sequence[tuple[str | None, str]]
) -> Iterator[Html]:
    if content := str(body.get("content") or ""):
        yield markdown.on_discord(content, names)
    if pictures:
        seen = (figure(where, said, "") if where else unseen(said) for where, said in pictures)
        yield element("div", *seen, class_="gallery")
    if not int(body.get("flags") or 0) & _SUPPRESS_EMBEDS:
        yield from (_embed(embed, names) for embed in body.get("embeds") or ())
    yield from (_row(row, button) for row in body.get("components") or ())


def _embed(embed: Body, names: Names) -> Html:
    return element("div", *_embed_parts(embed, names), class_="embed")


def _embed_parts(embed: Body, names: Names) -> Iterator[Html]:
    if title := embed.get("title"):
        yield element("h6", _linked(str(title), str(embed.get("url") or "")))
    if description := embed.get("description"):
        yield markdown.on_discord(str(description), names)
    for field in embed.get("fields") or ():
        yield element("h6", str(field["name"]))
        yield markdown.on_discord(str(field["value"]), names)
    if embed.get("image") or embed.get("thumbnail"):
        yield element("p", "[picture]", class_="picture")
    if footer := embed.get("footer"):
        yield element("p", str(footer["text"]), class_="small-print")


def _row(row: Body, button: Button) -> Html:
    return element("div", *(_component(one, button) for one in row["components"]), class_="buttons")


def _component(shown: Body, button: Button) -> Html:
    label = str(shown.get("label", ""))
    if shown.get("type") != 2:
        return element("span", f"[a component of type {shown.get('type')}]", class_="unknown")
    if shown.get("style") == _LINK:
        return _linked(label, str(shown.get("url") or ""))
    return button(label, str(shown["custom_id"]), _STYLES.get(int(shown.get("style", 2)), ""))


def _linked(label: str, url: str) -> Html:
    if not is_address(url):
        return element("span", label)
    return element("a", label, href=url, target="_blank", rel="noopener noreferrer")
