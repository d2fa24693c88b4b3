"""The commands of `/aion` and the buttons under their answers: each is decided by the one access function, then carried out."""

import asyncio
import difflib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.conversation.aion_keys import services_at
from aion_bot.conversation.manage import context, export, pictures, sessions
from aion_bot.conversation.manage.use import Answer, DeclinedError, Use, use_of, use_of_press
from aion_bot.conversation.notices import unrecorded
from aion_bot.conversation.private_questions import counts_at
from aion_bot.conversation.private_reply import answer_privately, failed, refused
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.access import Intent
from aion_bot.ports.events import Click, ManageCommand, Place
from aion_bot.ports.messages import Action, Reply
from aion_bot.ratelimit.request_pace import ASKER, Asker

_log = structlog.get_logger(__name__)

_HELP = "help"

COMMANDS: Mapping[str, Callable[[Use], Awaitable[Answer]]] = {
    "new": sessions.begin_anew,
    "sessions": sessions.show_list,
    "rename": sessions.rename,
    "close": sessions.close,
    "context": context.context,
    "search": pictures.search,
    "export": export.export,
    "status": sessions.status,
    _HELP: sessions.show_help,
}

_ABOUT_A_THREAD = frozenset({"new", "rename", "close", "context", "export", "status"})

_WITHOUT_WORDS = frozenset({"new", "sessions", "close", "status"})
"""What takes no words: somebody who writes some may mean something else. Help is given whatever stands behind it."""

_OF_SEARCHES = frozenset({Action.THESE, Action.PICK})

ACTIONS = frozenset({Action.MANAGE, Action.OPEN, Action.PAGE, Action.THESE, Action.PICK})
"""What the buttons under the answers do."""


