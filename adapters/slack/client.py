"""Slack's Web API: the one place that sends requests to it, and that reports each of them to the limiter."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, closing, suppress
from functools import cached_property, partial
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack import errors, rate_limits, sdk_log
from adapters.slack.addresses import is_encrypted, is_files_host, redirected
from adapters.slack.config import SlackSettings
from adapters.slack.identity import BotIdentity
from adapters.slack.methods import READS, Method
from adapters.slack.sending import checked_request
from aion_bot.ports.errors import (
    FileProblem,
    FileUnavailable,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
)
from aion_bot.ports.files import sent_once
from aion_bot.ports.rate_limits import Charge, Limits, PlatformRequest, RequestObserver, RequestStatus
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.settings import is_loopback

_FORMS = READS | {
    Method.FILES_GET_UPLOAD_URL,
    Method.FILES_COMPLETE_UPLOAD,
    Method.OAUTH_V2_ACCESS,
    Method.OAUTH_V2_EXCHANGE,
}
"""Methods that take a form: https://docs.slack.dev/apis/web-api/#methods_supporting_json; that of a file's sharing takes
both, and slack_sdk sends it as a form."""

_OF_A_TEAM = {
    Method.USERGROUPS_LIST,
    Method.USERGROUPS_USERS_LIST,
    Method.USERS_CONVERSATIONS,
    Method.USERS_LIST,
}
"""Methods that ask of which workspace, where the token is an organisation's."""

_MOST_REDIRECTS = 3
# A user group is looked for in each of them, and Slack takes twenty such requests a minute (tier 2).
_MOST_WORKSPACES = 20


