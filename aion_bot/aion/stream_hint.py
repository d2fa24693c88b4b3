"""What the synchronous client says to a caller that looks for streams."""

from typing import TYPE_CHECKING, NoReturn


class StreamHint:
    """Says in the AttributeError for `send_stream` what to use instead. Only the synchronous client lacks it."""

    # Hidden from type checkers, for which every attribute would exist otherwise.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            """Raise for an attribute that does not exist."""
            if name == "send_stream":
                raise AttributeError(
                    "send_stream needs async: use AionVision for streams, or send() for whole answers"
                )
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
