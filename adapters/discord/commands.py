"""The commands that Discord offers, and how they are registered."""

import hashlib
import json
from typing import Any

import discord
from discord import app_commands

from adapters.discord import ids, strings, subcommands
from adapters.discord.errors import translate
from adapters.discord.handlers import not_taken
from adapters.discord.interactions import Interactions, answer_privately
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.host import Host

DIGEST = "commands"
"""The name under which the core remembers what was registered last."""


FILE_TYPES = ("image", "video", ".pdf", ".docx", ".txt", ".md")
"""What Discord offers for the file of a command: kinds, and the ends of names (its change log, 2026-08-05)."""


class _Ask(app_commands.Command[Any, Any, Any]):
    """A command whose files are of `FILE_TYPES`, which discord.py 2.7 does not know."""

    def to_dict(self, tree: app_commands.CommandTree[Any]) -> dict[str, Any]:
        shown = super().to_dict(tree)
        for option in shown["options"]:
            if option["type"] == discord.AppCommandOptionType.attachment.value:
                option["file_types"] = list(FILE_TYPES)
        return shown


class Commands(app_commands.CommandTree[discord.Client]):
    """`/ask`, `/aion` and `Ask Aion`, for servers and direct messages."""

    def __init__(self, client: discord.Client, interactions: Interactions) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=False
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
        )
        description = strings.ASK_DESCRIPTION
        self.add_command(_Ask(name="ask", description=description, callback=interactions.handle_ask))
        self.add_command(subcommands.group(interactions.handle_manage))
        self.add_command(app_commands.ContextMenu(name="Ask Aion", callback=interactions.handle_ask_about))

    async def on_error(
        self, interaction: discord.Interaction[discord.Client], error: app_commands.AppCommandError, /
    ) -> None:
        """Log a failure, or explain a command that a person's client still offers although it is gone."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await answer_privately(interaction, strings.UNKNOWN_COMMAND)
            return
        await super().on_error(interaction, error)
        # Otherwise the person has an acknowledgement, or an answer, already.
        if not interaction.response.is_done():
            await answer_privately(interaction, not_taken(ids.prompt_key(interaction.id), error))


async def register(commands: Commands, host: Host, application: int | None) -> str:
    """Register the commands if they changed, in one request; returns a line for the operator.

    Discord takes 200 new commands a day (its documentation, *Application Commands*), which restarts would use up. A
    refusal leaves the bot without commands but able to answer mentions. Raises `PlatformDown` and `TokenRefused`.
    """
    names = ", ".join(command.name for command in commands.get_commands())
    payload = [command.to_dict(commands) for command in commands.get_commands()]
    # With the application's id: another token belongs to another application, which has no commands yet.
    stamp = json.dumps([application, payload], sort_keys=True, default=str)
    digest = hashlib.sha256(stamp.encode()).hexdigest()
    if await host.recall(DIGEST) == digest:
        return f"commands as before: {names}"
    try:
        # One bulk PUT. Deleting and creating would leave a gap, and nothing at all after a 429 between the two.
        await commands.sync()
    except (discord.HTTPException, discord.RateLimited) as error:
        reason = translate(error)
        if isinstance(reason, PlatformDown | TokenRefused):
            raise reason from error
        # Mentions work without commands, so a refusal does not end the connection.
        return f"commands could not be registered: {reason}"
    await host.remember(DIGEST, digest)
    return f"commands registered: {names}"
