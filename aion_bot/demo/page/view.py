"""The page for one person: who looks, the places on each side, and the changing parts. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aion_bot.demo.page import forms, message, message_menu
from aion_bot.demo.page.elements import Button, Confirmation, Html, Picture, element, joined
from aion_bot.demo.page.meter import Reading
from aion_bot.demo.page.sides import COMMANDS, Entry, Place, Side, find, who
from aion_bot.simulators.workspace import SimulatedPerson

SUGGESTIONS = (
    "What is damaged on site 7?",
    "What does the safety report say?",
    "Organize the photos of site 7 into folders",
    "Delete duplicates",
)
"""Two questions, and two that lead to a plan; the second one deletes."""

THREADS = 6
"""How many of a channel's newest threads are listed."""

ROLES = ("asks", "a colleague", "another person")
"""The roles of the people, in their order."""

_MARKS = {"channel": "#", "thread": "↳", "direct": "✉", "home": "⌂"}


@dataclass(frozen=True, slots=True)
class Look:
    """The name of the person who looks, and the ids of their places, by the side's key."""

    person: str
    places: Mapping[str, str]

    @classmethod
    def of(cls, query: Mapping[str, str], sides: Sequence[Side]) -> "Look":
        """Read a look from the address or the fields of a form."""
        return cls(query.get("as", ""), {side.key: query.get(side.key, "") for side in sides})

    def address(self, person: str | None = None, **places: str) -> str:
        """The address of this look, with these changes."""
        return "?" + urlencode({"as": person or self.person, **self.places, **places})

    @property
    def fields(self) -> Html:
        """This look as hidden fields of a form."""
        values = {"as": self.person, **self.places}
        return joined(
            element("input", type="hidden", name=name, value=value) for name, value in values.items()
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """The changing parts: pieces of the page by id, and the messages of each side in order, by their own ids."""

    pieces: Mapping[str, Html]
    logs: Mapping[str, Sequence[tuple[str, Html]]]


def draw(sides: Sequence[Side], look: Look, status: str, picture: Picture) -> Parts:
    """Render all parts that change. `status` is the sentence of the trouble menu."""
    pieces = {"people": _people(sides[0], look), "news": _news(status)}
    logs = {}
    for side in sides:
        person = who(side, look.person)
        place = find(side, person, look.places.get(side.key, ""))
        entries = side.entries(place, person)
        pieces[f"{side.key}-state"] = _state(side)
        pieces[f"{side.key}-places"] = _places(side, look, person, place)
        pieces[f"{side.key}-title"] = _title(side, look, person, place)
        pieces[f"{side.key}-activity"] = message_menu.activity(side, place, side.activity(place), look.fields)
        pieces[f"{side.key}-form"] = forms.draw(side, person, look.fields)
        pieces[f"{side.key}-meter"] = metered(side.reading)
        pieces[f"{side.key}-composer"] = _composer(side, person, place)
        logs[f"{side.key}-log"] = [
            (message.identity(side, entry), _entry(side, look, place, entry, picture)) for entry in entries
        ]
    return Parts(pieces, logs)


def metered(reading: Reading) -> Html:
    """The meter: requests against the limit, refusals, all requests."""
    limit = reading.limit
    words = f"{reading.used} of {limit.calls} {limit.words}"
    meter = element(
        "meter",
        words,
        min="0",
        max=str(limit.calls),
        high=str(limit.calls * 0.95),
        value=str(reading.used),
        aria_label=words,
    )
    refused = element("b", f"{reading.refused} refused", class_="refused" if reading.refused else None)
    return joined([meter, element("span", words), element("span", refused, f" of {reading.calls} calls")])


def _news(status: str) -> Html:
    close = element("button", "Close", form="closing", name="close", value="news", id="close-news")
    return joined([element("span", status), close if status else ""])


def _people(side: Side, look: Look) -> Html:
    links = []
    for person, role in zip(side.workspace.people, ROLES, strict=True):
        current = who(side, look.person) == person
        links.append(
            element(
                "a",
                element("b", person.name),
                " ",
                element("span", role),
                href=look.address(person.name),
                aria_current="true" if current else None,
                id=f"as-{person.name.lower()}",
            )
        )
    return joined(links)


def _state(side: Side) -> Html:
    words = "the bot is connected" if side.online else "the bot is away"
    return element("span", words, class_="online" if side.online else "away")


def _places(side: Side, look: Look, person: SimulatedPerson, here: Place) -> Html:
    places = side.places(person)
    listed = []
    for place in places:
        siblings = [one for one in places if one.kind == "thread" and one.parent == place.parent]
        if place.kind == "thread" and place not in siblings[-THREADS:] and place != here:
            continue
        listed.append(element("li", _link(side, look, place, here), class_=place.kind))
    return element("ul", *listed)


def _link(side: Side, look: Look, place: Place, here: Place) -> Html:
    return element(
        "a",
        element("span", _MARKS[place.kind], aria_hidden="true"),
        element("span", place.name, class_="name"),
        href=look.address(**{side.key: place.id}),
        aria_current="page" if place == here else None,
        title=place.name,
        id=f"{side.key}-to-{place.id.replace('.', '-')}",
    )


def _title(side: Side, look: Look, person: SimulatedPerson, place: Place) -> Html:
    if place.kind != "thread":
        return joined([_MARKS[place.kind], " ", place.name])
    parent = next((one for one in side.places(person) if one.id == place.parent), None)
    if parent is None:
        return element("span", place.name)
    back = element("a", f"{_MARKS[parent.kind]} {parent.name}", href=look.address(**{side.key: parent.id}))
    return joined([back, " / ", element("span", place.name)])


def _entry(side: Side, look: Look, place: Place, entry: Entry, picture: Picture) -> Html:
    words = f"{entry.replies} {'message' if entry.replies == 1 else 'messages'} in the thread"
    below = element("a", words, href=look.address(**{side.key: entry.thread}), class_="to-thread")
    named = message.identity(side, entry)
    menu = None if place.kind == "home" else message_menu.menu(side, place, entry, look.fields, named)
    pressing = _pressing(side, place, entry)
    return message.draw(side, entry, pressing, picture, below=below if entry.thread else None, menu=menu)


def _pressing(side: Side, place: Place, entry: Entry) -> Button:
    def button(label: str, name: str, style: str, asked: Confirmation | None = None, /) -> Html:
        value = "|".join((side.key, place.id, entry.shown.id, name))
        identity = f"press-{message.identity(side, entry)}-{name.replace(':', '-')}"
        press = {"form": "pressing", "name": "press", "value": value}
        if asked is None:
            return element("button", label, **press, class_=style or None, id=identity)
        dialog = f"{identity}-asked"
        opens = element(
            "button", label, type="button", popovertarget=dialog, class_=style or None, id=f"{identity}-opens"
        )
        confirm = element("button", asked.confirm, **press, class_=asked.style or "primary", id=identity)
        deny = element("button", asked.deny, type="button", popovertarget=dialog, id=f"{identity}-back")
        inside = element("div", deny, confirm, class_="buttons")
        title, words = element("h4", asked.title, id=f"{identity}-title"), element("p", asked.words)
        named = {"role": "dialog", "aria_labelledby": f"{identity}-title"}
        return joined(
            [opens, element("div", title, words, inside, popover="auto", class_="asked", id=dialog, **named)]
        )

    return button


def _words_field(side: Side, label: str, prefix: str) -> Html:
    return element(
        "input",
        type="text",
        name="words",
        placeholder=label,
        aria_label=f"{label}, after {prefix}" if prefix else label,
        autocomplete="off",
        maxlength="3000",
        list=f"{side.key}-commands",
        id=f"{side.key}-words",
    )


def _composer(side: Side, person: SimulatedPerson, place: Place) -> Html:
    how = {
        "channel": "Ask in #{}",
        "thread": "Reply in this thread",
        "direct": "Write to {} directly",
        "home": "Write to the bot beside {}",
    }
    label = f"{how[place.kind].format(place.name)} as {person.name}"
    prefix = side.prefix(place)
    photo = "Send with a photo"
    return joined(
        [
            element("input", type="hidden", name="place", value=place.id),
            element("span", prefix, class_="prefix", id=f"{side.key}-prefix") if prefix else "",
            _words_field(side, label, prefix),
            element(
                "datalist",
                element("option", value=side.ask_privately),
                *(element("option", value=f"/aion {name}") for name in COMMANDS),
                id=f"{side.key}-commands",
            ),
            element("button", "Send", class_="primary", id=f"{side.key}-send"),
            element(
                "button",
                "+ photo",
                name="photo",
                value="1",
                title=photo,
                aria_label=photo,
                id=f"{side.key}-photo",
            ),
        ]
    )
