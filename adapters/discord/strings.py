"""What the adapter itself says on Discord, beside the core's words: how a command is acknowledged. No I/O."""

from aion_bot.ports.text import clip, one_line

MESSAGE = 2_000
"""Characters in a message that a bot writes (Discord's documentation, *Create Message*)."""

WAITING = "\N{HOURGLASS WITH FLOWING SAND}"
UNKNOWN_BUTTON = "This button is none that I know. Ask your question again."
UNKNOWN_COMMAND = "This command has changed. Discord shows the new ones after a reload."
NOT_TAKEN = "Your question could not be taken down. Please ask it again."


def asked(text: str) -> str:
    """Acknowledge a question; Discord itself shows who asked."""
    return quote(text, MESSAGE)


def asked_by(person: str, text: str) -> str:
    """Say who asked what, where Discord does not show it any more."""
    return _introduced(f"<@{person}> asked:", text)


def asked_about(author: str, link: str, text: str) -> str:
    """Acknowledge a question about a message."""
    return _introduced(_about(author, link), text)


def asked_about_by(person: str, author: str, link: str, text: str) -> str:
    """Say who asked about which message, where Discord does not show it any more."""
    return _introduced(f"<@{person}>: {_about(author, link)}", text)


def quote(text: str, limit: int) -> str:
    """Quote `text` in at most `limit` characters; what does not fit is left out at its end."""
    bare = text.strip()
    quoted = _quoted(bare)
    if len(quoted) <= limit:
        return quoted
    return _quoted(clip(bare, len(bare) - (len(quoted) - limit)))


def _about(author: str, link: str) -> str:
    named = one_line(author, 40).replace("[", "(").replace("]", ")")
    return f"Asked about [a message of {named}]({link}):"


def _introduced(head: str, text: str) -> str:
    if not text.strip():
        return head
    return f"{head}\n{quote(text, MESSAGE - len(head) - 1)}"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines() or ["…"])
