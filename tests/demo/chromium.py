"""Headless Chromium, controlled over its DevTools protocol.

The protocol: https://chromedevtools.github.io/devtools-protocol
"""

import asyncio
import base64
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

BROWSER = shutil.which("chromium")
ABSENT = "Chromium is not installed (Debian's package `chromium`)"

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
KEY_CODES = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40}
PATIENCE = 30.0
"""The time limit of every wait, in seconds."""


class Tab:
    """One tab. `errors` are uncaught errors of the page and errors on its console."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.errors: list[str] = []
        self.requested: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._session: dict[str, str] = {}
        self._loaded = asyncio.Event()

    async def open(self) -> None:
        """Open the tab and subscribe to its errors."""
        made = await self.send("Target.createTarget", url="about:blank")
        attached = await self.send("Target.attachToTarget", targetId=made["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.send(f"{domain}.enable")

    async def go(self, address: str) -> None:
        """Load a page."""
        self._loaded.clear()
        await self.send("Page.navigate", url=address)
        async with asyncio.timeout(PATIENCE):
            await self._loaded.wait()

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, or of the promise that it is."""
        response = await self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in response:
            raise AssertionError(json.dumps(response["exceptionDetails"]))
        return response["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until a JavaScript expression holds, looking again after every change of the page."""
        watching = f"""new Promise((resolve, reject) => {{
          const look = () => {{ if ({condition}) {{ watcher.disconnect(); resolve(true); }} }};
          const watcher = new MutationObserver(look);
          const all = {{ subtree: true, childList: true, attributes: true, characterData: true }};
          watcher.observe(document.documentElement, all);
          setTimeout(() => reject({json.dumps(condition)} + " in: " + document.body.innerText), {PATIENCE * 1000});
          look();
        }})"""
        await self.evaluate(watching)

    async def click(self, selector: str) -> None:
        """Wait for an element and click it."""
        chosen = f"document.querySelector({json.dumps(selector)})"
        await self.until(f"{chosen} !== null")
        await self.evaluate(f"{chosen}.click()")

    async def key(self, name: str, text: str = "") -> None:
        """Press a key."""
        more: dict[str, Any] = {"text": text} if text else {}
        if name in KEY_CODES:
            more["windowsVirtualKeyCode"] = KEY_CODES[
                name
            ]  # what moves the focus or closes a popover looks at it
        await self.send("Input.dispatchKeyEvent", type="keyDown", key=name, code=name, **more)
        await self.send("Input.dispatchKeyEvent", type="keyUp", key=name, code=name)

    async def type(self, words: str) -> None:
        """Type into the focused element."""
        await self.send("Input.insertText", text=words)

    async def resize(self, width: int, height: int, *, dark: bool = False, scale: float = 1.0) -> None:
        """Set the size of the window in CSS pixels, and the light or dark scheme."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.send("Emulation.setEmulatedMedia", features=[scheme, still])

    async def show(self, html: str) -> None:
        """Show a document in place of the page."""
        frame = (await self.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        await self.send("Page.setDocumentContent", frameId=frame, html=html)

    async def picture(
        self, selector: str, *, margin: int = 0, kind: str = "png", quality: int | None = None
    ) -> bytes:
        """Take a picture of an element with a margin in CSS pixels.

        `kind` is "png", "jpeg" or "webp", `quality` from 0 to 100 for the last two.
        """
        clip = await self.evaluate(
            f"(({{x, y, width, height}}, m) => ({{x: x + scrollX - m, y: y + scrollY - m, width: width + 2 * m,"
            f" height: height + 2 * m, scale: 1}}))"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect(), {margin})"
        )
        how = {"format": kind} if quality is None else {"format": kind, "quality": quality}
        shot = await self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True, **how)
        return base64.b64decode(shot["data"])

    async def send(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **self._session})
        async with asyncio.timeout(PATIENCE + 5):
            return await answer

    async def listen(self) -> None:
        """Receive the browser's messages."""
        async for frame in self._socket:
            message = frame.json()
            if "id" in message:
                self._answer(message)
            else:
                self._hear(message["method"], message["params"])

    def _answer(self, message: Mapping[str, Any]) -> None:
        waiting = self._answers.pop(message["id"])
        if waiting.done():
            return
        if "error" in message:
            waiting.set_exception(AssertionError(message["error"]["message"]))
        else:
            waiting.set_result(message["result"])

    def _hear(self, event: str, about: Mapping[str, Any]) -> None:
        if event == "Page.loadEventFired":
            self._loaded.set()
        elif event == "Network.requestWillBeSent":
            self.requested.append(about["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(about["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled" and about["type"] in {"error", "warning", "assert"}:
            self.errors.append(json.dumps(about["args"]))
        elif event == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.errors.append(about["entry"]["text"])


@asynccontextmanager
async def tab() -> AsyncIterator[Tab]:
    """A browser with one tab."""
    assert BROWSER is not None, ABSENT
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            BROWSER,
            *FLAGS,
            f"--user-data-dir={profile}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(await _address(process), max_msg_size=0) as socket,
            ):
                made = Tab(socket)
                listening = asyncio.create_task(made.listen())
                await made.open()
                yield made
                listening.cancel()
                await asyncio.wait({listening})
        finally:
            process.terminate()
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read the browser's DevTools address from its log."""
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stderr:
            if found := re.search(rb"DevTools listening on (ws://\S+)", line):
                return found[1].decode()
    raise AssertionError("the browser ended before it listened")
