"""Recognising messages that an earlier process posted and could not note any more. No I/O."""

from collections.abc import Sequence

from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.messages import MessageRef


def nonce_of(name: str, slot: int, attempt: int) -> str:
    """Name a post of a slot: the same in every process that makes it again."""
    return f"{name}-{slot}-{attempt}"


def card_nonce(plan_key: str, attempt: int = 0) -> str:
    """Name the post of a plan's card; `attempt` counts the messages that it had before."""
    return f"{plan_key}-card-{attempt}" if attempt else f"{plan_key}-card"


def file_nonce(plan_key: str, attempt: int = 0) -> str:
    """Name the post of the file that has a whole plan, as `card_nonce` names its card."""
    return f"{plan_key}-file-{attempt}" if attempt else f"{plan_key}-file"


def adopted(
    name: str,
    noted: tuple[MessageRef, ...],
    found: Sequence[OwnMessage],
    unnamed: Sequence[MessageRef] = (),
) -> tuple[MessageRef, ...]:
    """Return the noted messages of an answer and behind them those that only their nonces tell, in slot order.

    Behind these stand those that nothing names, which can only be this answer's.
    """
    slots: dict[int, MessageRef] = {}
    for own in found:
        head, _, tail = (own.nonce or "").partition(f"{name}-")
        slot = tail.split("-")[0]
        if not head and slot.isdecimal() and own.message not in noted:
            slots[int(slot)] = own.message
    named = (*noted, *(slots[slot] for slot in sorted(slots)))
    return (*named, *(message for message in unnamed if message not in named))


def card_of(plan_key: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the newest card of a plan, if one was posted; `found` is newest first."""
    return _newest(card_nonce(plan_key), found)


def file_of(plan_key: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    """Return the newest file of a plan, as `card_of` returns its card."""
    return _newest(file_nonce(plan_key), found)


def _newest(first: str, found: Sequence[OwnMessage]) -> MessageRef | None:
    return next(
        (
            own.message
            for own in found
            if own.nonce and (own.nonce == first or own.nonce.startswith(f"{first}-"))
        ),
        None,
    )
