"""How many scopes a replica takes, and whether it gives one back. Pure."""

import math

from aion_bot.storage.hosting import Load


def share_of(load: Load) -> int:
    """Return how many scopes a replica has where they are spread evenly, rounded up."""
    return math.ceil(load.scopes / max(1, load.replicas))


def to_claim(load: Load, owned: int, *, left_over: bool) -> int:
    """Return how many scopes to take, of which `owned` are served already.

    `left_over`: some have been free for a while, so that whoever has fewer does not take them; then one more is taken.
    """
    wanted = min(load.free, share_of(load) - owned)
    return wanted if wanted > 0 else int(left_over and load.free > 0)


def gives_back(load: Load, owned: int) -> bool:
    """Tell whether another replica has fewer scopes than its share. While some are free it is to take these first."""
    return owned > share_of(load) and not load.free
