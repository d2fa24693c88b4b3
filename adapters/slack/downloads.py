"""Which hosts serve Slack's files, and so get the bot token. No I/O."""

from urllib.parse import urlsplit

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
