"""A seeded soak test: under every fault nothing is lost and nothing is done twice.

Run it with `python -m benchmarks.chaos --seed N`. One bot serves a simulated Slack and a simulated Discord and asks a simulated
Aion, all in this process. Conversations, presses, restarts, kills and faults are drawn from the seed alone, so that a failing
seed draws the same again. With `--replicas` the bot is three processes on one Postgres server, which serve the app in many
workspaces of Slack over HTTP; they are stopped, killed, paused past their leases and cut off from the database, two at a time.
With `--single` they serve one scope, of which the one that serves is disturbed. The timing differs from run to run, because it
depends on the speed of the machine. The test runs in rounds. At the end of a round faults stop, people press the remaining
buttons, every question is verified, and its data is deleted, so that memory does not grow with the number of turns.
"""

import argparse
import asyncio
import json
import logging
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from aion_bot import log_config
from benchmarks.chaos import journal
from benchmarks.chaos.environment import Bots, Environment
from benchmarks.chaos.extras import Extras
from benchmarks.chaos.faults import inject
from benchmarks.chaos.one_process import OneProcess
from benchmarks.chaos.people import People
from benchmarks.chaos.replicas import Replicas
from benchmarks.chaos.round_end import RoundEnd
from benchmarks.chaos.scenarios import FAULTS, RESTART_EVERY, Scenario, ScenarioGenerator
from benchmarks.chaos.scope_environment import FAULTS as SCOPE_FAULTS
from benchmarks.chaos.scope_environment import ScopeEnvironment
from benchmarks.chaos.scope_replicas import ScopeReplicas
from benchmarks.chaos.slack_workspace import SlackWorkspace
from benchmarks.chaos.verification import BOUNDS, SHOWN, WITHIN_A_DEPLOYMENT, Findings, Verifier

TABLE = (
    "asked", "answered once", "first reported as failed", "Retries that were answered", "finally reported as failed",
    "stopped by a person", "withdrawn in time", "deleted after it failed", "reported as not taken", "never arrived", "lost", "doubled", "stuck", "plans", "plans cut off before they came", "plan actions",
    "plan actions doubled", "interrupted by a stop", "given up after two kills", "reported as unanswered though Aion had answered", "stored by Aion",
    "shown in full",
)  # fmt: skip


