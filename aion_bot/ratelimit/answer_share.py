"""What one answer holds of the limits: a reservation for its end, and a share of the previews. No I/O."""

from aion_bot.ratelimit.permit import Charges
from aion_bot.ratelimit.scheduler import Scheduler


class AnswerShare:
    """One answer's reservation and share. `began`: the scheduler's time at which the answer began."""

    def __init__(self, scheduler: Scheduler, began: float) -> None:
        self.began = began
        self._scheduler = scheduler
        self._reserved: Charges = ()
        self._previews: Charges = ()

    @property
    def has_reservation(self) -> bool:
        """Whether a request for the answer's end is reserved."""
        return bool(self._reserved)

    def reserve(self, end: Charges, previews: Charges, now: float) -> None:
        """Reserve what the answer's end counts against, and share what its previews do."""
        self.release(now)
        self._reserved = end
        self._scheduler.reserve(end, now)
        if previews != self._previews:
            self._scheduler.leave(self._previews, self.began)
            self._scheduler.join(previews, self.began)
            self._previews = previews

    def release(self, now: float) -> None:
        """End the reservation: the answer's end is about to be sent. Nothing if there is none."""
        self._scheduler.release(self._reserved, now)
        self._reserved = ()

    def leave(self, now: float) -> None:
        """Give everything back, as the answer has ended."""
        self.release(now)
        self._scheduler.leave(self._previews, self.began)
        self._previews = ()
