"""The keys of `aion-bot.toml`: what each may say, and what holds where no section names it. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from aion_bot.domain.access import DESTRUCTIVE, NOBODY, Approvers
from aion_bot.domain.durations import parse_duration
from aion_bot.domain.key_variables import MAIN_KEY, PREFIX, read_variable
from aion_bot.domain.key_variables import WORDS as NAMED
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

PRIVATE = "private"

NOTIFY_AFTER, FOOTER, FEEDBACK = "notify_after", "footer", "feedback"

EARLIER = "earlier_messages"

REACTIONS = "reactions"

AION_KEY = "aion_key"

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
    REACTIONS: Key(_switch, _ON_OFF, False),
    FOOTER: Key(_switch, _ON_OFF, False),
    FEEDBACK: Key(_switch, _ON_OFF, True),
    PRIVATE: Key(_switch, _ON_OFF, False),
    IMAGES: Key(_images, f'"all", or a list of 1 to {MOST_IMAGES:,} image ids', frozenset()),
    AION_KEY: Key(read_variable, NAMED, f"{PREFIX}{MAIN_KEY}"),
    EARLIER: Key(_earlier, f"a whole number from 0 to {MOST_EARLIER}; 0: none", 20),
}
"""Every key that has an effect."""
