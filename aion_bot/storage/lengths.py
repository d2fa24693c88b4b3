"""How long answers went on, for the pace of previews. The database counts: see `migrations/0035_answer_lengths.sql`."""

from collections.abc import Mapping

from aion_bot.storage.statements import Statements


class Lengths(Statements):
    """The histogram of finished answers' lengths."""

    async def weights(self) -> Mapping[int, float]:
        """Return the weight of each bin, as `ratelimit.lengths.AnswerLengths` takes it."""
        rows = await self._all("SELECT bin, weight FROM answer_length WHERE weight > 0")
        return {row["bin"]: row["weight"] for row in rows}
