"""The command line: the composition root, and the only place that names `adapters`."""

import asyncio
import functools
import json
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import adapters
from aion_bot import __version__, app, doctor, log_config
from aion_bot.commands import access, composing, database, demo_problems, guided_setup
from aion_bot.commands.output import environment as _environment
from aion_bot.commands.output import say as _say
from aion_bot.composition.hosted import Hosting
from aion_bot.config import CONFIG, Settings, read_approvers, read_keys, read_rules
from aion_bot.domain import strings
from aion_bot.domain.approval_conflicts import approval_conflicts
from aion_bot.domain.rule_keys import APPROVERS
from aion_bot.domain.rules import Rule, Rules
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.monitoring import CannotListen
from aion_bot.ports import secret_files
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import Finding, Status, fail
from aion_bot.ports.platform_package import MessageLinks, SetUpGuide, id_forms_of
from aion_bot.ports.secrets import secrets_in
from aion_bot.ports.settings import EnvironmentFileError, Problem, check_public_url, read_environment
from aion_bot.storage import StoreError, UnfitServer

program = typer.Typer(
    name="aion-bot",
    help="Talk to Aion from your team's chat: answers that grow in the thread, plans behind buttons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its frames would print local variables, tokens among them
)


def main() -> None:
    """Run the program. An exception that nobody caught is written without secrets; the exit status is then 1."""
    log_config.strike_tracebacks()
    try:
        program()
    except Exception as error:  # noqa: BLE001  # Python would write it as it is
        log_config.print_error(error)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"aion-bot {__version__}")
        raise typer.Exit


program.add_typer(database.program)


def _message_of_link(link: str) -> tuple[str, str] | None:
    """Return the platform and the opaque id of the message that a link names; see `database.MessageOfLink`."""
    for platform in adapters.platforms():
        found = platform.message_of_link(link) if isinstance(platform, MessageLinks) else None
        if found is not None:
            return platform.__name__.rpartition(".")[2], found  # type: ignore[attr-defined]  # a module
    return None


@program.callback()
def _options(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001  # the callback acts on it
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Talk to Aion from your team's chat."""
    ctx.obj = _message_of_link


def compose(env: Mapping[str, str]) -> tuple[Settings | None, list[PlatformAdapter], list[Problem]]:
    """Read every setting and build the adapters; finds all problems at once and connects to nothing."""
    composed = _composed(env)
    return composed.settings, composed.adapters, composed.problems


def _composed(env: Mapping[str, str]) -> composing.Composed:
    return composing.compose(env, adapters.platforms(), adapters.discover)


def read_secrets(env: Mapping[str, str]) -> secret_files.SecretFiles:
    """Read the files of secrets: those of Aion and of each platform."""
    return composing.read_secrets(env, adapters.platforms())


def read_file(env: Mapping[str, str]) -> tuple[Rules, list[Problem]]:
    """Read `aion-bot.toml`, which `AION_BOT_CONFIG` may name; the demo reads none."""
    named, forms = env.get(CONFIG), [id_forms_of(platform) for platform in adapters.platforms()]
    rules, problems = read_rules(Path(named) if named else None, forms)
    problems = problems or approval_conflicts(rules.with_variables(read_approvers(env)), forms)
    return rules, problems or read_keys(rules, env)[1]


def sdk_loggers() -> list[str]:
    """Name the loggers of every platform's SDK."""
    return [logger for platform in adapters.platforms() for logger in platform.loggers()]


@program.command()
def run() -> None:
    """Connect every platform whose variables are set and serve until SIGTERM or SIGINT.

    Settings come from the environment or a .env file in the working directory, a secret also from the file that <NAME>_FILE names,
    rules for places from aion-bot.toml there or from the file that AION_BOT_CONFIG names. SIGHUP reads that file and the files of
    secrets again. Exit status: 0 after a clean stop, 1 if every platform refused its token, or the database or
    AION_BOT_HTTP_ADDRESS cannot be used, 2 if the settings or the file are wrong.
    """
    env = _environment()
    composed = _composed(env)
    rules, more = read_file(env)
    problems, settings = [*composed.problems, *more], composed.settings
    if settings is None or problems:
        for problem in problems:
            _say(problem, sys.stderr)
        raise typer.Exit(2)
    log_config.configure(settings.log_level, settings.log_format, secrets_in(env), sdk_loggers())
    if isinstance(settings.database, PostgresUrl) and composed.hosts:
        serving = app.host_until_signal(
            Hosting(
                settings, settings.database, composed.hosted, env, composed.env, lambda: read_file(env), rules, composed.alike()
            )
        )  # fmt: skip
    else:
        serving = app.serve_until_signal(settings, composed.adapters, rules, env, lambda: read_file(env))
    try:
        served = asyncio.run(serving)
    except StoreError as error:
        _say(f"AION_BOT_DATABASE_URL: {error}", sys.stderr)
        raise typer.Exit(2 if isinstance(error, UnfitServer) else 1) from None
    except CannotListen as error:
        _say(f"AION_BOT_HTTP_ADDRESS: {error}", sys.stderr)
        raise typer.Exit(1) from None
    if not served:
        print("No platform is left: each refused its token (see above).", file=sys.stderr)
        raise typer.Exit(1)


def _examine(env: Mapping[str, str], *, offline: bool = False) -> tuple[Settings | None, list[Finding]]:
    """Look as doctor does; returns the settings, None where they are wrong, and all findings."""
    composed = _composed(env)
    settings, platforms = composed.settings, composed.adapters
    rules, more = read_file(env)
    names, problems = composed.names(), [*composed.problems, *more]
    examined = doctor.examine(
        settings, problems, names, platforms, rules=rules, secret_files=read_secrets(env).paths,
        env=None if offline else env, hosted=composed.hosted if composed.hosts and not problems else None,
    )  # fmt: skip
    return settings, asyncio.run(examined)


@program.command("doctor")
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as a JSON list.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no service.")] = False,
) -> None:
    """Check the settings, Aion's key and address, the platforms, the database and more; changes nothing.

    One line a finding, with what to do about it; the access policy and the rules in force are among them. Works beside a
    running bot. Warnings do not change the exit status: 0 when nothing failed, 1 otherwise. With --json each finding
    has "check", "status" (ok, warn or fail), "message" and "mend".
    """
    try:
        env = read_environment(Path.cwd())
    except EnvironmentFileError as error:
        findings = [fail(error.problem.variable, error.problem.mend, error.problem.mend)]
    else:
        log_config.configure("error" if as_json else "warning", "text", secrets_in(env), sdk_loggers())
        _, findings = _examine(env, offline=offline)
    if as_json:
        _say(json.dumps([asdict(one) for one in findings], indent=2))
    for one in () if as_json else findings:
        _say(one)
    raise typer.Exit(1 if any(one.status is Status.FAIL for one in findings) else 0)


