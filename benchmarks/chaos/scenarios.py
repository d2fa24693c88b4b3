"""What is drawn for each turn, from the seed alone: who asks what where, how Aion fares, who presses what. No I/O."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TypeVar

from aion_bot.simulators.aion.scene import PlanEnd

T = TypeVar("T")


class Way(StrEnum):
    """How somebody asks."""

    OPEN = auto()
    """In a channel, which begins a conversation."""
    COMMAND = auto()
    """With `/ask` where there is one, otherwise as `OPEN`."""
    DIRECT = auto()
    """Alone with the bot."""
    REPLY = auto()
    """In a conversation that was begun before."""


class Course(StrEnum):
    """What Aion does with a question. All but the last two lead to an answer, if need be after a Retry."""

    PLAIN = auto()
    LONG = auto()
    SLOW = auto()
    STOPPED = auto()
    """It is slow, and the person presses Stop."""
    DELETED = auto()
    """It is slow, and somebody deletes the message that shows it."""
    ARCHIVED = auto()
    """It is slow, and Discord archives the thread."""
    STRANGE = auto()
    """Events that nobody knows, and broken ones, in between."""
    CUT = auto()
    """The stream breaks; the answer is stored."""
    TORN = auto()
    """It breaks in the middle of a character; the answer is stored."""
    HALF = auto()
    """It ends in the middle of an event; the answer is stored."""
    SILENT = auto()
    """It says nothing any more; the answer is stored."""
    BUSY = auto()
    """503 or 429 once or twice, then the answer."""
    GONE = auto()
    """The session is gone: a new one has to be begun."""
    UNSTORED = auto()
    """The stream breaks and nothing is stored: told, and answered after Retry."""
    ERROR = auto()
    """Aion reports an error: likewise."""
    DOWN = auto()
    """500: likewise."""
    UNANSWERED = auto()
    """The connection breaks before any answer: likewise."""
    EMPTY = auto()
    """Aion ends without a word: likewise."""
    PLAN = auto()
    OPEN_PLAN = auto()
    """The stream stays open until the plan is decided."""
    LIMIT = auto()
    """The month is over: told, without Retry."""
    FORBIDDEN = auto()
    """While Aion answers, the platform forbids the bot to write there."""


class Amends(StrEnum):
    """What somebody does to a question that may still wait."""

    NOTHING = auto()
    EDIT = auto()
    WITHDRAW = auto()


class Decision(StrEnum):
    """What people do about a plan."""

    APPROVE = auto()
    CANCEL = auto()
    DOUBLE = auto()
    BOTH = auto()
    STRANGER = auto()
    """Somebody else presses first."""
    NOBODY = auto()


_WAYS: Mapping[Way, int] = {Way.OPEN: 40, Way.COMMAND: 10, Way.DIRECT: 10, Way.REPLY: 40}

_COURSES: Mapping[Course, int] = {
    Course.PLAIN: 40, Course.LONG: 14, Course.SLOW: 5, Course.STOPPED: 3, Course.DELETED: 2,
    Course.ARCHIVED: 2, Course.STRANGE: 2,
    Course.CUT: 4, Course.TORN: 2, Course.HALF: 2, Course.SILENT: 1, Course.BUSY: 3, Course.GONE: 1,
    Course.UNSTORED: 2, Course.ERROR: 2, Course.DOWN: 1, Course.UNANSWERED: 1, Course.EMPTY: 1,
    Course.PLAN: 9, Course.OPEN_PLAN: 2, Course.LIMIT: 1, Course.FORBIDDEN: 1,
}  # fmt: skip

_AMENDS: Mapping[Amends, int] = {Amends.NOTHING: 8, Amends.EDIT: 1, Amends.WITHDRAW: 1}

_ENDS: Mapping[PlanEnd, int] = {
    PlanEnd.DONE: 6, PlanEnd.ACCEPTED: 3, PlanEnd.BUSY: 1, PlanEnd.EXPIRED: 1, PlanEnd.FAILED: 2,
    PlanEnd.LOST_AFTER_ACTING: 2, PlanEnd.LOST_BEFORE_ACTING: 2,
}  # fmt: skip

_DECISIONS: Mapping[Decision, int] = {
    Decision.APPROVE: 4, Decision.CANCEL: 2, Decision.DOUBLE: 3, Decision.BOTH: 2, Decision.STRANGER: 1,
    Decision.NOBODY: 1,
}  # fmt: skip

TROUBLES: Mapping[str, int] = {
    "slack call": 30, "discord call": 30, "aion call": 10, "slack refresh": 3, "slack cut": 3, "slack hang up": 2,
    "slack refuses": 2, "slack deaf": 1, "slack dead ticket": 1, "slack repeats": 2, "discord drop": 4, "discord reconnect": 3,
    "discord invalid": 2, "discord refuses": 2, "discord loses": 1, "discord silent": 1, "discord late": 3,
    "aion cut": 4, "long pause": 1, "hang": 1, "full disk": 2,
}  # fmt: skip
"""What befalls everybody, by weight; `world` knows how."""

_RECENT = 12
"""Conversations of a platform that are still written in: a bot that comes back looks at the newest threads only."""


@dataclass(frozen=True, slots=True)
class Fate:
    """One turn. `conversation` is the number of the turn that began it; `seed` is for its own small decisions."""

    number: int
    platform: str
    person: int
    way: Way
    conversation: int
    course: Course
    size: int
    ends: tuple[PlanEnd, ...]
    decision: Decision
    amends: Amends
    """Only where the question is a reply, which may have to wait."""
    impatient: bool
    """Whether Retry is pressed as soon as it is there, and not only in the end."""
    trouble: str
    restart: str
    """`stop`, `kill` or nothing, when this turn has been asked."""
    seed: int


class Dice:
    """Draws one turn after the other."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._recent: dict[str, deque[tuple[int, int]]] = {"slack": deque(), "discord": deque()}

    def forget(self) -> None:
        """Let later turns begin conversations of their own."""
        for recent in self._recent.values():
            recent.clear()

    def draw(self, number: int) -> Fate:
        """Draw what comes next."""
        dice = self._random
        platform = dice.choice(("slack", "discord"))
        person, course, way = dice.randrange(3), _weighed(dice, _COURSES), _weighed(dice, _WAYS)
        conversation = number
        recent = self._recent[platform]
        if way is Way.REPLY and recent and course is not Course.FORBIDDEN:
            conversation, person = dice.choice(recent)
        elif way is Way.REPLY:
            way = Way.OPEN
        if course is Course.FORBIDDEN:
            way = Way.OPEN
        elif way is not Way.DIRECT and conversation == number:
            recent.append((number, person))
            if len(recent) > _RECENT:
                recent.popleft()
        return Fate(
            number, platform, person, way, conversation, course,
            size=dice.randrange(90, 220) if course is Course.LONG else dice.randrange(2, 12),
            ends=tuple(_weighed(dice, _ENDS) for _ in range(dice.choice((1, 1, 2)))),
            decision=_weighed(dice, _DECISIONS),
            amends=_weighed(dice, _AMENDS) if way is Way.REPLY else Amends.NOTHING,
            impatient=dice.random() < 0.5,
            trouble=_weighed(dice, TROUBLES) if dice.random() < 0.15 else "",
            restart=dice.choice(("stop", "kill")) if dice.random() < 1 / 120 else "",
            seed=dice.getrandbits(32),
        )  # fmt: skip


def _weighed(dice: random.Random, weights: Mapping[T, int]) -> T:
    names: Sequence[T] = list(weights)
    return dice.choices(names, weights=list(weights.values()))[0]
