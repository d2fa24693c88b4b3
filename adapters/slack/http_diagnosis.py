"""Whether Slack's requests over HTTP reach a bot that has the right secret: the challenge that Slack itself would send."""

import json
import secrets
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.signature import SignatureVerifier

from adapters.slack.config import PUBLIC_URL, SIGNING_SECRET, SlackSettings
from adapters.slack.http_mode import PATH
from aion_bot.ports.diagnosis import Finding, ok, warn
from aion_bot.ports.settings import is_loopback

_TIMEOUT = 10.0
"""Seconds for the one request."""

_MEND = "start the bot, and let {address} lead to AION_BOT_HTTP_ADDRESS; then enter it as Request URL on your app's pages"


async def signing_secret() -> AsyncIterator[Finding]:
    """Say that a secret has the form of one: Slack has no method that takes it."""
    yield ok(SIGNING_SECRET, "it has the form of one; only what Slack sends shows whether it is your app's")


async def request_url(settings: SlackSettings) -> AsyncIterator[Finding]:
    """Send the challenge with which Slack verifies the address, and look for its echo; no bot may run yet: that is no failure."""
    if settings.signing_secret is None or settings.public_url is None:
        return
    address, challenge = f"{settings.public_url}{PATH}", secrets.token_hex(16)
    mend = _MEND.format(address=address)
    try:
        status, text = await _asked(address, challenge, settings)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        yield warn(PUBLIC_URL, f"{address} does not answer ({type(error).__name__})", mend)
        return
    if (status, text) == (200, challenge):
        yield ok(PUBLIC_URL, f"{address} leads to a bot with this signing secret")
    elif status == 401:
        both = f"give both the Signing Secret of the same app in {SIGNING_SECRET}, and the same clock"
        yield warn(PUBLIC_URL, f"{address} leads to a bot with another signing secret or time", both)
    else:
        yield warn(PUBLIC_URL, f"{address} answers {status}, as no bot does", mend)


async def _asked(address: str, challenge: str, settings: SlackSettings) -> tuple[int, str]:
    """Send the challenge, signed as Slack signs it; returns status and a beginning of the answer."""
    body, timestamp = json.dumps({"type": "url_verification", "challenge": challenge}), str(int(time.time()))
    secret = settings.signing_secret.get_secret_value() if settings.signing_secret else ""
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body) or ""
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": signature,
    }
    # No proxy leads back to this machine.
    proxy = None if is_loopback(urlsplit(address).hostname) else settings.proxy
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT)) as session,
        session.post(address, data=body, headers=headers, proxy=proxy, allow_redirects=False) as answer,
    ):
        return answer.status, (await answer.content.read(1024)).decode("utf-8", "replace")
