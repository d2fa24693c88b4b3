"""The page on a loopback port: the document, its changes as server-sent events, and the forms."""

import asyncio
import errno
import functools
import json
import secrets
from collections.abc import Mapping
from pathlib import PurePath
from typing import Self

from aiohttp import web

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import forms, layout, message_menu, view
from aion_bot.demo.page.assets import asset
from aion_bot.demo.page.changes import changes
from aion_bot.demo.page.guard import DEFAULT_PORT, HEADERS, Guard
from aion_bot.demo.page.pictures import Album, media_type
from aion_bot.demo.page.platforms import sides
from aion_bot.demo.page.sides import Side, find, who
from aion_bot.demo.page.trouble import MENU, Troubles
from aion_bot.demo.page.view import Look, Parts
from aion_bot.simulators.aion.photos import ROOF_LEAK
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson, Workspace

HOST = "127.0.0.1"
TICK = 1.0
"""Seconds after which the meters are rendered again without a change."""

GAP = 0.06
"""The shortest time in seconds between two updates of one browser."""

MOST = 96 * 1024**2
"""Bytes of a form with its files, which stay in memory: more than the library takes of one (`modes.serve`)."""

TOO_LARGE = "The page does not take so much at once. Choose smaller files."
NO_ANSWER = "{} says: the application did not respond. (The bot was away.)"
NO_FORM = "That form is no longer open, or its words were not taken."
GONE = "That button is no longer there."
LEFT = "That message is no longer there, or the bot is away."

