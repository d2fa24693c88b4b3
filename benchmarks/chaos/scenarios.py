"""Draws a scenario for each turn from the seed: who asks what where, what Aion does, who presses what. No I/O."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TypeVar

from aion_bot.simulators.aion.scene import PlanEnd

T = TypeVar("T")


class AskMethod(StrEnum):
    """How a person asks."""

    OPEN = auto()
    """In a channel, which begins a conversation."""
    COMMAND = auto()
    """With `/ask` where there is one, otherwise as `OPEN`."""
    DIRECT = auto()
    """In a direct message."""
    REPLY = auto()
    """In an earlier conversation."""


class Behaviour(StrEnum):
    """What Aion does with a question. All but the last two lead to an answer, some after a Retry."""

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
    """Unknown and broken events in the stream."""
    CUT = auto()
    """The stream breaks; the answer is stored."""
    TORN = auto()
    """It breaks in the middle of a character; the answer is stored."""
    HALF = auto()
    """It ends in the middle of an event; the answer is stored."""
    SILENT = auto()
    """The stream becomes silent; the answer is stored."""
    BUSY = auto()
    """503 or 429 once or twice, then the answer."""
    GONE = auto()
    """The session is gone: the bot has to create a new one."""
    UNSTORED = auto()
    """The stream breaks and nothing is stored: reported, and answered after Retry."""
    ERROR = auto()
    """Aion reports an error: likewise."""
    DOWN = auto()
    """500: likewise."""
    UNANSWERED = auto()
    """The connection breaks before any answer: likewise."""
    EMPTY = auto()
    """The stream ends without an answer: likewise."""
    PLAN = auto()
    OPEN_PLAN = auto()
    """The stream stays open until the plan is decided."""
    LIMIT = auto()
    """The monthly limit is reached: reported, without Retry."""
    FORBIDDEN = auto()
    """While Aion answers, the platform forbids the bot to write there."""


class Change(StrEnum):
    """What a person does to a question that may still wait."""

    NOTHING = auto()
    EDIT = auto()
    WITHDRAW = auto()


class Extra(StrEnum):
    """What people do beside asking and deciding."""

    NOTHING = auto()
    RATE = auto()
    """Several people rate the answer, some twice."""
    REASON = auto()
    """Whoever decided the plan says why."""
    ANOTHER = auto()
    """Two people want another plan in place of one that was cancelled."""
    PRIVATE = auto()
    """The person asks something privately, too, and may share the answer."""
    FILE = auto()
    """The question has a file, where it begins a conversation."""
    TAKE_BACK = auto()
    """The person presses Withdraw while the question waits."""


class Decision(StrEnum):
    """What people do about a plan."""

    APPROVE = auto()
    CANCEL = auto()
    DOUBLE = auto()
    BOTH = auto()
    SOMEBODY_ELSE = auto()
    """Somebody else presses first."""
    NOBODY = auto()


_ASK_METHODS: Mapping[AskMethod, int] = {
    AskMethod.OPEN: 40,
    AskMethod.COMMAND: 10,
    AskMethod.DIRECT: 10,
    AskMethod.REPLY: 40,
}

_BEHAVIOURS: Mapping[Behaviour, int] = {
    Behaviour.PLAIN: 40, Behaviour.LONG: 14, Behaviour.SLOW: 5, Behaviour.STOPPED: 3, Behaviour.DELETED: 2,
    Behaviour.ARCHIVED: 2, Behaviour.STRANGE: 2,
    Behaviour.CUT: 4, Behaviour.TORN: 2, Behaviour.HALF: 2, Behaviour.SILENT: 1, Behaviour.BUSY: 3, Behaviour.GONE: 1,
    Behaviour.UNSTORED: 2, Behaviour.ERROR: 2, Behaviour.DOWN: 1, Behaviour.UNANSWERED: 1, Behaviour.EMPTY: 1,
    Behaviour.PLAN: 9, Behaviour.OPEN_PLAN: 2, Behaviour.LIMIT: 1, Behaviour.FORBIDDEN: 1,
}  # fmt: skip

_CHANGES: Mapping[Change, int] = {Change.NOTHING: 8, Change.EDIT: 1, Change.WITHDRAW: 1}

_EXTRAS: Mapping[Extra, int] = {
    Extra.NOTHING: 50, Extra.RATE: 12, Extra.REASON: 10, Extra.ANOTHER: 10, Extra.PRIVATE: 6, Extra.FILE: 6, Extra.TAKE_BACK: 6,
}  # fmt: skip

_ENDS: Mapping[PlanEnd, int] = {
    PlanEnd.DONE: 6, PlanEnd.ACCEPTED: 3, PlanEnd.BUSY: 1, PlanEnd.EXPIRED: 1, PlanEnd.FAILED: 2,
    PlanEnd.LOST_AFTER_ACTING: 2, PlanEnd.LOST_BEFORE_ACTING: 2,
}  # fmt: skip

_DECISIONS: Mapping[Decision, int] = {
    Decision.APPROVE: 4, Decision.CANCEL: 2, Decision.DOUBLE: 3, Decision.BOTH: 2, Decision.SOMEBODY_ELSE: 1,
    Decision.NOBODY: 1,
}  # fmt: skip

FAULTS: Mapping[str, int] = {
    "slack call": 30, "discord call": 30, "aion call": 10, "slack refresh": 3, "slack abort": 3, "slack close": 2,
    "slack refuses": 2, "slack half-open": 1, "slack invalid ticket": 1, "slack repeats": 2, "discord drop": 4, "discord reconnect": 3,
    "discord invalid": 2, "discord refuses": 2, "discord drops events": 1, "discord zombied": 1, "discord late": 3,
    "aion cut": 4, "long pause": 1, "hang": 1, "full disk": 2,
    "late answers": 6,
}  # fmt: skip
"""The faults by weight; `faults.inject` performs them."""

RESTART_EVERY = 120
"""The mean number of turns between two restarts."""

_RECENT = 12
"""Open conversations of a platform: after a restart the bot backfills only the newest threads."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One turn. `conversation` is the number of the turn that began it; `seed` is for details of this turn."""

    number: int
    platform: str
    person: int
    method: AskMethod
    conversation: int
    behaviour: Behaviour
    size: int
    ends: tuple[PlanEnd, ...]
    decision: Decision
    change: Change
    """Only where the question is a reply, which may have to wait."""
    impatient: bool
    """Whether Retry is pressed at once, and not only at the end of the round."""
    fault: str
    restart: str
    """`stop`, `kill` or nothing: how the bot restarts when this turn has been asked."""
    seed: int
    extra: Extra = Extra.NOTHING


