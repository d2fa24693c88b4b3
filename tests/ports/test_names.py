"""Names are looked up once and remembered; nothing waits for them for long."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest

from aion_bot.ports import names as module
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.names import MOST_AT_ONCE, UNKNOWN_LIFETIME, Find, Names, in_words, no_name


class Platform:
    """Knows the name of each key in `known`; answers while `open` is set."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.calls: Counter[str] = Counter()
        self.now = 0.0
        self.open = asyncio.Event()
        self.open.set()
        self.down = False
        self.names = Names(self._look_up, timeout=0.05, clock=lambda: self.now)

    async def _look_up(self, key: str) -> Mapping[str, str]:
        self.calls[key] += 1
        await self.open.wait()
        if self.down:
            raise PlatformDown("down")
        return {key: self.known[key]} if key in self.known else {}

    async def read(self, *keys: str) -> str:
        """Read a text that mentions these keys."""
        return await self.names.read(lambda find: _text(keys, find))


def _text(keys: tuple[str, ...], find: Find) -> str:
    return " ".join(find(key) or key for key in keys)


async def test_a_name_is_looked_up_once() -> None:
    """Known names, and keys without a name, are asked for once."""
    platform = Platform(U1="Ada")
    for _ in range(3):
        assert await platform.read("U1", "U2", "U1") == "Ada U2 Ada"
    assert platform.calls == {"U1": 1, "U2": 1}


async def test_names_are_remembered_for_a_time() -> None:
    """What has no name is asked for again after a while, a name after a day."""
    platform = Platform(U1="Ada")
    await platform.read("U1", "U2")
    platform.now = UNKNOWN_LIFETIME + 1
    await platform.read("U1", "U2")
    assert platform.calls == {"U1": 1, "U2": 2}
    platform.now, platform.known = 24 * 3600.0 + 1, {"U1": "Ada L."}
    assert await platform.read("U1") == "Ada L."


async def test_a_failed_look_up_is_tried_again() -> None:
    """While the platform is down ids stay ids; later they become names."""
    platform = Platform(U1="Ada")
    platform.down = True
    assert await platform.read("U1") == "U1"
    platform.down = False
    assert await platform.read("U1") == "Ada"


async def test_two_events_share_a_look_up_and_do_not_wait_for_long() -> None:
    """A slow platform holds up nobody: its answer serves the next event."""
    platform = Platform(U1="Ada")
    platform.open.clear()
    assert await asyncio.gather(platform.read("U1"), platform.read("U1")) == ["U1", "U1"]
    platform.open.set()
    assert await platform.read("U1") == "Ada"
    assert platform.calls == {"U1": 1}


async def test_what_is_not_wanted_is_not_looked_up() -> None:
    """Nothing is asked for an event that means nothing, or that nobody wants."""
    platform = Platform(U1="Ada")
    assert await platform.names.read(lambda find: find("U1")) is None
    assert await platform.names.read(lambda find: _text(("U1",), find), wanted=lambda _: False) == "U1"
    assert not platform.calls


async def test_few_names_are_looked_up_for_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text full of mentions asks for few of them, and the oldest names are forgotten."""
    monkeypatch.setattr(module, "CAPACITY", 5)
    platform = Platform(U1="Ada")
    await platform.read(*(f"U{number}" for number in range(1, 1000)))
    assert len(platform.calls) == MOST_AT_ONCE
    assert await platform.read("U1") == "Ada"
    assert platform.calls["U1"] == 2


async def test_closing_ends_the_look_ups() -> None:
    """Nothing is asked for after the end."""
    platform = Platform(U1="Ada")
    platform.open.clear()
    await platform.read("U1")
    await platform.names.close()
    assert len(asyncio.all_tasks()) == 1


def test_no_name_is_known() -> None:
    """Without a look-up ids stay ids."""
    assert no_name("U1") is None


async def test_an_answer_of_another_shape_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """What a look-up cannot read leaves the id as it is, and is logged."""

    async def look_up(_: str) -> Mapping[str, str]:
        raise TypeError("not what is documented")

    assert await Names(look_up, timeout=5.0).read(lambda find: find("U1") or "U1") == "U1"
    assert [record.getMessage() for record in caplog.records] == ["name lookup not readable"]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Ada\n\n# Rules", "Ada # Rules"),
        ("\u202eadA", "adA"),
        ("x" * 5_000, "x" * 99 + "…"),
        (" \u200b", None),
    ],
)
def test_a_name_is_one_short_line(given: str, read: str | None) -> None:
    """A name cannot pass for lines of a question, hide anything or fill it; one of which nothing is left is none."""
    assert in_words(given) == read
