"""What `aion-bot.toml` says for each place: which keys there are, and which value holds where. No I/O."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import cast

from aion_bot.domain.access import DESTRUCTIVE, NOBODY, AccessPolicy, Approvers
from aion_bot.domain.allowance import Allowance
from aion_bot.domain.durations import parse_duration
from aion_bot.domain.key_variables import MAIN_KEY, PREFIX, read_variable, variable_of
from aion_bot.domain.key_variables import WORDS as NAMED
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from aion_bot.ports.settings import IdKind


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the file: `read` checks a TOML value and returns what it means, `words` say what it has to be.

    `read` raises ValueError for any other value. `default` holds where no section names the key. `ids` is what a list names.
    """

    read: Callable[[object], object]
    words: str
    default: object
    ids: IdKind | None = None


_MOST_QUESTIONS = 1_000_000


def _count(value: object) -> int:
    # TOML's true is an int in Python.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_QUESTIONS:
        raise ValueError
    return value


class Uploads(StrEnum):
    """Whether files that people attach are put into Aion's library."""

    ON = "on"
    OFF = "off"
    ASK = "ask"
    """Somebody has to press a button first."""


_QUESTIONS = Key(_count, f"a whole number from 0 to {_MOST_QUESTIONS}; 0 sets no limit", 0)

PER_PERSON, PER_CHANNEL = "questions_per_person_hour", "questions_per_channel_hour"

UPLOADS = "uploads"

NOTIFY_AFTER, FOOTER, FEEDBACK = "notify_after", "footer", "feedback"

EARLIER = "earlier_messages"

AION_KEY, PRIVATE = "aion_key", "private"

MOST_EARLIER = 100
"""Messages written before a question that are sent along, at most: as many as Discord lists at once."""

MOST_NOTIFY_AFTER = 86_400
"""Seconds after which an answer may mention whoever asked, at most."""


def _seconds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_NOTIFY_AFTER:
        raise ValueError
    return value


def _earlier(value: object) -> int:
    if _count(value) > MOST_EARLIER:
        raise ValueError
    return _count(value)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # as for every other value that is refused
    return value


def _ids(value: object) -> frozenset[str]:
    """Return the ids of a list; an empty one names nobody, and "all" is the policy's empty list."""
    if value == "all":
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError
    return frozenset(value) or NOBODY


IMAGES = "images"

MOST_IMAGES = 1_000
"""Pictures that a session takes (Aion's contract, `PUT sessions/{id}/images`)."""
_LONGEST_IMAGE = 100


def _images(value: object) -> frozenset[str]:
    """Return Aion's ids of the pictures that sessions begin with; none: all."""
    if value == "all":
        return frozenset()
    found = value if isinstance(value, list) and 0 < len(value) <= MOST_IMAGES else [None]
    if not all(isinstance(one, str) and one.strip() and len(one) <= _LONGEST_IMAGE for one in found):
        raise ValueError
    return frozenset(found)


def _approvers(value: object) -> Approvers:
    if isinstance(value, str) and value in {"requester", "anyone"}:
        return value
    if not isinstance(value, list):
        raise ValueError  # noqa: TRY004  # as for every other value that is refused
    return _ids(value)


def _roles(value: object) -> frozenset[str]:
    if value == "all":
        raise ValueError
    return _ids(value) - NOBODY


def _approvals(value: object) -> int:
    if not 1 <= _count(value) <= _MOST_APPROVALS:
        raise ValueError
    return cast("int", value)


def _duration(value: object) -> int:
    """Return the seconds of a length of time, 0 for "never"."""
    return 0 if value == "never" else parse_duration(str(value))


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(
        isinstance(one, str) and one.strip() and len(one) <= _LONGEST_WORD for one in value
    ):
        raise ValueError
    if len(value) > _MOST_WORDS:
        raise ValueError
    return tuple(value)


_MOST_APPROVALS, _MOST_WORDS, _LONGEST_WORD = 20, 100, 50

_ALL_OR_IDS = 'a list of ids, or "all"'

_ON_OFF = "true or false"

_LENGTH = 'a length of time such as "90s", "30m", "24h" or "7d", or "never"'

ENABLED, ALLOW_USERS, ALLOW_ROLES, GUESTS, SHARED = (
    "enabled",
    "allow_users",
    "allow_roles",
    "guests",
    "shared",
)

