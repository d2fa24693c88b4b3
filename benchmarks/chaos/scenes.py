"""Scenes for the simulated Aion, with labels by which every sentence is recognised. No I/O."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from aion_bot.domain import strings
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Cut,
    Emit,
    Hold,
    Operation,
    Plan,
    PlanEnd,
    Raw,
    Scene,
    Speak,
    Step,
    proposed,
    refused,
    spoken,
)
from aion_bot.simulators.workspace import SimulatedFile
from benchmarks.chaos.scenarios import Behaviour, Extra, Scenario

_QUESTION = re.compile(r"Question number (\d+)\.")
_LABEL = re.compile(r"\bq(\d+)a(\d+)n(\d+)of(\d+)\b")
_RESULT = re.compile(r"\bresult(\d+)a(\d+)\b")
_PIECES = 6
_LIMIT = {"message": "Monthly chat limit reached (200/200).", "code": "USAGE_LIMIT_EXCEEDED"}
_STRANGE = (Emit("hologram", {"depth": 3}), Raw(b"event: token\ndata: {broken\n\n"), Raw(b": hm\n\n"))

Attempt = tuple[int, int]
"""A question's number, and the number of the request to Aion."""


def question(number: int) -> str:
    """The text of a question."""
    return f"Question number {number}. What do you see?"


def files(scenario: Scenario) -> tuple[SimulatedFile, ...]:
    """The files of a question: a picture of which several questions have the same content under other names."""
    if scenario.extra is not Extra.FILE:
        return ()
    return (SimulatedFile(f"site{scenario.number}.png", png(f"chaos{scenario.number // 100}")),)


def edited(number: int) -> str:
    """The text of a question after its edit."""
    return f"{question(number)} Please look twice."


def question_number(text: str) -> int | None:
    """The number of the question in a text."""
    found = _QUESTION.search(text)
    return int(found[1]) if found else None


def content(number: int, attempt: int, size: int) -> str:
    """An answer of `size` sentences, each with its own label."""
    sentences = [
        f"q{number}a{attempt}n{index}of{size} is the brace of the north face." for index in range(size)
    ]
    return "\n\n".join(" ".join(sentences[at : at + 5]) for at in range(0, size, 5))


def labels(texts: Iterable[str]) -> Mapping[Attempt, list[tuple[int, int]]]:
    """The labels in some texts, in order, by attempt: the number of the sentence, and how many there are."""
    found: dict[Attempt, list[tuple[int, int]]] = defaultdict(list)
    for text in texts:
        for number, attempt, index, size in _LABEL.findall(text):
            found[int(number), int(attempt)].append((int(index), int(size)))
    return found


def is_whole(found: list[tuple[int, int]]) -> bool:
    """Whether these labels are those of a whole answer, each once and in order."""
    return bool(found) and [index for index, _ in found] == list(range(found[0][1]))


def result(number: int, attempt: int) -> str:
    """The text of a plan's result."""
    return f"Done: result{number}a{attempt}, three photos are in two folders."


def results(text: str) -> list[Attempt]:
    """The plans' results in a text."""
    return [(int(number), int(attempt)) for number, attempt in _RESULT.findall(text)]


def private_question(number: int) -> str:
    """The text of a private question."""
    return f"Tell me alone about {number}."


def scene_beside(question: str, asked: Counter[str]) -> Scene | None:
    """Choose what Aion does with a question that has no number; counts those for another plan. None: something else."""
    if question.startswith("Tell me alone about "):
        number = question.removeprefix("Tell me alone about ").partition(".")[0]
        return spoken(f"alone{number} is the brace of the north face.")
    if question.startswith(strings.ANOTHER_PLAN_QUESTION):
        asked["another plan"] += 1
        return spoken("There is no other plan.")
    return None


