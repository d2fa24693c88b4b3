"""The Home tab of the app: who opened it, and what it shows. No I/O.

https://docs.slack.dev/reference/events/app_home_opened and https://docs.slack.dev/reference/views/home-tab-views
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.slack import ids
from adapters.slack.identity import BotIdentity
from aion_bot.ports.events import HomeOpened, Place
from aion_bot.ports.messages import HomeSection, Person

_TITLE, _TEXT, _BLOCKS = 150, 3_000, 100
"""Characters of a header and of a section's text, and blocks of a view, at most."""


def opened(body: Mapping[str, Any], me: BotIdentity) -> HomeOpened | None:
    """Read that somebody opened the Home tab; None if the event is none, or is about another tab."""
    event = body.get("event") or {}
    user, channel = event.get("user") or "", event.get("channel") or ""
    if event.get("type") != "app_home_opened" or event.get("tab") != "home" or not (user and channel):
        return None
    team = body.get("team_id") or me.team
    place = Place(me.team, channel, direct=True, private=True, person_workspace=team)
    return HomeOpened(ids.thread_key(me.team, channel, ""), place, Person(user))


def view(sections: Sequence[HomeSection]) -> Mapping[str, Any]:
    """Return the view of these sections. Its texts are plain: nothing in them is a link or a mention."""
    blocks: list[dict[str, Any]] = []
    for section in sections:
        blocks.append({"type": "header", "text": _plain(section.title, _TITLE)})
        if section.lines:
            blocks.append({"type": "section", "text": _plain("\n".join(section.lines), _TEXT)})
    return {"type": "home", "blocks": blocks[:_BLOCKS]}


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:most], "emoji": False}
