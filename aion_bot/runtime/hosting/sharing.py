"""How many scopes a replica takes, and whether it gives one back. Pure."""

import math

from aion_bot.storage.hosting import Load


def share_of(load: Load) -> int:
    """Return how many scopes a replica has where they are spread evenly, rounded up."""
    return math.ceil(load.scopes / max(1, load.replicas))


def to_claim(load: Load, owned: int, *, left_over: bool, abandoned: bool = False) -> int:
    """Return how many scopes to take, of which `owned` are served already.

    `left_over`: some have been free for a while, so that whoever has fewer does not take them; then one more is taken. `abandoned`:
    some of these are of a replica that died; an even part of them is taken at once, as answers may run there.
    """
    wanted = min(load.free, share_of(load) - owned)
    urgent = math.ceil(load.ended / max(1, load.replicas)) if abandoned else 0
    return max(wanted, urgent, int(left_over and load.free > 0))


def gives_back(load: Load, owned: int) -> bool:
    """Tell whether another replica has fewer scopes than its share. While some are free it is to take these first."""
    return owned > share_of(load) and not load.free
