"""The interface between the Web API methods and the simulated workspace, and their errors."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aion_bot.simulators.slack.app_configuration import AppConfiguration
from aion_bot.simulators.slack.display import Display
from aion_bot.simulators.slack.state import Channel, Conversations, Message
from aion_bot.simulators.slack.stream import Streams
from aion_bot.simulators.slack.uploads import Uploads

Arguments = Mapping[str, Any]
Answer = dict[str, Any]


class Backend(Protocol):
    """The operations of the workspace that the methods use."""

    conversations: Conversations
    display: Display
    streams: Streams
    uploads: Uploads
    configuration: AppConfiguration

    def authorized(self, method: str, token: str) -> bool:
        """Whether `method` accepts `token`."""

    def socket_address(self) -> str:
        """A new URL of Socket Mode."""

    def upload_address(self, ticket: str) -> str:
        """The address that takes the bytes of a file."""

    def file_address(self, file: str) -> str:
        """The address of the bytes of a file that a person attached."""

    def add(self, message: Message) -> None:
        """Post a message of the bot."""

    def change(self, message: Message, body: Mapping[str, Any]) -> None:
        """Edit a message of the bot."""

    def delete(self, message: Message) -> None:
        """Delete a message."""


class Refused(Exception):
    """The method returns `{"ok": false}` with this error code, and with these `messages` about it."""

    def __init__(self, code: str, messages: Sequence[str] = ()) -> None:
        super().__init__(code)
        self.messages = messages


def find_channel(backend: Backend, arguments: Arguments, name: str = "channel") -> Channel:
    """The channel of a call. Raises Refused."""
    channel = backend.conversations.find_channel(str(arguments.get(name)))
    if channel is None:
        raise Refused("channel_not_found")
    return channel


def writable(backend: Backend, arguments: Arguments, archived: str = "is_archived") -> Channel:
    """The channel of a call that writes; `archived` is the error in an archived channel. Raises Refused."""
    channel = find_channel(backend, arguments)
    if not channel.member:
        raise Refused("not_in_channel" if channel.kind == "channel" else "channel_not_found")
    if channel.archived:
        raise Refused(archived)
    if channel.id in backend.conversations.closed:
        raise Refused("messages_tab_disabled")
    return channel


def metadata(arguments: Arguments) -> Mapping[str, Any] | None:
    """The metadata that a call attaches to a message. Raises Refused."""
    given = arguments.get("metadata")
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_format")
    return given
