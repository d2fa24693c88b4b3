"""Who wrote a Discord message: a person, or an app. No I/O."""

import discord

from adapters.discord.addressing import forms
from adapters.discord.mentions import outside_code

_SAID = {discord.MessageType.default, discord.MessageType.reply}


def is_by_person(message: discord.Message) -> bool:
    """Tell whether a person said this: no bot, no webhook, and nothing that Discord says by itself."""
    return message.type in _SAID and not message.author.bot and message.webhook_id is None


def asking_app(message: discord.Message, bot: int) -> frozenset[str]:
    """Return the ids of the app or webhook that mentions the bot in its words; empty where there is no such mention.

    The message is not the bot's own. Not a reply alone, which mentions whom it answers: two apps that reply to each other
    would never end. A bot's user has the id of its application, as a rule; a message of a webhook, or an answer to an
    interaction, names its application.
    """
    if is_by_person(message) or message.type not in _SAID or message.guild is None:
        return frozenset()
    words = outside_code(message.content).text
    if bot not in message.raw_mentions or not any(form in words for form in forms(bot)):
        return frozenset()
    return frozenset(
        str(one) for one in (message.author.id, message.webhook_id, message.application_id) if one
    )
