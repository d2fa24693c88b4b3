"""Questions of a rolling hour are counted by rows, and the last place is taken once."""

import asyncio

import pytest

from aion_bot.domain.allowance import Allowance, Whose
from aion_bot.domain.rule_keys import PER_PERSON
from aion_bot.domain.rules import Rule, Rules
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.beside import open_beside

ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
HERE, THERE, ELSEWHERE = Place("T1", "C1"), Place("T1", "C2"), Place("T2", "C3")
TWO, TWO_IN_CHANNEL = Allowance(per_person=2), Allowance(per_channel=2)


class Asking:
    """Asks numbered questions, each in a thread of its own."""

    def __init__(self, store: Store, path: Location) -> None:
        self.store, self._path, self._asked = store, path, 0

    async def ask(self, allowance: Allowance, person: Person = ADA, place: Place = HERE) -> bool:
        """Ask, and return whether the question was accepted."""
        self._asked += 1
        name = f"t{self._asked}"
        thread = ThreadKey("slack", name)
        prompt = Prompt(f"slack:{name}", thread, place, person, "What?")
        return await self.store.turns.accept(Turn(name, thread, person, "What?"), prompt, allowance)

    def age(self, seconds: int, key: str = "t1") -> None:
        """Let a question have been asked earlier."""
        with open_beside(self._path, write=True) as beside:
            beside.execute("UPDATE turn SET asked_at = asked_at - ? WHERE key = ?", (seconds, key))


@pytest.fixture
def asking(store: Store) -> Asking:
    return Asking(store, store.location)


async def test_a_person_may_ask_so_many_questions(asking: Asking) -> None:
    """The third of two is refused; somebody else, and the person in another workspace, may ask."""
    assert [await asking.ask(TWO) for _ in range(3)] == [True, True, False]
    assert not await asking.ask(TWO, place=THERE)
    assert await asking.ask(TWO, BEN)
    assert await asking.ask(TWO, place=ELSEWHERE)


async def test_a_channel_may_ask_so_many_questions(asking: Asking) -> None:
    """Of a channel everybody's questions count, and another channel's do not."""
    assert await asking.ask(TWO_IN_CHANNEL)
    assert await asking.ask(TWO_IN_CHANNEL, BEN)
    assert not await asking.ask(TWO_IN_CHANNEL, BEN)
    assert await asking.ask(TWO_IN_CHANNEL, place=THERE)


async def test_no_limit_refuses_nothing(asking: Asking) -> None:
    """0 sets no limit."""
    assert all([await asking.ask(Allowance()) for _ in range(5)])


async def test_the_hour_rolls(asking: Asking) -> None:
    """A question counts for an hour from when it was asked, and the wait is until the oldest that is in the way is so old."""
    assert await asking.ask(TWO)
    assert await asking.ask(TWO)
    asking.age(3000)
    found = await asking.store.turns.used_up("slack", HERE, ADA, TWO)
    assert found is not None
    assert (found.whose, found.limit, found.minutes) == (Whose.PERSON, 2, 10)
    assert not await asking.ask(TWO)
    asking.age(600)
    assert await asking.store.turns.used_up("slack", HERE, ADA, TWO) is None
    assert await asking.ask(TWO)
    assert not await asking.ask(TWO)


async def test_a_limit_that_was_lowered_waits_for_room(asking: Asking) -> None:
    """With more questions than the limit allows by now, the wait is until so many are an hour old that one more fits."""
    for _ in range(3):
        assert await asking.ask(Allowance())
    asking.age(3500)
    asking.age(1800, "t2")
    found = await asking.store.turns.used_up("slack", HERE, ADA, TWO)
    assert found is not None
    assert found.minutes == 30


