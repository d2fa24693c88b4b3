"""Modals of the simulated Slack: `views.open`, and what a person does with one.

https://docs.slack.dev/reference/methods/views.open, https://docs.slack.dev/surfaces/modals and
https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from aion_bot.simulators.slack.backend import Answer, Arguments, Backend, Refused
from aion_bot.simulators.slack.payloads import view_submitted
from aion_bot.simulators.slack.socket_mode import Sockets
from aion_bot.simulators.slack.state import APP, Conversations
from aion_bot.simulators.workspace import ShownForm, SimulatedPerson

TRIGGER_LASTS = 3.0
"""Seconds in which a `trigger_id` opens a modal."""
_TITLE, _LABEL, _PLACEHOLDER, _METADATA, _BLOCKS, _INPUT = 24, 2_000, 150, 3_000, 100, 3_000


def open_view(backend: Backend, arguments: Arguments) -> Answer:
    """Show a modal to whoever did what the trigger is of; each trigger opens one."""
    trigger, view = str(arguments.get("trigger_id") or ""), arguments.get("view")
    at, _, person = trigger.partition(".")
    forms = backend.conversations.forms
    person = bytes.fromhex(person.rpartition(".")[2]).decode() if person else ""
    if person not in backend.conversations.people:
        raise Refused("invalid_trigger_id")
    if trigger in forms.used:
        raise Refused("exchanged_trigger_id")
    if forms.slow or time.time() - int(at) / 1000 > TRIGGER_LASTS:
        raise Refused("expired_trigger_id")
    problems = _problems(view)
    if problems or not isinstance(view, Mapping):
        raise Refused("invalid_arguments", problems)
    forms.used.add(trigger)
    team = backend.conversations.team
    ids = {"id": f"V{secrets.token_hex(5).upper()}", "team_id": team.id, "app_id": APP, "bot_id": team.bot_id}
    forms.open[person] = {**view, **ids, "hash": secrets.token_hex(8), "state": {"values": {}}}
    return {"view": forms.open[person]}


def _problems(view: object) -> list[str]:
    """What Slack objects to, with the places that its answer names."""
    if not isinstance(view, Mapping) or view.get("type") != "modal":
        return ["[ERROR] unsupported type [json-pointer:/view/type]"]
    found, blocks = [], view.get("blocks") or ()
    sizes = [("title", _TITLE), ("submit", _TITLE), ("close", _TITLE)]
    found += [
        f"[ERROR] must be less than {most + 1} characters [json-pointer:/view/{name}/text]"
        for name, most in sizes
        if name in view and not 1 <= len(view[name]["text"]) <= most
    ]
    if "title" not in view or len(view.get("private_metadata") or "") > _METADATA or len(blocks) > _BLOCKS:
        found.append("[ERROR] failed to match all allowed schemas [json-pointer:/view]")
    if any(one["type"] == "input" for one in blocks) and "submit" not in view:
        found.append("[ERROR] submit is required when an input block is in the blocks [json-pointer:/view]")
    return found + [one for block in blocks if block["type"] == "input" for one in _problems_of_input(block)]


def _problems_of_input(block: Mapping[str, Any]) -> list[str]:
    field, label = block["element"], block["label"]
    hint, shown = block.get("hint") or {"text": ""}, field.get("placeholder") or {"text": ""}
    fits = (
        1 <= len(label["text"]) <= _LABEL
        and len(hint["text"]) <= _LABEL
        and len(shown["text"]) <= _PLACEHOLDER
        and 1 <= field.get("max_length", _INPUT) <= _INPUT
        and 0 <= field.get("min_length", 0) <= field.get("max_length", _INPUT)
    )
    return [] if fits else ["[ERROR] an input is too long [json-pointer:/view/blocks]"]


class FormUse:
    """What a person does with a modal."""

    conversations: Conversations
    sockets: Sockets

    def open_form(self, person: SimulatedPerson) -> ShownForm | None:
        """The modal that a person sees."""
        view = self.conversations.forms.open.get(person.id)
        if view is None:
            return None
        block = next(one for one in view["blocks"] if one["type"] == "input")
        field = block["element"]
        return ShownForm(
            view["title"]["text"],
            block["label"]["text"],
            (block.get("hint") or {"text": ""})["text"],
            view["submit"]["text"],
            field.get("max_length", _INPUT),
        )

    def close_form(self, person: SimulatedPerson) -> None:
        """Close the modal without sending anything: the app asked for no event of that."""
        self.conversations.forms.open.pop(person.id, None)

    async def submit_form(self, person: SimulatedPerson, words: str) -> None:
        """Write into the modal and send it. Raises LookupError if none is open, ValueError where Slack takes no such words."""
        shown, view = self.open_form(person), self.conversations.forms.open.get(person.id)
        if shown is None or view is None:
            raise LookupError(f"no form is open for {person.name}")
        if not 1 <= len(words) <= shown.most:
            raise ValueError(f"Slack takes 1 to {shown.most} characters")
        self.close_form(person)
        self.sockets.deliver("interactive", view_submitted(self.conversations.team, view, person, words))
