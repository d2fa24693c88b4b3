"""Discord's REST API with the bot's token, whether the gateway is connected or not.

The discord.py client behind it is logged in at the first call, and repeats no request by itself.
"""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Any, Final, TypeVar

import discord
from discord.http import Route

from adapters.discord import ids, rate_limits
from adapters.discord.channels import SEND, SEND_IN_THREADS
from adapters.discord.config import Settings, is_safe_gateway
from adapters.discord.errors import (
    FAILURES,
    NO_HISTORY,
    THREAD_EXISTS,
    UNKNOWN_MESSAGE,
    pause_before_retry,
    translate,
)
from adapters.discord.file_addresses import FileAddresses
from adapters.discord.http import Buckets, RequestReporter
from adapters.discord.other_process import check_claim
from adapters.discord.rendering import Body
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import Forbidden, Hindrance, PlatformDown, PlatformError, QuestionGone, RateLimited
from aion_bot.ports.thread_files import ThreadFiles

T = TypeVar("T")

TIME_LIMIT = 15.0
"""Seconds for one call. discord.py's own limit is five minutes."""
ARCHIVED_AFTER: Final = 4_320
"""Minutes without a message after which Discord archives a thread: three days."""
LOOKUP_DELAYS = Backoff(0.2, factor=2.0, attempts=3)
"""Seconds before a look-up that failed is made again."""
MAX_PRIVATE_THREADS = 1_000
MAX_NONCES = 10_000
"""Posts of this process that are told from those of another one with the same token."""
NO_MENTIONS = discord.AllowedMentions.none()
"""Nobody is notified by what the bot writes."""


