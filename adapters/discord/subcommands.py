"""`/aion` with its subcommands, as Discord registers them (Discord's documentation, *Subcommands and Subcommand Groups*)."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Literal

import discord
from discord import app_commands

from adapters.discord import channels, events, ids, strings
from aion_bot.ports.events import ManageCommand
from aion_bot.ports.messages import Person
from aion_bot.ports.subcommands import SUBCOMMANDS

TITLE_LENGTH, WORDS_LENGTH = 255, 500
"""Characters of a conversation's title, and of a search."""

Title = app_commands.Range[str, 1, TITLE_LENGTH]
Words = app_commands.Range[str, 1, WORDS_LENGTH]
Format = Literal["markdown", "json", "text"]

Handle = Callable[[discord.Interaction, str, str, bool], Awaitable[None]]
"""Takes an interaction, the subcommand, what was filled in, and whether the answer's file is to be private."""


def group(handle: Handle) -> app_commands.Group:
    """Return the command, whose subcommands are all handled by `handle`."""

    @app_commands.describe(title=strings.OPTION_TITLE)
    async def rename(interaction: discord.Interaction, title: Title) -> None:
        await handle(interaction, "rename", title, False)

    @app_commands.describe(words=strings.OPTION_CONTEXT)
    async def context(interaction: discord.Interaction, words: Words | None = None) -> None:
        await handle(interaction, "context", words or "", False)

    @app_commands.describe(words=strings.OPTION_SEARCH)
    async def search(interaction: discord.Interaction, words: Words) -> None:
        await handle(interaction, "search", words, False)

    @app_commands.describe(
        format=strings.OPTION_FORMAT, private=strings.OPTION_PRIVATE, metadata=strings.OPTION_METADATA
    )
    async def export(
        interaction: discord.Interaction,
        format: Format | None = None,  # noqa: A002  # the name that people see
        private: bool = False,
        metadata: bool = False,
    ) -> None:
        words = f"{format or ''} {'metadata' if metadata else ''}".strip()
        await handle(interaction, "export", words, private)

    taking_words: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
        "rename": rename,
        "context": context,
        "search": search,
        "export": export,
    }
    made = app_commands.Group(name="aion", description=strings.AION_DESCRIPTION)
    for name, description in SUBCOMMANDS.items():
        callback = taking_words.get(name) or _without_words(handle, name)
        made.add_command(app_commands.Command(name=name, description=description, callback=callback))
    return made


def _without_words(handle: Handle, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
    async def callback(interaction: discord.Interaction) -> None:
        await handle(interaction, name, "", False)

    return callback


def manage_command(
    interaction: discord.Interaction, channel: channels.ChannelInfo, name: str, words: str, *, private: bool
) -> ManageCommand:
    """Read the use of a subcommand of `/aion`, with what was filled in."""
    place = channel.place_of(interaction.user)
    return ManageCommand(
        key=ids.prompt_key(interaction.id),
        name=name,
        words=events.as_read(words, interaction.guild),
        thread=ids.thread_key(channel.id),
        place=place,
        person=Person(str(interaction.user.id), interaction.user.display_name),
        private=private,
        inside=place.channel != str(channel.id),
        reply_token=events.reply_token(interaction),
    )
