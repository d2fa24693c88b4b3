"""The keys of Aion's that `aion-bot.toml` names: a client, a month and a pace for each, and which of them holds where."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aion_bot.domain.turn import Turn, read_key
from aion_bot.ports.events import Place

if TYPE_CHECKING:
    from aion_bot.conversation.services import Services


@dataclass(slots=True)
class AionKeys:
    """`open` makes the services of one variable's key from those of the main one. `in_use` are those that were made, by variable; "" is the main key.

    `several` is whether any session may have been made with another key than the main one: until then nothing is looked up.
    """

    open: Callable[[str, "Services"], "Services"]
    several: bool = False
    in_use: dict[str, "Services"] = field(default_factory=dict)

    def of(self, variable: str) -> "Services":
        """Return the services of a key, which stay the same: running answers, uploads and the pace are shared."""
        self.several = True
        if variable not in self.in_use:
            self.in_use[variable] = self.open(variable, self.in_use[""])
        return self.in_use[variable]


def services_at(services: "Services", place: Place) -> "Services":
    """Return the services with the key that holds at a place; takes no look at the database."""
    variable = services.access.rules.aion_key(place)
    if services.keys is None or variable == services.key:
        return services
    return services.keys.of(variable)


async def of_session(services: "Services", session: str | None) -> "Services":
    """Return the services with the key that a session was made with. Raises `sqlite3.Error`."""
    if services.keys is None or not services.keys.several or not session:
        return services
    return services.keys.of(await services.store.session_keys.name_of(session))


async def is_ours(services: "Services", session: str) -> bool:
    """Return whether a session was made with the key of these services; no other one may be used there."""
    if services.keys is None or not services.keys.several:
        return True
    return await services.store.session_keys.name_of(session) == services.key


async def pictures_are_ours(services: "Services", turn: Turn) -> bool:
    """Return whether the pictures of an earlier answer, which a question is about, were found with the key of these services."""
    several = services.keys is not None and services.keys.several
    if not several or turn.origin is None or not turn.origin.pictures:
        return True
    answer = await services.store.turns.get(read_key(turn.origin.key)[0])
    return answer is None or not answer.session_id or await is_ours(services, answer.session_id)