class RestClient:
    """One login, shared by all calls until it is closed; the next call makes another.

    `call` yields the client of discord.py for any request; the other methods are calls that are made in several places.
    All of them raise the port's errors.
    """

    def __init__(self, settings: Settings, reporter: RequestReporter) -> None:
        self._settings = settings
        self._reporter = reporter
        self._client: discord.Client | None = None
        self._login_lock = asyncio.Lock()
        self.account = 0
        """The id of the bot's account, once a call has logged in."""
        self.recommended_shards, self.session_starts = 1, dict[str, Any]()
        """What Discord said of its gateway last: its `shards` and `session_start_limit`."""
        self._direct, self._direct_after = asyncio.Lock(), 0.0
        self.own_nonces: OrderedDict[str, None] = OrderedDict()
        """The nonces of what this process posted last: a message of the bot's account with another one is not its own."""
        self._private_threads: OrderedDict[int, None] = OrderedDict()
        """The private threads that events named last: Discord describes none that the bot was not invited to."""
        self.thread_files = ThreadFiles()
        self.file_addresses = FileAddresses()

    @asynccontextmanager
    async def call(self, *, for_interaction: bool = False) -> AsyncIterator[discord.Client]:
        """Yield the client for one call, which raises the port's errors.

        While Discord's limit of the whole bot is exceeded, no call is made: `RateLimited`. Answers to interactions
        are, because that limit leaves them out (Discord's documentation, *Rate Limits*).
        """
        remaining = self._reporter.blocked_until - monotonic()
        if remaining > 0 and not for_interaction:
            raise RateLimited(remaining, rate_limits.GLOBAL)
        try:
            # Includes logging in, and the wait for a bucket.
            async with asyncio.timeout(TIME_LIMIT):
                # Calls that begin together share one login.
                async with self._login_lock:
                    client = self._client
                    if client is None:
                        client = self.new_client()
                        try:
                            await client.login(self._settings.token.get_secret_value())
                        except BaseException:
                            # Also when cancelled: discord.py opens the HTTP session before it asks who it is.
                            await client.close()
                            raise
                        self._client, self.account = client, client.user.id if client.user else 0
                yield client
        except FAILURES as error:
            raise translate(error) from error

    async def use(self, settings: Settings) -> None:
        """Use another token of the same bot, from the next request on."""
        async with self._login_lock:
            self._settings = settings
            if self._client is not None:
                self._client.http.token = settings.token.get_secret_value()

    async def explain(self, refusal: Forbidden, channel: int, needed: str = "") -> None:
        """Say in a refusal what the bot misses in a channel: `needed`, or else the permission to write there.

        Discord names none. Of an edit its documentation says that it needs none; a report of a refusal names that to
        write (discord/discord-api-docs#3096). Threads and channels have their own.
        """
        if refusal.hindrance is not Hindrance.PERMISSION:
            return
        if not refusal.permission:
            if not needed:
                with suppress(PlatformError):  # Discord need not tell what the channel is
                    is_thread = isinstance(await self.channel(channel), discord.Thread)
                    needed = SEND_IN_THREADS if is_thread else SEND
            refusal.permission = needed
        elif channel in self._private_threads:
            refusal.hindrance, refusal.permission = Hindrance.NOT_INVITED, ""

    def note_private(self, thread: int) -> None:
        """Remember a private thread: a refusal there means that the bot was not invited."""
        self._private_threads[thread] = None
        if len(self._private_threads) > MAX_PRIVATE_THREADS:
            self._private_threads.popitem(last=False)

    async def gateway(self) -> str:
        """Return the gateway's address. Raises `PlatformDown` also where no session may be started for now.

        A bot has 1000 session starts a day; one more costs it its token (Discord's documentation, *Gateway*).
        """
        async with self.call() as client:
            # discord.py's `connect` never asks: it uses an address of its own.
            self.recommended_shards, address, starts = await client.http.get_bot_gateway()
        # Before the refusal: who waits for session starts reads the number (`session_starts`).
        self.session_starts = {**starts}
        # Refused here: the listener is started again later, and no start is spent.
        if starts["remaining"] <= 0:
            raise PlatformDown(f"no session starts are left for {starts['reset_after'] / 1000:.0f} s")
        if not is_safe_gateway(address):
            raise PlatformDown("the gateway's address is not encrypted")
        return address

    async def send(
        self,
        channel: int,
        body: Body,
        *,
        nonce: str | None = None,
        answering: int | None = None,
        files: Sequence[discord.File] = (),
    ) -> int:
        """Post a message and return its id; `answering` is the message that it replies to.

        A nonce that is repeated within a few minutes returns the message that it made before (Discord's documentation,
        *Create Message*, `enforce_nonce`). Raises `Claimed` where one that claims a question returns another's message.
        """
        tried, named = nonce in self.own_nonces, nonce or secrets.token_hex(8)
        # Before the request: the gateway may deliver the message before the answer comes.
        self.own_nonces[named] = None
        if len(self.own_nonces) > MAX_NONCES:
            self.own_nonces.popitem(last=False)
        # discord.py's types accept no None, so unused arguments are left out.
        options: dict[str, Any] = {"suppress_embeds": True, "allowed_mentions": NO_MENTIONS, "nonce": named}
        if people := [discord.Object(one) for one in body.get("notified", ())]:
            options["allowed_mentions"] = NO_MENTIONS.merge(discord.AllowedMentions(users=people))
        if answering is not None:
            options["reference"] = _reference(channel, answering)
        if body["components"]:
            options["view"] = view_of(body["components"])
        if files:
            options["files"] = files
        async with self.call() as client:
            target = client.get_partial_messageable(channel)
            try:
                message = await target.send(body["content"], **options)
            except discord.HTTPException as error:
                if error.code != NO_HISTORY or options.pop("reference", None) is None:
                    raise
                message = await target.send(body["content"], **options)
        if nonce is not None and ids.claimed_by(nonce) is not None:
            check_claim(message, body, tried=tried)
        return message.id

    async def edit(self, channel: int, message: int, body: Body) -> None:
        """Replace a message.

        Of a partial message: `Message.edit` of discord.py 2.7.1 sends flags, which would bring link previews back.
        """
        async with self.call() as client:
            target = client.get_partial_messageable(channel).get_partial_message(message)
            # None removes the buttons; leaving `view` out would keep them.
            view = view_of(body["components"]) if body["components"] else None
            await target.edit(content=body["content"], view=view, allowed_mentions=NO_MENTIONS)

    def was_acknowledged_elsewhere(self, interaction: int) -> bool:
        """Tell whether a refusal means that another process acknowledged it: this one sent one answer at most."""
        return self._reporter.answers.get(str(interaction), 0) <= 1

    async def open_thread(self, channel: int, message: int, name: str) -> bool:
        """Open the thread of a message, whose id it gets; False where it exists. Raises `QuestionGone`, `CannotDraw`."""
        async with self.call() as client:
            try:
                # discord.py's public way needs a server that the gateway has described.
                await client.http.start_thread_with_message(
                    channel, message, name=name, auto_archive_duration=ARCHIVED_AFTER
                )
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                raise QuestionGone(f"Discord answered 404 with code {error.code}") from None
            except discord.HTTPException as error:
                # An earlier attempt may have arrived although its answer was lost.
                if error.code != THREAD_EXISTS:
                    raise
                return False
        return True

    async def owns_thread(self, thread: int) -> bool:
        """Tell whether the bot's own account has opened a thread; False where Discord does not say."""
        try:
            async with self.call() as client:
                found = await client.fetch_channel(thread)
                own = client.user
        except PlatformError:  # then another process is not known to have opened it
            return False
        return isinstance(found, discord.Thread) and own is not None and found.owner_id == own.id

    async def channel(self, channel: int) -> object:
        """Look up a channel or thread that the gateway has not described."""
        async with self.call() as client:
            return await client.fetch_channel(channel)

    async def direct_channel(self, user: int) -> int:
        """Open the direct-message channel with a person, or find the one that exists; returns its id."""
        async with self.call() as client:
            channel = await client.create_dm(discord.Object(user))
        return channel.id

    async def send_directly(self, user: int, body: Body, nonce: str | None) -> None:
        """Send a direct message, one at a time and none before Discord takes another: no permit waits for that."""
        async with self._direct:
            await asyncio.sleep(max(0.0, self._direct_after - monotonic()))
            try:
                await self.send(await self.direct_channel(user), body, nonce=nonce)
            except RateLimited as error:
                self._direct_after = monotonic() + error.retry_after
                raise

    async def name_of(self, user: int, guild: int | None) -> str:
        """Return what others see as somebody's name: in a server, or where there is none."""
        async with self.call() as client:
            if guild is None:
                found, nick = await client.http.get_user(user), None
            else:
                member = await client.http.get_member(guild, user)
                found, nick = member["user"], member.get("nick")
        return nick or found.get("global_name") or found["username"]

    async def follow_up(self, application: int, token: str, text: str) -> None:
        """Answer an interaction so that only its author sees it."""
        async with self.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            # discord.py lets only an application's webhook send ephemeral messages.
            webhook.type = discord.WebhookType.application
            await webhook.send(
                text, ephemeral=True, allowed_mentions=NO_MENTIONS, suppress_embeds=True, wait=True
            )

    async def answer_to(self, application: int, token: str) -> int:
        """Return the id of the message that acknowledges an interaction. Raises `MessageGone` where there is none."""
        async with self.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            return (await webhook.fetch_message("@original")).id  # type: ignore[arg-type]  # Discord's name for it

    async def delete_answer(self, application: int, token: str) -> None:
        """Delete the message that acknowledges an interaction: its token needs no access to the channel."""
        async with self.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            await webhook.delete_message("@original")  # type: ignore[arg-type]  # Discord's name for it

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def new_client(self) -> discord.Client:
        """Make a client that is not logged in."""
        # discord.py logs interaction tokens at debug, and warns that it lacks voice.
        logger = logging.getLogger("discord")
        if logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        # discord.py has no setting for the address of the API.
        Route.BASE = self._settings.api_url
        client = discord.Client(
            # Never connected to the gateway; discord.py warns about a client without this intent.
            intents=discord.Intents(guilds=True),
            max_messages=None,
            proxy=self._settings.proxy,
            allowed_mentions=NO_MENTIONS,
            http_trace=self._reporter.trace(raise_refusals=True),
        )
        client.http._buckets = Buckets()  # noqa: SLF001  # there is no public way
        return client


async def look_up(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask Discord about something, and repeat a request that may succeed later.

    The delays are short, because a person waits.
    """
    return await retry(ask, backoff=LOOKUP_DELAYS, on=pause_before_retry)


def _reference(channel: int, message: int) -> discord.MessageReference:
    """Refer to the message that a post replies to; without the check the post appears even if that one was deleted."""
    return discord.MessageReference(message_id=message, channel_id=channel, fail_if_not_exists=False)


def view_of(rows: Sequence[dict[str, Any]]) -> discord.ui.View:
    """Build the view that discord.py sends from rendered components.

    It is stopped, so that the client does not keep it: buttons are handled by their ids alone.
    """
    # Without a timeout discord.py starts no timer for the view.
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for button in row["components"]:
            style = discord.ButtonStyle(button["style"])
            view.add_item(
                discord.ui.Button(
                    style=style, label=button["label"], custom_id=button["custom_id"], row=number
                )
            )
    view.stop()
    return view
