"""What can go wrong on a platform, in words that every platform shares.

An adapter translates its library's errors once, at the seam; the core decides by these types alone.
"""


class PlatformError(Exception):
    """A call to a platform failed. The text is for logs; it holds no secret and no message text."""


class RateLimited(PlatformError):
    """The platform wants a pause of `retry_after` seconds before the same call is made again.

    `budget` names the limit that was exceeded, where the platform tells; else it is the most specific one.
    """

    def __init__(self, retry_after: float, budget: str = "") -> None:
        super().__init__(f"rate limited for {retry_after:g} s")
        self.retry_after = retry_after
        self.budget = budget


class Unsupported(PlatformError):
    """There is no such way to show something here, or not any more: another one has to be taken."""


class MessageGone(PlatformError):
    """The message, thread or channel does not exist any more."""


class Forbidden(PlatformError):
    """The bot may not do this here: not a member, a permission is missing, the thread is archived or locked."""


class TooLong(PlatformError):
    """The platform refused the size of a message."""


class UploadRefused(PlatformError):
    """The platform takes no file here; `reason` tells people why, as a clause of a sentence, empty where that is unknown."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"upload refused: {reason or 'no reason given'}")
        self.reason = reason


class PlatformDown(PlatformError):
    """The platform did not answer, or answered that it cannot now; whether it acted is not known."""


class TokenRefused(PlatformError):
    """The platform refuses the credentials; `variable` is the setting that holds them."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason
