"""One message as HTML: who wrote it, what it shows and carries, what the platform adds, what the bot sent. No I/O."""

import json
from collections.abc import Iterator
from datetime import datetime

from aion_bot.demo.page.elements import Button, Html, Picture, element, joined
from aion_bot.demo.page.pictures import figure
from aion_bot.demo.page.sides import Attached, Entry, Side


def draw(
    side: Side,
    entry: Entry,
    button: Button,
    picture: Picture,
    *,
    below: Html | None = None,
    menu: Html | None = None,
) -> Html:
    """Render a message for its reader with what can be done with it; `below` is added at its end."""
    sent = _sent(entry) if entry.shown.by_bot else ""
    foot = element("div", joined(_marks(side, entry)), sent, menu or "", class_="foot")
    body = _body(side, entry, button, picture)
    return _item(side, entry, "Only visible to you", body, foot, below or "")


def draw_for_all(side: Side, entry: Entry, button: Button, picture: Picture) -> Html:
    """Render a message for a reader who sees all of them: a private one names its reader."""
    reader = entry.shown.only_for or ""
    foot = element("div", joined(_marks(side, entry)), class_="foot")
    private_note = f"Only visible to {side.names.get(reader, reader)}"
    return _item(side, entry, private_note, _body(side, entry, button, picture), foot)


def identity(side: Side, entry: Entry) -> str:
    """The id of a message on the page."""
    return f"{side.key}-{entry.shown.id.replace('.', '-')}"


def _item(side: Side, entry: Entry, private_note: str, *inside: str) -> Html:
    shown = entry.shown
    avatar = element(
        "span", shown.author[:1].upper(), class_="avatar", data_who=shown.author.lower(), aria_hidden="true"
    )
    above = [(private_note, "private-note")] if shown.only_for else []
    above += [(entry.above, "above")] if entry.above else []
    notes = [element("p", words, class_=name) for words, name in above]
    return element(
        "li",
        avatar,
        element("div", *notes, _byline(entry), *inside, class_="said"),
        id=identity(side, entry),
        class_="message private" if shown.only_for else "message",
    )


def _body(side: Side, entry: Entry, button: Button, picture: Picture) -> Html:
    """Render what a message shows: its payload, the texts that it carries, its pictures, and the names of other files."""
    drawn = element("div", side.draw(entry.shown, button, picture), class_="body")
    texts = [_text(*one) for one in entry.shown.files.items()]
    seen, named = list[Html](), list[Html]()
    for one in entry.attached:
        if (address := picture(one.content)) is not None:
            words = f"A picture of {entry.shown.author}'s without a description"
            seen.append(figure(address, words, f"File: {one.name}"))
        else:
            named.append(element("p", f"File: {one.name}{_size(one)}", class_="file"))
    gallery = [element("div", *seen, class_="gallery")] if seen else []
    return joined([drawn, *texts, *gallery, *named])


def _text(name: str, words: str) -> Html:
    label = f"What {name} says"
    inside = element("pre", words, tabindex="0", aria_label=label)
    return element("details", element("summary", f"File: {name}"), inside, class_="file")


def _size(file: Attached) -> str:
    size = len(file.content)
    if size < 1_000:
        return f", {size} bytes" if size else ""
    return f", {size / 1_000_000:.1f} MB" if size >= 1_000_000 else f", {size // 1_000} kB"


def _byline(entry: Entry) -> Html:
    app = element("span", "APP", class_="app") if entry.shown.by_bot else ""
    when = datetime.fromtimestamp(entry.since).astimezone()
    at = element("time", f"{when:%H:%M}", datetime=when.isoformat(timespec="seconds"))
    return element("p", element("b", entry.shown.author), app, at, class_="by")


def _marks(side: Side, entry: Entry) -> Iterator[Html]:
    """What the platform adds below a message: that it was edited, whom it notified."""
    for mark in dict.fromkeys(entry.marks):
        words = f"aion reacted with {mark}"
        yield element("span", f"{mark} 1", class_="mark", title=words, role="img", aria_label=words)
    if edits := len(entry.shown.versions) - 1:
        yield element("span", "(edited)" if edits == 1 else f"(edited {edits} times)")
    if entry.shown.pings and entry.shown.only_for is None:
        whom = ", ".join(side.names.get(one, one) for one in dict.fromkeys(entry.shown.pings))
        yield element("span", f"may notify {whom}", class_="pings")


def _sent(entry: Entry) -> Html:
    body = json.dumps(entry.shown.payload, ensure_ascii=False, indent=2, default=str)
    return element(
        "details",
        element("summary", "payload"),
        element("pre", body, tabindex="0", aria_label="What the bot sent, as JSON"),
        class_="sent",
    )
