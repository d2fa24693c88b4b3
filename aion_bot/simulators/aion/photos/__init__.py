"""Photos of building sites: those of the simulated library, and one more to attach. `tests/demo/photos.py` draws them."""

from functools import cache
from pathlib import Path

from aion_bot.simulators.workspace import SimulatedFile

NAMES = (
    "site7_pump_04.jpg",
    "site7_scaffold_north.jpg",
    "site7_lift_gate.jpg",
    "site3_crane_hook.jpg",
    "site3_trench.jpg",
    "site1_fence.jpg",
    "roof_leak.jpg",
)
MEDIA_TYPE = "image/jpeg"


def path(name: str) -> Path:
    """Where a photo is kept."""
    return Path(__file__).with_name(name)


@cache
def photo(name: str) -> bytes:
    """Return a photo of `NAMES`."""
    return path(name).read_bytes()


ROOF_LEAK = SimulatedFile("roof_leak.jpg", photo("roof_leak.jpg"), MEDIA_TYPE)
"""A picture that the library does not have, for people to attach."""
