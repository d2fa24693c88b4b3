"""Answers that a new message replaces at their end, where no edit can be kept for it."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.ports.errors import Forbidden
from aion_bot.ports.messages import Content, MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import (
    Budget,
    Limits,
    Operation,
    PlatformRequest,
    RequestObserver,
    RequestStatus,
    Scope,
)
from aion_bot.rendering.screen import Screen
from tests.support.plain_adapter import PlainAdapter
from tests.support.virtual_time import run_in_virtual_time

LASTS = 20.0
"""Seconds that each answer grows, by a word a second."""

APART = 3.0
"""Seconds between the two answers."""

WHOLE = "word " * int(LASTS)


class FewEdits(PlainAdapter):
    """A platform that takes two edits in so many seconds, and as many deletions as `deletions` says in a minute."""

    def __init__(self, seconds: float = 60.0, deletions: int = 50, *, deletes: bool = True) -> None:
        """Without `deletes` it refuses each deletion, as admins may rule."""
        super().__init__()
        self.deletes = deletes
        budgets = {
            Operation.EDIT: (Budget("edits", 2, seconds, Scope.WORKSPACE, reserved=True),),
            Operation.DELETE: (Budget("deletions", deletions, 60.0, Scope.WORKSPACE, reserved=True),),
        }
        self.limits = Limits(page=1000, edit_gap=1.0, budgets=budgets)
        self.began = time.monotonic()
        self.stand: dict[str, dict[str, str]] = {}
        """What each message shows, by its thread."""
        self.history: list[tuple[float, str, str, str]] = []
        """What was done when, in seconds, in which thread, with which words."""

    def observe_requests(self, observer: RequestObserver) -> None:
        self._observer = observer

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return "" if scope is Scope.WORKSPACE else thread.id

    def _note(self, kind: str, message: MessageRef, content: Content | None) -> None:
        budgets = self.limits.budgets.get(Operation(kind), ())
        request = PlatformRequest(kind, tuple((one, "") for one in budgets))
        self._observer.sent(request)
        self._observer.answered(request, RequestStatus.OK)
        text = content.text if isinstance(content, Reply) else ""
        self.history.append((time.monotonic() - self.began, kind, message.thread.id, text))
        messages = self.stand.setdefault(message.thread.id, {})
        if content is None:
            del messages[message.id]
        else:
            messages[message.id] = text

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        self._note("post", message := MessageRef(thread, nonce), content)
        return message

    async def edit(self, message: MessageRef, content: Content) -> None:
        self._note("edit", message, content)

    async def delete(self, message: MessageRef) -> None:
        if not self.deletes:
            raise Forbidden("cant_delete_message")
        self._note("delete", message, None)

    def done(self, thread: str) -> list[tuple[float, str, str]]:
        """What was done in a thread."""
        return [(at, kind, text) for at, kind, where, text in self.history if where == thread]


class Words:
    """An answer that grows by words."""

    def __init__(self) -> None:
        self.text, self.ended = "", False

    def advance(self) -> bool:
        return True

    def screen(self) -> Screen:
        return (Reply(self.text, note="" if self.ended else "…"),)

    def shrink(self) -> bool:
        return False

    def fall_back(self, error: Exception) -> bool:
        raise error

    def refuse_file(self, reason: str) -> None:
        """No document is shown."""


async def answer(
    registry: Registry, platform: FewEdits, name: str, lasts: float = LASTS, *, pauses: bool = False
) -> None:
    """Show an answer whose question has another sign; where it `pauses`, its other words come at its end."""
    view, key = Words(), ThreadKey("plain", name)
    sync = registry.sync(registry.thread(platform, key), view, Delivery(name, Person("U1")))
    sync.may_wait()
    showing = asyncio.create_task(sync.run())
    for number in range(int(lasts)):
        await asyncio.sleep(1.0)
        if not pauses or not number:
            view.text += "word "
            sync.wake()
    view.text = "word " * int(lasts)
    view.ended = True
    sync.wake(urgent=True)
    await showing


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FewEdits]:
    """Plays two answers; an edit is kept for the end of the first one. The `rest` begin together after both."""

    def play(*rest: str, lasts: float = LASTS, **limits: Any) -> FewEdits:
        async def run() -> FewEdits:
            platform = FewEdits(**limits)
            registry = Registry([platform])
            first = asyncio.create_task(answer(registry, platform, "first", lasts))
            await asyncio.sleep(APART)
            await asyncio.gather(first, answer(registry, platform, "second"))
            if rest:
                others = [asyncio.create_task(answer(registry, platform, one)) for one in rest]
                await asyncio.gather(*others)
            return platform

        return run_in_virtual_time(monkeypatch, run())

    return play


def test_a_new_message_takes_the_place_of_one_that_cannot_be_edited_at_its_end(
    played: Callable[..., FewEdits],
) -> None:
    """Within three seconds people see first words; at the end one message has the whole answer, and the first one is gone."""
    platform = played()
    (first_at, first, words), *rest = platform.done("second")
    assert first == "post"
    assert first_at - APART <= 3.0
    assert words
    assert [(kind, text) for _, kind, text in rest] == [("post", WHOLE), ("delete", "")]
    assert rest[-1][0] - APART <= LASTS + 0.3
    assert list(platform.stand["second"].values()) == [WHOLE]
    assert {kind for _, kind, _ in platform.done("first")} == {"post", "edit"}


def test_it_grows_by_edits_that_are_free(played: Callable[..., FewEdits]) -> None:
    """Where edits come back while the answer goes on, its message grows by them."""
    platform = played(lasts=5.0, seconds=4.0)
    kinds = [kind for _, kind, _ in platform.done("second")]
    assert kinds[:3] == ["post", "edit", "edit"]
    assert list(platform.stand["second"].values()) == [WHOLE]


def test_without_room_for_a_deletion_the_answer_is_one_post(played: Callable[..., FewEdits]) -> None:
    """What could be neither edited nor replaced in time is posted once, whole."""
    platform = played(deletions=0)
    assert [(kind, text) for _, kind, text in platform.done("second")] == [("post", WHOLE)]


def test_where_nothing_may_be_deleted_none_is_posted_for_that(played: Callable[..., FewEdits]) -> None:
    """What cannot be deleted goes on to show nothing, once an edit is free, and later answers are one post again."""
    platform = played("third", "fourth", "fifth", deletes=False)
    assert sorted(platform.stand["second"].values()) == ["", WHOLE]
    later = [[kind for _, kind, _ in platform.done(one)] for one in ("third", "fourth", "fifth")]
    assert ["post"] in later
    assert all(list(platform.stand[one].values()) == [WHOLE] for one in ("third", "fourth", "fifth"))


def test_an_edit_that_is_free_ends_one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two answers that end in the same moment one takes the edit that is free, and the other is replaced at once."""

    async def run() -> FewEdits:
        platform = FewEdits()
        registry = Registry([platform])
        async with asyncio.TaskGroup() as running:
            running.create_task(answer(registry, platform, "first", 2 * LASTS, pauses=True))
            await asyncio.sleep(APART)
            for name in ("second", "third"):
                running.create_task(answer(registry, platform, name, pauses=True))
        return platform

    platform = run_in_virtual_time(monkeypatch, run())
    assert sorted(kind for one in ("second", "third") for _, kind, _ in platform.done(one)) == [
        "delete",
        "edit",
        "post",
        "post",
        "post",
    ]
    assert all(platform.done(one)[-1][0] - APART <= LASTS + 1.0 for one in ("second", "third"))
    assert all(list(platform.stand[one].values()) == [WHOLE] for one in ("second", "third"))
