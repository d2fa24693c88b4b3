"""The certificates that every connection of a process to Aion and to pictures is checked against."""

from functools import cache
from ssl import SSLContext

import httpx


@cache
def ssl_context() -> SSLContext:
    """Return a context that trusts `SSL_CERT_FILE` or `SSL_CERT_DIR` where set, otherwise certifi's certificates."""
    # Loading them takes some ten milliseconds, so all clients of a process share the context.
    return httpx.create_ssl_context()
