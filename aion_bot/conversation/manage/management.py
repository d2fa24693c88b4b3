"""The commands of `/aion` and the buttons under their answers: each is decided by the one access function, then carried out."""

import difflib
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

import structlog

from aion_bot.aion import AionvisionError
from aion_bot.conversation.manage import export, pictures, sessions
from aion_bot.conversation.manage.use import Answer, DeclinedError, Use, use_of, use_of_press
from aion_bot.conversation.private_reply import answer_privately, failed, refused
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.access import Intent
from aion_bot.ports.events import Click, ManageCommand
from aion_bot.ports.messages import Action

_log = structlog.get_logger(__name__)

_HELP, _ASK = "help", "ask"

COMMANDS: Mapping[str, Callable[[Use], Awaitable[Answer]]] = {
    "new": sessions.begin_anew,
    "sessions": sessions.show_list,
    "rename": sessions.rename,
    "close": sessions.close,
    "context": pictures.context,
    "search": pictures.search,
    "export": export.export,
    "status": sessions.status,
    _HELP: sessions.show_help,
}

ACTIONS = frozenset({Action.MANAGE, Action.OPEN, Action.PAGE, Action.THESE, Action.PICK})
"""What the buttons under the answers do."""


class Management:
    """Answers commands and presses of one process."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def command(self, thread: Thread, event: ManageCommand) -> None:
        """Answer a command, always and to its person alone."""
        await self._answered(thread, event, lambda: self._command(thread, event))

    async def click(self, thread: Thread, click: Click) -> None:
        """Answer a press of a button under such an answer."""
        await self._answered(thread, click, lambda: self._click(thread, click))

    async def _answered(
        self, thread: Thread, event: ManageCommand | Click, work: Callable[[], Awaitable[Answer]]
    ) -> None:
        platform, access = thread.platform, self._services.access
        refusal = access.refusal(platform, Intent.MANAGE, event.place, event.person)
        answer = (
            await _outcome(platform, event, work) if refusal is None else refused(platform, event, refusal)
        )
        await answer_privately(thread, event, answer)

    async def _command(self, thread: Thread, event: ManageCommand) -> Answer:
        name = event.name.lower() or _HELP
        if name == _ASK:
            return strings.NO_PRIVATE_QUESTIONS
        if name not in COMMANDS:
            nearest = difflib.get_close_matches(name[:20], COMMANDS, 1)
            return strings.commands_like(name, nearest[0] if nearest else "")
        return await COMMANDS[name](await use_of(self._services, thread, event))

    async def _click(self, thread: Thread, click: Click) -> Answer:
        key, _, rest = click.key.partition("-")
        if click.action in {Action.THESE, Action.PICK}:
            return await self._choose(thread, click, key, rest)
        name, _, words = rest.partition(" ")
        use = await use_of_press(self._services, thread, click, key, words)
        if use is None:
            return strings.LIST_OLD
        if click.action is Action.OPEN:
            return await sessions.open_here(use, rest)
        if click.action is Action.PAGE:
            return await sessions.show_list(Use(use.services, click, thread, use.target, rest))
        return await COMMANDS[name](use) if name in COMMANDS else strings.LIST_OLD

    async def _choose(self, thread: Thread, click: Click, key: str, number: str) -> Answer:
        """Use what a search found, which is its person's alone; in the thread that it was made for, or the newest one since."""
        kept = await self._services.store.conversations.search(key)
        if kept is None or kept.person.id != click.person.id or kept.platform != thread.platform:
            return strings.LIST_OLD
        use = await use_of_press(self._services, thread, click, kept.turn) if kept.turn else None
        if use is None:
            newest = self._services.store.conversations.newest_thread
            found = await newest(thread.platform, click.place, click.person)
            target = None if found is None else self._services.registry.thread(thread.adapter, found)
            use = Use(self._services, click, thread, target)
        if click.action is Action.THESE:
            return await pictures.ask_these(use, kept)
        return await pictures.pick(use, kept, int(number) if number.isascii() and number.isdigit() else -1)


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
        return failed(platform, event, strings.NO_RECORD)
    except Exception as error:  # noqa: BLE001  # a fault of the bot's
        _log.error("command failed", platform=platform, exc_info=error)
        return failed(platform, event, strings.INTERNAL)
