"""Who wrote a Discord message, a person or an app, and whom it speaks to. No I/O."""

import discord

from adapters.discord.mentions import outside_code
from aion_bot.ports.addressing import Address

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


def address_of(message: discord.Message, bot: int, *, direct: bool, in_thread: bool, quoted: bool) -> Address:
    """Tell whom a message speaks to.

    By Discord's own lists, not by searching the content: what only looks like a mention is not in them. Not by
    `mentioned_in`: discord.py counts @everyone and the roles of the bot there. The list also names the person that a
    reply answers. So a mention is left out only if the content has it, and has it in code alone.
    """
    masked, role = outside_code(message.content).text, own_role(message)

    def in_code(*forms: str) -> bool:
        return any(form in message.content for form in forms) and not any(form in masked for form in forms)

    replied = replied_to(message)
    answered = set() if replied is None else {replied.author.id}
    people = {one.id for one in message.mentions if one.id in answered or not in_code(*forms(one.id))}
    roles = {one.id for one in message.role_mentions if not in_code(f"<@&{one.id}>")}
    own = set() if role is None else {role.id}
    others = ((people | answered) - {bot, message.author.id}) or (roles - own) or message.mention_everyone
    return Address(
        bot=bot in people or bool(roles & own) or direct,
        others=bool(others),
        in_thread=in_thread,
        words=bool(message.content.strip() or quoted),
    )


def replied_to(message: discord.Message) -> discord.Message | None:
    """Return the message that this one replies to. The payload has it unless it was deleted."""
    replied = message.reference.resolved if message.reference is not None else None
    return replied if isinstance(replied, discord.Message) else None


def own_role(message: discord.Message) -> discord.Role | None:
    """Return the bot's own role. People pick it by mistake: it has the bot's name."""
    return message.guild.self_role if message.guild is not None else None


def forms(user: int) -> tuple[str, str]:
    """Return what mentions somebody; the second is the older form, which some clients still send."""
    return f"<@{user}>", f"<@!{user}>"
