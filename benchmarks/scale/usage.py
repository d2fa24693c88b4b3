"""CPU time and memory of other processes, as Linux tells them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of CPU time so far, and bytes of memory now: all of it, and what no other process shares."""

    cpu: float
    resident: int
    own: int


def usage_of(processes: Iterable[int]) -> Usage:
    """Return what processes, by their ids, have used together; one that has ended counts as nothing."""
    found = [one for process in processes if (one := _usage(process)) is not None]
    return Usage(
        sum(one.cpu for one in found), sum(one.resident for one in found), sum(one.own for one in found)
    )


def children_of(process: int) -> list[int]:
    """Return the ids of a process's children."""
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(one) for one in listed.split()]


def _usage(process: int) -> Usage | None:
    folder = Path(f"/proc/{process}")
    try:
        # The name, in brackets, may have spaces.
        fields = (folder / "stat").read_text().rpartition(")")[2].split()
        rolled = (folder / "smaps_rollup").read_text()
    except OSError:
        return None
    sizes = {
        name: int(size.split()[0]) * _KIB
        for name, _, size in (line.partition(":") for line in rolled.splitlines()[1:])
    }
    own = sizes.get("Private_Clean", 0) + sizes.get("Private_Dirty", 0)
    return Usage((int(fields[11]) + int(fields[12])) / _TICKS, sizes.get("Rss", 0), own)
