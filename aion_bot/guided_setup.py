"""`aion-bot init`: asks for what is missing, checks each answer by a real call, and writes `.env`."""

import asyncio
import base64
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from aion_bot.aion import AionVision, AionvisionError
from aion_bot.config import Settings
from aion_bot.diagnosis import aion
from aion_bot.domain import strings
from aion_bot.ports import secret_files
from aion_bot.ports.adapter import Platform, SetUpGuide, VariableProbe
from aion_bot.ports.diagnosis import Finding, Status, fail, unfinished
from aion_bot.ports.env_file import EnvFile
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import PROXY_URL, read_environment
from aion_bot.ports.text import one_line

_PATIENCE = 30.0
"""Seconds that a service has to answer about one token."""
_ANSWER = 120.0
"""Seconds that Aion has for the first question."""
_SHOWN = 300
"""Characters of the first answer that are shown."""

Examine = Callable[[Mapping[str, str]], tuple[Settings | None, Sequence[Finding]]]
"""Looks at a set-up as doctor does."""


class GuidedSetup:
    """One set-up of the bot in `folder`. What `say` prints has no secrets in it; it strikes them."""

    def __init__(self, folder: Path, platforms: Sequence[Platform], say: Callable[[object], None]) -> None:
        self._path = folder / ".env"
        self._file = EnvFile(self._path)
        self._platforms = platforms
        self._say = say

    def run(self, env: Mapping[str, str], examine: Examine, *, asks: bool) -> bool:
        """Ask, or take everything from the environment; then look as doctor does. True if it finds nothing wrong.

        Raises `EnvironmentFileError`.
        """
        try:
            if not asks:
                self.take()
            elif not self.ask(env):
                return False
            settings, findings = examine(read_environment(self._path.parent))
            for one in findings:
                self._say(one)
            if settings is None or any(one.status is Status.FAIL for one in findings):
                return False
            if asks:
                self._say(asyncio.run(first_question(settings)))
        except (typer.Abort, KeyboardInterrupt):
            self._say(strings.set_up_ended(str(self._path.parent)))
            return False
        return True

    def take(self) -> None:
        """Write every variable of the bot that the environment has, addresses too. Raises `EnvironmentFileError`."""
        known = [*Settings.variables(), *(name for one in self._platforms for name in one.variables())]
        required = [*Settings.required(), *(name for one in self._platforms for name in one.required())]
        known += secret_files.variables(required)
        self._write({name: os.environ[name] for name in known if os.environ.get(name, "").strip()})

    def ask(self, env: Mapping[str, str]) -> bool:
        """Ask in the terminal for what is missing; False if nothing is to be connected, or an answer could have no effect.

        Raises `EnvironmentFileError`, and `typer.Abort` at Ctrl-C or the end of the input.
        """
        given = dict(env)
        KNOWN.know(secrets_in(given))
        wanted = [
            one
            for one in self._platforms
            if any(given.get(name) for name in one.required())
            or typer.confirm(f"Connect {_name(one)}?", default=True)
        ]
        if not wanted:
            self._say(strings.NO_PLATFORM_CHOSEN)
            return False
        steps = [dict(one.manual_steps()) if isinstance(one, SetUpGuide) else {} for one in wanted]
        self._say(strings.manual_steps(1 + sum(map(len, steps))))
        if not self._variable(given, aion.KEY, strings.KEY_STEP, None):
            return False
        for platform, sentences in zip(wanted, steps, strict=True):
            required = platform.required()
            if isinstance(platform, SetUpGuide) and not all(given.get(one) for one in required):
                self._show_manifest(platform.manifest())
            for name in dict.fromkeys([*sentences, *required]):
                if name not in required:
                    self._say(f"- {sentences[name]}.")
                elif not self._variable(given, name, sentences.get(name, ""), platform):
                    return False
        return True

    def _variable(self, given: dict[str, str], name: str, step: str, platform: Platform | None) -> bool:
        """Take a variable that is there and works, or ask until one does. False where the environment would win over it."""
        if given.get(name) and self._works(given, name, platform):
            self._say(strings.kept(name))
            return True
        if file := given.get(f"{name}{secret_files.SUFFIX}", "").strip():
            self._say(strings.set_in_file(name, file))
            return False
        if os.environ.get(name, "").strip():
            self._say(strings.set_in_environment(name))
            return False
        if step:
            self._say(f"- {step}.")
        while True:
            # An empty answer tries the earlier one again: a network may be back.
            value = typer.prompt(name, default=given.get(name, ""), show_default=False, hide_input=True)
            given[name] = value.strip()
            KNOWN.know(secrets_in({name: given[name]}))
            if given[name] and self._works(given, name, platform):
                self._write({name: given[name]})
                return True

    def _works(self, given: Mapping[str, str], name: str, platform: Platform | None) -> bool:
        """Ask the service about a variable, and print what it says."""
        findings = asyncio.run(_check(given, name, platform) if platform else _check_aion(given))
        for one in findings:
            self._say(one)
        return not any(one.status is Status.FAIL for one in findings)

    def _write(self, values: Mapping[str, str]) -> None:
        if self._file.write(values):
            self._say(strings.written(str(self._path), str(self._file.copy or "")))

    def _show_manifest(self, manifest: str) -> None:
        """Print a manifest, and hand it to a terminal's clipboard (OSC 52 of xterm's *Control Sequences*)."""
        if not manifest:
            return
        self._say(manifest)
        if sys.stdout.isatty():
            sys.stdout.write(f"\x1b]52;c;{base64.b64encode(manifest.encode()).decode()}\x07")
            self._say(strings.MANIFEST_COPIED)


def _name(platform: Platform) -> str:
    module: str = platform.__name__  # type: ignore[attr-defined]  # a module
    return module.rpartition(".")[2].title()


async def _check_aion(given: Mapping[str, str]) -> Sequence[Finding]:
    """Check the core's variables, then ask Aion about the key."""
    settings, problems = Settings.read(given)
    if settings is None:
        return [fail(one.variable, one.mend, one.mend) for one in problems]
    return (await aion.diagnose(settings)).findings


async def _check(given: Mapping[str, str], name: str, platform: Platform) -> Sequence[Finding]:
    """Check the form of a variable, then ask its service; a service that does not answer is a finding."""
    if not isinstance(platform, VariableProbe):
        return []
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await platform.probe(given, name)).findings
    except RateLimited as error:
        return [fail(name, "was not checked", unfinished(error).mend)]
    except (PlatformError, TimeoutError) as error:
        mend = f"let this machine reach {_name(platform)}, or name a proxy in {PROXY_URL}; then press Enter"
        return [fail(name, f"no answer ({error or type(error).__name__})", mend)]
    except (LookupError, TypeError, ValueError) as error:
        mend = "look whether a proxy is between, then press Enter"
        return [fail(name, f"an answer that cannot be read ({type(error).__name__})", mend)]


async def first_question(settings: Settings) -> str:
    """Ask Aion one question, in a session that is closed again, and say how long the answer took."""
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(_ANSWER),
            AionVision.from_settings(settings) as client,
            client.chat_session() as session,
        ):
            answer = await session.send(strings.FIRST_QUESTION)
    except (AionvisionError, TimeoutError) as error:
        return strings.no_first_answer(getattr(error, "code", "") or type(error).__name__)
    return strings.first_answer(time.monotonic() - began, one_line(answer.content, _SHOWN))
