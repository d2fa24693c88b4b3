"""The turns: questions, and how far each has come."""

import json
from collections.abc import Iterable

from aion_bot.domain.allowance import Allowance
from aion_bot.domain.turn import RETRYABLE, UNFINISHED, EndReason, FirstSeen, Turn, TurnPhase, turn_sources
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.allowance import ROOM, ROOM_AGAIN, ids_of_app
from aion_bot.storage.serialization import WITHOUT_FILES, pack_origin, stripped_origin
from aion_bot.storage.statements import among
from aion_bot.storage.turn_queries import TurnQueries

_FREE = (
    "NOT EXISTS (SELECT 1 FROM plan WHERE session_id = ? AND result = ?) AND NOT EXISTS "
    "(SELECT 1 FROM turn AS other WHERE other.session_id = ? AND other.answer_id = ? AND other.key <> turn.key)"
)
"""A message of a session is no plan's result and no other turn's answer."""

_UNFINISHED = among("phase", UNFINISHED)
_RETRYABLE = among("reason", RETRYABLE)
_ENDED = among("phase", set(TurnPhase) - UNFINISHED)
_NOT_BEGUN = f"phase = '{TurnPhase.QUEUED}' AND starts = 0"
"""Condition: no process has begun an attempt, and so none has read which messages it goes on with."""
_EDITABLE = f"phase = '{TurnPhase.QUEUED}' AND attempt = 0"
"""Condition: Aion was not asked in any attempt. A retry asks the words of the first attempt."""

_ERASED = "text = '', erased_at = coalesce(erased_at, unixepoch())"
"""Sets the columns of an erased row: no words of the question are left, nor the name of its thread."""


def _kept_if(reason: str) -> str:
    """SQL that keeps the words of a turn that ends for `reason` only where a Retry may need them."""
    kept = f"{among(reason, RETRYABLE)} AND deleted_at IS NULL AND erased_at IS NULL"
    rest = f"erased_at = iif({kept}, NULL, coalesce(erased_at, unixepoch())), {stripped_origin(kept)}"
    return f"text = iif({kept}, text, ''), {rest}"


UNNAMED_FOR = 600
"""Seconds after the end of a turn for which Aion may store an answer that it had not named: as long as a plan waits for a name
(`Polling.unnamed`). A plan that is decided later has seen that answer before. What Aion would store later still may pass for a result,
and so may the answer to an attempt that another one without a name has followed in another session."""


def _kept_unnamed(answer: str) -> str:
    """SQL that notes where Aion may store an answer without a name; `answer` is the parameter with the name, if there is one."""
    condition = f"coalesce({answer}, answer_id) IS NULL AND session_id IS NOT NULL AND {_UNFINISHED}"
    until = f"unnamed_until = iif({condition}, unixepoch() + {UNNAMED_FOR}, unnamed_until)"
    return f", unnamed_in = iif({condition}, session_id, unnamed_in), {until}"


_KEPT_IF_SHOWN = _kept_if("coalesce(reason, ?1)")
_KEPT_IF_ENDED = _kept_if("?1")
_UNNAMED_IF_SHOWN = _kept_unnamed("?4")
_UNNAMED_IF_ENDED = _kept_unnamed("?3")

NO_LIMITS = Allowance()
"""No limits: nothing is counted."""

_BEFORE = {phase: among("phase", turn_sources(phase)) for phase in TurnPhase}
"""SQL for a turn whose phase may be followed by the given one."""


