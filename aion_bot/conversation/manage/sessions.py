"""The person's own conversations: begin, list, open, rename, end, and what is left."""

import asyncio
from collections.abc import Mapping, Sequence

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, ChatSession, MessageRole
from aion_bot.conversation.aion_keys import is_ours
from aion_bot.conversation.footer import no_room
from aion_bot.conversation.manage.context import what_is_chosen
from aion_bot.conversation.manage.use import Answer, Use
from aion_bot.conversation.month_allowance import MESSAGES, named_count
from aion_bot.domain import error_messages, strings
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.private_threads import PrivateThreads
from aion_bot.ports.subcommands import SUBCOMMANDS
from aion_bot.ports.text import one_line
from aion_bot.storage.conversations import Conversation

PAGE = 5
"""Conversations of one page: each is looked up in Aion, whose smallest plan takes thirty requests a minute."""

NO_THREAD = "n"
"""Begins the second part of a page's key where the list is about no thread."""

_TITLE = 255
"""Characters of a title (Aion's contract, `PATCH sessions/{id}/title`)."""
_EXCHANGE = 6
"""Messages among which the last question and its answer are looked for."""
_SHOWN, _READ = 600, 4_000
"""Characters of each of them that are shown, and that are read for that: marks of Markdown are left out."""


async def show_help(use: Use) -> Answer:
    """List what works; reactions only where they do."""
    lines = [strings.HELP_BEGINS, "", *map(strings.command_line, SUBCOMMANDS)]
    if isinstance(adapter := use.asked_in.adapter, PrivateThreads):
        lines.append(f"- `{adapter.ask_privately}`: {strings.ASK_PRIVATELY}")
    if use.services.access.rules.takes_reactions(use.event.place):
        lines += ["", strings.REACTIONS_HELP]
    return Reply("\n".join(lines))


async def begin_anew(use: Use) -> Answer:
    """Let the next question of the thread open another session, and say so there."""
    return await _leave(use, strings.BEGUN_ANEW, strings.BEGAN_ANEW, close=False)


async def close(use: Use) -> Answer:
    """Close the session at Aion as well: it can be opened nowhere any more."""
    return await _leave(use, strings.ENDED, strings.ENDED_HERE, close=True)


async def _leave(use: Use, told: str, announced: str, *, close: bool) -> Answer:
    session = await use.needed_session()
    await use.check_may_change(await use.begun(session))
    await use.check_may_announce()
    if close:
        try:
            # Before the thread leaves it: where Aion fails the person can try again.
            await use.services.aion.chats.close_session(session)
        except AionvisionError as error:
            if not error_messages.session_gone(error):  # closed already is closed
                raise
    await use.switch(session, None)
    await use.announce(announced)
    return told


async def rename(use: Use) -> Answer:
    """Give the session another title."""
    if not use.words:
        return strings.RENAME_HOW
    session = await use.needed_session()
    await use.check_may_change(await use.begun(session))
    title = one_line(use.words, _TITLE)
    await use.services.aion.chats.rename_session(session, title)
    return Reply(strings.renamed(title))


async def status(use: Use) -> Answer:
    """Say what the thread is about, and what is left of its session, of the month and of the minute."""
    session, aion = await use.session(), use.services.aion
    looked, (month, minute) = await asyncio.gather(look_up(aion, session), left_of_plan(aion))
    chosen = await use.services.store.conversations.chosen(use.where().key, use.services.key)
    lines = [
        *_described(session, looked, elsewhere=use.elsewhere),
        what_is_chosen(chosen),
        strings.left_of_plan(month, minute),
    ]
    turn = await use.newest_turn()
    buttons = [
        Button(Action.MANAGE, f"{turn}-{name}", label)
        for name, label in (
            ("new", strings.NEW_BUTTON),
            ("sessions", strings.SESSIONS_BUTTON),
            ("export private", strings.EXPORT_BUTTON),
            ("close", strings.CLOSE_BUTTON),
        )
    ]
    return Reply("\n\n".join(filter(None, lines)), buttons=tuple(buttons) if turn else ())


def _described(session: str | None, looked: ChatSession | None, *, elsewhere: bool) -> list[str]:
    if session is None:
        return [strings.NOTHING_YET]
    if looked is None or not looked.is_active:
        return [strings.CONVERSATION_GONE]
    left, every = looked.remaining_tokens, looked.remaining_tokens + looked.total_tokens
    percent = 100 * left // every if every else 0
    said = strings.left_in_conversation(looked.remaining_messages, percent)
    if no_room(looked.remaining_messages, left):
        said = f"{strings.SESSION_FULL}."
    return [said] if elsewhere else [strings.conversation(looked.title), said]


