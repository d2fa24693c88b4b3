"""A request as the row in which it waits for the owner of its scope."""

import base64
import binascii
import json

from aion_bot.ports.http_requests import HttpRequest


def write_request(request: HttpRequest) -> bytes:
    """Return a request as JSON; its body need not be text."""
    return json.dumps({
        "method": request.method,
        "query": request.query,
        "headers": dict(request.headers),
        "body": base64.b64encode(request.body).decode("ascii"),
    }).encode()  # fmt: skip


def read_request(row: bytes) -> HttpRequest:
    """Read what `write_request` wrote. Raises `ValueError` for anything else."""
    try:
        found = json.loads(row)
        body = base64.b64decode(found["body"], validate=True)
        headers = {str(name): str(value) for name, value in found["headers"].items()}
        return HttpRequest(str(found["method"]), str(found["query"]), headers, body)
    except (AttributeError, KeyError, TypeError, binascii.Error) as error:
        raise ValueError(type(error).__name__) from None
