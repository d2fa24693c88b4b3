"""What `aion-bot.toml` says for each place: which value of a key holds where. No I/O."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.allowance import Allowance
from aion_bot.domain.key_variables import variable_of
from aion_bot.domain.rule_keys import (
    ACCESS_KEYS,
    AION_KEY,
    APPROVER_ROLES,
    KEYS,
    PER_CHANNEL,
    PER_PERSON,
    PRIVATE,
    REACTIONS,
    UPLOADS,
    Uploads,
)
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from aion_bot.ports.settings import IdKind


@dataclass(frozen=True, slots=True)
class Rule:
    """The value of a key in one section, and where it stands, in words for the operator."""

    value: object
    source: str


Section = Mapping[str, Rule]


@dataclass(frozen=True, slots=True)
class Rules:
    """The sections of the file, those of workspaces and channels by id. The narrower one wins, key by key."""

    defaults: Section = field(default_factory=dict)
    workspaces: Mapping[str, Section] = field(default_factory=dict)
    channels: Mapping[str, Section] = field(default_factory=dict)
    named: frozenset[str] = field(init=False, repr=False, compare=False)
    """The keys that any section names; of all others nothing has to be looked up for a place."""

    def __post_init__(self) -> None:
        """Find out which keys are named."""
        sections = (self.defaults, *self.workspaces.values(), *self.channels.values())
        object.__setattr__(self, "named", frozenset[str]().union(*sections))

    def said(self, key: str, place: Place) -> Rule | None:
        """Return what a section says for a place, None where none names the key.

        `Place.channel` of a thread is its channel.
        """
        sections = (
            self.channels.get(place.channel, {}),
            self.workspaces.get(place.home, {}),
            self.defaults,
        )
        return next((section[key] for section in sections if key in section), None)

    def value(self, key: str, place: Place) -> object:
        """Return what holds at a place."""
        said = self.said(key, place) if key in self.named else None
        return KEYS[key].default if said is None else said.value

    def policy(self, base: AccessPolicy, place: Place) -> AccessPolicy:
        """Return the policy of a place: that of its platform, with what the sections say for the place."""
        said = {key: rule.value for key in ACCESS_KEYS if (rule := self.said(key, place)) is not None}
        # The file was checked when it was read: each value is of its field's type.
        return replace(base, **said) if said else base  # type: ignore[arg-type]  # checked when the file was read

    def allowance(self, place: Place, asker: Person | None = None) -> Allowance:
        """Return how many questions an hour may be asked at a place, fewer by an app."""
        # The file was checked when it was read: both values are counts.
        per_person, per_channel = (cast("int", self.value(key, place)) for key in (PER_PERSON, PER_CHANNEL))
        allowance = Allowance(per_person, per_channel)
        return allowance.of_app if asker is not None and asker.apps else allowance

    def aion_key(self, place: Place) -> str:
        """Return the variable whose key is used at a place, "" for `MAIN_KEY`."""
        said = self.said(AION_KEY, place)
        return "" if said is None else variable_of(said.value)

    def aion_keys(self) -> dict[str, str]:
        """Return each variable that a section names for another key than that of `MAIN_KEY`, and where it stands first."""
        found: dict[str, str] = {}
        for section in (self.defaults, *self.workspaces.values(), *self.channels.values()):
            if AION_KEY in section and (name := variable_of(section[AION_KEY].value)):
                found.setdefault(name, section[AION_KEY].source)
        return found

    def uploads(self, place: Place) -> Uploads:
        """Return whether files are put into the library at a place."""
        return Uploads(str(self.value(UPLOADS, place)))

    def answers_privately(self, place: Place) -> bool:
        """Return whether every answer at a place is for its asker alone; a direct conversation is so by itself."""
        return not place.direct and bool(self.value(PRIVATE, place))

    def takes_reactions(self, place: Place) -> bool:
        """Return whether reactions on answers at a place are shortcuts."""
        return bool(self.value(REACTIONS, place))

    @property
    def has_reactions(self) -> bool:
        """Whether reactions are shortcuts anywhere."""
        sections = (self.defaults, *self.workspaces.values(), *self.channels.values())
        return any(REACTIONS in one and bool(one[REACTIONS].value) for one in sections)

    def with_variables(self, said: Section) -> "Rules":
        """Return the same rules with what the variables say, which holds where no section names the key."""
        return replace(self, defaults={**said, **self.defaults})

    def beside(self, others: Collection[str]) -> "Rules":
        """Return the same rules without the sections of other workspaces."""
        return replace(
            self, workspaces={one: section for one, section in self.workspaces.items() if one not in others}
        )

    def ids(self) -> Iterator[tuple[IdKind, str, str]]:
        """Yield every id in a list: what it names, the id, and where it stands."""
        for section in (self.defaults, *self.workspaces.values(), *self.channels.values()):
            for key, rule in section.items():
                kind = KEYS[key].ids
                if kind is not None and isinstance(rule.value, frozenset):
                    yield from ((kind, one, rule.source) for one in sorted(rule.value))

    @property
    def people(self) -> frozenset[str]:
        """The ids of all people in the lists."""
        return frozenset(one for kind, one, _ in self.ids() if kind is IdKind.PERSON)

    def as_json(self, names: Mapping[str, str]) -> Mapping[str, object]:
        """Return the sections as JSON takes them, without their lines; `names` stand for the ids of people."""

        def packed(section: Section) -> Mapping[str, object]:
            return {key: _packed(key, rule.value, names) for key, rule in section.items()}

        tables = {"workspaces": self.workspaces, "channels": self.channels}
        return {
            "defaults": packed(self.defaults),
            **{
                name: {one: packed(section) for one, section in table.items()}
                for name, table in tables.items()
            },
        }

    def describe(self) -> Mapping[str, str]:
        """Say what each key is and where that stands, the default first and each narrower section behind it."""
        described = {}
        for key, kind in KEYS.items():
            default = self.defaults.get(key, Rule(kind.default, "default"))
            nothing = "none" if key == APPROVER_ROLES else "all"
            words = [f"{shown(default.value, nothing)} ({default.source})"]
            for name, sections in (("workspace", self.workspaces), ("channel", self.channels)):
                words += [
                    f"in {name} {one}: {shown(section[key].value, nothing)} ({section[key].source})"
                    for one, section in sorted(sections.items())
                    if key in section
                ]
            described[key] = "; ".join(words)
        return described


NO_RULES = Rules()
"""What holds where there is no file."""


def _packed(key: str, value: object, names: Mapping[str, str]) -> object:
    if not isinstance(value, frozenset):
        return value
    return sorted(names[one] if KEYS[key].ids is IdKind.PERSON else one for one in value)


def shown(value: object, nothing: str = "all") -> str:
    """Write a value for the operator: a list between commas; `nothing` is what a list that names nobody means."""
    if isinstance(value, frozenset | tuple | list):
        return ", ".join(sorted(value)) or nothing
    return str(value)
