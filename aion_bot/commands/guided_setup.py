"""`aion-bot init`: asks for what is missing, checks each answer by a real call, and writes `.env`."""

import asyncio
import base64
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import typer

from aion_bot.commands import first_question
from aion_bot.config import CONFIG, Settings
from aion_bot.diagnosis import aion
from aion_bot.domain import strings
from aion_bot.domain.rules import Rules
from aion_bot.domain.rules_file import template
from aion_bot.ports import private_files, secret_files
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import CreatedApp, Finding, Status, fail, unfinished
from aion_bot.ports.env_file import EnvFile
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.platform_package import (
    AppCreation,
    Platform,
    SetUpGuide,
    VariableProbe,
    manifest_of,
    required_of,
    secrets_of,
    steps_left,
    steps_of,
)
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import PROXY_URL, Problem, read_environment

_PATIENCE = 30.0
"""Seconds that a service has to answer about one token."""

_UNANSWERED = (PlatformError, TimeoutError, LookupError, TypeError, ValueError)
"""What asking a platform may raise."""

Examine = Callable[[Mapping[str, str]], tuple[Settings | None, Sequence[Finding]]]
"""Looks at a set-up as doctor does."""

Compose = Callable[[Mapping[str, str]], tuple[Settings | None, Sequence[PlatformAdapter], Sequence[Problem]]]
"""Reads every setting and builds the adapters."""

ReadRules = Callable[[Mapping[str, str]], tuple[Rules, Sequence[Problem]]]
"""Reads `aion-bot.toml`."""