class Soak:
    """One run of the soak test."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._bots: Bots
        if options.replicas:
            self._bots = replicas = ScopeReplicas(folder, options.seed)
            self._environment: Environment = ScopeEnvironment(replicas, options.scopes, folder)
        else:
            alone = OneProcess(folder, few_edits=options.few_edits)
            self._bots = Replicas(folder, options.seed) if options.single else alone
            self._environment = Environment(self._bots, http=options.slack == "http")
        self._scenarios = ScenarioGenerator(
            options.seed,
            restart_every=options.restart_every,
            platforms=tuple(self._environment.workspaces),
            faults=SCOPE_FAULTS if options.replicas else FAULTS,
        )
        self._restart_methods = random.Random(options.seed + 1)
        self._begun = time.monotonic()
        self._turns = 0
        self._injecting: set[asyncio.Task[None]] = set()
        self.findings = Findings()

    async def run(self) -> bool:
        """Run rounds until all turns are done or the time is up; returns whether every bound holds."""
        async with self._environment as environment:
            if self._options.few_edits:
                environment.aion.token_delay = 0.05  # answers that are seen to grow
            while self._turns < self._options.turns and not self._time_is_up():
                await self._round(environment)
            for why in environment.missed():
                self.findings.add_violation(WITHIN_A_DEPLOYMENT, 0, why)
                print(f"WRONG: {why}")
            self._report(environment)
        self._bots.close()
        return self.findings.holds

    async def _round(self, environment: Environment) -> None:
        people = People(environment)
        extras = Extras(environment, people)
        await self._ask(environment, people, extras)
        asked_after = time.monotonic() - self._begun
        round_end = RoundEnd(environment, people, lambda: extras.open)
        await round_end.complete(self._restart_methods.choice(("stop", "kill")))
        await environment.end("stop")
        verifier = Verifier(environment, people, round_end)
        findings = verifier.verify()
        for kind, number, why in extras.verify():
            findings.add_violation(kind, number, why)
        for why in self._bots.violations():
            findings.add_violation("done by a replica that did not serve", 0, why)
        for why in environment.violations():
            findings.add_violation(WITHIN_A_DEPLOYMENT, 0, why)
        self.findings.add(findings)
        for why, number in findings.wrong[:20]:
            keys = [row.key for row in verifier.rows.get(number, ())]
            _show(environment, why, number, journal.whole_rows(keys, environment.databases))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        kept = ", ".join(f"{kind} {findings.counts[kind]}" for kind in BOUNDS)
        print(
            f"{time.monotonic() - self._begun:5.0f} s  {self._turns:>6} turns (asked after {asked_after:.0f} s): "
            f"{kept}; {memory} MB",
            flush=True,
        )
        environment.forget(set(environment.records))
        self._scenarios.forget()
        await environment.start()

    async def _ask(self, environment: Environment, people: People, extras: Extras) -> None:
        """Ask the questions of one round, several at a time."""
        slots, turns = asyncio.Semaphore(self._options.at_once), set()

        async def turn(scenario: Scenario) -> None:
            async with slots:
                await people.turn(scenario)
                await extras.after(scenario)

        for _ in range(min(self._options.round, self._options.turns - self._turns)):
            if self._time_is_up():
                break
            self._turns += 1
            scenario = self._scenarios.draw(self._turns)
            async with slots:
                await asyncio.sleep(0)
            turns.add(asyncio.create_task(turn(scenario)))
            await self._inject(environment, scenario)
        for failed in await asyncio.gather(*turns, return_exceptions=True):
            if isinstance(failed, BaseException):
                raise failed
        await asyncio.gather(*self._injecting)

    async def _inject(self, environment: Environment, scenario: Scenario) -> None:
        if scenario.fault:
            self._spawn(asyncio.create_task(inject(environment, scenario)))
        if scenario.restart:
            self._spawn(asyncio.create_task(environment.restart(scenario.restart)))

    def _spawn(self, task: "asyncio.Task[None]") -> None:
        self._injecting.add(task)
        task.add_done_callback(self._injecting.discard)

    def _time_is_up(self) -> bool:
        return bool(time.monotonic() - self._begun > self._options.minutes * 60)

    def _report(self, environment: Environment) -> None:
        counts = self.findings.counts
        for name in TABLE:
            print(f"{name:>48}  {counts[name]:>6}")
        print(f"{'share shown in full':>48}  {self.findings.share_shown:.4%} (at least {SHOWN:.1%})")
        for name, times in sorted(environment.totals.items()):
            print(f"{name:>48}  {times:>6}")
        for reason, times in self.findings.reasons.most_common():
            print(f"{times:>8} times: {reason}")
        figures = {name: counts[name] for name in TABLE} | {
            "seed": self._options.seed,
            "seconds": round(time.monotonic() - self._begun),
            "stops": environment.stops,
            "kills": environment.kills,
            "deletions on Slack": sum(one.api.calls["chat.delete"] for one in environment.slacks),
            "share shown in full": round(self.findings.share_shown, 5),
            **environment.totals,
            **self._bots.figures(),
            **environment.figures(),
            "holds": self.findings.holds,
        }
        print(json.dumps(figures))


def _show(environment: Environment, why: str, number: int, rows: list[dict[str, object]]) -> None:
    """Print a violation with the rows of its turns, and with the messages of its thread."""
    print(f"WRONG: question {number}: {why}")
    record = environment.records.get(number)
    if record is None:
        return
    print(
        f"  {record.scenario}\n  accepted {record.accepted}, calls {record.calls}, episodes {record.episodes}"
    )
    if not rows and isinstance(slack := environment.workspaces[record.scenario.platform], SlackWorkspace):
        print(f"  sent {slack.deliveries(record.message)}, ended {environment.ended}")
    for row in rows:
        print(f"  = {row}")
    for one in environment.workspaces[record.scenario.platform].shown(record.thread):
        print(f"  | {one.id} {_short(one.text)} {list(one.buttons) or ''} {one.key}".rstrip())


def _short(text: str) -> str:
    flat = " / ".join(text.split("\n"))
    return flat if len(flat) < 300 else f"{flat[:140]} … {flat[-140:]}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.chaos", description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0, help="no turn begins after this")
    parser.add_argument(
        "--round", type=int, default=1000, help="turns until everything has ended and is verified"
    )
    parser.add_argument("--at-once", type=int, default=80, help="turns under way together")
    parser.add_argument(
        "--restart-every", type=float, default=RESTART_EVERY, help="mean number of turns between two restarts"
    )
    parser.add_argument(
        "--replicas",
        action="store_true",
        help="three processes that serve many workspaces on one Postgres server",
    )
    parser.add_argument("--scopes", type=int, default=20, help="workspaces that the replicas serve")
    parser.add_argument(
        "--single", action="store_true", help="three processes on one Postgres database, of which one at a time serves"
    )  # fmt: skip
    parser.add_argument(
        "--few-edits", action="store_true", help="one process with so few edits on Slack that answers are replaced at their ends"
    )  # fmt: skip
    parser.add_argument("--slack", choices=("sockets", "http"), default="sockets", help="how Slack delivers")
    parser.add_argument("--folder", type=Path, help="where everything is written, which stays there")
    parser.add_argument("--log", choices=("debug", "info", "warning", "error", "off"), default="off")
    return parser.parse_args()


def main() -> int:
    options = _options()
    print(f"seed {options.seed}", flush=True)
    log_config.configure("error" if options.log == "off" else options.log, "text", ())
    if options.log == "off":
        logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="aion-bot-chaos-") as folder:
        if options.folder is not None:
            return 0 if asyncio.run(Soak(options, options.folder).run()) else 1
        return 0 if asyncio.run(Soak(options, Path(folder)).run()) else 1


if __name__ == "__main__":
    sys.exit(main())
