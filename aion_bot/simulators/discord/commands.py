"""`/aion` of the simulated Discord, which shows only the subcommands and options that are registered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aion_bot.simulators.discord import payloads
from aion_bot.simulators.discord.model import Channel, Interaction, Message, World
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson

COMMAND, COMPONENT, IN_CHAT = 2, 3, 1
_BOOLEAN, _TEXT = 5, 3


class CommandUse:
    """What people do with the command, and what time and leaving do to them."""

    world: World
    shown: Callable[[Message], Shown]
    interact: Callable[..., Interaction]

    async def command(self, person: SimulatedPerson, words: str, *, thread: str = "") -> None:
        """Use a subcommand with what stands behind it. Raises LookupError if Discord does not show it."""
        name, _, rest = words.partition(" ")
        known = self.world.command("aion", IN_CHAT)
        sub = next((one for one in known["options"] if one["name"] == name), None)
        if sub is None:
            raise LookupError(f"no subcommand {name!r} is registered")
        options = _filled(sub.get("options") or [], rest)
        data = {"id": known["id"], "name": "aion", "type": IN_CHAT}
        inside = [{"name": name, "type": sub["type"], "options": options}]
        self.interact(COMMAND, person, self._channel(thread), {**data, "options": inside})

    async def ask_privately(
        self, person: SimulatedPerson, text: str, *, channel: str = "", file: SimulatedFile | None = None
    ) -> None:
        """Use `/ask` with its option `private`, and perhaps a file, in the general channel or another one."""
        data = payloads.command(self.world.command("ask", IN_CHAT), text, file, self.world)
        data["options"].append({"name": "private", "type": _BOOLEAN, "value": True})
        self.interact(COMMAND, person, self._channel(channel), data)

    def close_direct_messages(self, person: SimulatedPerson) -> None:
        """Let Discord refuse the bot's direct messages to a person."""
        self.world.closed_to_bot.add(person.id)

    def thread_of(self, message: str) -> str:
        """The channel of a message."""
        return self.world.anywhere(message).channel

    def public_messages(self) -> Sequence[Shown]:
        """Everything in channels and threads but for ephemeral messages, oldest first."""
        said = (one for one in self.world.everything() if self.world.channel(one.channel).person is None)
        return [self.shown(one) for one in said if one.only_for is None]

    def command_answers(self, person: SimulatedPerson) -> Sequence[Shown]:
        """All ephemeral messages for a person, oldest first."""
        return [self.shown(one) for one in self.world.everything() if one.only_for == person.id]

    def conversation_title(self, thread: str) -> str:
        """The name of a thread."""
        return self.world.channel(thread).name

    def direct_messages(self, person: SimulatedPerson) -> Sequence[Shown]:
        """What the bot has written to a person in their direct messages, oldest first."""
        own = self.world.direct(person).id
        return [
            self.shown(one)
            for one in self.world.everything()
            if one.channel == own and one.author == self.world.bot
        ]

    async def press_private(self, person: SimulatedPerson, message: str, button: str) -> None:
        """Press a button on a message that its person alone sees."""
        found = self.world.anywhere(message)
        if button not in found.buttons or (found.only_for or person.id) != person.id:
            raise LookupError(f"no button {button!r} on {message} for {person.name}")
        data = {"custom_id": button, "component_type": 2}
        self.interact(COMPONENT, person, self.world.channel(found.channel), data, found)

    def expire_addresses(self) -> None:
        """Let a day pass for every address of a file so far."""
        self.world.signature = str(int(self.world.signature) + 1)

    def expire_tokens(self) -> None:
        """Let fifteen minutes pass for every interaction so far."""
        for interaction in self.world.interactions.values():
            interaction.expired = True

    def leave(self, person: SimulatedPerson) -> None:
        """Let a person leave the server; `come_back` lets them join it again."""
        self.world.absent.add((self.world.guild, person.id))

    def come_back(self, person: SimulatedPerson) -> None:
        """Let a person join the server again."""
        self.world.absent.discard((self.world.guild, person.id))

    def _channel(self, name: str) -> Channel:
        return self.world.named(name or "general")


def _filled(options: Sequence[Mapping[str, Any]], words: str) -> list[Mapping[str, Any]]:
    """Fill options in: a word that names a switch sets it, the others are the text of the first one that takes text."""
    switches = {one["name"] for one in options if one["type"] == _BOOLEAN}
    said = words.split(" ")
    filled: list[Mapping[str, Any]] = [
        {"name": one, "type": _BOOLEAN, "value": True} for one in said if one in switches
    ]
    text = " ".join(one for one in said if one not in switches)
    taking = next((one for one in options if one["type"] == _TEXT), None)
    if text and taking is not None:
        filled.append({"name": taking["name"], "type": _TEXT, "value": text})
    return filled
