"""What a prompt asks of Aion, and why it may not be asked. No I/O."""

import unicodedata
from dataclasses import replace

from aion_bot.domain import quotes, strings
from aion_bot.ports.events import Prompt, QuoteSource

MESSAGE_LIMIT = 10_000
"""Characters of a question that Aion takes (its published API, POST /chat/sessions/{id}/messages)."""


def readable(text: str) -> str:
    """Return a text without its margins; "" where nothing of it can be seen."""
    visible = any(not char.isspace() and unicodedata.category(char) not in {"Cf", "Cc"} for char in text)
    return text.strip() if visible else ""


def bounded(prompt: Prompt) -> Prompt:
    """Return a prompt whose quotes fit beside its own words into what Aion takes."""
    if not prompt.quotes:
        return prompt
    own = readable(prompt.text) or strings.ASK_ABOUT
    room = MESSAGE_LIMIT - len(own) - len(strings.QUOTED) - 4
    return replace(prompt, quotes=quotes.bounded(prompt.quotes, room))


def question(prompt: Prompt) -> str:
    """The words that Aion is asked: the person's own, and below them what they are about, marked as quoted."""
    text, quoted = readable(prompt.text), quotes.quoted(bounded(prompt).quotes)
    if not quoted:
        return text
    return f"{text or strings.ASK_ABOUT}\n\n{strings.QUOTED}\n\n{quoted}"


def unaskable(prompt: Prompt) -> str | None:
    """Return what is wrong with a question itself."""
    words = question(prompt)
    if not words and any(one.source is QuoteSource.WITHHELD for one in prompt.quotes):
        return strings.WITHHELD
    if not words:
        return strings.ONLY_FILES if prompt.attachments else strings.HINT
    # Words that leave no room for what they are about are too long as well.
    crowded_out = readable(prompt.quote) and not any(one.text for one in bounded(prompt).quotes)
    return strings.TOO_LONG if crowded_out or len(words) > MESSAGE_LIMIT else None
