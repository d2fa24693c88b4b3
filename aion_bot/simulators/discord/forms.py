"""Modals of the simulated Discord, as people use them (Discord's documentation, *Component Reference*)."""

from collections.abc import Callable, Mapping
from typing import Any

from aion_bot.simulators.discord.limits import TEXT_INPUT
from aion_bot.simulators.discord.model import Interaction, World
from aion_bot.simulators.workspace import ShownForm, SimulatedPerson

SUBMIT = 5
"""Type of the interaction that a submitted modal is."""
_SUBMIT_LABEL = "Submit"
"""What the button of every modal says."""


class FormUse:
    """What a person does with a modal."""

    world: World
    interact: Callable[..., Interaction]

    def open_form(self, person: SimulatedPerson) -> ShownForm | None:
        """The modal that a person sees."""
        found = self.world.modals.get(person.id)
        if found is None:
            return None
        holder, field = _field(found[1])
        most = int(field.get("max_length") or TEXT_INPUT)
        label, hint = holder.get("label") or field.get("label"), holder.get("description") or ""
        return ShownForm(str(found[1]["title"]), str(label), str(hint), _SUBMIT_LABEL, most)

    def close_form(self, person: SimulatedPerson) -> None:
        """Close the modal without sending anything: no application hears of that."""
        self.world.modals.pop(person.id, None)

    async def submit_form(self, person: SimulatedPerson, words: str) -> None:
        """Write into the modal and send it. Raises LookupError if none is open, ValueError where Discord takes no such words."""
        shown, found = self.open_form(person), self.world.modals.get(person.id)
        if shown is None or found is None:
            raise LookupError(f"no form is open for {person.name}")
        if not 1 <= len(words) <= shown.most:
            raise ValueError(f"Discord takes 1 to {shown.most} characters")
        self.close_form(person)
        pressed, modal = found
        holder, field = _field(modal)
        written = {"type": 4, "id": 2, "custom_id": field["custom_id"], "value": words}
        # A row has a list of components, a label has one.
        inside = {"component": written} if "component" in holder else {"components": [written]}
        data = {"custom_id": modal["custom_id"], "components": [{"type": holder["type"], "id": 1, **inside}]}
        self.interact(SUBMIT, person, self.world.channel(pressed.channel), data, pressed.message)


def _field(modal: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The first component of a modal, and the text field in it."""
    holder = modal["components"][0]
    return holder, holder["component"] if "component" in holder else holder["components"][0]
