"""What one side of the page shows of its workspace, the same for every platform. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.demo.page.elements import Button, Html, Picture
from aion_bot.demo.page.meter import Reading
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson, Workspace

TITLE = 44
"""Characters of a thread's name in the list of places."""


COMMANDS = ("new", "sessions", "rename", "close", "context", "search", "export", "status", "help")
"""What the field for words offers behind `/aion`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A "channel", a "thread" of the place `parent`, the "direct" messages of a person, or their "home": the bot's own page for them."""

    id: str
    name: str
    kind: str
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a person attached."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A message in a place: its time (seconds of the epoch), a note above it, and its thread below it.

    `marks` are the bot's reactions, `attached` a person's files; `own` are the words that its writer may edit, None if it is
    somebody else's.
    """

    shown: Shown
    since: float
    above: str = ""
    thread: str = ""
    replies: int = 0
    marks: Sequence[str] = ()
    attached: Sequence[Attached] = ()
    own: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """What the platform shows while the bot works, and whether with a Stop of the platform's own."""

    words: str
    stoppable: bool = False


class Side(Protocol):
    """One workspace as the page shows it to one person. Private replies to others are never in it.

    `key` names the side in addresses and in the style sheet.
    """

    key: str
    server: str

    @property
    def workspace(self) -> Workspace:
        """The simulator behind it."""

    @property
    def online(self) -> bool:
        """Whether a bot is connected."""

    @property
    def reading(self) -> Reading:
        """The bot's requests against the platform's limit."""

    @property
    def names(self) -> Mapping[str, str]:
        """The names that a person reads instead of ids."""

    def places(self, person: SimulatedPerson) -> Sequence[Place]:
        """The places that this person can see, threads after their channel; never empty."""

    def entries(self, place: Place, person: SimulatedPerson) -> Sequence[Entry]:
        """What this person sees in a place, oldest first."""

    def visit(self, place: Place, person: SimulatedPerson) -> None:
        """Tell the bot that this person opens a place, where the platform does."""

    def draw(self, shown: Shown, button: Button, picture: Picture) -> Html:
        """Render a message's newest payload."""

    def prefix(self, place: Place) -> str:
        """What the page writes before a person's words there, "" for nothing."""

    def activity(self, place: Place) -> Activity | None:
        """What the platform shows there while the bot works."""

    async def say(
        self, person: SimulatedPerson, place: Place, words: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Ask the bot there, with files or without; returns the place of the answer.

        Raises TimeoutError or LookupError if the platform would report that the bot did not respond.
        """

    async def ask_about(self, person: SimulatedPerson, place: Place, message: str) -> str:
        """Use the bot's entry in a message's menu; returns the place of the answer. Raises as `say` does."""

    def edit(self, message: str, words: str) -> None:
        """Edit a question as its writer; what `prefix` wrote stays."""

    async def stop(self, person: SimulatedPerson, place: Place) -> None:
        """Press the platform's own Stop. Raises LookupError if it shows none."""


def find(side: Side, person: SimulatedPerson, place: str) -> Place:
    """The place with this id, or the first one if this person cannot see it."""
    places = side.places(person)
    return next((one for one in places if one.id == place), places[0])


def who(side: Side, name: str) -> SimulatedPerson:
    """The person with this name, or the first one."""
    people = side.workspace.people
    return next((one for one in people if one.name == name), people[0])


def clipped(title: str) -> str:
    """Shorten the name of a thread."""
    words = " ".join(title.split())
    return words if len(words) <= TITLE else words[: TITLE - 1].rstrip() + "…"


def command_of(words: str) -> str | None:
    """Return what stands behind `/aion` where somebody typed that; None for any other words."""
    name, _, rest = words.strip().partition(" ")
    return rest.strip() if name == "/aion" else None
