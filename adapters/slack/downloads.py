"""What holds for downloads of files alone: which hosts get the bot token, and that each request is sent once."""

from urllib.parse import urlsplit

import aiohttp

from adapters.slack import errors
from adapters.slack.methods import Method
from aion_bot.ports.settings import is_loopback

_FILES_HOST = "files.slack.com"


async def sent_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Let a lost connection end a GET: aiohttp would send it again by itself, and nobody would count that."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise errors.translate(error, Method.FILES_DOWNLOAD) from None


def is_files_host(address: str, api_url: str) -> bool:
    """Tell whether an address is one that serves Slack's files, which therefore gets the bot token.

    That is `files.slack.com`, or "files." and the host of `SLACK_API_URL`; of a simulator on loopback its own host and port.
    """
    try:
        parts, own = urlsplit(address), urlsplit(api_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if is_loopback(own.hostname):
        return (parts.scheme, host, port) == (own.scheme, own.hostname, own.port)
    return parts.scheme == "https" and port in {None, 443} and host in {_FILES_HOST, f"files.{own.hostname}"}