def scene(scenario: Scenario, call: int, attempt: int) -> Scene:
    """Choose what Aion does when it is asked for the `call`th time, from 1; `attempt` counts the accepted requests."""
    text = content(scenario.number, attempt, scenario.size)
    match scenario.behaviour:
        case Behaviour.PLAN | Behaviour.OPEN_PLAN:
            return _plan(scenario, attempt, text)
        case Behaviour.LIMIT:
            return Scene((Emit("error", _LIMIT),))
        case Behaviour.BUSY:
            return _busy(scenario, call) or spoken(text)
        case Behaviour.DOWN | Behaviour.UNANSWERED if call == 1:
            return refused(500 if scenario.behaviour is Behaviour.DOWN else None)
    return _broken(scenario, text) if call == 1 else spoken(text)


def _busy(scenario: Scenario, call: int) -> Scene | None:
    if call > 1 + scenario.seed % 2:
        return None
    if scenario.seed % 4 < 2:
        return refused(503)
    return refused(429, code="RATE_LIMIT_ERROR", headers={"Retry-After": "0.05"})


def _broken(scenario: Scenario, text: str) -> Scene:
    """An answer that breaks or pauses in the middle; it is stored, except for `UNSTORED`."""
    half, rest = _speak(text[: len(text) // 2]), _speak(text[len(text) // 2 :])
    pause = tuple(Emit("ping", delay=0.25) for _ in range(2 + scenario.seed % 6))
    whole: tuple[Step, ...] = (half, rest, *ENDING)
    steps: Mapping[Behaviour, tuple[Step, ...]] = {
        Behaviour.SLOW: (half, *pause, rest, *ENDING),
        Behaviour.DELETED: (half, *pause, rest, *ENDING),
        Behaviour.ARCHIVED: (half, *pause, rest, *ENDING),
        Behaviour.FORBIDDEN: (half, *pause, rest, *ENDING),
        Behaviour.STOPPED: (half, *(pause * 4), rest, *ENDING),
        Behaviour.STRANGE: (half, *_STRANGE, rest, *ENDING),
        Behaviour.CUT: (half, Cut(stored=True)),
        Behaviour.TORN: (half, Raw('event: token\ndata: {"content": "é'.encode()[:-1]), Cut(stored=True)),
        Behaviour.HALF: (half, Raw(b"event: token\ndata: {"), Cut(stored=True)),
        Behaviour.SILENT: (half, Hold("never"), *ENDING),
        Behaviour.GONE: (Emit("auth_error", {"error": "Session not found"}),),
        Behaviour.UNSTORED: (half, Cut(stored=False)),
        Behaviour.ERROR: (half, Emit("error", {"message": "It is tired", "code": "AI_ERROR"})),
        Behaviour.EMPTY: ENDING,
    }
    unstored = {Behaviour.GONE, Behaviour.UNSTORED, Behaviour.ERROR, Behaviour.EMPTY}
    answer = Answer("") if scenario.behaviour in unstored else Answer(text)
    return Scene(steps.get(scenario.behaviour, whole), answer)


def _plan(scenario: Scenario, attempt: int, text: str) -> Scene:
    steps = tuple(
        Operation("FolderOrganizationAgent", f"Make folder {n}") for n in range(1 + scenario.seed % 4)
    )
    plan = Plan(
        f"Tidy up, as question {scenario.number} says",
        steps,
        result(scenario.number, attempt),
        _ends(scenario.ends),
    )
    return proposed(plan, text, stays_open=scenario.behaviour is Behaviour.OPEN_PLAN)


def _ends(ends: tuple[PlanEnd, ...]) -> tuple[PlanEnd, ...]:
    again = {PlanEnd.FAILED, PlanEnd.LOST_BEFORE_ACTING}
    return ends if ends[-1] not in again else (*ends, PlanEnd.DONE)


def _speak(text: str) -> Speak:
    """Speak in a few large pieces: thousands of turns share one processor."""
    size = max(1, -(-len(text) // _PIECES))
    return Speak(text, pieces=tuple(text[at : at + size] for at in range(0, len(text), size)))
