"""Slack as the port knows a platform."""

import time
from typing import Any

from adapters.slack import ids, render
from adapters.slack.config import SlackSettings
from adapters.slack.intake import Intake
from adapters.slack.scopes import Method
from adapters.slack.socket_mode import Patience, SocketMode
from adapters.slack.web import WebApi
from aion_bot.port.adapter import Host, Limits, Presence
from aion_bot.port.errors import Forbidden, MessageGone, PlatformDown, PlatformError
from aion_bot.port.messages import Click, Content, Inbound, Line, MessageRef, Prompt, ThreadKey

_INERT = {"parse": "none", "link_names": False}
"""Slack shall find no names in our text. `chat.update` falls back to its defaults where they are missing."""

_POST_MARK = "aion_post"
_DOUBTS_KEPT = 1_000
_CLOCKS_APART = 300.0
_LOOKED_AT_ONCE = 200

_SEVERAL_SOCKETS = (
    "Slack counts several connections of this app and gives each event to one of them: if another process uses the "
    "same SLACK_APP_TOKEN, stop it, or it takes a part of the questions"
)


class SlackAdapter:
    """One workspace over Socket Mode."""

    platform = ids.PLATFORM
    limits: Limits = render.LIMITS

    def __init__(self, settings: SlackSettings, patience: Patience = Patience()) -> None:  # noqa: B008  frozen
        self._settings = settings
        self._patience = patience
        self._web = WebApi(settings, timeout=patience.call)
        self._in_doubt: dict[str, float] = {}

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises TokenRefused with the variable's name, or PlatformDown."""
        me = await self._web.identify()

        async def greeted(sockets: int) -> None:
            notices = (_SEVERAL_SOCKETS,) if sockets > 1 else ()
            await host.connected(Presence((me.team_name,), f"@{me.name}", notices))

        socket = SocketMode(self._settings, self._web, self._patience)
        await socket.serve(Intake(me, host, self._web), greeted)

    async def close(self) -> None:
        """Close the pool of Web API connections; the socket ends with `listen`."""
        await self._web.close()

    async def open(self, prompt: Prompt) -> None:
        """Do nothing: a Slack thread begins with the first reply."""

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a reply; looks in the thread first if an earlier try with this nonce ended in doubt.

        What is in doubt is known to this process alone.
        """
        place = ids.thread(thread)
        if nonce in self._in_doubt and (found := await self._find(place, nonce)):
            del self._in_doubt[nonce]
            return ids.message_ref(thread, place.channel, found)
        answer = await self._post_once(
            nonce,
            channel=place.channel,
            thread_ts=place.ts,
            metadata={"event_type": _POST_MARK, "event_payload": {"nonce": nonce}},
            unfurl_links=False,
            unfurl_media=False,
            **_INERT,
            **render.arguments(content),
        )
        return ids.message_ref(thread, answer["channel"], answer["ts"])

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message by one call of `chat.update`."""
        channel, ts = ids.message(message)
        await self._web.call(Method.UPDATE, channel=channel, ts=ts, **_INERT, **render.arguments(content))

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        channel, ts = ids.message(message)
        await self._web.call(Method.DELETE, channel=channel, ts=ts)

    async def whisper(self, inbound: Inbound, line: Line) -> None:
        """Show `line` to one person where they stand; by a direct message where the bot cannot."""
        place = ids.thread(inbound.message.thread if isinstance(inbound, Click) else inbound.thread)
        shown = {**_INERT, **render.sentence(line)}
        try:
            if inbound.place.direct:
                await self._web.call(Method.POST, channel=place.channel, thread_ts=place.ts, **shown)
            else:
                standing = {"thread_ts": inbound.reply_token} if inbound.reply_token else {}
                person = inbound.person.id
                await self._web.call(Method.WHISPER, channel=place.channel, user=person, **standing, **shown)
        except (Forbidden, MessageGone):
            await self._web.call(Method.POST, channel=inbound.person.id, **shown)

    def measure(self, content: Content) -> int:
        """Size of `content` against `limits.page`."""
        return render.measure(content)

    def scope(self, thread: ThreadKey) -> str:
        """Slack counts by workspace."""
        return ids.thread(thread).team

    async def _post_once(self, nonce: str, **arguments: Any) -> Any:
        """Post; `nonce` stays in doubt unless Slack said what became of it, also if this task is cancelled.

        A refusal says nothing about an earlier try, which may arrive late.
        """
        first_try = nonce not in self._in_doubt
        self._in_doubt.setdefault(nonce, time.time())
        while len(self._in_doubt) > _DOUBTS_KEPT:
            del self._in_doubt[next(iter(self._in_doubt))]
        try:
            answer = await self._web.call(Method.POST, **arguments)
        except PlatformDown:
            raise
        except PlatformError:
            if first_try:
                self._in_doubt.pop(nonce, None)
            raise
        self._in_doubt.pop(nonce, None)
        return answer

    async def _find(self, place: ids.Thread, nonce: str) -> str | None:
        """Look for the message that carries `nonce`, among those since it was first tried."""
        oldest = f"{self._in_doubt[nonce] - _CLOCKS_APART:.6f}"
        cursor = ""
        while True:
            page = await self._web.call(
                Method.REPLIES,
                channel=place.channel,
                ts=place.ts,
                oldest=oldest,
                include_all_metadata=True,
                limit=_LOOKED_AT_ONCE,
                cursor=cursor,
            )
            for message in page.get("messages", ()):
                metadata = message.get("metadata") or {}
                if metadata.get("event_payload", {}).get("nonce") == nonce:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return None
