"""The adapter's own sentences on Discord, beside the core's: how a command is acknowledged. No I/O."""

from aion_bot.ports import catalogue
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import clip, one_line

MESSAGE_LENGTH = 2_000
"""Characters in a message that a bot writes (Discord's documentation, *Create Message*)."""

QUEUED_EMOJI = "\N{HOURGLASS WITH FLOWING SAND}"
UNANSWERABLE_EMOJI = "\N{SPEAKER WITH CANCELLATION STROKE}"
UNTITLED = "A question for Aion"
"""The title of a thread where the words of the question cannot be one."""
ASK_DESCRIPTION = "Ask Aion about your images and documents"
ASK_PROMPT = "Your question"
ASK_FILE = "A picture or document that it is about"
ASK_PRIVATE = "Only you see the answer"
ASK_DETAIL = "Look closer at the pictures"
AION_DESCRIPTION = "Your conversations with Aion"
OPTION_TITLE = "The new name"
OPTION_SEARCH = "What to look for"
OPTION_CONTEXT = "What to look for, or all"
OPTION_FORMAT = "How the file is written"
OPTION_METADATA = "With times, ids and what Aion looked at, where the format has room for it"
OPTION_PRIVATE = "Only you get the file"
UNKNOWN_BUTTON = "I don't know this button any more. Ask your question again."
UNKNOWN_COMMAND = "This command has changed. Reload Discord, then try again."
PUBLIC_BOT = (
    "anybody can invite this bot into a server of their own: switch off Public Bot on the Bot page of the developer "
    "portal, or list the servers that may use it in AION_BOT_ALLOW_WORKSPACES"
)
PREFIXED_WITH_BOT = "must be the token alone, without the word Bot before it"
OTHER_BOT = "belongs to another bot; to change the bot, stop this one and start it with the new token"
OTHER_DEPLOYMENT = "belongs to another bot than the one whose servers this database divides; name that bot's token, or another database"
NOT_ACCEPTED = "Discord's gateway does not accept it"
TOO_FEW_SHARDS = "Discord requires more shards for so many servers; set it to auto"
NOT_FROM_PORTAL = "is not a bot token; copy it from the Bot page of the developer portal"
PATH_NOT_LAST = "must end with the path, such as /api/v10"
ANSWERED_DIRECTLY = "You can't post here, so I'm answering in a direct message."
ASK_COMMAND = "/ask prompt:your question private:True"
ANSWERED_PRIVATELY = "Only you see the answer: it comes in our direct messages."
DIRECT_CLOSED = (
    "You can't post here, and I can't message you. Allow direct messages from this server, then ask again."
)
THREAD_OPENED_ELSEWHERE = "the bot's account had opened the thread of a question before this process did"
ACKNOWLEDGED_ELSEWHERE = "a command or press was acknowledged before this process did it"
POSTED_ELSEWHERE = "the bot's account posted a message that this process did not post"
NOT_TAKEN = "I couldn't take your question. Please ask it again."


def question(text: str) -> str:
    """Acknowledge a question; Discord itself shows above it who asked."""
    return quote(text, MESSAGE_LENGTH)


def question_by(person: str, text: str) -> str:
    """Acknowledge a question too late: Discord does not show who asked."""
    return _headed(f"<@{person}> asked:", text)


def question_about(author: str, link: str, text: str) -> str:
    """Acknowledge a question about a message."""
    return _headed(_about(author, link), text)


def question_about_by(person: str, author: str, link: str, text: str) -> str:
    """Acknowledge a question about a message too late: Discord does not show who asked."""
    return _headed(f"<@{person}>: {_about(author, link)}", text)


def quote(text: str, limit: int) -> str:
    """Quote `text` in at most `limit` characters; what does not fit is left out at its end."""
    bare = KNOWN.strike(text.strip())
    quoted = _quoted(bare)
    if len(quoted) <= limit:
        return quoted
    return _quoted(clip(bare, len(bare) - (len(quoted) - limit)))


def _about(author: str, link: str) -> str:
    # A bracket in the label of a masked link would end it.
    name = one_line(author, 40).replace("[", "(").replace("]", ")")
    return f"Asked about [a message of {name}]({link}):"


def _headed(head: str, text: str) -> str:
    if not text.strip():
        return head
    return f"{head}\n{quote(text, MESSAGE_LENGTH - len(head) - 1)}"


def _quoted(text: str) -> str:
    # The words are a person's, and the message is the bot's: no masked link.
    text = text.replace("](", "]\u200b(")
    return "\n".join(f"> {line}" for line in text.splitlines() or ["…"])


NO_ATTACHMENTS = "I need the permission “Attach Files”"
FILE_TOO_LARGE = "the file is too large for Discord"

MANUAL_STEPS = {
    "DISCORD_TOKEN": (
        "On discord.com/developers/applications make an application; on its page Installation set Install Link to None; "
        "on its page Bot switch Public Bot off and press Reset Token"
    ),
    "a server": "Open the invitation link and choose your server",
}
"""What a person does by hand, by the variable that it yields."""

catalogue.add(
    __name__,
    for_others={
        "MANUAL_STEPS",
        "QUEUED_EMOJI",
        "UNANSWERABLE_EMOJI",  # no sentences
        "PUBLIC_BOT",
        "PREFIXED_WITH_BOT",
        "NOT_FROM_PORTAL",
        "NOT_ACCEPTED",
        "TOO_FEW_SHARDS",
        "OTHER_BOT",
        "OTHER_DEPLOYMENT",
        "PATH_NOT_LAST",
        "THREAD_OPENED_ELSEWHERE",
        "ACKNOWLEDGED_ELSEWHERE",
        "POSTED_ELSEWHERE",
        "quote",
    },
)
