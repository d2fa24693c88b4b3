"""The Web API methods of indicators: reactions, and the status of an agent's session."""

from aion_bot.simulators.slack.backend import Answer, Arguments, Backend, Refused, find_channel, writable
from aion_bot.simulators.slack.state import Message

TITLE = 200
STATUSES = {"active", "processing", "suspended", "closed"}


def add_reaction(backend: Backend, arguments: Arguments) -> Answer:
    """Add a reaction of the bot: https://docs.slack.dev/reference/methods/reactions.add"""
    message, name = _reacted(backend, arguments)
    if name in message.reactions:
        raise Refused("already_reacted")
    message.reactions.append(name)
    return {}


def remove_reaction(backend: Backend, arguments: Arguments) -> Answer:
    """Remove a reaction of the bot: https://docs.slack.dev/reference/methods/reactions.remove"""
    message, name = _reacted(backend, arguments)
    if name not in message.reactions:
        raise Refused("no_reaction")
    message.reactions.remove(name)
    return {}


def set_status(backend: Backend, arguments: Arguments) -> Answer:
    """Show the bot's status in a thread: https://docs.slack.dev/reference/methods/agents.sessions.setStatus"""
    channel = find_channel(backend, arguments, "channel_id")
    if not channel.member:
        raise Refused("not_authorized")
    status, thread = arguments.get("status"), arguments.get("thread_ts")
    if status not in STATUSES:
        raise Refused("invalid_status")
    if not thread:
        raise Refused("thread_ts_required")
    if arguments.get("initiator_user_id", "") not in {"", *backend.conversations.names()}:
        raise Refused("user_not_found")
    title = arguments.get("title")
    if title is not None and not (isinstance(title, str) and 0 < len(title) <= TITLE):
        raise Refused("invalid_arguments")
    if title:
        backend.conversations.session_titles[channel.id, str(thread)] = title
    backend.conversations.sessions[channel.id, str(thread)] = str(status)
    return {"status": status, "agent_status": status}


def _reacted(backend: Backend, arguments: Arguments) -> tuple[Message, str]:
    channel = writable(backend, arguments)
    message = backend.conversations.find(channel.id, str(arguments.get("timestamp")))
    if message is None or message.only_for is not None:
        raise Refused("message_not_found")
    name = arguments.get("name")
    if not isinstance(name, str) or not name:
        raise Refused("invalid_name")
    return message, name
