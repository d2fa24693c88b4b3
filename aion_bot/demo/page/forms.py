"""The form that a platform has opened for a person, as a dialog of the page."""

from aion_bot.demo.page.elements import Html, element, joined
from aion_bot.demo.page.sides import Side
from aion_bot.simulators.workspace import FormFilling, SimulatedPerson

CLOSE, SEND = "close", "send"
"""What the two buttons do, as the field `do` says it."""


def draw(side: Side, person: SimulatedPerson, look: Html) -> Html:
    """Draw the form that a person sees on a side, empty where there is none; `look` as for `message_menu.menu`."""
    workspace = _filling(side)
    shown = None if workspace is None else workspace.open_form(person)
    if shown is None:
        return element("span")
    name = f"{side.key}-form"
    field = element(
        "textarea",
        name="words",
        id=f"{name}-words",
        maxlength=str(shown.most),
        rows="4",
        required=True,
        autofocus=True,
        aria_describedby=f"{name}-hint",
    )
    inside = [
        element("h4", shown.title, id=f"{name}-title"),
        look,
        element("input", type="hidden", name="side", value=side.key),
        element("label", shown.label, for_=f"{name}-words"),
        field,
        element("p", shown.hint, id=f"{name}-hint", class_="hint"),
        element("div", _button("Cancel", CLOSE, name), _button(shown.submit, SEND, name), class_="buttons"),
    ]
    form = element("form", joined(inside), method="post", action="fill")
    return element("dialog", form, open=True, class_="asked", aria_labelledby=f"{name}-title")


async def fill(side: Side, person: SimulatedPerson, words: str, *, send: bool) -> None:
    """Send what was written, or close the form. Raises LookupError if none is open, ValueError for words that are refused."""
    workspace = _filling(side)
    if workspace is None:
        raise LookupError("no forms here")
    if send:
        await workspace.submit_form(person, words)
    else:
        workspace.close_form(person)


def _filling(side: Side) -> FormFilling | None:
    workspace = side.workspace
    return workspace if isinstance(workspace, FormFilling) else None


def _button(label: str, does: str, name: str) -> Html:
    sends = does == SEND
    style = "primary" if sends else None
    return element(
        "button", label, name="do", value=does, id=f"{name}-{does}", class_=style, formnovalidate=not sends
    )