@program.command("access")
def show_access(
    channel: Annotated[str, typer.Option(help="The id of a channel, a thread or a direct message.")],
    user: Annotated[str, typer.Option(help="The id of a person.")],
    workspace: Annotated[str, typer.Option(help="The id of the workspace, to be sure.")] = "",
) -> None:
    """Say whether a person may use the bot in a channel, and which line of which file or variable says so.

    Asks the platform what the channel is and which roles the person has, as the running bot would. Exit status: 0 allowed,
    1 refused, or the platform does not say what these ids are; 2 if the settings or the file are wrong.
    """
    env = _environment()
    composed = _composed(env)
    rules, more = read_file(env)
    settings, problems = composed.settings, [*composed.problems, *more]
    if settings is None or problems:
        for problem in problems:
            _say(problem, sys.stderr)
        raise typer.Exit(2)
    log_config.configure("error", "text", secrets_in(env), sdk_loggers())
    where = channel, workspace
    judged = (
        access.judge_hosted(settings, rules, composed.hosted, where, user)
        if composed.hosts
        else access.judge_and_close(settings, rules, composed.adapters, where, user)
    )
    try:
        verdict = asyncio.run(judged)
    except (access.NoSuchPlaceError, StoreError) as error:
        _say(error, sys.stderr)
        raise typer.Exit(1) from None
    _say(strings.access_of(user, channel, verdict.refusal.value if verdict.refusal else ""))
    for line in verdict.because:
        _say(line)
    raise typer.Exit(1 if verdict.refusal else 0)


def _has_reactions() -> bool:
    """Tell whether `aion-bot.toml` turns reactions on; a file that does not hold turns on nothing."""
    with suppress(EnvironmentFileError):
        return read_file(read_environment(Path.cwd()))[0].has_reactions
    return False


