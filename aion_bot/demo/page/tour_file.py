"""The finished threads of the tour as one static file that loads nothing: its pictures are in it. Reads the style sheet alone."""

from collections.abc import Iterator, Mapping, Sequence

from aion_bot.demo.page import message
from aion_bot.demo.page.assets import asset
from aion_bot.demo.page.elements import Confirmation, Html, element, joined
from aion_bot.demo.page.layout import document
from aion_bot.demo.page.pictures import embedded
from aion_bot.demo.page.platforms import sides
from aion_bot.demo.page.sides import Entry, Place, Side
from aion_bot.demo.tour import Stop
from aion_bot.simulators.services import SimulatedServices

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def tour_file(services: SimulatedServices, stops: Sequence[Stop]) -> str:
    """Render every step of the tour, all platforms side by side. Private replies are shown with their reader."""
    drawn_by = {side.workspace.name: side for side in sides(services.workspaces)}
    head = joined(
        [
            element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            element("style", Html(asset("style.css"))),
        ]
    )
    steps = dict.fromkeys(stop.title for stop in stops)
    sections = [
        _step(number, title, [stop for stop in stops if stop.title == title], drawn_by)
        for number, title in enumerate(steps, 1)
    ]
    title = element("h1", "aion-bot", " ", element("small", "the tour: what the threads showed in the end"))
    body = element("div", element("header", title), element("main", *sections), class_="tour")
    return document(head, body)


def _step(number: int, title: str, stops: Sequence[Stop], drawn_by: Mapping[str, Side]) -> Html:
    threads = (_thread(drawn_by[stop.workspace.name], stop) for stop in stops)
    return element(
        "section", element("h2", title), element("div", *threads, class_="pair"), id=f"step-{number}"
    )


def _thread(side: Side, stop: Stop) -> Html:
    place = Place(stop.thread, "", "thread")
    drawn = (message.draw_for_all(side, entry, _button, embedded) for entry in _entries(side, place))
    return element(
        "article",
        element("h3", side.workspace.name, element("small", f"{side.server}, simulated")),
        element(
            "ol", *drawn, class_="log", tabindex="0", aria_label=f"{stop.title}, in {side.workspace.name}"
        ),
        class_=f"side {side.key}",
    )


def _entries(side: Side, place: Place) -> Iterator[Entry]:
    """The messages that anybody sees, each once."""
    seen: dict[str, Entry] = {}
    for person in side.workspace.people:
        seen |= {entry.shown.id: entry for entry in side.entries(place, person)}
    return iter(sorted(seen.values(), key=lambda entry: entry.since))


def _button(label: str, name: str, style: str, confirmation: Confirmation | None = None, /) -> Html:
    del name, confirmation
    return element("button", label, disabled=True, class_=style or None)
