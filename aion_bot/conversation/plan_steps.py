"""How far the steps of a plan are known to be, while it is carried out and afterwards.

Nothing that Aion documents says that a step has ended. While the plan runs, the events of its stream name the agent at work;
the answer to the decision may have results by agent. A step counts as done where its agent's result is there, or where the
agent of a later step that waits for others has begun.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aion_bot.aion.serialization import read
from aion_bot.domain import strings
from aion_bot.domain.plan import PlanPhase
from aion_bot.ports.messages import Step, StepState
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import visible_line

_CALM = 1.0
"""Seconds between two changes of the marks on a card at least."""

_MOST_RESULTS = 1_000
"""Results that steps are ticked by; to read many thousands would hold up everybody."""

Steps = tuple[Step, ...]


def agent_words(name: object) -> str:
    """Return what the steps of an agent are headed with."""
    return visible_line(strings.agent(KNOWN.strike(visible_line(read(name, str) or ""))))


def at_work(steps: Steps, agent: str) -> Steps:
    """Return the steps after an event that names an agent, by its words: its first open step runs, those before it are done."""
    at = next(
        (
            at
            for at, step in enumerate(steps)
            if step.agent == agent and step.state in {StepState.WAITING, StepState.RUNNING}
        ),
        None,
    )
    if at is None or steps[at].state is StepState.RUNNING:
        return steps
    beside = at
    while beside and steps[beside].parallel:
        beside -= 1
    done = (
        replace(step, state=StepState.DONE) if step.state is StepState.RUNNING else step
        for step in steps[:beside]
    )
    return (*done, *steps[beside:at], replace(steps[at], state=StepState.RUNNING), *steps[at + 1 :])


def at_end(
    steps: Steps, phase: PlanPhase, results: Sequence[Mapping[str, Any]], failed: Callable[[object], bool]
) -> Steps:
    """Return the steps of a plan that has come to `phase`, with the results of its agents; `failed` judges one of them.

    Of a plan that is done every step is. Otherwise a step without a result has no mark, as nobody knows how it ended.
    """
    found: dict[str, list[bool]] = {}
    for result in results[:_MOST_RESULTS]:
        found.setdefault(agent_words(result.get("agent_name")), []).append(failed(result))
    ended: list[Step] = []
    for step in steps:
        mine = found.get(step.agent)
        if mine:
            state = StepState.FAILED if mine.pop(0) else StepState.DONE
        elif phase is PlanPhase.DONE:
            state = StepState.DONE
        elif step.state in {StepState.DONE, StepState.FAILED}:
            # An earlier process may have recorded it with a result that this one does not have.
            state = step.state
        else:
            state = StepState.WAITING
        ended.append(replace(step, state=state))
    return tuple(ended)


class CalmWake:
    """Calls `wake`, at once or a while after the last time."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")

    def __call__(self) -> None:
        """Ask for a change to be shown; of many in a short time the first and the last are."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            left = max(0.0, self._last + _CALM - loop.time())
            self._timer = loop.call_later(left, self._run)

    def _run(self) -> None:
        self._timer, self._last = None, asyncio.get_running_loop().time()
        self._wake()
