"""A simulated Toy: the chat that people see, and the HTTP API that the adapter calls."""

from contextlib import suppress
from functools import partial
from typing import Any

from aion_bot.simulators.json_server import JsonServer
from aion_bot.simulators.workspace import Failure, Operation, Shown, ShownButton, SimulatedPerson


class SimulatedToy:
    """One channel; each question in it is a thread of its own."""

    name = "Toy"
    people = (SimulatedPerson("ada", "Ada"), SimulatedPerson("ben", "Ben"), SimulatedPerson("cy", "Cy"))

    def __init__(self) -> None:
        routes = {
            Operation.POST: ("POST /threads/{thread}", self._post),
            Operation.POST_FILE: ("POST /threads/{thread}", self._post),
            Operation.EDIT: ("PUT /messages/{message}", self._edit),
            Operation.DELETE: ("DELETE /messages/{message}", self._delete),
            Operation.LIST_MESSAGES: ("GET /threads/{thread}", self._list),
            Operation.REPLY_PRIVATELY: ("POST /threads/{thread}/private", self._post),
        }
        self.requests = {operation: (route,) for operation, (route, _) in routes.items()}
        more = {"GET /events/{after}": self._poll, "GET /me": self._me}
        server = self._server = JsonServer(dict(routes.values()) | more)
        self.start, self.stop, self.until, self.log = server.start, server.stop, server.until, server.log
        self.connected = partial(server.until, lambda: server.in_progress["GET /events/{after}"] > 0)
        self._messages: dict[str, Shown] = {}
        self._threads: dict[str, str] = {}  # by message
        self._nonces: dict[str, str] = {}  # messages by nonce
        self._events: list[dict[str, str]] = []

    @property
    def env(self) -> dict[str, str]:
        return {"TOY_URL": self._server.address, "TOY_TOKEN": self._server.token}

    async def ask(self, person: SimulatedPerson, text: str, thread: str = "") -> str:
        message = self._add(Shown("", person.name, [text]), thread)
        self._notify("said", message, person, text=text)
        return self._threads[message]

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> None:
        await self.ask(person, text, thread)

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        if button not in [one.id for shown in self.thread(thread) for one in shown.buttons]:
            raise LookupError(button)
        self._notify("pressed", message, person, button=button)

    def edit_message(self, message: str, text: str) -> None:
        self._messages[message].versions.append(text)
        self._notify("edited", message, text=text)

    def delete_message(self, message: str) -> None:
        self._notify("deleted", message)
        del self._messages[message]

    def thread(self, thread: str) -> list[Shown]:
        return [shown for shown in self._messages.values() if self._threads[shown.id] == thread]

    def private_messages(self, thread: str, person: SimulatedPerson) -> list[Shown]:
        return [shown for shown in self.thread(thread) if shown.only_for == person.id]

    def refuse(self, operation: Operation, failure: Failure, **how: Any) -> None:
        self._server.refuse(self.requests[operation][0], failure, **how)

    def _add(self, shown: Shown, thread: str) -> str:
        shown.id = str(len(self._threads) + 1)
        self._threads[shown.id] = thread or shown.id
        self._messages[shown.id] = shown
        return shown.id

    def _notify(self, kind: str, message: str, person: SimulatedPerson | None = None, **more: str) -> None:
        person = person or next(one for one in self.people if one.name == self._messages[message].author)
        about = {"id": str(len(self._events) + 1), "thread": self._threads[message], "message": message}
        self._events.append({"kind": kind, "person": person.id, "name": person.name, **about, **more})
        self._server.changed()

    async def _post(self, body: dict[str, Any], thread: str) -> dict[str, str]:
        """A nonce that was used before returns the message of that time."""
        message = self._nonces.get(body.get("nonce")) if "nonce" in body else None
        if message is None:
            shown = Shown("", "aion", [], True, only_for=body.get("only_for"), files=body.get("files", {}))
            self._show(shown, body)
            message = self._nonces[body.get("nonce")] = self._add(shown, thread)
        return {"id": message}

    async def _edit(self, body: dict[str, Any], message: str) -> None:
        self._show(self._messages[message], body)

    def _show(self, shown: Shown, body: dict[str, Any]) -> None:
        if len(body["text"]) > 2_000:
            raise ValueError("too long")
        shown.versions.append(body["text"])
        shown.buttons = tuple(ShownButton(**button) for button in body["buttons"])

    async def _delete(self, _: None, message: str) -> None:
        del self._messages[message]

    async def _list(self, _: None, thread: str) -> list[str]:
        return [shown.id for shown in self.thread(thread) if shown.by_bot and shown.only_for is None][:-21:-1]

    async def _me(self, _: None) -> dict[str, str]:
        return {"name": "aion"}

    async def _poll(self, _: None, after: str) -> list[dict[str, str]]:
        """Respond as soon as there is an event after the one that the bot names, or without any after half a minute."""
        with suppress(TimeoutError):
            await self.until(lambda: len(self._events) > int(after), timeout=30)
        return self._events[int(after) :]
