"""A question whose answer its person alone sees: it gets a thread and a session of its own, away from where it was asked."""

from dataclasses import replace

from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.prompts import QUESTION_SHOWN
from aion_bot.domain.turn import Turn
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Reply
from aion_bot.ports.private_threads import PrivateThreads
from aion_bot.ports.text import clip


def as_asked(services: Services, adapter: PlatformAdapter, prompt: Prompt) -> Prompt:
    """Return a prompt as it is asked: privately where its person or `private` of `aion-bot.toml` says so.

    A platform without `PrivateThreads` takes no such question (`domain.prompts.unaskable`): none may be answered in public.
    """
    if prompt.place.private or not (prompt.private or services.access.rules.answers_privately(prompt.place)):
        return prompt
    private = replace(prompt, private=True, opening="", in_place=None, echo=None)
    if not isinstance(adapter, PrivateThreads):
        return private
    place = replace(prompt.place, private=True)
    share_to = None if prompt.place.direct else prompt.in_place or prompt.thread
    return replace(private, thread=adapter.private_thread(prompt), place=place, share_to=share_to)


def thread_of(services: Services, thread: Thread, prompt: Prompt) -> Thread:
    """Return where a prompt is answered: `thread`, where it was asked, unless it is private."""
    return thread if prompt.thread == thread.key else services.registry.thread(thread.adapter, prompt.thread)


def question_shown(turn: Turn) -> Reply:
    """Return the first message of a private thread: the question as it was written, and who sees the answer."""
    return Reply(clip(turn.text, QUESTION_SHOWN), note=strings.ASKED_PRIVATELY, plain=True)