@program.command()
def manifest(
    http: Annotated[str, typer.Option("--http", help="Public address, for events over HTTP.")] = "",
) -> None:
    """Print the manifest from which a platform makes the app. Exit status 2 if the address of --http cannot be used.

    With --http the app gets no Socket Mode, and sends its events to <address>/slack/events: see AION_BOT_PUBLIC_URL.
    Where aion-bot.toml turns reactions on, the app is told of them.
    """
    if http:
        try:
            http = check_public_url(http)
        except ValueError as error:
            _say(f"--http: {error}", sys.stderr)
            raise typer.Exit(2) from None
    reactions = _has_reactions()
    for platform in adapters.platforms():
        if isinstance(platform, SetUpGuide) and (text := platform.manifest(http, reactions=reactions)):
            print(text, end="")


@program.command()
def init(
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take everything from the environment.")
    ] = False,
) -> None:
    """Set the bot up, step by step: ask for what is missing, check it by real calls, write .env, then look as doctor does.

    What stands in .env and works is kept. Each accepted answer is written at once, so Ctrl-C loses none; an earlier .env
    is copied first. At the end the bot runs until you have written it a first question; decline, and Aion itself is asked;
    with --yes neither. Exit status: 0 when doctor finds nothing wrong, 1 otherwise or when ended; 2 if .env or the file of
    a secret cannot be used, or with --yes a variable is wrong or missing: nothing is written then.
    """
    log_config.configure("error", "text", (), sdk_loggers())
    env = _environment()
    if yes and (problems := [*compose(env)[2], *read_file(env)[1]]):
        for problem in problems:
            _say(problem, sys.stderr)
        raise typer.Exit(2)
    files = read_secrets(env)
    for problem in files.problems:
        _say(problem, sys.stderr)
    if files.problems:
        raise typer.Exit(2)
    guide = guided_setup.GuidedSetup(Path.cwd(), adapters.platforms(), _say)
    try:
        raise typer.Exit(0 if guide.run(files.env, _examine, compose, read_file, asks=not yes) else 1)
    except EnvironmentFileError as error:
        _say(error, sys.stderr)
        raise typer.Exit(2) from None


@program.command()
def demo(
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a fixed tour, print its transcript and exit.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="With --tour: write the ended threads to this file.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", help="Port of the page on loopback.", show_default="8321", min=0, max=65_535),
    ] = None,
) -> None:
    """Run the whole bot with no account and no network: simulated Aion, Slack and Discord in this process.

    Prints the address of a page where both can be used; in a terminal you can also type questions and decide plans, and
    without one it serves until SIGINT or SIGTERM. With --tour the exit status is 0 only if everything came out right; 2 if
    the port or the file cannot be used. Reads no .env and no real token.
    """
    # Neither the demo nor its simulators are loaded to serve a real workspace.
    from aion_bot.demo.modes import until_signal

    if (tour and port is not None) or (html is not None and not tour):
        raise typer.BadParameter("--html goes with --tour, --port without it")
    if html is not None and (said := demo_problems.not_writable(html)):
        _say(said, sys.stderr)
        raise typer.Exit(2)
    log_config.configure("error", "text", (), sdk_loggers())
    with tempfile.TemporaryDirectory(prefix="aion-bot-demo-") as folder:
        try:
            ok = asyncio.run(until_signal(_demo(Path(folder), tour=tour, html=html, port=port)))
        except BrokenPipeError:
            raise  # nobody reads the output any more; typer ends quietly
        except OSError as error:
            said, status = demo_problems.failed(error, html, port)
            _say(said, sys.stderr)
            raise typer.Exit(status) from None
    # None after a signal: so a page is left as a rule, and a tour broken off.
    raise typer.Exit(0 if ok or (ok is None and not tour) else 1)


async def _demo(folder: Path, *, tour: bool, html: Path | None, port: int | None) -> bool:
    from aion_bot.demo import modes
    from aion_bot.demo.bot_process import BotProcess
    from aion_bot.simulators.services import SimulatedServices

    async with SimulatedServices() as services:
        place, reader = services.home
        rules = Rules(channels={place: {APPROVERS: Rule(frozenset({reader}), "the demo")}})
        database = f"sqlite:///{folder / 'demo.db'}"
        env = {**services.env, "AION_BOT_DATABASE_URL": database, "AION_BOT_SHUTDOWN_GRACE": "1"}
        async with BotProcess(functools.partial(_serve_demo, env, rules)) as bot:
            return await (modes.play_tour(services, html) if tour else modes.serve(services, bot, port))


async def _serve_demo(env: Mapping[str, str], rules: Rules, stop: asyncio.Event) -> bool:
    settings, platforms, problems = compose(env)
    if settings is None or problems:
        raise RuntimeError(f"the demo's own settings are wrong: {', '.join(map(str, problems))}")
    return await app.serve(settings, platforms, stop, rules=rules)
