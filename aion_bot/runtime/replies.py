"""Replies: those of people that arrive before their thread's question, and the bot's private ones that are sent once."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aion_bot.domain.prompts import question
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import MENTION_HINTS, Store

LONGEST_WAIT = 2.0
"""Seconds that a reply waits; Slack sends an event again that is not acknowledged within three."""

_MOST_IN_A_THREAD = 5
_MOST_IN_ALL = 200
"""Replies that wait at most; the others count only if their thread is known already."""

_PROMPTS = 1000
"""Prompts that are remembered."""

_WORDINGS = 8
"""Wordings of one prompt that are remembered."""

_REMEMBERED = 500
"""Persons in threads that are remembered; the oldest may get the hint again."""


class ReorderBuffer:
    """Replies that wait until their thread turns out to be the bot's."""

    def __init__(self) -> None:
        self.waiting: dict[ThreadKey, list[asyncio.Event]] = {}

    def opened(self, thread: ThreadKey) -> None:
        """Record that a question was accepted in a thread."""
        for event in self.waiting.get(thread, ()):
            event.set()

    @contextmanager
    def expecting(self, thread: ThreadKey) -> Iterator[asyncio.Event | None]:
        """Return the event that is set when the thread has been opened, or None where too many replies wait."""
        events = self.waiting.setdefault(thread, [])
        event = asyncio.Event()
        # Bounded: a flood of replies in foreign threads must not hold up their acknowledgements.
        full = len(events) >= _MOST_IN_A_THREAD or sum(map(len, self.waiting.values())) >= _MOST_IN_ALL
        if not full:
            events.append(event)
        try:
            yield None if full else event
        finally:
            if not full:
                events.remove(event)
            if not events:
                self.waiting.pop(thread, None)


async def opens(event: asyncio.Event | None) -> bool:
    """Wait for an opening; returns whether it came in time."""
    if event is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                return await event.wait()
    return False


class RepliedTo:
    """Remembers the refused wordings of each prompt by its key: an edited prompt gets a private reply of its own."""

    def __init__(self) -> None:
        self.wordings: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        """Tell whether any wording of a prompt got a reply."""
        return key in self.wordings

    def told(self, prompt: Prompt, *, pressed: bool = False) -> bool:
        """Tell whether this wording got a reply; that of a press gets one each time, as a platform delivers a press once."""
        if pressed:
            self.wordings.pop(prompt.key, None)
        return hash(question(prompt)) in self.wordings.get(prompt.key, ())

    def note(self, prompt: Prompt) -> bool:
        """Remember this wording; False where it got a reply before. Slack delivers a mention twice at once."""
        earlier, wording = self.wordings.pop(prompt.key, ()), hash(question(prompt))
        self.wordings[prompt.key] = (*earlier[1 - _WORDINGS :], wording)
        if len(self.wordings) > _PROMPTS:
            self.wordings.popitem(last=False)
        return wording not in earlier


class MentionHints:
    """Knows who got the hint that replies need a mention in which thread, also after a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._claiming = asyncio.Lock()

    async def claim(self, reply: Prompt) -> bool:
        """Return whether the person of `reply` has still to get the hint in its thread; True once."""
        platform, name = reply.thread.platform, f"{reply.thread.id} {reply.person.id}"
        # Two replies at once would read the same list, and the second one would write it without the first.
        async with self._claiming:
            # Read each time: `aion-bot erase` takes people out of it while the bot runs.
            given = json.loads(await self._store.kv.get(platform, MENTION_HINTS) or "[]")
            if name in given:
                return False
            await self._store.kv.set(platform, MENTION_HINTS, json.dumps([*given, name][-_REMEMBERED:]))
        return True
