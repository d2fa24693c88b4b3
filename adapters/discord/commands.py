"""The commands that Discord shows, and registering them."""

import hashlib
import json

import discord
from discord import app_commands

from adapters.discord import strings
from adapters.discord.errors import translate
from adapters.discord.interactions import Interactions, answer_privately
from aion_bot.ports.errors import PlatformDown, PlatformError, TokenRefused
from aion_bot.ports.host import Host

LONGEST_QUESTION = 6_000
"""Characters in an option of a command (Discord's documentation, *Application Command Option*)."""
COMMANDS = "commands"


class Commands(app_commands.CommandTree[discord.Client]):
    """The commands; one that Discord still shows but that is gone gets a sentence."""

    async def on_error(
        self, interaction: discord.Interaction[discord.Client], error: app_commands.AppCommandError, /
    ) -> None:
        """Log a failure, or explain an outdated command."""
        outdated = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)
        if isinstance(error, outdated):
            await answer_privately(interaction, strings.UNKNOWN_COMMAND)
            return
        await super().on_error(interaction, error)


def declare(commands: Commands, interactions: Interactions) -> None:
    """Add `/ask` and `Ask Aion`."""
    contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False)
    installs = app_commands.AppInstallationType(guild=True, user=False)
    commands.allowed_contexts, commands.allowed_installs = contexts, installs

    @commands.command(name="ask", description="Ask Aion about your images and documents")
    @app_commands.describe(prompt="Your question")
    async def ask(
        interaction: discord.Interaction, prompt: app_commands.Range[str, 1, LONGEST_QUESTION]
    ) -> None:
        await interactions.asked(interaction, prompt)

    @commands.context_menu(name="Ask Aion")
    async def ask_aion(interaction: discord.Interaction, message: discord.Message) -> None:
        await interactions.asked_about(interaction, message)


async def register(commands: Commands, host: Host, application: int | None) -> str:
    """Register the commands if they changed, for Discord counts each day; returns what became of it."""
    names = ", ".join(command.name for command in commands.get_commands())
    payload = [command.to_dict(commands) for command in commands.get_commands()]
    stamp = json.dumps([application, payload], sort_keys=True, default=str)
    digest = hashlib.sha256(stamp.encode()).hexdigest()
    if await host.recall(COMMANDS) == digest:
        return f"commands as before: {names}"
    try:
        await commands.sync()
    except (discord.HTTPException, discord.RateLimited) as error:
        return f"commands could not be registered: {_told(error)}"
    await host.remember(COMMANDS, digest)
    return f"commands registered: {names}"


def _told(error: discord.HTTPException | discord.RateLimited) -> PlatformError:
    """Go on without commands only if Discord is there and knows the bot: mentions still work."""
    told = translate(error)
    if isinstance(told, PlatformDown | TokenRefused):
        raise told from error
    return told