class Management:
    """Answers commands and presses of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stopping = False
        self.running: set[asyncio.Task[object]] = set()
        """What is carried out now."""

    def interrupt(self) -> None:
        """End what is carried out, and tell its persons to use it again."""
        self._stopping = True
        for task in tuple(self.running):
            task.cancel()

    async def command(self, thread: Thread, event: ManageCommand) -> None:
        """Answer a command, always and to its person alone."""
        place = await counts_at(self._services, event.thread, event.place, event.person)
        event = replace(event, place=place)
        await self._answer(thread, event, event.place, lambda: self._command(thread, event))

    async def click(self, thread: Thread, click: Click) -> None:
        """Answer a press of a button under such an answer."""
        about = await self._where_it_counts(click)
        await self._answer(thread, click, about.place, lambda: self._click(thread, about))

    async def _answer(
        self,
        thread: Thread,
        event: ManageCommand | Click,
        place: Place,
        work: Callable[[], Awaitable[Answer]],
    ) -> None:
        with self._noted():
            try:
                answer = await self._answer_to(thread.platform, event, place, work)
            except asyncio.CancelledError:
                if self._stopping:
                    await answer_privately(thread, event, failed(thread.platform, event, strings.COMMAND_CUT))
                raise
            await answer_privately(thread, event, answer)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        task = asyncio.current_task()
        self.running |= {task} if task else set()
        try:
            yield
        finally:
            self.running -= {task} if task else set()

    async def _answer_to(
        self,
        platform: str,
        event: ManageCommand | Click,
        place: Place,
        work: Callable[[], Awaitable[Answer]],
    ) -> Answer:
        ASKER.set(Asker((platform, event.person.id)))
        refusal = await self._services.access.refusal(platform, Intent.MANAGE, place, event.person)
        if refusal is not None:
            return refused(platform, event, refusal)
        return await _outcome(platform, event, work)

    async def _where_it_counts(self, click: Click) -> Click:
        """Return a press as made where its answer belongs: what a platform can show only in direct messages is about a channel.

        Only for whoever asked there or made the search there: a key may be forged.
        """
        key, _, _ = click.key.partition("-")
        store, person = self._services.store, click.person.id
        if not click.place.direct:
            return click
        kept = await store.conversations.search(key) if click.action in _OF_SEARCHES else None
        turn = await store.turns.get(key if kept is None else kept.turn)
        place = None if kept is None else kept.place
        place = turn.place if place is None and turn is not None else place
        whose = kept.person if kept is not None else None if turn is None else turn.asker
        if place is None or whose is None or person != whose.id:
            return click
        return replace(click, place=replace(place, person_workspace=click.place.person_workspace))

    async def _command(self, thread: Thread, event: ManageCommand) -> Answer:
        name = event.name.lower() or _HELP
        if name not in COMMANDS:
            nearest = difflib.get_close_matches(name[:20], COMMANDS, 1)
            return strings.commands_like(name, nearest[0] if nearest else "")
        if (
            name in _WITHOUT_WORDS
            and event.words.strip()
            and not (name == "sessions" and event.words.strip().isdigit())
        ):
            return strings.takes_no_words(name)
        _log.info("command used", platform=thread.platform, command=name, person=event.person.id)
        return await _carried_out(await use_of(services_at(self._services, event.place), thread, event), name)

    async def _click(self, thread: Thread, click: Click) -> Answer:
        key, _, rest = click.key.partition("-")
        if click.action in _OF_SEARCHES:
            return await self._choose(thread, click, key, rest)
        name, _, words = rest.partition(" ")
        use = await use_of_press(services_at(self._services, click.place), thread, click, key, words)
        if use is None:
            return strings.LIST_OLD
        if click.action is Action.OPEN:
            return await _naming(use, lambda one: sessions.open_here(one, rest))
        if click.action is Action.PAGE:
            target = None if rest.startswith(sessions.NO_THREAD) else use.target
            page = rest.removeprefix(sessions.NO_THREAD)
            return await sessions.show_list(Use(use.services, click, thread, target, page))
        return await _carried_out(use, name) if name in COMMANDS else strings.LIST_OLD

    async def _choose(self, thread: Thread, click: Click, key: str, what: str) -> Answer:
        """Use what a search found, which is its person's alone; in the thread that it was made for, or the newest one since."""
        kept = await self._services.store.conversations.search(key)
        if kept is None or kept.person.id != click.person.id or kept.platform != thread.platform:
            return strings.LIST_OLD
        services = services_at(self._services, click.place)
        if kept.key_name != services.key:
            return strings.LIST_OLD
        use = await use_of_press(services, thread, click, kept.turn) if kept.turn else None
        if use is None:
            newest = self._services.store.conversations.newest_thread
            found = await newest(thread.platform, click.place, click.person)
            target = None if found is None else self._services.registry.thread(thread.adapter, found)
            use = Use(services, click, thread, target)
        if click.action is Action.THESE:
            return await _naming(use, lambda one: pictures.ask_these(one, kept))
        return await _naming(use, lambda one: context.pick(one, kept, what))


async def _carried_out(use: Use, name: str) -> Answer:
    work = COMMANDS[name]
    return await (_naming(use, work) if name in _ABOUT_A_THREAD else work(use))


async def _naming(use: Use, work: Callable[[Use], Awaitable[Answer]]) -> Answer:
    """Do what a command says, and name the thread that it was about where the command itself does not."""
    # Before the work, which may end its conversation.
    name = await sessions.named(use)
    answer = await work(use)
    if not name:
        return answer
    if isinstance(answer, str):
        return Reply(f"{name}\n\n{answer}")
    if isinstance(answer, Reply):
        return replace(answer, text=f"{name}\n\n{answer.text}")
    return replace(answer, content=replace(answer.content, text=f"{name}\n\n{answer.content.text}"))


async def _outcome(
    platform: str, event: ManageCommand | Click, work: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Return what the person is shown, whatever the work raises: the platform shows them that the bot works on it."""
    try:
        return await work()
    except DeclinedError as declined:
        return declined.said
    except AionvisionError as error:
        gone = error_messages.session_gone(error)
        said = strings.CONVERSATION_GONE if gone else error_messages.sentence(error, retry=False)
        return failed(platform, event, said)
    except sqlite3.Error as error:
        _log.error("command not recorded", platform=platform, reason=str(error))
        return failed(platform, event, unrecorded(error))
    except Exception as error:  # noqa: BLE001  # a fault of the bot's
        _log.error("command failed", platform=platform, exc_info=error)
        return failed(platform, event, strings.INTERNAL)
