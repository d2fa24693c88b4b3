"""Conversion of database rows to values and back."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aion_bot.domain import strings
from aion_bot.domain.plan import UNKNOWN_PLACE, Attempt, Plan, PlanPhase
from aion_bot.domain.turn import EndReason, Turn, TurnPhase, Words
from aion_bot.ports.events import Place, Prompt, Quote, QuoteSource
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, MessageRef, Person, Step, StepState, ThreadKey
from aion_bot.storage.engines import Row

ERASED = "erased"
"""Stands in the place of the id of somebody who was erased."""

WITHOUT_FILES = "json_set(origin, '$.files', json('[]'))"
"""SQL for a packed prompt without its files: their names are words of people, and go with the others."""


def pack_steps(steps: tuple[Step, ...]) -> str:
    """Write a plan's steps as JSON, each with how it ended, as far as that is known.

    Of a step that runs that is not kept: after a restart nobody hears when it ends.
    """
    ended = {StepState.DONE, StepState.FAILED}
    return json.dumps(
        [[one.agent, one.description, one.parallel, *[one.state] * (one.state in ended)] for one in steps]
    )


def pack_pending(pending: Sequence[Step | None]) -> str:
    """Write what needs another confirmation as JSON."""
    return json.dumps([one and [one.agent, one.description] for one in pending])


def pack_place(place: Place) -> str:
    """Return a place as the database has it, for `Place(*json.loads(…))`."""
    return json.dumps(_of_place(place))


def _of_place(place: Place) -> list[str | bool]:
    said = [place.workspace, place.channel, place.direct, place.shared, place.person_workspace]
    # As if both might write: an answer that is shown elsewhere needs no right to.
    return [*said, *((True, True, True) if place.private else ())]


def pack_origin(prompt: Prompt) -> str:
    """Write a prompt as JSON, without its words, which have a column of their own.

    Of its quotes there is what they were, not what they said or who said it. The reply token is among it until the turn
    ends: a platform may take it for some minutes, and a restart must not cost the answer.
    """
    source = None if prompt.source is None else prompt.source.id
    place = prompt.place
    return json.dumps(
        {
            "key": prompt.key,
            # Without the permissions, which are those of the moment when the question came.
            "place": _of_place(place),
            "apps": sorted(prompt.person.apps),
            "opening": prompt.opening,
            "attachments": prompt.attachments,
            "pictures": prompt.pictures,
            "detailed": prompt.detailed,
            "files": [[file.id, file.name, file.size, file.media_type] for file in prompt.files],
            "quotes": [[quote.source, quote.cut] for quote in prompt.quotes],
            "source": source,
            "written_at": prompt.written_at,
            "reply_token": prompt.reply_token,
            "in_place": None if prompt.in_place is None else prompt.in_place.id,
            "share_to": None if prompt.share_to is None else prompt.share_to.id,
            "echo": None if prompt.echo is None else prompt.echo.id,
        }
    )


def stripped_origin(kept: str = "false") -> str:
    """SQL that strips a packed prompt of the first words of the question, after which its thread is named.

    A thread is opened before Aion is asked. The reply token goes as well: it may be a secret, and whoever retries brings
    another one. The files go unless the condition `kept` holds.
    """
    stripped = "json_set({}, '$.opening', NULL, '$.reply_token', '')"
    return f"origin = iif({kept}, {stripped.format('origin')}, {stripped.format(WITHOUT_FILES)})"


def _origin_from(packed: dict[str, Any], thread: ThreadKey, person: Person, text: str) -> Prompt:
    """Read what began a turn; rows of earlier versions lack what `get` looks up."""
    in_place, echo, share_to = (packed.get(name) for name in ("in_place", "echo", "share_to"))
    place = Place(*packed["place"])
    return Prompt(
        key=packed["key"],
        thread=thread,
        place=place,
        person=person,
        text=text,
        opening=packed["opening"],
        quotes=tuple(Quote(QuoteSource(one), "", cut=cut) for one, cut in packed.get("quotes", ())),
        attachments=packed["attachments"],
        source=None if packed["source"] is None else MessageRef(thread, packed["source"]),
        files=tuple(Attachment(*file) for file in packed.get("files", ())),
        written_at=packed.get("written_at", 0.0),
        reply_token=packed.get("reply_token", ""),
        pictures=tuple(packed.get("pictures", ())),
        detailed=packed.get("detailed", False),
        private=place.private,
        share_to=None if share_to is None else ThreadKey(thread.platform, share_to),
        in_place=None if in_place is None else ThreadKey(thread.platform, in_place),
        echo=None if echo is None else MessageRef(thread, echo),
    )


def turn_from(row: Row) -> Turn:
    """Read a row of the journal."""
    thread, asker = ThreadKey(row["platform"], row["thread"]), Person(row["asker_id"], row["asker_name"])
    origin = None
    if row["origin"] is not None:
        packed = json.loads(row["origin"])
        asker = replace(asker, apps=frozenset(packed.get("apps", ())))
        origin = _origin_from(packed, thread, asker, row["text"])
    return Turn(
        key=row["key"], thread=thread, asker=asker, text=row["text"],
        phase=TurnPhase(row["phase"]),
        reason=None if row["reason"] is None else EndReason(row["reason"]),
        session_id=row["session_id"],
        answer_id=row["answer_id"],
        posted=tuple(MessageRef(thread, message) for message in json.loads(row["posted"])),
        file=None if row["file"] is None else MessageRef(thread, row["file"]),
        posting=frozenset(json.loads(row["posting"])),
        origin=origin,
        attempt=row["attempt"], starts=row["starts"],
        asked_at=row["asked_at"], notify_after=row["notify_after"],
        erased=row["erased_at"] is not None,
        attached=row["attached"],
        words=Words(row["words"]),
    )  # fmt: skip


def plan_from(row: Row) -> Plan:
    """Read a row of the plans."""
    thread = ThreadKey(row["platform"], row["thread"])
    return Plan(
        key=row["key"],
        plan_id=row["plan_id"],
        session_id=row["session_id"],
        thread=thread,
        requester=_person(row["requester_id"], row["requester_name"]),
        description=row["description"],
        # Rows of earlier versions do not say which steps are parallel.
        steps=tuple(
            Step(agent, description, parallel=any(more[:1]), state=StepState("".join(more[1:])))
            for agent, description, *more in json.loads(row["steps"])
        ),
        operations=row["operations"],
        phase=PlanPhase(row["phase"]),
        message=None if row["message"] is None else MessageRef(thread, row["message"]),
        decider=None if row["decider_id"] is None else _person(row["decider_id"], row["decider_name"]),
        action=None if row["action"] is None else Action(row["action"]),
        doubt=bool(row["doubt"]),
        detail=row["detail"],
        seen=tuple(json.loads(row["seen"])),
        turn=row["turn"],
        digest=row["digest"],
        unreadable=row["unreadable"],
        said=row["said"],
        attempts=tuple(_attempt(fields) for fields in sorted(json.loads(row["attempts"]))),
        in_file=bool(row["in_file"]),
        pending=tuple(None if one is None else Step(*one) for one in json.loads(row["pending"])),
        erased=row["erased_at"] is not None,
        approvals=tuple(_person(*fields) for _, *fields in sorted(json.loads(row["approvals"]))),
        place=UNKNOWN_PLACE if row["place"] is None else Place(*json.loads(row["place"])),
        proposed_at=row["created_at"],
        reminded=row["reminded_at"] is not None,
        requester_left=bool(row["requester_left"]),
    )


def _person(found: str, name: str) -> Person:
    return Person(found, strings.ERASED_PERSON if found == ERASED else name)


def _attempt(fields: list[Any]) -> Attempt:
    # The first field is the attempt's number, by which the rows were sorted.
    _, person, name, action, at, source, phase, answer = fields
    return Attempt(
        _person(person, name),
        Action(action),
        at,
        None if source is None else PlanPhase(source),
        None if phase is None else PlanPhase(phase),
        answer or "",
    )
