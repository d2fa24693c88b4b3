"""The simulated Discord as a person sees it."""

from aion_bot.simulators.discord.model import THREAD, Message, World
from aion_bot.simulators.workspace import Shown, ShownButton


def seen_in(thread: str, world: World) -> list[Message]:
    """Everything that people see in a thread, channel or direct messages, the message of the thread first."""
    channel = world.channels.get(thread)
    begun_elsewhere = channel is None or channel.kind == THREAD
    return [
        message
        for message in world.everything()
        if thread in {message.channel, message.seen_in} or (begun_elsewhere and message.id == thread)
    ]


def shown(message: Message, world: World) -> Shown:
    """A message as a person sees it."""
    buttons = tuple(
        ShownButton(str(one.get("label", "")), str(one["custom_id"]))
        for row in message.components
        for one in row["components"]
    )
    return Shown(
        id=message.id,
        author=message.author.name,
        versions=[_read(version, world) for version in message.versions],
        by_bot=message.author == world.bot,
        buttons=buttons,
        only_for=message.only_for,
        pings=list(message.pings),
        payload=message.payload,
        files=message.files,
        pictures=message.pictures,
    )


def _read(text: str, world: World) -> str:
    """The text that a person reads: names instead of mentions, small text without its markup."""
    for person in (*world.people, world.bot):
        text = text.replace(f"<@{person.id}>", f"@{person.name}")
    return text.replace("\n-# ", "\n").removeprefix("-# ")