async def show_list(use: Use) -> Answer:
    """List the person's conversations, those with the newest questions first; `words` is the page behind the first ones."""
    page = int(use.words) if use.words.isascii() and use.words.isdigit() and len(use.words) < 4 else 0
    store, event = use.services.store, use.event
    found = await store.conversations.of_person(
        use.asked_in.platform, event.place, event.person, PAGE + 1, PAGE * page, key_name=use.services.key
    )
    shown = found[:PAGE]
    if not shown:
        return strings.NO_MORE_CONVERSATIONS if page else strings.NO_CONVERSATIONS
    looked = await asyncio.gather(*(look_up(use.services.aion, one.session) for one in shown))
    turn = await use.newest_turn()
    lines, buttons = [], []
    for number, (one, session) in enumerate(zip(shown, looked, strict=True), PAGE * page + 1):
        lines.append(_listed(number, session))
        if turn and _may_go_on(session):
            buttons.append(Button(Action.OPEN, f"{turn}-{one.turn}", strings.open_here(number)))
    if len(found) > PAGE:
        # Where there is no thread here, a question of the person's own stands in its place, and no thread is meant.
        key = f"{turn}-{page + 1}" if turn else f"{shown[0].turn}-{NO_THREAD}{page + 1}"
        buttons.append(Button(Action.PAGE, key, strings.MORE))
    return Reply("\n".join(lines), buttons=tuple(buttons))


def _listed(number: int, session: ChatSession | None) -> str:
    if session is None:
        return strings.listed(number, "", "", None)
    last = (session.last_user_message or session.last_message_preview or "")[:_READ]
    left = session.remaining_messages if _may_go_on(session) else None
    return strings.listed(number, session.title, plain_words(last), left)


async def open_here(use: Use, turn: str) -> Answer:
    """Go on in the thread with the conversation that a question of the person's began, and show its last exchange."""
    store = use.services.store
    asked = await store.turns.get(turn)
    wanted = None if asked is None or not asked.session_id else await use.begun(asked.session_id)
    if wanted is None:
        return strings.LIST_OLD
    if wanted.owner.id != use.event.person.id:
        return strings.NOT_BEGUN_BY_YOU
    if (stays := await _where_it_stays(use, wanted)) is not None:
        return stays
    if not await is_ours(use.services, wanted.session):
        return strings.CONVERSATION_GONE
    await use.check_may_announce()
    # Also one of another key, which the thread leaves.
    if (before := await store.threads.session(use.where().key)) is not None:
        await use.check_may_change(await use.begun(before))
    chats = use.services.aion.chats
    detail = await chats.get_session(wanted.session, message_limit=_EXCHANGE)
    if not _may_go_on(detail.session):
        return strings.CONVERSATION_GONE
    if before != wanted.session:
        await use.switch(before, wanted.session)
        await use.announce(strings.OPENED_HERE)
    lines = [strings.opened(detail.session.title), *_exchange(detail.messages)]
    if wanted.private and await use.is_public() and await store.conversations.leave_private(wanted.session):
        lines += ["", strings.LEFT_PRIVATE]
    return Reply("\n".join(lines))


async def _where_it_stays(use: Use, wanted: Conversation) -> str | None:
    """Return why a conversation does not go on in the thread: others would read what its person alone may, or one day will."""
    first = await use.services.store.turns.get(wanted.turn)
    elsewhere = first is not None and first.thread != use.where().key
    if first is not None and first.place.private and elsewhere:
        return strings.STAYS_PRIVATE
    is_public = await use.is_public()
    if wanted.hidden and is_public:
        return strings.STAYS_PRIVATE
    # Whoever is in the other thread could ask and export what was asked alone.
    return None if is_public or wanted.private else strings.STAYS_PUBLIC


def _exchange(messages: Sequence[ChatMessage]) -> list[str]:
    """Show the newest question and its answer, as plain words."""
    last = {one.role: one for one in messages}
    told: Mapping[MessageRole, str] = {
        MessageRole.USER: strings.YOUR_QUESTION,
        MessageRole.ASSISTANT: strings.MY_ANSWER,
    }
    return [
        f"{label} {strings.code(plain_words(last[role].resolved_content[:_READ]), _SHOWN)}"
        for role, label in told.items()
        if role in last
    ]


def _may_go_on(session: ChatSession | None) -> bool:
    """Return whether a session takes another question."""
    if session is None or not session.is_active:
        return False
    return not no_room(session.remaining_messages, session.remaining_tokens)


async def named(use: Use) -> str:
    """Say which thread a command is about, where the command does not say so; "" where it does, or there is none."""
    if not use.elsewhere:
        return ""
    session = await use.session()
    try:
        found = await look_up(use.services.aion, session)
    except AionvisionError:  # most of what is named needs nothing of Aion
        found = None
    return strings.NEWEST_THREAD if found is None else strings.named_thread(found.title)


async def look_up(aion: AionVision, session: str | None) -> ChatSession | None:
    """Look a session up; None where it is gone. Raises what else the client raises."""
    if session is None:
        return None
    try:
        return (await aion.chats.get_session(session, include_messages=False)).session
    except AionvisionError as error:
        if not error_messages.session_gone(error):
            raise
        return None


async def left_of_plan(aion: AionVision) -> tuple[int | None, int | None]:
    """Return the chat messages left this month and the requests left this minute, None for what Aion does not tell."""
    try:
        left = (await aion.tenant.get_limits()).remaining
    except AionvisionError:  # not every key may know
        return None, None
    return named_count(left, *MESSAGES), named_count(left, "minute")
