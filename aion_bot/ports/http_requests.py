"""An optional capability of an adapter: its platform sends what happens over HTTP, to the bot's own server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it arrived: nothing of it is checked. The names of headers are in lower case."""

    method: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What the platform gets, or the browser of a person. `refused` says for the log why a request is none of the
    platform's; "" where it is one. `headers` are added to the answer's; without `Content-Type` the body is plain text.
    """  # noqa: D205  # one sentence

    status: int
    body: str = ""
    refused: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@runtime_checkable
class ReceivesRequests(Protocol):
    """A platform that sends its events over HTTP, where the settings ask for that."""

    http_paths: Sequence[str]
    """The paths of the requests, each behind a slash; none where the platform is reached in another way."""

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Check that a request is the platform's, and take over what it brings. Does not raise.

        With a status of 2xx it is durable. Where it could not be written, or the adapter does not listen, the status is
        one of 5xx, so that the platform sends it again.
        """


def receivers(adapters: Sequence[object]) -> Sequence[tuple[str, ReceivesRequests]]:
    """Return the adapters that are to be reached over HTTP, with the names of their platforms."""
    return [
        (str(getattr(one, "platform", "")), one)
        for one in adapters
        if isinstance(one, ReceivesRequests) and one.http_paths
    ]
