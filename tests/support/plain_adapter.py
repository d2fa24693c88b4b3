"""A platform of plain text for tests of pure packages. It measures by length and has no network."""

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import Content, PlanCard, Reply
from aion_bot.ports.rate_limits import Limits
from aion_bot.rendering.screen import PageFormat


class PlainAdapter(PlatformAdapter):
    """The pure members of an adapter; it cannot post."""

    platform = "plain"

    def __init__(self, page: int = 1000) -> None:
        self.limits = Limits(page=page, edit_gap=0.0)

    @property
    def page_format(self) -> PageFormat:
        return PageFormat(self.measure, self.limits.page)

    def measure(self, content: Content) -> int:
        if isinstance(content, Reply):
            return len(content.text) + len(content.note)
        lines = [
            content.title,
            content.description,
            *(step.agent + step.description for step in content.steps),
        ]
        return sum(len(line) for line in lines)


def texts(screen: tuple[Content | None, ...]) -> list[str]:
    """The text of each content: a reply's text, a card's title, or nothing."""
    return ["" if one is None else one.title if isinstance(one, PlanCard) else one.text for one in screen]