class WebApi:
    """Calls with one workspace's tokens, over one shared connection pool.

    `limits` returns the limits that requests are counted against, `timeout` is in seconds for one request.
    `observer` learns of every request from the moment it is set. The WebSocket handshakes of Socket Mode are no
    requests of the Web API, and Slack documents no limit for them.
    """

    def __init__(self, settings: SlackSettings, limits: Callable[[], Limits], *, timeout: float) -> None:
        self.observer: RequestObserver | None = None
        self._settings, self._limits, self._timeout = settings, limits, timeout
        self.known: BotIdentity | None = None
        """Who the bot token belongs to, once Slack has told."""
        self.workspaces: dict[str, None] = {}
        """Workspaces of an organisation, where the token is for all of them; those that were heard of last are at the end."""
        self._closed = False

    @cached_property
    def client(self) -> AsyncWebClient:
        """The SDK's client. Needs a running event loop when first used."""
        timeout = aiohttp.ClientTimeout(total=self._timeout)
        # The SDK would open a session for each request. It uses its own timeout for those alone, so this one has it, too.
        session = aiohttp.ClientSession(timeout=timeout, request_class=checked_request(self._look_again))
        client = AsyncWebClient(
            token=self._settings.bot_token.get_secret_value(),
            base_url=self._settings.api_url,
            session=session,
            # The SDK would send a post again after a dropped connection, and so post it twice.
            retry_handlers=[],
            logger=sdk_log.LOGGER,
        )
        # The SDK sends loopback traffic to the environment's proxy too, and does not read NO_PROXY.
        client.proxy = self._settings.proxy
        return client

    def _look_again(self) -> None:
        """Let the observer look once more whether a request may go. Raises what it raises."""
        if self.observer is not None:
            self.observer.connected()

    def heard_of(self, workspace: str) -> None:
        """Remember a workspace of an organisation."""
        self.workspaces.pop(workspace, None)
        self.workspaces[workspace] = None
        if len(self.workspaces) > _MOST_WORKSPACES:
            del self.workspaces[next(iter(self.workspaces))]

    async def call(
        self, method: Method, team: str = "", *, tolerated: Collection[str] = (), **arguments: Any
    ) -> Mapping[str, Any]:
        """Call `method` and return its answer, or `{"error": code}` where Slack refuses with a `tolerated` code.

        `team` and the argument `channel` name the workspace and the channel that the request counts in. Raises the
        errors of `ports.errors`. What writes is sent once: only its caller knows whether it may be sent again.
        """
        if method in _OF_A_TEAM and team and self.known is not None and self.known.whole:
            arguments["team_id"] = team
        # A form goes by POST: aiohttp repeats a GET by itself, and that request would be counted by nobody.
        body: dict[str, Any] = {"data" if method in _FORMS else "json": arguments}
        charges = rate_limits.charges(self._limits(), method, team, arguments.get("channel", ""))
        try:
            return await self._send(method, charges, lambda: self.client.api_call(method, **body), tolerated)
        except errors.ConnectionLost:
            if method not in READS:
                raise
        # A connection of the pool may have been closed while it was idle. Reading twice is harmless.
        return await self._send(method, charges, lambda: self.client.api_call(method, **body), tolerated)

    async def ask(self, method: Method, team: str = "", **arguments: Any) -> AsyncSlackResponse:
        """Call a method that changes nothing and return Slack's whole answer with its headers, also a refusal.

        Raises `PlatformDown` and `RateLimited`.
        """
        body: dict[str, Any] = {"data" if method in _FORMS else "json": arguments}
        answers: list[AsyncSlackResponse] = []

        async def send() -> AsyncSlackResponse:
            try:
                answers.append(await self.client.api_call(method, **body))
            except SlackApiError as refusal:
                answers.append(refusal.response)
                raise
            return answers[0]

        charges = rate_limits.charges(self._limits(), method, team, arguments.get("channel", ""))
        try:
            await self._send(method, charges, send)
        except (PlatformDown, RateLimited):
            raise
        except PlatformError:
            pass  # the answer says which refusal it is
        return answers[0]

    async def upload(self, address: str, raw: bytes) -> None:
        """Send the bytes of a file to the address that Slack named; without a token, which Slack asks for nowhere there.

        Raises PlatformDown for an address without TLS, unless `SLACK_API_URL` has none either.
        """
        method = Method.FILES_UPLOAD
        if not is_encrypted(address, self._settings.api_url):
            raise PlatformDown(f"{method}: the address is not encrypted")

        async def send() -> None:
            # No redirects: they could lead to an address without TLS.
            # As a file: aiohttp warns of more than a megabyte as bytes (`aiohttp.payload.BytesPayload`).
            async with self._session(method).post(
                address, data=BytesIO(raw), proxy=self.client.proxy, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    # The address is good for one upload: another attempt takes another one.
                    raise PlatformDown(f"{method}: status {answer.status}")

        await self._send(method, (), send)

    def _session(self, method: str) -> aiohttp.ClientSession:
        """Return the SDK's session. Raises PlatformDown once it is closed."""
        if self.client.session is None:
            raise PlatformDown(f"{method}: the connection to Slack is closed")
        return self.client.session

    async def respond(self, address: str, shown: Mapping[str, Any]) -> None:
        """Answer an interaction at the address that it named, which takes five answers in half an hour.

        Raises MessageGone where Slack does not take the answer there, and for an address without TLS.

        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
        """
        method = Method.RESPONSE_URL
        if not is_encrypted(address, self._settings.api_url):
            raise MessageGone(f"{method}: the address is not encrypted")

        async def send() -> None:
            async with self._session(method).post(
                address, json=dict(shown), proxy=self.client.proxy, allow_redirects=False
            ) as answer:
                errors.check_response(answer.status, answer.headers)

        await self._send(method, (), send)

    @asynccontextmanager
    async def download(self, address: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Read a file with the bot token, which only the hosts of `is_files_host` get; yields a good answer's body.

        Raises `FileUnavailable` where Slack answers something else than the file, and the other errors of `ports.errors`.
        """
        # A large file may take longer than any one request; only silence ends it.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout)
        once = sent_once(errors.FAILURES, partial(errors.translate, method=Method.FILES_DOWNLOAD))
        # Not unpacked: a small answer could become a large piece.
        async with aiohttp.ClientSession(
            timeout=timeout, auto_decompress=False, middlewares=(once,)
        ) as session:
            for _ in range(_MOST_REDIRECTS + 1):
                with closing(await self._get(session, address)) as answer:
                    if answer.status == 200:
                        yield answer
                        return
                    address = redirected(address, answer.headers.get("Location", ""))
        raise FileUnavailable(f"{Method.FILES_DOWNLOAD}: redirected too often", FileProblem.WITHHELD)

    async def _get(self, session: aiohttp.ClientSession, address: str) -> aiohttp.ClientResponse:
        """Send one request for a file and report it; the answer is a good one or a redirect."""
        method = Method.FILES_DOWNLOAD
        if not is_files_host(address, self._settings.api_url):
            raise FileUnavailable(f"{method}: an address that is not Slack's", FileProblem.WITHHELD)
        headers = {
            "Authorization": f"Bearer {self._settings.bot_token.get_secret_value()}",
            # aiohttp would ask for packed answers by itself, and nothing unpacks them here.
            "Accept-Encoding": "identity",
        }
        # `_send` passes on the data of JSON answers alone, and an answer that is refused has to be closed.
        answers: list[aiohttp.ClientResponse] = []

        async def send() -> None:
            answer = await session.get(
                address, headers=headers, proxy=self.client.proxy, allow_redirects=False
            )
            answers.append(answer)
            errors.check_download(answer.status, answer.headers)

        try:
            await self._send(method, (), send)
        except BaseException:
            for answer in answers:
                answer.close()
            raise
        return answers[0]

    async def _send(
        self,
        method: Method,
        charges: tuple[Charge, ...],
        send: Callable[[], Awaitable[AsyncSlackResponse | None]],
        tolerated: Collection[str] = (),
    ) -> Mapping[str, Any]:
        """Send one request and report it. Raises the errors of `ports.errors`."""
        # The SDK would open another session for this request.
        if self._closed:
            raise PlatformDown(f"{method}: the connection to Slack is closed")
        request = PlatformRequest(method, charges)
        # A cancelled request is reported as an error: whether Slack acted is not known.
        status, retry_after = RequestStatus.ERROR, 0.0
        # The same observer gets both reports, also if another one is set meanwhile.
        observer = self.observer
        if observer is not None:
            observer.sent(request)
        try:
            response = await send()
            answer = {} if response is None else response.data
            if not isinstance(answer, dict):
                raise errors.not_slack(method)
            status = RequestStatus.OK
        except PlatformError as refusal:
            status, retry_after = errors.status_of(refusal), getattr(refusal, "retry_after", 0.0)
            raise
        except errors.FAILURES as error:
            if isinstance(error, SlackApiError) and errors.code_of(error) in tolerated:
                status = RequestStatus.REFUSED
                return {"error": errors.code_of(error)}
            failure = errors.translate(error, method)
            status, retry_after = errors.status_of(failure), getattr(failure, "retry_after", 0.0)
            raise failure from None  # the cause would carry the request's headers
        else:
            return answer
        finally:
            if observer is not None:
                observer.answered(request, status, retry_after)

    async def identify(self) -> BotIdentity:
        """Ask who the bot token belongs to."""
        answer = await self.call(Method.AUTH_TEST)
        whole = bool(answer.get("is_enterprise_install") and answer.get("enterprise_id"))
        self.known = BotIdentity(
            team=field(answer, "enterprise_id" if whole else "team_id", Method.AUTH_TEST),
            team_name=answer.get("team", ""),
            user=field(answer, "user_id", Method.AUTH_TEST),
            bot=answer.get("bot_id", ""),
            name=answer.get("user", ""),
            whole=whole,
        )
        return self.known

    async def me(self) -> BotIdentity:
        """Who the bot token belongs to. Asks Slack once."""
        return self.known or await self.identify()

    async def open_connection(self) -> str:
        """Ask for a WebSocket address of Socket Mode. It holds a ticket: use it once, and never log it.

        Raises PlatformDown for an address over which the ticket would be sent in the clear.
        """
        method, me = Method.APPS_CONNECTIONS_OPEN, await self.me()
        # The SDK takes a token among the arguments for the one to authorise with.
        token = self._settings.app_level_token
        address = field(await self.call(method, me.team, token=token), "url", method)
        parts = urlsplit("")
        with suppress(ValueError):  # its message quotes a part of the address
            parts = urlsplit(address)
        for ticket in parse_qs(parts.query).get("ticket", ()):
            KNOWN.know_briefly(ticket)
        encrypted = parts.scheme == "wss" and bool(parts.hostname)
        if not encrypted and not (parts.scheme == "ws" and is_loopback(parts.hostname)):
            raise PlatformDown(f"{method}: the address is not encrypted")
        return address

    def beside(self, settings: SlackSettings) -> "WebApi":
        """Make a client with other tokens, whose requests are reported and counted like those of this one."""
        other = WebApi(settings, self._limits, timeout=self._timeout)
        other.observer = self.observer
        return other

    def use(self, settings: SlackSettings) -> None:
        """Use other tokens of the same bot, from the next request on."""
        self._settings = settings
        if "client" in vars(self):
            self.client.token = settings.bot_token.get_secret_value()

    async def close(self) -> None:
        """Close the pool; later calls raise PlatformDown."""
        self._closed = True
        # A client that was never used has no pool, and must not get one now.
        if "client" in vars(self) and self.client.session is not None:
            await self.client.session.close()


def field(answer: Mapping[str, Any], name: str, method: str) -> str:
    """A field that every answer of `method` has.

    Raises PlatformDown where it is missing: then a proxy answered, not Slack.
    """
    value = answer.get(name)
    if not isinstance(value, str):
        raise PlatformDown(f"{method}: an answer without {name}")
    return value
