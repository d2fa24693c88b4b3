"""The page around the parts that change. No I/O."""

from collections.abc import Mapping, Sequence

from aion_bot.demo.page.elements import Html, element, joined
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.view import SUGGESTIONS, Look, Parts

TITLE = "aion-bot, the demo"


def document(head: Html, body: Html) -> str:
    """A whole document."""
    about = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", TITLE),
    ]
    whole = element("html", element("head", *about, head), element("body", body), lang="en")
    return "<!doctype html>\n" + whole


def live(sides: Sequence[Side], look: Look, parts: Parts, troubles: Mapping[str, str]) -> str:
    """The page that updates itself."""
    head = joined(
        [
            element("link", rel="icon", href="icon.svg"),
            element("link", rel="stylesheet", href="style.css"),
            element("script", src="script.js", defer=True),
        ]
    )
    body = [
        _header(look, parts, troubles),
        element("main", *(_side(side, look, parts) for side in sides)),
        element("form", look.fields, id="pressing", method="post", action="press"),
        element("form", look.fields, id="closing", method="post", action="close"),
        *(
            element("p", id=f"{side.key}-log-announcement", class_="unseen", aria_live="polite")
            for side in sides
        ),
    ]
    return document(head, joined(body))


def _header(look: Look, parts: Parts, troubles: Mapping[str, str]) -> Html:
    buttons = [element("button", words, name="trouble", value=key) for key, words in troubles.items()]
    form = element("form", look.fields, *buttons, method="post", action="trouble")
    return element(
        "header",
        element(
            "h1",
            "aion-bot",
            " ",
            element("small", "Ask on either side: it answers in a thread, and asks before it acts."),
        ),
        element("nav", parts.pieces["people"], id="people", aria_label="Who you are"),
        element("details", element("summary", "Make trouble"), form, class_="trouble"),
        element("p", parts.pieces["news"], id="news", role="status"),
    )


def _side(side: Side, look: Look, parts: Parts) -> Html:
    key = side.key

    def part(name: str, of: str, **more: str) -> Html:
        return element(name, parts.pieces[f"{key}-{of}"], id=f"{key}-{of}", class_=of, **more)

    log = (drawn for _, drawn in parts.logs[f"{key}-log"])
    return element(
        "section",
        element(
            "h2", side.workspace.name, element("small", f"{side.server}, simulated"), part("span", "state")
        ),
        part("nav", "places", aria_label=f"Places in {side.workspace.name}"),
        part("h3", "title"),
        element(
            "ol",
            *log,
            id=f"{key}-log",
            class_="log",
            tabindex="0",
            aria_label=f"Messages in {side.workspace.name}",
        ),
        part("div", "activity", role="status"),
        _suggestions(key, look),
        element(
            "form",
            look.fields,
            _hidden(key),
            part("div", "composer"),
            _files(side),
            method="post",
            action="say",
            enctype="multipart/form-data",
        ),
        part("div", "form"),
        part("div", "meter"),
        class_=f"side {key}",
        id=key,
        aria_label=side.workspace.name,
    )


def _suggestions(key: str, look: Look) -> Html:
    chips = [element("button", words, name="words", value=words) for words in SUGGESTIONS]
    label = element("span", "Try:", class_="label")
    return element(
        "form", look.fields, _hidden(key), label, *chips, method="post", action="say", class_="suggestions"
    )


def _files(side: Side) -> Html:
    """The field for files. It is none of the parts that change, so that it keeps what was chosen; the script lists that."""
    chooser = element(
        "input",
        type="file",
        name="files",
        multiple=True,
        aria_label=f"Files to send in {side.workspace.name}",
        id=f"{side.key}-files",
    )
    hint = element("span", "or drop them here", class_="hint")
    chosen = element("ul", class_="chosen", aria_label="Chosen files", id=f"{side.key}-chosen")
    return element("div", chooser, hint, chosen, class_="files")


def _hidden(key: str) -> Html:
    return element("input", type="hidden", name="side", value=key)
