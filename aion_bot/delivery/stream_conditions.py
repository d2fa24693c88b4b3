"""What the limits say about a native stream as the next message of an answer."""

import time
from dataclasses import replace

from aion_bot.delivery.strategy import Conditions, DeliveryMode, is_stream_due
from aion_bot.delivery.thread import Thread
from aion_bot.ports.rate_limits import Operation


def with_limits(given: Conditions, thread: Thread, *, waits: bool) -> Conditions:
    """Return what the choice depends on, with what the thread's platform and its limits say now.

    `waits`: the answer waits for its first message already. An answer that began by edits stays with them, so that its
    limits are not looked at before each edit.
    """
    streaming, limits, key = thread.streaming, thread.limiter.limits, thread.key
    if streaming is None or given.mode is DeliveryMode.EDITS:
        return given
    now, crowded_from = time.monotonic(), thread.adapter.limits.crowded_from
    stops = limits(Operation.STOP_STREAM, key)
    stream = limits(Operation.START_STREAM, key) + stops
    return replace(
        given,
        support=streaming.streaming_mode(key),
        crowded=is_stream_due(limits(Operation.EDIT, key), stops, crowded_from, waits=waits),
        posts_refused=any(limit.window.recently_refused(now) for limit in limits(Operation.POST, key)),
        stream_has_room=all(one.reservable_at(now, one.awaiting_reservation) <= now for one in stream),
    )
