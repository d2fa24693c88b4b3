"""The one line that says what Aion is doing, in words for people. No I/O.

Reasoning is shown to nobody. The documentation calls what `thinking` and `thinking_step` bring "AI reasoning content": of these
events only the agent is named, never their words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aion_bot.aion.events import ChatTokenType
from aion_bot.aion.references import resolve_content
from aion_bot.aion.serialization import read, read_list
from aion_bot.domain import strings
from aion_bot.ports.inline import in_words
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import visible_line

_MARKUP = frozenset("*_~`[]<>\\&$")
"""Signs without which a text is words already."""

_LONGEST = 1_000
"""Characters of a status, and of the name of an agent or a tool, that are read; the line has fewer."""

_RESULTS = {
    ChatTokenType.TOOL_RESULT: ("result_count", "results", ""),
    ChatTokenType.IMAGE_RESULTS: ("count", "images", "ImageSearchAgent"),
    ChatTokenType.DOCUMENT_RESULTS: ("count", "documents", "DocumentSearchAgent"),
}
"""Where an event says how much was found, where it lists that, and who finds such things."""


@dataclass(slots=True)
class Activity:
    """What Aion does now, and how much it has found.

    The line is calm: it changes when another agent begins, when Aion words it anew, and when more is found.
    """

    _doing: str = ""
    _agent: str = ""
    _found: int | None = None

    def line(self, kind: ChatTokenType, data: Mapping[str, Any]) -> str:
        """Take an event and return the line; "" where there is nothing new to say."""
        name = (read(data.get("agent_name"), str) or read(data.get("tool_name"), str) or "")[:_LONGEST]
        match kind:
            case ChatTokenType.THINKING:
                return "" if self._doing else strings.THINKING
            case ChatTokenType.STATUS if message := read(data.get("message"), str):
                words = resolve_content(message[:_LONGEST], {})
                doing = words if _MARKUP.isdisjoint(words) else in_words(words)
            case ChatTokenType.STATUS | ChatTokenType.THINKING_STEP | ChatTokenType.TOOL_INVOCATION:
                if not name or name == self._agent:
                    return ""
                doing = ""
            case ChatTokenType.TOOL_RESULT | ChatTokenType.IMAGE_RESULTS | ChatTokenType.DOCUMENT_RESULTS:
                return self._count(kind, data, name)
            case _:
                return ""
        # Struck before the words are in small letters: an agent's name may hold a secret.
        doing = _without_dots(doing) or _without_dots(strings.activity(KNOWN.strike(name)))
        if not doing:
            return ""
        if doing != self._doing:
            self._doing, self._found = doing, None
        self._agent = name
        return strings.found_so_far(doing, self._found)

    def _count(self, kind: ChatTokenType, data: Mapping[str, Any], name: str) -> str:
        count_field, list_field, finder = _RESULTS[kind]
        listed = read_list(data.get(list_field), dict)
        count = read(data.get(count_field), int)
        if count is None:
            count = None if listed is None else len(listed)
        if count is None or not 0 <= count <= _MOST_FOUND:
            return ""
        by = self._finder(read(data.get("agent_name"), str) or "", finder) if self._doing else name or finder
        if by:
            self._doing, self._agent, self._found = strings.activity(KNOWN.strike(by)), by, None
        # A search may tell its count twice, by its tool and with what it found.
        self._found = max(count, self._found or 0)
        return strings.found_so_far(self._doing, self._found) if self._doing else ""

    def _finder(self, agent: str, finder: str) -> str:
        """Return who found something beside the agent that the line names; "" where that one may have found it."""
        now = strings.activity(KNOWN.strike(self._agent))
        # A search whose results have an event of their own found no other one's.
        searches = {strings.activity(one) for _, _, one in _RESULTS.values() if one}
        if not now or (not agent and now not in searches):
            return ""
        by = (agent or finder)[:_LONGEST]
        return by if strings.activity(KNOWN.strike(by)) not in {"", now} else ""


def _without_dots(words: str) -> str:
    return visible_line(words).rstrip(".…").rstrip()


_MOST_FOUND = 1_000_000_000
"""Results that are believed."""
