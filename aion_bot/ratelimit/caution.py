"""Whether ends of answers may find out together whether a limit takes them. No I/O."""

import math
from dataclasses import dataclass

from aion_bot.ratelimit.tuning import LONGEST_QUIET


@dataclass(slots=True)
class Caution:
    """Whether the limits of one scope took less than is documented. Times are seconds of the scheduler's clock.

    Who uses a part of one limit of a workspace uses a part of the others as well: after one refusal the ends of all of them are
    tried one at a time, for `LONGEST_QUIET`.
    """

    until: float = -math.inf

    def refused(self, now: float) -> None:
        """Note that a limit took less than is documented."""
        self.until = now + LONGEST_QUIET

    def allows_several(self, now: float) -> bool:
        """Tell whether several ends may be sent together where nobody knows whether they are taken."""
        return now >= self.until