class ScenarioGenerator:
    """Draws one scenario after the other."""

    def __init__(
        self,
        seed: int,
        *,
        restart_every: float = RESTART_EVERY,
        platforms: Sequence[str] = ("slack", "discord"),
        faults: Mapping[str, int] = FAULTS,
    ) -> None:
        """`platforms` are the names of the workspaces."""
        self._random = random.Random(seed)
        self._restart_every, self._faults = restart_every, faults
        self._recent: dict[str, deque[tuple[int, int]]] = {one: deque() for one in platforms}

    def forget(self) -> None:
        """Let later turns begin conversations of their own."""
        for recent in self._recent.values():
            recent.clear()

    def draw(self, number: int) -> Scenario:
        """Draw the scenario of turn `number`."""
        rng = self._random
        platform = rng.choice(tuple(self._recent))
        person, behaviour, method = rng.randrange(3), _weighed(rng, _BEHAVIOURS), _weighed(rng, _ASK_METHODS)
        conversation = number
        recent = self._recent[platform]
        if method is AskMethod.REPLY and recent and behaviour is not Behaviour.FORBIDDEN:
            conversation, person = rng.choice(recent)
        elif method is AskMethod.REPLY:
            method = AskMethod.OPEN
        if behaviour is Behaviour.FORBIDDEN:
            method = AskMethod.OPEN
        elif method is not AskMethod.DIRECT and conversation == number:
            recent.append((number, person))
            if len(recent) > _RECENT:
                recent.popleft()
        extra = _weighed(rng, _EXTRAS)
        return Scenario(
            number, platform, person, method, conversation, behaviour,
            size=rng.randrange(90, 220) if behaviour is Behaviour.LONG else rng.randrange(2, 12),
            ends=tuple(_weighed(rng, _ENDS) for _ in range(rng.choice((1, 1, 2)))),
            decision=Decision.CANCEL if extra is Extra.ANOTHER else _weighed(rng, _DECISIONS),
            change=_weighed(rng, _CHANGES) if method is AskMethod.REPLY else Change.NOTHING,
            impatient=rng.random() < 0.5,
            fault=_weighed(rng, self._faults) if rng.random() < 0.15 else "",
            restart=rng.choice(("stop", "kill")) if rng.random() < 1 / self._restart_every else "",
            seed=rng.getrandbits(32),
            extra=extra,
        )  # fmt: skip


def _weighed(rng: random.Random, weights: Mapping[T, int]) -> T:
    names: Sequence[T] = list(weights)
    return rng.choices(names, weights=list(weights.values()))[0]
