"""The messages that every adapter posts, edits, deletes and lists."""

from dataclasses import replace

import pytest

from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, PlatformError, RateLimited
from aion_bot.ports.messages import Action, Button, MessageRef, PlanCard, Reply, Step
from aion_bot.ports.rate_limits import Scope
from aion_bot.simulators.workspace import Failure, Operation
from tests.contract.conftest import Connection, built
from tests.support.cases import each

STOP = Button(Action.STOP, "0123456789abcdef", "Stop")


async def test_an_answer_is_posted_in_its_thread(connection: Connection) -> None:
    """A reply is posted in the prompt's thread, as the bot."""
    thread, prompt = await connection.asked()
    await connection.adapter.post(prompt.thread, Reply("Three lamps."), nonce="a")
    assert any("Three lamps." in text for text in connection.said(thread))


async def test_an_answer_grows(connection: Connection) -> None:
    """Edits replace the text and the buttons of one message."""
    thread, prompt = await connection.asked()
    message = await connection.adapter.post(prompt.thread, Reply("Three", buttons=(STOP,)), nonce="a")
    before = len(connection.said(thread))
    shown = connection.workspace.thread(thread)[-1]
    assert [button.label for button in shown.buttons] == ["Stop"]
    await connection.adapter.edit(message, Reply("Three lamps", buttons=(STOP,)))
    await connection.adapter.edit(message, Reply("Three lamps are broken."))
    shown = connection.workspace.thread(thread)[-1]
    assert "Three lamps are broken." in shown.text
    assert len(shown.versions) == 3
    assert shown.buttons == ()
    assert len(connection.said(thread)) == before


async def test_a_nonce_posts_once(connection: Connection) -> None:
    """A post that is repeated with its nonce, after its response was lost, is the same message."""
    thread, prompt = await connection.asked()
    before = len(connection.said(thread))
    connection.workspace.refuse(Operation.POST, Failure.LOST)
    with pytest.raises(PlatformDown):
        await connection.adapter.post(prompt.thread, Reply("Once."), nonce="once")
    message = await connection.adapter.post(prompt.thread, Reply("Once."), nonce="once")
    assert len(connection.said(thread)) == before + 1
    await connection.adapter.edit(message, Reply("Once and for all."))
    assert "Once and for all." in connection.said(thread)[-1]


async def test_other_nonces_post_again(connection: Connection) -> None:
    """The same words with another nonce are another message."""
    thread, prompt = await connection.asked()
    first = await connection.adapter.post(prompt.thread, Reply("Twice."), nonce="a")
    second = await connection.adapter.post(prompt.thread, Reply("Twice."), nonce="b")
    assert first != second
    assert sum("Twice." in text for text in connection.said(thread)) == 2


async def test_a_deleted_message_is_gone(connection: Connection) -> None:
    """Nobody sees a deleted message, and editing it raises the error for that."""
    thread, prompt = await connection.asked()
    message = await connection.adapter.post(prompt.thread, Reply("Short-lived."), nonce="a")
    await connection.adapter.delete(message)
    assert not any("Short-lived." in text for text in connection.said(thread))
    with pytest.raises(MessageGone):
        await connection.adapter.edit(message, Reply("Still here?"))


async def test_own_messages_come_newest_first(connection: Connection) -> None:
    """The bot's messages of a thread are listed without those of people, newest first."""
    thread, prompt = await connection.asked()
    posted = [
        await connection.adapter.post(prompt.thread, Reply(word), nonce=word)
        for word in ("one", "two", "three")
    ]
    await connection.workspace.reply(connection.ada, thread, "And more?")
    found = [own.message for own in await connection.adapter.own_messages(prompt.thread)]
    assert found[:3] == posted[::-1]


async def test_at_most_twenty_own_messages_are_listed(connection: Connection) -> None:
    """Of many messages the newest twenty are listed."""
    _, prompt = await connection.asked()
    posted = [
        await connection.adapter.post(prompt.thread, Reply(f"number {n}"), nonce=f"n{n}") for n in range(22)
    ]
    found = [own.message for own in await connection.adapter.own_messages(prompt.thread)]
    assert found == posted[:1:-1]


