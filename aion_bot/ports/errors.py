"""What can go wrong on a platform, in words that every platform shares.

An adapter translates its library's errors where it calls the library; the core decides by these types alone.
"""

from enum import StrEnum


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
    """The platform cannot show this here in this way, or no longer: the core has to use another one."""


class MessageGone(PlatformError):
    """The message, thread or channel does not exist any more."""


class QuestionGone(MessageGone):
    """The message that a thread begins with was deleted before the thread existed."""


class Hindrance(StrEnum):
    """Why the bot may not do something, as far as a person can do something about it."""

    PERMISSION = "permission missing"
    NOT_A_MEMBER = "not a member"
    ARCHIVED = "archived"
    LOCKED = "locked"
    CLOSED = "takes no direct messages"
    FULL = "too many active threads"
    NOT_INVITED = "not in the private thread"
    BLOCKED = "words blocked by the rules of the place"
    OTHER = "refused"
    """The platform says something else, or something that nobody has documented."""


class Forbidden(PlatformError):
    """The bot may not do this here. `permission` is the platform's own name of what is missing, empty where unknown."""

    def __init__(
        self, text: str = "", hindrance: Hindrance = Hindrance.OTHER, *, permission: str = ""
    ) -> None:
        super().__init__(text)
        self.hindrance = hindrance
        self.permission = permission

    def __repr__(self) -> str:
        """Add what is known of the reason, which is for logs as well."""
        name = type(self).__name__
        return f"{name}({str(self)!r}, {self.hindrance.value!r}, permission={self.permission!r})"


class CannotEdit(Forbidden):
    """The platform does not let this message be edited any more. A new one may take its place."""


class TakenElsewhere(PlatformError):
    """Another process with the same token handles this: this process must not."""


class TooLong(PlatformError):
    """The platform refused the size of a message."""


class UploadRefused(PlatformError):
    """The platform takes no file here; `reason` tells people why, as a clause of a sentence, empty where that is unknown."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(f"upload refused: {reason or 'no reason given'}")
        self.reason = reason


class FileProblem(StrEnum):
    """Why a file that somebody attached cannot be read."""

    GONE = "gone"
    """It was deleted, or the message that it belongs to."""
    WITHHELD = "withheld"
    """The platform does not let the bot read it."""
    ELSEWHERE = "kept elsewhere"
    """The platform has a link alone; another service has the file."""
    NO_FILE = "no file"
    """The platform made it, such as a page that people write together: it has no bytes that another service reads."""
    INCOMPLETE = "incomplete"
    """Fewer or more bytes came than the platform promised."""


class FileUnavailable(PlatformError):
    """A file cannot be read, and another attempt would not help, unless its `problem` is that it came incomplete.

    `permission` is the platform's own name of what the bot misses, empty where that is not it.
    """

    def __init__(self, text: str, problem: FileProblem = FileProblem.GONE, *, permission: str = "") -> None:
        super().__init__(f"{text}: {problem}")
        self.problem = problem
        self.permission = permission


class CannotDraw(TooLong):
    """The platform refused how a message is drawn. Plain text may be taken."""


class PlatformDown(PlatformError):
    """The platform did not answer, or answered that it cannot now; whether it acted is not known."""


class TokenRefused(PlatformError):
    """The platform refuses the credentials; `variable` is the setting that holds them."""

    def __init__(self, variable: str, reason: str) -> None:
        super().__init__(f"{variable}: {reason}")
        self.variable = variable
        self.reason = reason
