"""Places that are taken before a question is written."""

import asyncio
from dataclasses import replace

import pytest

from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.retry import Retries
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.allowance import WINDOW, UsedUp, Whose
from aion_bot.domain.rule_keys import PER_CHANNEL, PER_PERSON
from aion_bot.domain.rules import Rule, Rules
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Click, Place, Prompt
from aion_bot.ports.messages import Action, MessageRef, Person, ThreadKey
from aion_bot.runtime.promised_places import Allowances, PromisedPlaces
from aion_bot.storage import Store
from tests.support.manual_clock import ManualClock

ADA, BEN = Person("1", "Ada"), Person("2", "Ben")


def asked(number: int, person: Person = ADA, channel: str = "C1") -> Prompt:
    thread = ThreadKey("discord", f"{channel}/{number}")
    return Prompt(f"prompt {number}", thread, Place("G1", channel), person, "What?")


def turn(prompt: Prompt) -> Turn:
    return Turn(prompt.key.split()[1].rjust(16, "0"), prompt.thread, prompt.person, "What?")


@pytest.fixture
def promised() -> PromisedPlaces:
    return PromisedPlaces(ManualClock())


def allowances(store: Store, promised: PromisedPlaces, **limits: int) -> Allowances:
    rules = Rules(defaults={key: Rule(limit, "test") for key, limit in limits.items()})
    return Allowances(store, AccessControl({"discord": AccessPolicy()}, rules), promised)


@pytest.mark.parametrize(
    ("key", "other", "whose"),
    [
        (PER_PERSON, asked(2, channel="C2"), Whose.PERSON),
        (PER_CHANNEL, asked(2, BEN), Whose.CHANNEL),
    ],
)
async def test_a_place_is_taken_from_the_promise_on(
    store: Store, promised: PromisedPlaces, key: str, other: Prompt, whose: Whose
) -> None:
    """With one place left the first keeps it, whoever asks next is refused by every way, and the first is accepted."""
    places, first = allowances(store, promised, **{key: 1}), asked(1)
    promised.hold(first)
    promised.hold(other)
    assert await places.used_up(first) is None
    assert await places.used_up(other) == UsedUp(whose, 1, WINDOW)
    assert await places.accept(turn(other), other) == UsedUp(whose, 1, WINDOW)
    assert await places.accept(turn(first), first) is True
    assert await places.accept(turn(first), first) is False


@pytest.mark.parametrize(
    ("key", "other"), [(PER_PERSON, asked(2, BEN)), (PER_CHANNEL, asked(2, channel="C2"))]
)
async def test_the_places_of_others_stay_theirs(
    store: Store, promised: PromisedPlaces, key: str, other: Prompt
) -> None:
    """A promise takes nothing from another person, or from another channel."""
    places = allowances(store, promised, **{key: 1})
    promised.hold(asked(1))
    assert await places.used_up(other) is None
    assert await places.accept(turn(other), other) is True


async def test_a_question_without_a_promise_comes_after_those_with_one(
    store: Store, promised: PromisedPlaces
) -> None:
    """A mention at the same instant does not take the place of a command that was promised it."""
    places, mention = allowances(store, promised, questions_per_person_hour=2), asked(3)
    for number in (1, 2):
        promised.hold(asked(number))
    assert await places.accept(turn(mention), mention) == UsedUp(Whose.PERSON, 2, WINDOW)


async def test_of_many_at_once_as_many_are_taken_as_there_is_room_for(
    store: Store, promised: PromisedPlaces
) -> None:
    """Rows and promises together never exceed the limit, nor fall short of it."""
    places = allowances(store, promised, questions_per_person_hour=3)

    async def ask(prompt: Prompt) -> bool:
        promised.hold(prompt)
        if await places.used_up(prompt) is not None:
            promised.release(prompt)
            return False
        assert await places.accept(turn(prompt), prompt) is True
        return True

    assert sum(await asyncio.gather(*(ask(asked(number)) for number in range(10, 20)))) == 3


async def test_a_place_that_nobody_takes_is_free_after_half_a_minute(store: Store) -> None:
    """A command whose question never comes, as another process has it, blocks nobody for long."""
    clock = ManualClock()
    promised = PromisedPlaces(clock)
    places = allowances(store, promised, questions_per_person_hour=1)
    promised.hold(asked(1))
    clock.now += 29
    assert await places.used_up(asked(2)) is not None
    clock.now += 1
    assert await places.used_up(asked(2)) is None
    assert not promised.holds(asked(1))


def test_a_thread_is_busy_with_what_was_promised_before(promised: PromisedPlaces) -> None:
    """Only earlier promises in the same thread count; a question that opens a thread of its own waits for none."""
    first = asked(1)
    second = replace(asked(2), thread=first.thread)
    promised.hold(first)
    promised.hold(second)
    assert (promised.in_thread(first), promised.in_thread(second)) == (0, 1)
    assert promised.in_thread(replace(second, opening="What?")) == 0
    promised.release(first)
    assert promised.in_thread(second) == 0


async def test_a_retry_does_not_take_a_promised_place(store: Store, promised: PromisedPlaces) -> None:
    """Whoever was promised the last place, in public, gets it: a Retry pressed meanwhile is told that it is used up."""
    access = AccessControl({"discord": AccessPolicy()}, Rules(defaults={PER_CHANNEL: Rule(1, "test")}))
    places = Allowances(store, access, promised)
    failed, command = asked(1), asked(2, BEN)
    assert await places.accept(turn(failed), failed) is True
    assert await store.turns.end(turn(failed).key, EndReason.FAILED)
    promised.hold(command)
    press = Click(Action.RETRY, turn(failed).key, MessageRef(failed.thread, "1"), failed.place, ADA)
    line, again = await Retries(store, access, places.left_again).claim(press)
    assert again is None
    assert "1 question" in str(line)
    assert await places.accept(turn(command), command) is True


def test_promised_places_of_one_app_are_shared(store: Store, promised: PromisedPlaces) -> None:
    """Two webhooks of one app are one asker before their questions are written, too."""
    first, second = (Person(name, name, frozenset({name, "A1"})) for name in ("W1", "W2"))
    promised.hold(asked(1, first))
    places = allowances(store, promised, questions_per_person_hour=1)
    left = places.left_again(replace(turn(asked(2, second)), origin=asked(2, second, "C2")))
    assert isinstance(left, UsedUp)
