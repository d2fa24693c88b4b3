"""Several companies' Aions behind one address: the key of a request chooses the company."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from aion_bot.simulators.aion import uploads
from aion_bot.simulators.aion.server import BASE_PATH, OPERATIONS, SimulatedAion, Taken


class AionTenants:
    """A simulated Aion for each key: none has the sessions, the files or the limits of another one.

    `how` is handed to every `SimulatedAion`. The first key is the one that the settings name.
    """

    def __init__(self, keys: Sequence[str], **how: Any) -> None:
        self.tenants: dict[str, SimulatedAion] = {}
        for number, key in enumerate(keys):
            made = self.tenants[key] = SimulatedAion(**how)
            made.api_key = key
            made.files.mark = made.sessions.mark = f"{number}-"
        self._first = self.tenants[keys[0]]
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        """Serve on a free loopback port."""
        app = web.Application(client_max_size=16 * 1024**2)
        for operation, (method, path, _) in OPERATIONS.items():
            app.router.add_route(method, BASE_PATH + path, self._serving(operation))
        app.router.add_put(uploads.STORAGE_PATH, self._put_object)
        app.router.add_get(uploads.PICTURE_PATH, self._get_picture)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop serving."""
        for one in self.tenants.values():
            await one.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a client to it, with the first key."""
        return {
            "AIONVISION_API_KEY": self._first.api_key,
            "AIONVISION_BASE_URL": f"http://127.0.0.1:{self._port}{BASE_PATH}",
        }

    @property
    def crossed(self) -> list[tuple[str, Taken]]:
        """The requests that name a session of another company, each with the key that it carried."""
        return [
            (key, taken)
            for key, one in self.tenants.items()
            for taken in one.requests
            if (session := taken.path.get("session_id")) and one.sessions.find(session) is None
            and any(other.sessions.find(session) for other in self.tenants.values())
        ]  # fmt: skip

    def _serving(self, operation: str) -> Any:
        handler = OPERATIONS[operation][2]

        async def serve(request: web.Request) -> web.StreamResponse:
            # The first one refuses a key that none has.
            key = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return await self.tenants.get(key, self._first).serve(operation, handler, request)

        return serve

    async def _put_object(self, request: web.Request) -> web.StreamResponse:
        """Take the bytes of a document: its address has no key, but the signature of one company."""
        key, signature = request.match_info["object_key"], request.query.get("X-Amz-Signature")
        found = (
            one for one in self.tenants.values() if key in one.objects and one.objects[key].signature == signature
        )  # fmt: skip
        return await next(found, self._first).serve("put_object", uploads.put_object, request)

    async def _get_picture(self, request: web.Request) -> web.StreamResponse:
        found = (one for one in self.tenants.values() if one.files.find(request.match_info["file_id"]))
        return await uploads.get_picture(next(found, self._first), request)