class Turns(TurnQueries):
    """Writes the turns, durable when a method returns. A phase moves along `TURN_TRANSITIONS` only.

    Each method is one transaction, but for `move` and `claim_retry`, which are two: a process may end in between.
    """

    async def accept(self, turn: Turn, prompt: Prompt, allowance: Allowance = NO_LIMITS) -> bool:
        """Write a new turn and make its thread known.

        False if this prompt was accepted before, or if the allowance is used up; counting is a part of the write, so
        that of two questions at once one takes the last place.
        """
        thread, place, asker = turn.thread, prompt.place, turn.asker
        counted = ids_of_app(asker) if asker.apps else asker.id
        return await self._do(
            "INSERT INTO turn "
            "(key, prompt, platform, thread, asker_id, asker_name, text, origin, workspace, channel, notify_after, asked_at) "
            f"SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, unixepoch() WHERE {ROOM[bool(asker.apps)]} ON CONFLICT (prompt) DO NOTHING",
            turn.key, prompt.key, thread.platform, thread.id, asker.id, asker.name, turn.text,
            pack_origin(prompt), place.home, place.channel, turn.notify_after,
            allowance.per_person, thread.platform, place.home, counted, allowance.per_person,
            allowance.per_channel, thread.platform, place.channel, allowance.per_channel,
        ) == 1  # fmt: skip

    async def edit_queued(self, prompt: str, text: str) -> bool:
        """Replace the words of a question that Aion was not asked yet; False if there is none."""
        sql = f"UPDATE turn SET text = ? WHERE prompt = ? AND {_EDITABLE}"  # noqa: S608  # a literal of ours
        return await self._erase(sql, text, prompt) == 1

    async def withdraw(self, prompt: str) -> bool:
        """End a question that Aion was not asked yet; False if there is none.

        The thread does not show it yet: its first message may be on its way.
        """
        return await self._erase(
            f"UPDATE turn SET phase = ?, reason = ?, {_ERASED}, {stripped_origin()}, closed_at = unixepoch() "  # noqa: S608  # literals of ours
            f"WHERE prompt = ? AND {_EDITABLE}",
            TurnPhase.ENDED, EndReason.WITHDRAWN, prompt,
        ) == 1  # fmt: skip

    async def release_withdrawn(self, prompt: str) -> None:
        """Let the message of a withdrawn question be a question once more: its row gets another key."""
        # The column is unique: the message needs its key for the row of the new question.
        sql = "UPDATE turn SET prompt = prompt || '/withdrawn/' || key WHERE prompt = ? AND reason = ?"
        await self._do(sql, prompt, EndReason.WITHDRAWN)

    async def note_deleted(self, prompt: str) -> None:
        """Record that the writer deleted the message: the words of a question that ended go now, otherwise at its end."""
        await self._erase(
            f"UPDATE turn SET deleted_at = unixepoch(), text = iif({_ENDED}, '', text), "  # noqa: S608  # literals of ours
            f"erased_at = iif({_ENDED}, coalesce(erased_at, unixepoch()), erased_at), "
            f"origin = iif({_ENDED}, {WITHOUT_FILES}, origin) "
            "WHERE prompt = ? AND deleted_at IS NULL",
            prompt,
        )  # fmt: skip

    async def note_start(self, key: str) -> None:
        """Count that a process takes a turn up; it is durable before anything of the turn is shown."""
        await self._do("UPDATE turn SET starts = starts + 1 WHERE key = ?", key)

    async def move(self, key: str, thread: ThreadKey) -> None:
        """Record that a turn is answered in another thread, which exists, and make that thread known.

        Its start in the first one does not count: nothing was shown there that could stop a process.
        """
        await self._do(
            # Without the opening a restart does not open the thread once more.
            "UPDATE turn SET thread = ?, origin = json_set(origin, '$.opening', NULL), starts = max(starts - 1, 0) WHERE key = ?",
            thread.id, key,
        )  # fmt: skip
        await self._do(
            # The trigger that makes a thread known fires for new turns alone. Where this is missing the thread is known once Aion is
            # asked (`Threads.bind`).
            "INSERT INTO thread (platform, id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            thread.platform, thread.id,
        )  # fmt: skip

    async def start_asking(self, key: str, session_id: str, attached: str = "") -> tuple[str, str] | None:
        """Record that Aion may have the question from now on, in this session; write it before the request is sent.

        Returns the words to ask, as they are now, and what Aion is told behind them: `attached`, and reasons for decisions
        that wait (`migrations/0029_reasons.sql`). None if the question was withdrawn.
        """
        started = await self._do(
            f"UPDATE turn SET phase = ?, session_id = ?, answer_id = NULL, attached = ? WHERE key = ? AND {_BEFORE[TurnPhase.ASKING]}",  # noqa: S608  # literals of ours
            TurnPhase.ASKING, session_id, attached, key,
        )  # fmt: skip
        if not started:
            return None
        # The words cannot change between the two statements: only a queued turn can be edited.
        row = await self._one("SELECT text, attached FROM turn WHERE key = ?", key)
        return None if row is None else (str(row["text"]), str(row["attached"]))

    async def name_answer(self, key: str, answer_id: str) -> None:
        """Record Aion's id of the answer; a turn that is parked at a plan stays parked."""
        await self._do(
            f"UPDATE turn SET answer_id = ?, phase = iif(phase = 'asking', 'streaming', phase) WHERE key = ? AND {_UNFINISHED}",  # noqa: S608  # literals of ours
            answer_id, key,
        )  # fmt: skip

    async def note_went_on(self, key: str) -> None:
        """Record that text came after a plan: the turn is parked no more."""
        sql = "UPDATE turn SET phase = 'streaming' WHERE key = ? AND phase = 'parked'"
        await self._do(sql, key)

    async def note_words_missing(self, key: str, attempt: int) -> None:
        """Record that words above a plan's card are still to be shown; it is durable before the card is posted."""
        sql = f"UPDATE turn SET words = 'missing' WHERE key = ? AND attempt = ? AND {_UNFINISHED}"  # noqa: S608  # a literal of ours
        await self._do(sql, key, attempt)

    async def note_words_shown(self, key: str) -> None:
        """Record that the words above a plan's card are shown, or that Aion does not store them."""
        await self._do("UPDATE turn SET words = 'shown' WHERE key = ? AND words = 'missing'", key)

    async def note_posted(
        self, key: str, attempt: int, posted: Iterable[MessageRef], file: MessageRef | None = None, seen: FirstSeen | None = None
    ) -> bool:  # fmt: skip
        """Record the messages that show an attempt so far, and which is the file behind it; none is in doubt.

        False, and nothing is recorded, where somebody has had it asked again since.
        """
        ids, sql = json.dumps([message.id for message in posted]), "posting = '[]', file = coalesce(?, file)"
        return await self._do(
            f"UPDATE turn SET posted = ?, {sql}, first_sign = ?, first_text = ? WHERE key = ? AND attempt = ?",  # noqa: S608  # literals of ours
            ids, file and file.id, seen and seen.sign, seen and seen.text, key, attempt,
        ) == 1  # fmt: skip

    async def leave_to_retry(self, key: str, attempt: int, message: MessageRef) -> bool:
        """Add what an attempt has posted to a later one that no process has begun; False where there is none.

        A message that the row has already is not added, and is the later attempt's.
        """
        return await self._do(
            "UPDATE turn SET posted = iif(EXISTS (SELECT 1 FROM json_each(posted) WHERE value = ?1), posted, "  # noqa: S608  # literals of ours
            f"json_insert(posted, '$[#]', ?1)) WHERE key = ?2 AND attempt > ?3 AND {_NOT_BEGUN}",
            message.id, key, attempt,
        ) == 1  # fmt: skip

    async def replace_posted(self, key: str, attempt: int, posted: Iterable[MessageRef]) -> bool:
        """Record the messages of an attempt that has ended, or that no process has begun; False where it runs, or a later one exists."""
        sql = f"UPDATE turn SET posted = ? WHERE key = ? AND attempt = ? AND ({_ENDED} OR {_NOT_BEGUN})"  # noqa: S608  # literals of ours
        return await self._do(sql, json.dumps([message.id for message in posted]), key, attempt) == 1

    async def note_posting(self, key: str, name: str) -> None:
        """Record a message that is about to be posted, by its fingerprint or nonce."""
        sql = "UPDATE turn SET posting = json_insert(posting, '$[#]', ?) WHERE key = ?"
        await self._do(sql, name, key)

    async def forget_posting(self, key: str) -> None:
        """Record that no message of a turn is in doubt."""
        await self._do("UPDATE turn SET posting = '[]' WHERE key = ?", key)

    async def end(
        self,
        key: str,
        reason: EndReason,
        answer_id: str | None = None,
        *,
        attempt: int | None = None,
        unnamed: bool = False,
    ) -> bool:
        """Record how a turn ended, before its thread shows it, unless it had ended; returns whether it can be retried.

        Nothing is recorded where somebody has had it asked again since `attempt`; None: the newest one.

        One that was withdrawn cannot, nor one whose writer deleted the message. `INTERRUPTED` becomes `FAILED` where
        Aion was never asked: no answer can come then. The text stays only for a retry. `answer_id` is Aion's id of the
        answer, as far as it is known: from the end on, a message without the name of a turn may be a plan's result.
        `unnamed`: Aion may store one whose id is not known; for `UNNAMED_FOR` no message of the session may be one then.
        """
        await self._erase(
            f"UPDATE turn SET phase = 'ended', reason = iif(?1 = 'interrupted' AND phase = 'queued', 'failed', ?1), "  # noqa: S608  # literals of ours
            f"{_KEPT_IF_ENDED}, closed_at = unixepoch(), answer_id = coalesce(?3, answer_id){_UNNAMED_IF_ENDED if unnamed else ''} "
            f"WHERE key = ?2 AND attempt = coalesce(?4, attempt) AND {_BEFORE[TurnPhase.ENDED]}",
            reason, key, answer_id, attempt,
        )  # fmt: skip
        # What the row says, not `reason`: the turn may have ended before, and `interrupted` may have become `failed`.
        sql = "SELECT reason, erased_at FROM turn WHERE key = ?1 AND attempt = coalesce(?2, attempt)"
        row = await self._one(sql, key, attempt)
        return row is not None and row["reason"] in RETRYABLE and row["erased_at"] is None

    async def note_shown(
        self, key: str, attempt: int, reason: EndReason = EndReason.ANSWERED, answer_id: str | None = None, seen: FirstSeen | None = None,
        *, unnamed: bool = False,
    ) -> None:  # fmt: skip
        """Record that the thread shows how an attempt ended; one that has not ended yet ended for `reason`.

        Nothing is recorded where somebody has had it asked again since. `answer_id` and `unnamed` as for `end`.
        """
        await self._erase(
            f"UPDATE turn SET phase = 'shown', reason = coalesce(reason, ?1), {_KEPT_IF_SHOWN}, first_sign = ?5, first_text = ?6, "  # noqa: S608  # literals of ours
            f"closed_at = coalesce(closed_at, unixepoch()), answer_id = coalesce(?4, answer_id){_UNNAMED_IF_SHOWN if unnamed else ''} "
            f"WHERE key = ?2 AND attempt = ?3 AND {_BEFORE[TurnPhase.SHOWN]}",
            reason, key, attempt, answer_id, seen and seen.sign, seen and seen.text,
        )  # fmt: skip

    async def note_cleared(self, key: str) -> None:
        """Record that no indicator of a turn is left; nothing before the thread shows how it ended."""
        sql = f"UPDATE turn SET phase = 'cleared' WHERE key = ? AND {_BEFORE[TurnPhase.CLEARED]}"  # noqa: S608  # literals of ours
        await self._do(sql, key)

    async def claim_retry(
        self, key: str, allowance: Allowance = NO_LIMITS, *, app: bool = False, attempt: int | None = None
    ) -> bool:
        """Put a turn that can be retried, and has its words, back into the queue; True for exactly one of all who try.

        False too where the allowance is used up: the failed attempt does not count, and this one does; and where another attempt
        than `attempt` failed, None: the newest one. `app`: an app asked.
        """
        claimable = f"key = ? AND attempt = coalesce(?, attempt) AND {_BEFORE[TurnPhase.QUEUED]} AND {_RETRYABLE} AND erased_at IS NULL AND {ROOM_AGAIN[app]}"
        values = (key, attempt, *(allowance.per_person,) * 2, *(allowance.per_channel,) * 2)
        # Aion may store the answer of the attempt before at any time. It is nobody's then, and must not pass for the result of a
        # plan. First, as nothing else knows its id once the row is free of it.
        await self._do(
            f"INSERT INTO spent_message SELECT session_id, answer_id FROM turn WHERE {claimable} "  # noqa: S608  # literals of ours
            "AND session_id IS NOT NULL AND answer_id IS NOT NULL ON CONFLICT DO NOTHING",
            *values,
        )
        return await self._do(
            "UPDATE turn SET phase = 'queued', reason = NULL, attempt = attempt + 1, starts = 0, session_id = NULL, answer_id = NULL, words = 'shown', "  # noqa: S608  # literals of ours
            f"closed_at = NULL, asked_at = unixepoch() WHERE {claimable}",
            *values,
        ) == 1  # fmt: skip

    async def reopen_interrupted(self, key: str, session_id: str, answer_id: str) -> bool:
        """Reopen an interrupted turn and take a message for its answer; False if it is asked again already."""
        return await self._do(
            # starts = 0: it counts the processes that did not come to an end with this turn, and this one had ended.
            "UPDATE turn SET phase = 'streaming', reason = NULL, closed_at = NULL, starts = 0, answer_id = ?, "  # noqa: S608  # literals of ours
            "unnamed_in = iif(answer_id IS NULL, NULL, unnamed_in) "
            "WHERE key = ? AND reason = 'interrupted' AND phase IN ('ended', 'shown', 'cleared') "
            f"AND {_FREE}",
            answer_id, key, *(session_id, answer_id) * 2,
        ) == 1  # fmt: skip

    async def give_up_interrupted(self, key: str) -> None:
        """Record that the answer to an interrupted turn has not come; it stays one that can be retried."""
        await self._do("UPDATE turn SET reason = 'failed' WHERE key = ? AND reason = 'interrupted'", key)

    async def claim_answer(self, key: str, session_id: str, answer_id: str) -> bool:
        """Take a message of a session for the stored answer of a turn; False where it is somebody else's."""
        sql = f"UPDATE turn SET answer_id = ? WHERE key = ? AND {_FREE}"  # noqa: S608  # literals of ours
        return await self._do(sql, answer_id, key, *(session_id, answer_id) * 2) == 1
