"""What the bot shows as Toy's messages: plain text, with buttons. No I/O."""

from aion_bot.ports.messages import Content, Line, Reply


def body(content: Content) -> dict[str, object]:
    buttons = [{"id": f"{one.action}:{one.key}", "label": one.label} for one in content.buttons]
    return {"text": text(content), "buttons": buttons}


def text(content: Content) -> str:
    if isinstance(content, Reply):
        return "\n".join(filter(None, (content.text, content.note, sentence(content.byline))))
    words = (content.description, *(step.description for step in content.steps), content.said)
    lines = [content.title, *(f"> {one}" for one in words if one)]
    lines += map(sentence, content.facts + content.record)
    return "\n".join(filter(None, lines))


def sentence(line: Line) -> str:
    """Toy notifies nobody, so a person is a name like any other word."""
    return "".join(part if isinstance(part, str) else part.name or part.id for part in line)