async def test_the_longer_wait_is_told(asking: Asking) -> None:
    """Where both allowances are used up, the sentence is about the one that lasts longer."""
    both = Allowance(per_person=1, per_channel=2)
    assert await asking.ask(both)
    asking.age(3000)
    assert await asking.ask(both, BEN)
    found = await asking.store.turns.used_up("slack", HERE, ADA, both)
    assert found is not None
    assert found.minutes == 10
    found = await asking.store.turns.used_up("slack", HERE, BEN, both)
    assert found is not None
    assert (found.whose, found.minutes) == (Whose.PERSON, 60)


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        (EndReason.ANSWERED, True),
        (EndReason.STOPPED, True),
        (EndReason.UNDELIVERABLE, True),
        (EndReason.FAILED, False),
        (EndReason.REFUSED, False),
        (EndReason.INTERRUPTED, False),
        (EndReason.WITHDRAWN, False),
    ],
)
async def test_what_was_failed_or_withdrawn_does_not_count(
    asking: Asking, reason: EndReason, counts: bool
) -> None:
    """An answered, stopped or undeliverable question counts; one that Aion or the bot failed, or that was withdrawn, does not."""
    assert await asking.ask(Allowance(per_person=1))
    if reason is EndReason.INTERRUPTED:
        await asking.store.turns.start_asking("t1", "session")
    if reason is EndReason.WITHDRAWN:
        assert await asking.store.turns.withdraw("slack:t1")
    else:
        await asking.store.turns.end("t1", reason)
        await asking.store.turns.note_shown("t1", 0, reason)
    assert await asking.ask(Allowance(per_person=1)) is not counts


async def test_a_retry_is_charged_once(asking: Asking) -> None:
    """The failed attempt does not count, its retry does, and a retry beyond the allowance is not claimed."""
    one = Allowance(per_person=1)
    assert await asking.ask(one)
    await asking.store.turns.end("t1", EndReason.FAILED)
    assert await asking.store.turns.claim_retry("t1", one)
    assert not await asking.ask(one)
    await asking.store.turns.end("t1", EndReason.FAILED)
    assert await asking.ask(one)
    assert not await asking.store.turns.claim_retry("t1", one)
    assert await asking.store.turns.claim_retry("t1", TWO)


async def test_two_at_once_cannot_both_take_the_last_place(asking: Asking) -> None:
    """Of ten questions at the same time as many are accepted as there are places."""
    accepted = await asyncio.gather(*(asking.ask(Allowance(per_person=3)) for _ in range(10)))
    assert sum(accepted) == 3


async def test_it_is_kept_over_restarts(asking: Asking, path: Location) -> None:
    """Another process counts what the one before accepted."""
    assert await asking.ask(TWO)
    assert await asking.ask(TWO)
    await asking.store.close()
    asking.store = await Store.open(path)
    assert not await asking.ask(TWO)
    await asking.store.close()


async def test_a_second_delivery_is_not_charged(asking: Asking) -> None:
    """A prompt that is delivered twice takes one place."""
    assert await asking.ask(TWO)
    asking._asked = 0
    assert not await asking.ask(TWO)
    asking._asked = 1
    assert await asking.ask(TWO)


async def test_a_clock_that_was_set_back_locks_nobody_out(asking: Asking) -> None:
    """What was asked far in the future was asked by a wrong clock; a correction of seconds gives no question away."""
    assert await asking.ask(Allowance(1))
    asking.age(-30)
    assert not await asking.ask(Allowance(1))
    asking.age(-86_400)
    assert await asking.store.turns.used_up("slack", HERE, ADA, Allowance(1)) is None
    assert await asking.ask(Allowance(1))


async def test_a_direct_message_counts_with_the_persons_workspace(asking: Asking) -> None:
    """Discord's direct messages are in no server: they give a person no second allowance, and its section holds there."""
    direct = Place("", "D1", direct=True, person_workspace="T1")
    assert await asking.ask(Allowance(1))
    assert not await asking.ask(Allowance(1), place=direct)
    assert await asking.ask(Allowance(1), BEN, direct)
    assert not await asking.ask(Allowance(1), BEN, THERE)
    rules = Rules(workspaces={"T1": {PER_PERSON: Rule(1, "test")}})
    assert rules.allowance(direct) == Allowance(1)
