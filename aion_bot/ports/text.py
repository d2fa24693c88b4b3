"""Shortening text where a platform allows only so much. No I/O."""

ELLIPSIS = "…"


def clip(text: str, limit: int) -> str:
    """Return `text` in at most `limit` characters, with an ellipsis where something was left out.

    For names and notification texts only: words of an answer are cut into pages, never clipped.
    """
    if len(text) <= limit:
        return text
    return text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def one_line(text: str, limit: int) -> str:
    """Fold `text` into a single line of at most `limit` characters, as for the name of a thread."""
    return clip(" ".join(text.split()), limit)
