"""Whom a message addresses: one rule for every platform. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a message names, as its platform says it; what stands in code names nobody.

    Attributes:
        bot: It mentions the bot or answers it with a mention, or nobody but the bot and the person is there.
        others: It mentions other people, a group or everybody, or answers somebody else's message.
        in_thread: It stands in a thread, where it may go on with a conversation.
        words: It says something: in its text, or in a table, a block or a forward.
    """

    bot: bool
    others: bool = False
    in_thread: bool = False
    words: bool = True


def may_be_for_bot(address: Address) -> bool:
    """Tell whether a message speaks to the bot, or may in a thread where the bot takes part.

    People talk to one another in the bot's threads, too: a message that names others, or has no words, is not for the
    bot.
    """
    return address.bot or (address.in_thread and address.words and not address.others)
