"""What the bot shows as Toy's messages: plain text, with buttons. No I/O."""

from aion_bot.ports.messages import Content, Line, Reply


def body(content: Content) -> dict[str, object]:
    buttons = [{"id": f"{one.action}:{one.key}", "label": one.label} for one in content.buttons]
    return {"text": text(content), "buttons": buttons}


def text(content: Content) -> str:
    if isinstance(content, Reply):
        lines = [content.text, content.note, sentence(content.byline)]
    else:
        # The model's words are quoted, so that nobody takes them for the bot's own.
        words = [content.description, *(step.description for step in content.steps)]
        lines = [content.title, *(f"> {one}" for one in words if one)]
        lines += [sentence(line) for line in (*content.facts, *content.record)]
        lines += [f"> {content.said}"] if content.said else []
    return "\n".join(line for line in lines if line)


def sentence(line: Line) -> str:
    """Toy notifies nobody, so a person is a name like any other word."""
    return "".join(part if isinstance(part, str) else part.name or part.id for part in line)
