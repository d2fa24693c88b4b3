"""Which prompts were told privately why they are not taken, so that each wording is told once."""

from collections import OrderedDict

from aion_bot.domain.prompts import question
from aion_bot.ports.events import Prompt

_PROMPTS = 1000
"""Prompts that are remembered."""

_WORDINGS = 8
"""Wordings of one prompt that are remembered."""


class RepliedTo:
    """Remembers prompts by their keys, and their wordings: other words get their own reply."""

    def __init__(self) -> None:
        self._wordings: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        """Tell whether any wording of a prompt was told."""
        return key in self._wordings

    def told(self, prompt: Prompt) -> bool:
        """Tell whether this wording was told."""
        return hash(question(prompt)) in self._wordings.get(prompt.key, ())

    def note(self, prompt: Prompt) -> bool:
        """Remember this wording; False where it was told before. Slack delivers a mention twice at once."""
        earlier, wording = self._wordings.pop(prompt.key, ()), hash(question(prompt))
        self._wordings[prompt.key] = (*earlier[1 - _WORDINGS :], wording)
        if len(self._wordings) > _PROMPTS:
            self._wordings.popitem(last=False)
        return wording not in earlier
