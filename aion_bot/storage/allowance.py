"""SQL that counts the questions of a rolling hour, so that taking the last place and counting are one statement."""

import json

from aion_bot.domain.allowance import UNCOUNTED, WINDOW
from aion_bot.ports.messages import Person
from aion_bot.storage.statements import among

# A clock that was set back leaves questions with a time in the future. Those more than an hour ahead are not counted:
# they would refuse their askers for as long as the clock was wrong.
COUNTED = (
    f"asked.asked_at > unixepoch() - {WINDOW} AND asked.asked_at < unixepoch() + {WINDOW} "
    f"AND (asked.reason IS NULL OR NOT {among('asked.reason', UNCOUNTED)})"
)
"""Condition: a question, `asked`, counts against the allowances."""


def of_person(platform: str = "?", workspace: str = "?", person: str = "?", *, app: bool = False) -> str:
    """Rows of what a person asked in a workspace; the arguments are SQL.

    Of an `app` those of all its webhooks and names: `person` is then an array of its ids as JSON, of which one has to be theirs.
    """
    who = f"asked.asker_id = {person}"
    if app:
        ids = f"SELECT one.value FROM json_each({person}) AS one"  # noqa: S608  # arguments of ours
        who = f"EXISTS (SELECT 1 FROM json_each(asked.origin, '$.apps') AS own WHERE own.value IN ({ids}))"  # noqa: S608  # arguments of ours
    return f"FROM turn AS asked WHERE asked.platform = {platform} AND asked.workspace = {workspace} AND {COUNTED} AND {who}"


def of_channel(platform: str = "?", channel: str = "?") -> str:
    """Rows of what everybody asked in a channel; the arguments are SQL."""
    return f"FROM turn AS asked WHERE asked.platform = {platform} AND asked.channel = {channel} AND {COUNTED}"


def room(person_rows: str, channel_rows: str) -> str:
    """Whether one more question may be asked; each half takes its limit, the parameters of its rows, its limit again."""
    halves = (f"(? = 0 OR (SELECT count(*) {rows}) < ?)" for rows in (person_rows, channel_rows))
    return " AND ".join(halves)


OF_PERSON, OF_CHANNEL = {app: of_person(app=app) for app in (False, True)}, of_channel()
"""For values that are parameters: of a person or of an app, and of a channel."""

ROOM = {app: room(rows, OF_CHANNEL) for app, rows in OF_PERSON.items()}
"""The condition for a question that has no row yet, of a person or of an app."""

ROOM_AGAIN = {
    app: room(
        of_person("turn.platform", "turn.workspace", asker, app=app),
        of_channel("turn.platform", "turn.channel"),
    )
    for app, asker in ((False, "turn.asker_id"), (True, "json_extract(turn.origin, '$.apps')"))
}
"""The condition for a retry. The turn's own row does not count, because its attempt failed."""


def ids_of_app(asker: Person) -> str:
    """Return under what the questions of an app count: its ids, whatever name it writes under."""
    return json.dumps(sorted(asker.apps))
