"""What a prompt asks of Aion, and why it may not be asked. No I/O."""

import unicodedata

from aion_bot.domain import strings
from aion_bot.ports.events import Prompt

MESSAGE_LIMIT = 10_000
"""Characters of a question that Aion takes (its published API, POST /chat/sessions/{id}/messages)."""


def readable(text: str) -> str:
    """Return a text without its margins; "" where nothing of it can be seen."""
    visible = any(not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"} for char in text)
    return text.strip() if visible else ""


def question(prompt: Prompt) -> str:
    """The words that Aion is asked."""
    text, quote = readable(prompt.text), readable(prompt.quote)
    if not quote:
        return text
    return f"{text or strings.ASK_ABOUT}\n\n{quote}"


def unaskable(prompt: Prompt) -> str | None:
    """Return what is wrong with a question itself."""
    words = question(prompt)
    if not words:
        return strings.ONLY_FILES if prompt.attachments else strings.HINT
    return strings.TOO_LONG if len(words) > MESSAGE_LIMIT else None
