"""Addresses that Slack names: which of them get the bot token, and which are encrypted. No I/O.

One that cannot be read, such as `https://[x`, is none of them.
"""

from urllib.parse import urljoin, urlsplit

from aion_bot.ports.settings import is_loopback

_FILES_HOST = "files.slack.com"


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


def is_encrypted(address: str, api_url: str) -> bool:
    """Tell whether an address has TLS, or is on this machine as that of a simulator is."""
    try:
        parts, own = urlsplit(address), urlsplit(api_url)
    except ValueError:
        return False
    return parts.scheme == "https" or (own.scheme == parts.scheme and is_loopback(parts.hostname))


def redirected(address: str, location: str) -> str:
    """Return where a redirect leads; "" where it names no address."""
    try:
        return urljoin(address, location)
    except ValueError:
        return ""
