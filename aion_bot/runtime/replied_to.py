"""The private replies that refused a prompt, so that each wording is sent once."""

from collections import OrderedDict

from aion_bot.domain.prompts import question
from aion_bot.ports.events import Prompt

_PROMPTS = 1000
"""Prompts that are remembered."""

_WORDINGS = 8
"""Wordings of one prompt that are remembered."""


class RepliedTo:
    """Remembers the refused wordings of each prompt by its key: an edited prompt gets a reply of its own."""

    def __init__(self) -> None:
        self._wordings: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        """Tell whether any wording of a prompt got a reply."""
        return key in self._wordings

    def told(self, prompt: Prompt) -> bool:
        """Tell whether this wording got a reply."""
        return hash(question(prompt)) in self._wordings.get(prompt.key, ())

    def note(self, prompt: Prompt) -> bool:
        """Remember this wording; False where it got a reply before. Slack delivers a mention twice at once."""
        earlier, wording = self._wordings.pop(prompt.key, ()), hash(question(prompt))
        self._wordings[prompt.key] = (*earlier[1 - _WORDINGS :], wording)
        if len(self._wordings) > _PROMPTS:
            self._wordings.popitem(last=False)
        return wording not in earlier
