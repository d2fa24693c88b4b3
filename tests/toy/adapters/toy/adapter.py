"""Toy as the core sees it: no native streams, no activity indicator, no queued marker."""

from collections.abc import Sequence

from adapters.toy import events
from adapters.toy.client import Client
from adapters.toy.rendering import body, sentence, text
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.events import InboundEvent, Prompt
from aion_bot.ports.host import Host, Presence
from aion_bot.ports.messages import Content, Document, Line, MessageRef, ThreadKey
from aion_bot.ports.rate_limits import Budget, Limits, Operation, RequestObserver, Scope

MESSAGES = Budget("messages", 20, 1.0, Scope.BOT)  # all threads share it: its scope key is ""


class ToyAdapter:
    platform = events.PLATFORM
    limits = Limits(2_000, 0.5, dict.fromkeys((Operation.POST, Operation.EDIT), (MESSAGES,)))
    measure = staticmethod(lambda content: len(text(content)))
    scope_key = staticmethod(lambda thread, scope: thread.id if scope is Scope.CHANNEL else "")

    def __init__(self, url: str, token: str) -> None:
        self._client = Client(url, token)
        self.close = self._client.close

    async def listen(self, host: Host) -> None:
        """Receive events one by one. The last one is remembered, so that a restart misses none."""
        await host.connected(Presence(("Toy",), (await self._client.call("GET /me"))["name"]))
        after = await host.recall("after") or "0"
        while True:
            found = await self._client.call("GET /events/{after}", after=after)
            host.heard()
            for event in found:
                if (inbound := events.inbound(event)) is not None:
                    await host.accept(inbound)
                after = event["id"]
                await host.remember("after", after)

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:
        """Do nothing: a question is a thread."""

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Toy returns the existing message for a nonce that it knows."""
        sent = {**body(content), "nonce": nonce}
        made = await self._client.call("POST /threads/{thread}", (MESSAGES, ""), body=sent, thread=thread.id)
        return MessageRef(thread, made["id"])

    async def post_file(self, thread: ThreadKey, document: Document, *, nonce: str) -> MessageRef:
        sent = {"text": document.name, "files": {document.name: document.text}, "buttons": [], "nonce": nonce}
        made = await self._client.call("POST /threads/{thread}", (MESSAGES, ""), body=sent, thread=thread.id)
        return MessageRef(thread, made["id"])

    async def edit(self, message: MessageRef, content: Content) -> None:
        sent = body(content)
        await self._client.call("PUT /messages/{message}", (MESSAGES, ""), body=sent, message=message.id)

    async def delete(self, message: MessageRef) -> None:
        await self._client.call("DELETE /messages/{message}", message=message.id)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        found = await self._client.call("GET /threads/{thread}", thread=thread.id)
        return [OwnMessage(MessageRef(thread, one), None) for one in found]

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # always hidden
        sent = {"text": sentence(line), "buttons": [], "only_for": event.person.id}
        await self._client.call("POST /threads/{thread}/private", body=sent, thread=event.thread.id)

    def observe_requests(self, observer: RequestObserver) -> None:
        self._client.observer = observer