async def test_a_plan_is_shown_whole(connection: Connection) -> None:
    """A card shows its title, steps, facts, record and buttons."""
    thread, prompt = await connection.asked()
    buttons = (Button(Action.APPROVE, "k1", "Approve"), Button(Action.CANCEL, "k1", "Cancel"))
    card = PlanCard(
        "Aion asks",
        "Sort the photos",
        (Step("Folder organization", "Make a folder"), Step("Folder organization", "Move three photos")),
        facts=(("2 operations",),),
        buttons=buttons,
        key="k1",
    )
    message = await connection.adapter.post(prompt.thread, card, nonce="card")
    shown = connection.workspace.thread(thread)[-1]
    for words in ("Aion asks", "Sort the photos", "Make a folder", "Move three photos", "2 operations"):
        assert words in shown.text
    assert [button.label for button in shown.buttons] == ["Approve", "Cancel"]
    await connection.adapter.edit(message, replace(card, buttons=(), record=(("Approved.",),)))
    shown = connection.workspace.thread(thread)[-1]
    assert "Approved." in shown.text
    assert shown.buttons == ()


@each("fill", ["x", "é", "漢", "😀", "a b\n"])
async def test_a_full_page_is_accepted(connection: Connection, fill: str) -> None:
    """The platform takes the largest text that fits by `measure`, and shows all of it."""
    adapter = connection.adapter
    thread, prompt = await connection.asked()
    low, high = 1, adapter.limits.page
    while low < high:
        middle = (low + high + 1) // 2
        if adapter.measure(Reply(fill * middle)) <= adapter.limits.page:
            low = middle
        else:
            high = middle - 1
    await adapter.post(prompt.thread, Reply(fill * low), nonce=f"page of {fill}")
    assert connection.said(thread)[-1].count(fill.strip()) == low
    if len(fill) == 1:
        assert adapter.limits.page - adapter.measure(Reply(fill * low)) <= adapter.measure(Reply(fill)) + 1


ATTEMPTS = {Operation.POST, Operation.EDIT, Operation.DELETE, Operation.LIST_MESSAGES}


async def attempt(connection: Connection, operation: Operation, message: MessageRef) -> None:
    """Perform an operation on an existing message."""
    match operation:
        case Operation.POST:
            await connection.adapter.post(message.thread, Reply("More."), nonce="more")
        case Operation.EDIT:
            await connection.adapter.edit(message, Reply("Other."))
        case Operation.DELETE:
            await connection.adapter.delete(message)
        case Operation.LIST_MESSAGES:
            await connection.adapter.own_messages(message.thread)


@each("operation", sorted(ATTEMPTS))
@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure.DOWN, PlatformDown),
        (Failure.FORBIDDEN, Forbidden),
        (Failure.RATE_LIMITED, RateLimited),
    ],
)
async def test_failures_raise_the_same_errors_everywhere(
    connection: Connection, operation: Operation, failure: Failure, error: type[PlatformError]
) -> None:
    """Each failure raises the same error on every platform, a rate limit with its pause; nothing is repeated."""
    _, prompt = await connection.asked()
    message = await connection.adapter.post(prompt.thread, Reply("Words."), nonce=operation)
    connection.workspace.refuse(operation, failure, retry_after=3.0)
    with pytest.raises(error) as caught:
        await attempt(connection, operation, message)
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == pytest.approx(3.0)


@pytest.mark.parametrize("operation", [Operation.POST, Operation.EDIT])
async def test_an_unknown_outcome_raises_its_error(connection: Connection, operation: Operation) -> None:
    """An operation with unknown outcome raises an error, and the adapter does not repeat it."""
    _, prompt = await connection.asked()
    message = await connection.adapter.post(prompt.thread, Reply("Words."), nonce="a")
    taken = len(connection.workspace.log)
    connection.workspace.refuse(operation, Failure.LOST)
    with pytest.raises(PlatformDown):
        await attempt(connection, operation, message)
    assert [one.name for one in list(connection.workspace.log)[taken:]].count(
        connection.workspace.requests[operation][0]
    ) == 1


async def test_an_unreachable_platform_is_down(connection: Connection) -> None:
    """An operation on an unreachable platform raises PlatformDown."""
    _, prompt = await connection.asked()
    await connection.workspace.stop()
    with pytest.raises(PlatformDown):
        await connection.adapter.post(prompt.thread, Reply("Anybody?"), nonce="a")


async def test_scopes_are_stable(connection: Connection) -> None:
    """A scope has the same key in each process."""
    _, first = await connection.asked()
    _, second = await connection.asked("And on site 8?")
    again = built(connection.workspace)
    for scope in Scope:
        name = connection.adapter.scope_key(first.thread, scope)
        assert again.scope_key(first.thread, scope) == name
    assert again.scope_key(first.thread, Scope.BOT) == again.scope_key(second.thread, Scope.BOT)
    await again.close()