APPROVERS, APPROVER_ROLES, FOUR_EYES = "approvers", "approver_roles", "four_eyes"
REQUIRED, DESTRUCTIVE_REQUIRED = "approvals_required", "destructive_approvals_required"
EXPIRES, REMINDER, WORDS = "approval_expires", "approval_reminder", "destructive_words"

APPROVAL_KEYS = (
    APPROVERS, APPROVER_ROLES, REQUIRED, FOUR_EYES, EXPIRES, REMINDER, WORDS, DESTRUCTIVE_REQUIRED,
)  # fmt: skip
"""Keys about who decides plans."""

ACCESS_KEYS = (ENABLED, ALLOW_USERS, ALLOW_ROLES, GUESTS, SHARED, *APPROVAL_KEYS)
"""Keys that are fields of `AccessPolicy` by the same names."""

KEYS: Mapping[str, Key] = {
    ENABLED: Key(_switch, _ON_OFF, True),
    ALLOW_USERS: Key(_ids, _ALL_OR_IDS, frozenset(), IdKind.PERSON),
    ALLOW_ROLES: Key(_ids, _ALL_OR_IDS, frozenset(), IdKind.ROLE),
    GUESTS: Key(_switch, _ON_OFF, True),
    SHARED: Key(_switch, _ON_OFF, False),
    APPROVERS: Key(_approvers, '"requester", "anyone" or a list of ids', "requester", IdKind.PERSON),
    APPROVER_ROLES: Key(_roles, "a list of ids", [], IdKind.ROLE),
    REQUIRED: Key(_approvals, f"a whole number from 1 to {_MOST_APPROVALS}", 1),
    FOUR_EYES: Key(_switch, _ON_OFF, False),
    EXPIRES: Key(_duration, _LENGTH, "24h"),
    REMINDER: Key(_duration, _LENGTH, "never"),
    WORDS: Key(
        _words, f"a list of at most {_MOST_WORDS} words of {_LONGEST_WORD} characters at most", DESTRUCTIVE
    ),
    DESTRUCTIVE_REQUIRED: Key(_approvals, f"a whole number from 1 to {_MOST_APPROVALS}", 1),
    PER_PERSON: _QUESTIONS,
    PER_CHANNEL: _QUESTIONS,
    UPLOADS: Key(lambda value: Uploads(str(value)), '"on", "off" or "ask"', Uploads.ON),
    NOTIFY_AFTER: Key(_seconds, f"a whole number of seconds from 0 to {MOST_NOTIFY_AFTER}; 0: never", 60),
    FOOTER: Key(_switch, _ON_OFF, False),
    FEEDBACK: Key(_switch, _ON_OFF, True),
    IMAGES: Key(_images, f'"all", or a list of 1 to {MOST_IMAGES:,} image ids', frozenset()),
    AION_KEY: Key(read_variable, NAMED, f"{PREFIX}{MAIN_KEY}"),
    EARLIER: Key(_earlier, f"a whole number from 0 to {MOST_EARLIER}; 0: none", 20),
    PRIVATE: Key(_switch, _ON_OFF, False),
}
"""Every key that has an effect."""

NOT_YET = (
    "reactions",
)  # fmt: skip
"""Keys of a later version: they are refused, because a key without effect would mislead the operator."""


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
        said = self.said(key, place)
        return KEYS[key].default if said is None else said.value

    def policy(self, base: AccessPolicy, place: Place) -> AccessPolicy:
        """Return the policy of a place: that of its platform, with what the sections say for the place."""
        said = {key: rule.value for key in ACCESS_KEYS if (rule := self.said(key, place)) is not None}
        # The file was checked when it was read: each value is of its field's type.
        return replace(base, **said) if said else base  # type: ignore[arg-type]

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

    def asks_for_ratings(self, place: Place) -> bool:
        """Return whether answers at a place have buttons that rate them."""
        return bool(self.value(FEEDBACK, place))

    def answers_privately(self, place: Place) -> bool:
        """Return whether every answer at a place is for its asker alone; a direct conversation is so by itself."""
        return not place.direct and bool(self.value(PRIVATE, place))

    def with_variables(self, said: Section) -> "Rules":
        """Return the same rules with what the variables say, which holds where no section names the key."""
        return replace(self, defaults={**said, **self.defaults})

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
