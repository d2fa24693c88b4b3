"""Striking secrets out of everything that a platform is asked to show. No I/O."""

from dataclasses import replace
from functools import lru_cache

from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Content, Document, Line, Person, Reply
from aion_bot.ports.secrets import KNOWN
from aion_bot.rendering.screen import Screen


def struck_screen(screen: Screen) -> Screen:
    """Return a screen without secrets; text that is cut into pages was struck before, as a page may end in one."""
    contents: list[Content | Document | None] = []
    for content in screen:
        if isinstance(content, Document):
            name, text = KNOWN.strike(content.name), KNOWN.strike(content.text)
            contents.append(replace(content, name=name, text=text))
        else:
            contents.append(None if content is None else _struck(content, KNOWN.version))
    return tuple(contents)


def struck_line(line: Line) -> Line:
    """Return a sentence without secrets."""
    return tuple(
        replace(part, name=KNOWN.strike(part.name)) if isinstance(part, Person) else KNOWN.strike(part)
        for part in line
    )


def struck_prompt(prompt: Prompt) -> Prompt:
    """Return a prompt whose thread's title has no secret."""
    return prompt if prompt.opening is None else replace(prompt, opening=KNOWN.strike(prompt.opening))


@lru_cache(maxsize=256)  # every screen has all pages of an answer
def _struck(content: Content, version: int) -> Content:
    del version
    buttons = tuple(
        replace(button, label=KNOWN.strike(button.label), caution=KNOWN.strike(button.caution))
        for button in content.buttons
    )
    if isinstance(content, Reply):
        text = KNOWN.strike(content.text)
        # `closing` counts characters at the end: it is right only if nothing was struck.
        closing = content.closing if text == content.text else 0
        note, byline = KNOWN.strike(content.note), struck_line(content.byline)
        return replace(content, text=text, closing=closing, note=note, byline=byline, buttons=buttons)
    return replace(
        content,
        title=KNOWN.strike(content.title),
        headline=KNOWN.strike(content.headline),
        description=KNOWN.strike(content.description),
        steps=tuple(
            replace(step, agent=KNOWN.strike(step.agent), description=KNOWN.strike(step.description))
            for step in content.steps
        ),
        facts=tuple(map(struck_line, content.facts)),
        record=tuple(map(struck_line, content.record)),
        buttons=buttons,
        said=KNOWN.strike(content.said),
    )