class GuidedSetup:
    """One set-up of the bot in `folder`. What `say` prints has no secrets in it; it strikes them."""

    def __init__(self, folder: Path, platforms: Sequence[Platform], say: Callable[[object], None]) -> None:
        self._path = folder / ".env"
        self._file = EnvFile(self._path)
        self._platforms = platforms
        self._say = say

    def run(
        self, env: Mapping[str, str], examine: Examine, compose: Compose, rules: ReadRules, *, asks: bool
    ) -> bool:
        """Ask, or take everything from the environment; then look as doctor does. True if it finds nothing wrong.

        Raises `EnvironmentFileError`.
        """
        try:
            if not asks:
                self.take()
            elif not self.ask(env):
                return False
            env = read_environment(self._path.parent)
            settings, findings = examine(env)
            for one in findings:
                self._say(one)
            if settings is None or any(one.status is Status.FAIL for one in findings):
                return False
            if asks and _confirms(strings.ASK_IN_CHAT, default=True):
                # Doctor has closed its adapters.
                self._ask_in_chat(settings, compose(env)[1], rules(env)[0])
            elif asks:
                self._say(asyncio.run(first_question.ask_aion(settings)))
        except (typer.Abort, KeyboardInterrupt):
            self._say(strings.set_up_ended(str(self._path) if self._path.exists() else ""))
            return False
        return True

    def _ask_in_chat(self, settings: Settings, platforms: Sequence[PlatformAdapter], rules: Rules) -> None:
        """Run the bot until a first question is answered, or Ctrl-C ends that."""
        try:
            asyncio.run(first_question.ask_through_bot(settings, platforms, rules, self._say))
        except KeyboardInterrupt:
            self._say(strings.QUESTION_SKIPPED)

    def take(self) -> None:
        """Write every variable of the bot that the environment has, addresses too. Raises `EnvironmentFileError`."""
        known = [*Settings.variables(), *(name for one in self._platforms for name in one.variables())]
        secrets = [*Settings.required(), *(name for one in self._platforms for name in secrets_of(one))]
        known += secret_files.variables(secrets)
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
            if any(given.get(name) for name in required_of(one, given))
            or typer.confirm(f"Connect {_name(one)}?", default=True)
        ]
        if not wanted:
            self._say(strings.NO_PLATFORM_CHOSEN)
            return False
        by_hand = [len(steps_of(one, given)) for one in wanted if isinstance(one, SetUpGuide)]
        self._say(strings.manual_steps(1 + sum(by_hand)))
        if not self._variable(given, aion.KEY, strings.KEY_STEP, None):
            return False
        for platform in wanted:
            required, sentences = required_of(platform, given), self._steps(given, platform)
            for name in dict.fromkeys([*sentences, *required]):
                if name not in required:
                    self._say(f"- {sentences[name]}.")
                elif not self._variable(given, name, sentences.get(name, ""), platform):
                    return False
        self._offer_rules(given)
        return True

    def _offer_rules(self, given: Mapping[str, str]) -> None:
        """Write a commented `aion-bot.toml` if it is wanted; a file that is there stays as it is."""
        path = Path(given.get(CONFIG) or self._path.with_name("aion-bot.toml"))
        if os.path.lexists(path) or not _confirms(strings.WRITE_TOML, default=False):
            return
        try:
            # Fails where a file has come meanwhile.
            private_files.create(path)
            private_files.write_text(path, template())
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            self._say(strings.toml_not_written(str(path), reason))
        else:
            self._say(strings.toml_written(str(path)))

    def _steps(self, given: Mapping[str, str], platform: Platform) -> Mapping[str, str]:
        """Have the platform create the app, or show from what a person does; returns the steps that are left to them."""
        required = required_of(platform, given)
        if isinstance(platform, AppCreation) and not all(given.get(one) for one in required):
            subject = strings.created_by_init(_name(platform))
            app = self._file.noted(subject)
            if app:
                self._say(strings.app_is_there(app, str(self._path)))
            elif given.get(platform.creation_token()) and not any(given.get(one) for one in required):
                created = asyncio.run(_create_app(given, platform))
                for one in created.findings:
                    self._say(one)
                if app := created.id:
                    self._said_written(self._file.note(subject, app))
            if app:
                return steps_left(platform, given, app)
        if not isinstance(platform, SetUpGuide):
            return {}
        if not all(given.get(one) for one in required):
            self._show_manifest(manifest_of(platform, given))
        return steps_of(platform, given)

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
        self._said_written(self._file.write(values))

    def _said_written(self, differs: bool) -> None:
        if differs:
            self._say(strings.written(str(self._path), str(self._file.copy or "")))

    def _show_manifest(self, manifest: str) -> None:
        """Print a manifest, and hand it to a terminal's clipboard (OSC 52 of xterm's *Control Sequences*)."""
        if not manifest:
            return
        self._say(manifest)
        if sys.stdout.isatty():
            sys.stdout.write(f"\x1b]52;c;{base64.b64encode(manifest.encode()).decode()}\x07")
            self._say(strings.MANIFEST_COPIED)


def _confirms(question: str, *, default: bool) -> bool:
    """Ask whether to do what is left to choose; the end of the input says no."""
    try:
        return typer.confirm(question, default=default)
    except typer.Abort:
        return False


def _name(platform: object) -> str:
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
    except _UNANSWERED as error:
        return [_unanswered(error, name, _name(platform), "then press Enter")]


async def _create_app(given: Mapping[str, str], platform: AppCreation) -> CreatedApp:
    """Have the platform create the app; a platform that does not answer is a finding."""
    try:
        return await platform.create_app(given)
    except _UNANSWERED as error:
        return CreatedApp(
            "", [_unanswered(error, platform.creation_token(), _name(platform), "then start again")]
        )


def _unanswered(error: Exception, name: str, platform: str, then: str) -> Finding:
    """Say that a platform was asked about a variable in vain, and what to do `then`."""
    if isinstance(error, RateLimited):
        return fail(name, "was not checked", unfinished(error).mend)
    if isinstance(error, PlatformError | TimeoutError):
        mend = f"let this machine reach {platform}, or name a proxy in {PROXY_URL}; {then}"
        return fail(name, f"no answer ({error or type(error).__name__})", mend)
    mend = f"look whether a proxy is between, {then}"
    return fail(name, f"an answer that cannot be read ({type(error).__name__})", mend)
