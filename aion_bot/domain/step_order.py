"""The order of a plan's steps: each behind those that it depends on. No I/O.

A step is named by its own id, where Aion sends one, and by its agent; the documentation says "IDs of invocations" and shows
no such field. Names that nobody has and steps that wait for each other cost the order, never a step.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """A step by its names, and the names that it depends on."""

    names: frozenset[str]
    needs: frozenset[str]


def step_order(steps: Sequence[Named]) -> list[tuple[int, bool]]:
    """Return the places of the steps in an order that can be carried out, each with whether it may run beside the one before.

    Steps that may begin at the same time stand together, in the order in which they were given. Without any dependency
    between them nothing is known: the order stays, and none is marked. Takes linear time but for one sort.
    """
    levels, known = _levels(steps)
    last = max(levels, default=0) + 1
    order = sorted(range(len(steps)), key=lambda at: levels[at] or last)
    return [
        (at, known and place > 0 and 0 < levels[at] == levels[order[place - 1]])
        for place, at in enumerate(order)
    ]


def _levels(steps: Sequence[Named]) -> tuple[list[int], bool]:
    """Return how many steps have to come one after the other up to each one, itself included, and whether any depends on one.

    0: it waits for itself in the end. Nodes are the steps and, for each name, the first of its steps, the first two, and so on:
    a step depends on all steps of a name that stand before it, or on all others where none does.
    """
    members: dict[str, list[int]] = defaultdict(list)
    group: dict[tuple[str, int], int] = {}
    dependents: list[list[int]] = [[] for _ in steps]
    waits = [0] * len(steps)

    def depends(node: int, on: int) -> None:
        dependents[on].append(node)
        waits[node] += 1

    for at, step in enumerate(steps):
        for name in step.names:
            members[name].append(at)
            node = group[name, len(members[name])] = len(waits)
            waits.append(0)
            dependents.append([])
            depends(node, at)
            if len(members[name]) > 1:
                depends(node, group[name, len(members[name]) - 1])
    before: dict[str, int] = defaultdict(int)
    known = False
    for at, step in enumerate(steps):
        for name in step.needs:
            count = before[name] or (0 if name in step.names else len(members.get(name, ())))
            if count:
                known = True
                depends(at, group[name, count])
        for name in step.names:
            before[name] += 1
    return _counted(len(steps), dependents, waits), known


def _counted(steps: int, dependents: Sequence[Sequence[int]], waits: list[int]) -> list[int]:
    levels = [int(node < steps) for node in range(len(waits))]
    reached = [0] * steps
    ready = [node for node, count in enumerate(waits) if not count]
    while ready:
        node = ready.pop()
        if node < steps:
            reached[node] = levels[node]
        for one in dependents[node]:
            # A group of steps is no step: it adds nothing to the level.
            levels[one] = max(levels[one], levels[node] + (one < steps))
            waits[one] -= 1
            if not waits[one]:
                ready.append(one)
    return reached
