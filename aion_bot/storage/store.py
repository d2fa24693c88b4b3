"""Everything that the bot remembers: the repositories, of which the three short ones are here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aion_bot.environment.database_location import Location
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage.audit import Audit
from aion_bot.storage.choices import Choices
from aion_bot.storage.conversations import Conversations
from aion_bot.storage.earlier import Earlier
from aion_bot.storage.engines import Lease, OpenDatabase, open_engine
from aion_bot.storage.files import Files
from aion_bot.storage.galleries import Galleries
from aion_bot.storage.lengths import Lengths
from aion_bot.storage.limits import Taken
from aion_bot.storage.months import Months
from aion_bot.storage.plan_copies import PlanCopies
from aion_bot.storage.plans import Plans
from aion_bot.storage.ratings import Ratings
from aion_bot.storage.reasons import Reasons
from aion_bot.storage.renaming import Renaming
from aion_bot.storage.retention import Retention
from aion_bot.storage.session_keys import SessionKeys
from aion_bot.storage.shared_lines import SharedLines
from aion_bot.storage.shares import Shares
from aion_bot.storage.statements import Statements
from aion_bot.storage.timeline import Timeline
from aion_bot.storage.turns import Turns
from aion_bot.storage.waiting_signs import WaitingSigns


class Threads(Statements):
    """The map from a thread to its Aion session. The bot takes part in a thread from its first question on."""

    async def known(self, thread: ThreadKey) -> bool:
        """Return whether the bot takes part in this thread."""
        row = await self._one(
            "SELECT 1 FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return row is not None

    async def session(self, thread: ThreadKey) -> str | None:
        """Return the Aion session of a thread, or None where it has none yet."""
        row = await self._one(
            "SELECT session_id FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return None if row is None else row["session_id"]

    async def bind(self, thread: ThreadKey, session_id: str) -> None:
        """Map the thread to a session from now on."""
        await self._do(
            "INSERT INTO thread (platform, id, session_id) VALUES (?, ?, ?) "
            "ON CONFLICT (platform, id) DO UPDATE SET session_id = excluded.session_id",
            thread.platform, thread.id, session_id,
        )  # fmt: skip

    async def unbind(self, thread: ThreadKey) -> None:
        """Let the thread's next question open a session, about all pictures and no files."""
        sql = (
            "UPDATE thread SET session_id = NULL, pictures = NULL, files = NULL WHERE platform = ? AND id = ?"
        )
        await self._do(sql, thread.platform, thread.id)

    async def forget(self, thread: ThreadKey) -> None:
        """Forget a thread that was only the name of one to be opened."""
        await self._do("DELETE FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id)


class KeyValues(Statements):
    """Small facts that an adapter keeps beyond the process: values by platform and name."""

    async def get(self, platform: str, name: str) -> str | None:
        """Read a value."""
        row = await self._one("SELECT value FROM kv WHERE platform = ? AND name = ?", platform, name)
        return None if row is None else str(row["value"])

    async def set(self, platform: str, name: str, value: str) -> None:
        """Write a value over an earlier one."""
        await self._do(
            "INSERT INTO kv VALUES (?, ?, ?) ON CONFLICT (platform, name) DO UPDATE SET value = excluded.value",
            platform, name, value,
        )  # fmt: skip

    async def claim(self, platform: str, name: str) -> bool:
        """Write an empty value where there is none; True for exactly one of all who try."""
        sql = "INSERT INTO kv VALUES (?, ?, '') ON CONFLICT (platform, name) DO NOTHING"
        return await self._do(sql, platform, name) == 1


@dataclass(frozen=True, slots=True)
class Mention:
    """A reply that is due: of the turn or plan `owner`, in its thread, to the person who asked.

    `attempt` counts the retries of a turn.
    """

    owner: str
    attempt: int
    of_plan: bool
    waits: bool
    thread: ThreadKey
    person: Person

    @property
    def name(self) -> str:
        """What the nonces of its post begin with: the same in every process."""
        return f"{self.owner}n{self.attempt}"


class Mentions(Statements):
    """Replies that mention whoever asked. The database makes them due: see `migrations/0013_mentions.sql` and `0018_waiting.sql`."""

    async def due(self, owner: str | None = None) -> list[Mention]:
        """Return the replies that are due, of one turn or plan or of all."""
        rows = await self._all(
            "SELECT * FROM mention WHERE phase = 'due' AND owner = coalesce(?, owner) ORDER BY rowid", owner
        )
        return [
            Mention(
                row["owner"],
                row["attempt"],
                bool(row["of_plan"]),
                bool(row["waits"]),
                ThreadKey(row["platform"], row["thread"]),
                Person(row["person_id"]),
            )
            for row in rows
        ]

    async def note_sent(self, mention: Mention) -> None:
        """Record that a reply was posted, or that nothing can be posted there."""
        await self._do(
            "UPDATE mention SET phase = 'sent' WHERE owner = ? AND attempt = ?",
            mention.owner,
            mention.attempt,
        )


class Store:
    """The repositories of one database. Their methods raise `sqlite3.Error` where it cannot be read or written."""

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self.turns = Turns(database)
        self.files = Files(database)
        self.waiting_signs = WaitingSigns(database)
        self.shared_lines = SharedLines(database)
        self.earlier = Earlier(database)
        self.galleries = Galleries(database)
        self.plans = Plans(database)
        self.audit = Audit(database)
        self.ratings = Ratings(database)
        self.shares = Shares(database)
        self.plan_copies = PlanCopies(database)
        self.reasons = Reasons(database)
        self.mentions = Mentions(database)
        self.threads = Threads(database)
        self.conversations = Conversations(database)
        self.choices = Choices(database)
        self.kv = KeyValues(database)
        self.months = Months(database)
        self.lengths = Lengths(database)
        self.taken = Taken(database)
        self.session_keys = SessionKeys(database)
        self.retention = Retention(database)
        self.timeline = Timeline(database)
        self.erased = database.erased
        """Set when words were erased that the database's log still holds."""
        self.renaming = Renaming(database)

    @classmethod
    async def open(cls, location: Location) -> Self:
        """Open or create the database. Raises `StoreError` with a sentence for the operator."""
        database = await open_engine(location)
        if database is None:
            raise AssertionError("only who waits can be stopped")
        return cls(database)

    @classmethod
    async def open_when_free(
        cls,
        location: Location,
        replica: str,
        stop: asyncio.Event,
        standing_by: Callable[[], None] = lambda: None,
    ) -> Self | None:
        """Open it as `open` does, on a server once no other replica serves; None if `stop` is set before.

        `standing_by` is called once it waits for that.
        """
        database = await open_engine(location, replica, stop, standing_by)
        return None if database is None else cls(database)

    @property
    def lease(self) -> Lease | None:
        """What other replicas wait for; None on a file."""
        return self._database.lease

    @property
    def folder(self) -> Path:
        """A private folder, beside the database if that is a file: what is put aside for a moment belongs there."""
        return self._database.folder

    @property
    def location(self) -> Location:
        """Where the database is, for what reads it beside."""
        return self._database.location

    async def close(self) -> None:
        """Close the file and let another process have it; what was written is safe already."""
        await self._database.close()
