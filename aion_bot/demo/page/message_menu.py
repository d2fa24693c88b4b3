"""What a person can do with a message of the page: ask about it, edit it, delete it; and Stop while the bot works."""

from aion_bot.demo.page.elements import Html, element
from aion_bot.demo.page.sides import Activity, Entry, Place, Side
from aion_bot.simulators.workspace import SimulatedPerson

ACTIONS = ("ask", "edit", "delete", "stop")
"""The names of the buttons, one of which a form sends."""


def menu(side: Side, place: Place, entry: Entry, look: Html, identity: str) -> Html | None:
    """Render the menu of a message; private replies have none. `look` are the hidden fields of the page's look."""
    if entry.shown.only_for is not None:
        return None
    inside = [look, _target(side, place, entry.shown.id)]
    if entry.own is not None:
        inside += [
            element(
                "input",
                type="text",
                name="words",
                value=entry.own,
                aria_label="The new words",
                autocomplete="off",
                maxlength="3000",
                id=f"{identity}-words",
            ),
            _button("Save", "edit", identity),
            _button("Delete", "delete", identity),
        ]
    inside.append(_button("Ask Aion", "ask", identity))
    return element(
        "details",
        element("summary", "\N{HORIZONTAL ELLIPSIS}", aria_label="Message menu", id=f"{identity}-menu"),
        element("form", *inside, method="post", action="act"),
        class_="menu",
    )


def activity(side: Side, place: Place, shown: Activity | None, look: Html) -> Html:
    """Render what the platform shows while the bot works."""
    if shown is None:
        return element("span")
    words = element("span", shown.words)
    if not shown.stoppable:
        return words
    stop = _button("Stop", "stop", f"{side.key}-native")
    return element("form", words, look, _target(side, place, ""), stop, method="post", action="act")


async def act(
    side: Side, person: SimulatedPerson, place: Place, message: str, *, action: str, words: str
) -> str:
    """Do what a form asks for; returns the place to show.

    Raises TimeoutError or LookupError: the bot does not respond, or what the form was about has gone.
    """
    if action == "stop":
        await side.stop(person, place)
        return place.id
    entry = next((one for one in side.entries(place, person) if one.shown.id == message), None)
    if entry is None or (action != "ask" and entry.own is None):
        raise LookupError(f"no message {message!r} of {person.name} in {place.id}")
    if action == "ask":
        return await side.ask_about(person, place, message)
    if action == "delete":
        side.workspace.delete_message(message)
    elif words:
        side.edit(message, words)
    return place.id


def _target(side: Side, place: Place, message: str) -> Html:
    return element("input", type="hidden", name="target", value=f"{side.key}|{place.id}|{message}")


def _button(label: str, action: str, identity: str) -> Html:
    return element(
        "input", type="submit", name=action, value=label, aria_label=label, id=f"{identity}-{action}"
    )
