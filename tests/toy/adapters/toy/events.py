"""Toy's events as those of the core. No I/O."""

from collections.abc import Mapping

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Place, Prompt
from aion_bot.ports.messages import Action, MessageRef, Person, ThreadKey

PLATFORM = "toy"


def inbound(event: Mapping[str, str]) -> InboundEvent | None:
    """Read an event; None for a kind that the bot does not know."""
    person, thread = Person(event["person"], event["name"]), ThreadKey(PLATFORM, event["thread"])
    message, place = MessageRef(thread, event["message"]), Place(workspace="toy", channel="general")
    key = f"{PLATFORM}:{message.id}"  # the message's own, so an event that comes twice has the same key
    match event["kind"]:
        case "said":
            return Prompt(key, thread, place, person, event["text"], source=message)
        case "edited" | "deleted":
            return MessageChange(key, thread, place, person, event.get("text"))
        case "pressed":
            action, _, button = event["button"].partition(":")
            return Click(Action(action), button, message, place, person)
    return None