_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Page:
    """The server of the page, as a context manager.

    `port` None: the default port, or any if that is in use. `most`: bytes of a form with its files. Raises OSError.
    """

    def __init__(
        self, services: SimulatedServices, bot: BotProcess, port: int | None = None, *, most: int = MOST
    ) -> None:
        self._wanted = port
        self._most = most
        self._port = 0
        self._token = secrets.token_urlsafe(16)
        self._sides = sides(services.workspaces)
        self._troubles = Troubles(services, bot, self._notify)
        self._album = Album()
        self._looking: set[asyncio.Event] = set()
        self._watching: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """The URL of the page. The token in it is the permission to use it."""
        return f"http://{HOST}:{self._port}/{self._token}/"

    @property
    def listens_on(self) -> str:
        """The interface that the page listens on."""
        return str(self._runner.addresses[0][0]) if self._runner is not None else ""

    async def __aenter__(self) -> Self:
        """Start to serve."""
        guard = Guard(self._token, lambda: self._port)
        app = web.Application(middlewares=[guard.middleware], client_max_size=self._most)
        app.router.add_get("/{token}/", self._show)
        app.router.add_get("/{token}/events", self._follow)
        app.router.add_get("/{token}/{file:style.css|script.js|icon.svg}", _file)
        app.router.add_get("/{token}/picture/{key}", self._picture)
        app.router.add_post("/{token}/say", self._say)
        app.router.add_post("/{token}/press", self._press)
        app.router.add_post("/{token}/act", self._act)
        app.router.add_post("/{token}/fill", self._fill)
        app.router.add_post("/{token}/trouble", self._trouble)
        app.router.add_post("/{token}/close", self._close)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        self._port = await self._listen(self._runner)
        self._watching = [asyncio.create_task(self._watch(side.workspace)) for side in self._sides]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self._troubles.stop()
        for task in self._watching:
            task.cancel()
        await asyncio.wait(self._watching)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, runner: web.AppRunner) -> int:
        for port in (DEFAULT_PORT, 0) if self._wanted is None else (self._wanted,):
            try:
                await web.TCPSite(runner, HOST, port).start()
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or self._wanted is not None:
                    raise
        return int(runner.addresses[0][1])

    async def _watch(self, workspace: Workspace) -> None:
        """Report every change of a workspace."""
        while True:
            looks = iter((False, True))
            await workspace.until(functools.partial(next, looks), timeout=float("inf"))
            self._notify()

    def _notify(self) -> None:
        for one in self._looking:
            one.set()

    def _parts(self, look: Look) -> Parts:
        return view.draw(self._sides, look, self._troubles.message, self._album.address)

    async def _show(self, request: web.Request) -> web.Response:
        look = self._look(request.query)
        drawn = layout.live(self._sides, look, self._parts(look), MENU)
        return web.Response(text=drawn, content_type="text/html", headers=HEADERS)

    async def _follow(self, request: web.Request) -> web.StreamResponse:
        look = self._look(request.query)
        for side in self._sides:
            person = who(side, look.person)
            side.visit(find(side, person, look.places.get(side.key, "")), person)
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        changed = asyncio.Event()
        self._looking.add(changed)
        shown: dict[str, str] = {}
        try:
            while True:
                changed.clear()
                if update := changes(self._parts(look), shown):
                    await response.write(f"data: {json.dumps(update)}\n\n".encode())
                await asyncio.sleep(GAP)
                await _either(changed)
        except ConnectionResetError:
            return response
        finally:
            self._looking.discard(changed)

    async def _picture(self, request: web.Request) -> web.Response:
        content = self._album.find(request.match_info["key"])
        if content is None:
            raise web.HTTPNotFound(headers=HEADERS)
        # The name is the content's digest: what a browser has kept is what it would get.
        kept = {"Cache-Control": "private, max-age=86400, immutable"}
        return web.Response(body=content, content_type=media_type(content), headers={**HEADERS, **kept})

    async def _say(self, request: web.Request) -> web.Response:
        try:
            form = await _form(request, "side")
        except web.HTTPRequestEntityTooLarge:
            return self._back(self._look(request.query), TOO_LARGE)
        files = await _files(request)
        if form.get("photo"):
            files.append(ROOF_LEAK)
        if not files and not form.get("words"):
            raise web.HTTPBadRequest(text="missing: words", headers=HEADERS)
        look, side = self._look(form), self._side(form["side"])
        person = who(side, look.person)
        place = find(side, person, form.get("place") or _channel(side, person, look))
        try:
            opened = await side.say(person, place, form.get("words", ""), files)
        except (TimeoutError, LookupError):
            return self._back(look, NO_ANSWER.format(side.workspace.name))
        return self._back(look, **{side.key: opened})

    async def _press(self, request: web.Request) -> web.Response:
        form = await _form(request, "press")
        key, place, message, button = (*form["press"].split("|", 3), "", "", "")[:4]
        look, side = self._look(form), self._side(key)
        try:
            await side.workspace.press(who(side, look.person), place, message, button)
        except LookupError:
            return self._back(look, GONE)
        return self._back(look)

    async def _fill(self, request: web.Request) -> web.Response:
        form = await _form(request, "side", "do")
        look, side = self._look(form), self._side(form["side"])
        person, send = who(side, look.person), form["do"] == forms.SEND
        try:
            await forms.fill(side, person, form.get("words", ""), send=send)
        except (LookupError, ValueError):
            return self._back(look, NO_FORM)
        return self._back(look)

    async def _act(self, request: web.Request) -> web.Response:
        form = await _form(request, "target")
        action = next((one for one in message_menu.ACTIONS if one in form), None)
        if action is None:
            raise web.HTTPBadRequest(text="no such action", headers=HEADERS)
        key, place_id, message = (*form["target"].split("|", 2), "", "")[:3]
        look, side = self._look(form), self._side(key)
        person = who(side, look.person)
        place = find(side, person, place_id)
        try:
            shown = await message_menu.act(
                side, person, place, message, action=action, words=form.get("words", "")
            )
        except (TimeoutError, LookupError):
            return self._back(look, LEFT)
        return self._back(look, **{side.key: shown})

    async def _close(self, request: web.Request) -> web.Response:
        form = await _form(request)
        self._troubles.message = ""
        self._notify()
        return self._back(self._look(form))

    async def _trouble(self, request: web.Request) -> web.Response:
        form = await _form(request, "trouble")
        if form["trouble"] not in MENU:
            raise web.HTTPBadRequest(text="no such trouble", headers=HEADERS)
        self._troubles.make(form["trouble"])
        return self._back(self._look(form))

    def _look(self, query: Mapping[str, str]) -> Look:
        return Look.of(query, self._sides)

    def _side(self, key: str) -> Side:
        for side in self._sides:
            if side.key == key:
                return side
        raise web.HTTPBadRequest(text="no such side", headers=HEADERS)

    def _back(self, look: Look, message: str = "", **places: str) -> web.Response:
        """Redirect the browser to the page, with a sentence if there is one."""
        if message:
            self._troubles.message = message
            self._notify()
        return web.Response(status=303, headers={**HEADERS, "Location": "./" + look.address(**places)})


def _channel(side: Side, person: SimulatedPerson, look: Look) -> str:
    """The channel in which a suggested question is asked: the one on the screen, or the one of its thread."""
    place = find(side, person, look.places.get(side.key, ""))
    return place.id if place.kind == "channel" else place.parent


async def _either(changed: asyncio.Event) -> None:
    """Wait for a change, or for the next tick."""
    try:
        async with asyncio.timeout(TICK):
            await changed.wait()
    except TimeoutError:
        return


async def _form(request: web.Request, *wanted: str) -> Mapping[str, str]:
    form = {key: value.strip() for key, value in (await request.post()).items() if isinstance(value, str)}
    if missing := [name for name in wanted if not form.get(name)]:
        raise web.HTTPBadRequest(text=f"missing: {', '.join(missing)}", headers=HEADERS)
    return form


async def _files(request: web.Request) -> list[SimulatedFile]:
    """The files of a form."""
    sent = (one for one in (await request.post()).getall("files", ()) if isinstance(one, web.FileField))
    return [SimulatedFile(PurePath(one.filename).name, one.file.read(), one.content_type) for one in sent]


async def _file(request: web.Request) -> web.Response:
    name = request.match_info["file"]
    return web.Response(text=asset(name), content_type=_KINDS[PurePath(name).suffix], headers=HEADERS)
