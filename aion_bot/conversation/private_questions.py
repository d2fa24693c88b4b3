"""A question whose answer its person alone sees: it gets a thread and a session of its own, away from where it was asked."""

import sqlite3
from dataclasses import replace

import structlog

from aion_bot.conversation.services import Services
from aion_bot.domain import strings
from aion_bot.domain.access import Intent
from aion_bot.domain.prompts import QUESTION_SHOWN
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, Reply, ThreadKey
from aion_bot.ports.private_threads import PrivateThreads
from aion_bot.ports.text import clip

_log = structlog.get_logger(__name__)


async def as_asked(services: Services, adapter: PlatformAdapter, prompt: Prompt) -> Prompt:
    """Return a prompt as it is asked: privately where its person or `private` of `aion-bot.toml` says so.

    A platform without `PrivateThreads` takes no such question (`domain.prompts.unaskable`): none may be answered in public.
    """
    if prompt.place.direct and not prompt.private:
        place = await counts_at(services, prompt.thread, prompt.place, prompt.person)
        return replace(prompt, place=place)
    if prompt.place.private or not (prompt.private or services.access.rules.answers_privately(prompt.place)):
        return prompt
    private = replace(prompt, private=True, opening="", in_place=None, echo=None)
    if not isinstance(adapter, PrivateThreads):
        return private
    place = replace(prompt.place, private=True)
    # The bot posts for nobody where they may not write themselves.
    shares = prompt.place.person_may_write and not prompt.place.direct
    share_to = (prompt.in_place or prompt.thread) if shares else None
    return replace(private, thread=adapter.private_thread(prompt), place=place, share_to=share_to)


async def counts_at(services: Services, thread: ThreadKey, place: Place, person: Person) -> Place:
    """Return the place whose rules count for what somebody does in a thread at `place`.

    In direct messages that is where their newest question there was privately asked, as long as its conversation goes on and
    they may use the bot at that place.
    """
    began = await _began_at(services, thread, person) if place.direct and not place.private else None
    if began is None:
        return place
    began = replace(began, direct=True, person_workspace=place.person_workspace)
    return began if await services.access.allows(thread.platform, Intent.ASK, began, person) else place


async def _began_at(services: Services, thread: ThreadKey, person: Person) -> Place | None:
    """Return where the private conversation that goes on in somebody's direct messages was begun; None for any other."""
    try:
        newest = await services.store.turns.newest(thread)
        if newest is None or not newest.place.private or newest.asker.id != person.id:
            return None
        session = await services.store.threads.session(thread)
    except sqlite3.Error as error:  # whatever is done next cannot be recorded either, and says so
        _log.warning("place not looked up", platform=thread.platform, reason=str(error))
        return None
    return newest.place if newest.session_id in {None, "", session} else None


def question_shown(turn: Turn) -> Reply:
    """Return the first message of a private thread: the question as it was written, and who sees the answer."""
    return Reply(clip(turn.text, QUESTION_SHOWN), note=strings.ASKED_PRIVATELY, plain=True)
