"""New ids for threads and messages that a platform has renamed."""

import json
from collections.abc import Callable

from aion_bot.storage.statements import Statements

Renamed = Callable[[str], str]
"""Returns the new id of a thread, message or prompt, or the same one where it was not renamed."""


class Renaming(Statements):
    """Rewrites the ids of a platform wherever they are recorded."""

    async def rename(self, platform: str, renamed: Renamed, channel: tuple[str, str]) -> None:
        """Give every id of a platform its new form; `channel` are the old and the new id that places name.

        Row by row, as each is durable by itself: repeating it after a crash does the rest.
        """
        for row in await self._all("SELECT * FROM turn WHERE platform = ?", platform):
            thread, packed = renamed(row["thread"]), row["origin"]
            share_to = (json.loads(packed) if packed else {}).get("share_to")
            # A private question has its thread elsewhere.
            if thread == row["thread"] and (share_to is None or renamed(share_to) == share_to):
                continue
            posted = json.dumps([renamed(one) for one in json.loads(row["posted"])])
            origin = None if row["origin"] is None else _origin(row["origin"], renamed, channel)
            for sign in await self._all(
                "SELECT message FROM waiting_sign WHERE turn = ? AND message IS NOT NULL", row["key"]
            ):
                sql = "UPDATE waiting_sign SET message = ? WHERE turn = ?"
                await self._do(sql, renamed(sign["message"]), row["key"])
            await self._do(
                "UPDATE turn SET thread = ?, prompt = ?, posted = ?, file = ?, origin = ?, channel = iif(channel = ?, ?, channel) "
                "WHERE key = ?",
                thread, None if row["prompt"] is None else renamed(row["prompt"]), posted, row["file"] and renamed(row["file"]), origin, *channel, row["key"],
            )  # fmt: skip
        await self._rename_plans(platform, renamed)
        await self._rename_due(platform, renamed)
        await self._rename_shares(platform, renamed)
        for row in await self._all("SELECT * FROM shared_line WHERE platform = ?", platform):
            message = row["message"] and renamed(row["message"])
            sql = "UPDATE shared_line SET channel = ?, message = ? WHERE nonce = ?"
            await self._do(sql, renamed(row["channel"]), message, row["nonce"])
        await self._rename_threads(platform, renamed)

    async def _rename_plans(self, platform: str, renamed: Renamed) -> None:
        for row in await self._all("SELECT key, thread, message FROM plan WHERE platform = ?", platform):
            thread, message = renamed(row["thread"]), row["message"]
            if thread != row["thread"]:
                message = None if message is None else renamed(message)
                await self._do(
                    "UPDATE plan SET thread = ?, message = ? WHERE key = ?", thread, message, row["key"]
                )

    async def _rename_due(self, platform: str, renamed: Renamed) -> None:
        """Rename the threads of replies and pictures: one that is due is posted there."""
        for table in ("mention", "gallery"):
            sql = f"SELECT owner, attempt, thread FROM {table} WHERE platform = ?"  # noqa: S608  # literals of ours
            for row in await self._all(sql, platform):
                if (thread := renamed(row["thread"])) != row["thread"]:
                    change = f"UPDATE {table} SET thread = ? WHERE owner = ? AND attempt = ?"  # noqa: S608  # literals of ours
                    await self._do(change, thread, row["owner"], row["attempt"])

    async def _rename_shares(self, platform: str, renamed: Renamed) -> None:
        """Rename the messages of answers that are shared: a start goes on behind those that stand."""
        sql = (
            "SELECT share.turn, share.posted FROM share JOIN turn ON turn.key = share.turn WHERE platform = ?"
        )
        for row in await self._all(sql, platform):
            posted = json.loads(row["posted"])
            if (after := [renamed(one) for one in posted]) != posted:
                await self._do("UPDATE share SET posted = ? WHERE turn = ?", json.dumps(after), row["turn"])

    async def _rename_threads(self, platform: str, renamed: Renamed) -> None:
        for row in await self._all("SELECT id, session_id FROM thread WHERE platform = ?", platform):
            thread = renamed(row["id"])
            if thread != row["id"]:
                await self._do(
                    "UPDATE thread SET id = ?1 WHERE platform = ?2 AND id = ?3 "
                    "AND NOT EXISTS (SELECT 1 FROM thread AS other WHERE other.platform = ?2 AND other.id = ?1)",
                    thread,
                    platform,
                    row["id"],
                )


def _origin(packed: str, renamed: Renamed, channel: tuple[str, str]) -> str:
    """Rename what the JSON of a prompt holds; see `serialization.pack_origin`."""
    origin, (old, new) = json.loads(packed), channel
    workspace, place, *rest = origin["place"]
    changes = {
        name: renamed(origin[name])
        for name in ("key", "source", "echo", "in_place", "share_to")
        if origin.get(name)
    }
    return json.dumps({**origin, **changes, "place": [workspace, new if place == old else place, *rest]})
