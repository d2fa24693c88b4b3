"""The shape of the code as a Markdown table: sizes, comments, and how much of it one question enters.

`make shape` (`python -m benchmarks.shape`) prints two columns: `BEFORE`, measured by this program on the commit that
issue 10 started from, and the tree it is run in. `--root DIR` measures another checkout (a newer or older one: only
the command line `aion_bot.cli:main` and its settings have to exist there).

What is counted
- Sources: every `.py` file of `aion_bot` and `adapters`, without `aion_bot/demo`, `aion_bot/simulators` and the
  generated `aion_bot/aion/_sync` (on the old commit the synchronous client was written by hand, and counts).
- Lines are physical lines. A function reaches from its `def` to its last line, docstring included, decorators not;
  methods and nested functions count, lambdas and stubs (nothing but a docstring, `...` or `pass`) do not.
- Comments are lines that hold a comment for a reader. A line whose comment is only for a tool (`noqa`,
  `type: ignore`, `pragma`) counts when a reason follows in a second comment.
- Loose modules are files directly in `aion_bot/`, without `__init__.py` and `__main__.py`.
- Retry schedules are counted as what one can grep: literal tuples of two or more numbers that are assigned to a name,
  and calls of `asyncio.sleep` with anything but 0; both outside of `aion_bot/concurrency`, where the one schedule is.
- A signature carries an adapter beside what belongs to it if a `PlatformAdapter` is one of at least two parameters
  (`self` aside).
- A question enters every function of these sources whose code ran between the moment the question is sent and the
  moment the bot is at rest after the complete answer: no new function was entered for a second. The bot is at rest in
  the same sense before the question is sent, so that the end of its start (the connection's first events, the sweep of
  old rows) does not count. `sys.setprofile` in every thread of a real `aion-bot run` records them, against the
  simulators in another process. Distinct code objects are counted; lambdas, comprehensions, module bodies and generated
  methods (of dataclasses) are not. Whatever the bot does beside the question in that time counts too (pings, watchers),
  so the figure may differ by two or three.
- The question is asked twice, of a bot of its own each: its answer has citations and pictures, as the simulated Aion
  answers by itself; the answer to the plain question is words alone, with nothing to cite and no agent's results.

Issue 10 counted on that commit 22 loose modules, 337 functions in 57 files for a Slack question, 0.8 comments in 100
lines, 57 signatures and 19 retry schedules, by rules that are not recorded. This program finds the same loose modules,
comments and signatures; 312 functions in 58 files (it leaves out lambdas, comprehensions and generated methods, and
what runs before the question); and counts retry schedules by two rules that one can repeat, without judging which
tuple and which sleep belong together.
"""

import argparse
import ast
import asyncio
import io
import itertools
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Close, Complete, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Workspace

HERE = Path(__file__).parents[1]
COMMIT_BEFORE = "349e88d"
BEFORE: Mapping[str, str] = {
    "lines, core and adapters": "13606",
    "files": "131",
    "functions": "1071",
    "median function, lines": "5",
    "90th percentile function, lines": "14",
    "functions over 40 lines": "1",
    "comments in 100 lines": "0.8",
    "modules loose in `aion_bot`": "22",
    "retry schedules: literal tuples": "12",
    "retry schedules: sleeps": "23",
    "signatures with an adapter beside what belongs to it": "57",
    "functions that one Slack question enters": "312",
    "files that one Slack question enters": "58",
    "functions that one Discord question enters": "319",
    "files that one Discord question enters": "67",
    "functions that one Slack plain question enters": "303",
    "files that one Slack plain question enters": "56",
    "functions that one Discord plain question enters": "309",
    "files that one Discord plain question enters": "64",
}
"""The figures of `COMMIT_BEFORE`: `git worktree add DIR 349e88d; python -m benchmarks.shape --root DIR`."""

QUESTION = "What is damaged on site 7?"
ANSWER = "I found 3 pieces"
"""The simulated Aion answers `QUESTION` with this; the answer is streamed and has references."""
PLAIN = Scene(
    (
        Speak(
            f"{ANSWER} of equipment with damage. The crack in the boom should be looked at before the next lift."
        ),
        Complete(),
        Close(),
    )
)
"""The answer to the plain question."""

LONG = 40
PATIENCE = 60.0
"""Seconds to wait for an answer, and for rest after it."""
REST = 1.0
"""Seconds without a new function after which the bot is at rest."""

_TOOLS = re.compile(r"#\s*(noqa|type:|pragma|ruff|mypy)\b[^#]*")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, parsed."""

    path: Path
    text: str
    tree: ast.Module


def sources(root: Path) -> list[Source]:
    """Read the core and the adapters below `root`."""
    found = []
    for folder in ("aion_bot", "adapters"):
        for path in sorted((root / folder).rglob("*.py")):
            if not is_beside(path.relative_to(root)):
                text = path.read_text("utf-8")
                found.append(Source(path.relative_to(root), text, ast.parse(text)))
    return found


def is_beside(path: Path) -> bool:
    """Whether a path relative to the root belongs to the demo or the simulators, or is generated."""
    return path.parts[1] in {"demo", "simulators"} or "_sync" in path.parts


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method that has a body."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_stub(node):
            yield node


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(one, ast.Pass) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )


def comments(text: str) -> int:
    """How many lines hold a comment for a reader."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return sum(
        1 for token in tokens if token.type == tokenize.COMMENT and _TOOLS.sub("", token.string).strip("# ")
    )


def number_tuples(source: Source) -> int:
    """How many literal tuples of two or more numbers are assigned to a name."""
    return sum(
        1
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Tuple)
        and len(node.value.elts) > 1
        and all(
            isinstance(one, ast.Constant) and isinstance(one.value, int | float) for one in node.value.elts
        )
    )


def sleeps(source: Source) -> int:
    """How many calls of `asyncio.sleep` wait for anything but 0."""
    return sum(
        1
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "asyncio.sleep"
        and not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0)
    )


def carries_adapter(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a signature has a platform adapter beside another parameter."""
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    own = [one for one in every if one.arg not in {"self", "cls"}]
    named = [one for one in own if one.annotation and "PlatformAdapter" in ast.unparse(one.annotation)]
    return bool(named) and len(own) > 1


def static_figures(root: Path) -> dict[str, str]:
    """The figures that need no running program."""
    every = sources(root)
    lines = sum(source.text.count("\n") for source in every)
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for source in every
        for node in functions(source)
        if node.end_lineno is not None
    )
    loose = [one for one in every if one.path.parts[0] == "aion_bot" and len(one.path.parts) == 2]
    outside = [one for one in every if one.path.parts[:2] != ("aion_bot", "concurrency")]
    return {
        "lines, core and adapters": str(lines),
        "files": str(len(every)),
        "functions": str(len(lengths)),
        "median function, lines": f"{statistics.median(lengths):g}",
        "90th percentile function, lines": str(lengths[int(0.9 * (len(lengths) - 1))]),
        f"functions over {LONG} lines": str(sum(1 for length in lengths if length > LONG)),
        "comments in 100 lines": f"{100 * sum(comments(one.text) for one in every) / lines:.1f}",
        "modules loose in `aion_bot`": str(
            sum(1 for one in loose if one.path.name not in {"__init__.py", "__main__.py"})
        ),
        "retry schedules: literal tuples": str(sum(map(number_tuples, outside))),
        "retry schedules: sleeps": str(sum(map(sleeps, outside))),
        "signatures with an adapter beside what belongs to it": str(
            sum(carries_adapter(node) for source in every for node in functions(source))
        ),
    }


async def question_figures(root: Path, place: Workspace, *scenes: Scene, kind: str) -> dict[str, str]:
    """Ask one question and count what it enters of the tree under `root`, from event to closed turn.

    Aion answers with `scenes`, by itself if there are none; `kind` names the question in the table.
    """
    async with SimulatedAion() as aion:
        aion.play(*scenes)
        with tempfile.TemporaryDirectory(prefix="aion-bot-shape-") as folder:
            entered = await _entered(root, aion, place, Path(folder))
    own = [(path, name) for path, name in entered if not is_beside(Path(path))]
    files = {path for path, _ in own}
    return {
        f"functions that one {place.name} {kind} enters": str(len(own)),
        f"files that one {place.name} {kind} enters": str(len(files)),
    }


async def _entered(root: Path, aion: SimulatedAion, place: Workspace, folder: Path) -> list[tuple[str, str]]:
    record = folder / "entered.json"
    bot = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "benchmarks" / "function_recorder.py"),
        str(record),
        cwd=folder,  # so that the developer's .env is not read
        env={
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **aion.env,
            **place.env,
            "AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}",
            "AION_BOT_LOG_LEVEL": "error",
            "PYTHONPATH": str(root),
            "PYTHONSAFEPATH": "1",  # otherwise the program's folder would come first
        },
    )
    asking = asyncio.create_task(_ask(bot, place, record))
    ended = asyncio.create_task(bot.wait())
    try:
        await asyncio.wait({asking, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise RuntimeError(f"the bot ended with status {ended.result()} before it answered")
        return asking.result()
    finally:
        asking.cancel()
        if bot.returncode is None:
            bot.terminate()
        await ended


async def _ask(bot: asyncio.subprocess.Process, place: Workspace, record: Path) -> list[tuple[str, str]]:
    await place.connected(timeout=PATIENCE)
    await _rest(bot, record)
    bot.send_signal(signal.SIGUSR1)
    thread = await place.ask(place.people[0], QUESTION)
    await place.until(lambda: any(ANSWER in shown.text for shown in place.thread(thread)), timeout=PATIENCE)
    return await _rest(bot, record)


async def _rest(bot: asyncio.subprocess.Process, record: Path) -> list[tuple[str, str]]:
    """Wait until the bot is at rest; returns what it has entered."""
    async with asyncio.timeout(PATIENCE):
        before, now = [("", "")], await _read(bot, record)
        while now != before:
            # The pause itself is measured: the bot is at rest after a second without a new function.
            await asyncio.sleep(REST)
            before, now = now, await _read(bot, record)
    return now


async def _read(bot: asyncio.subprocess.Process, record: Path) -> list[tuple[str, str]]:
    """Request the recording and read it."""
    record.unlink(missing_ok=True)  # noqa: ASYNC240  # a small file, and nothing else runs in this loop
    bot.send_signal(signal.SIGUSR2)
    while not record.exists():  # noqa: ASYNC110, ASYNC240  # another process writes it, and there is no event for that
        await asyncio.sleep(0.01)
    return [(path, name) for path, name in json.loads(record.read_text("utf-8"))]  # noqa: ASYNC240  # a small file


async def _questions(root: Path) -> dict[str, str]:
    figures: dict[str, str] = {}
    asked = (("question", ()), ("plain question", (PLAIN,)))
    for (kind, scenes), make in itertools.product(asked, (SimulatedSlack, SimulatedDiscord)):
        place: SimulatedSlack | SimulatedDiscord = make()
        await place.start()
        try:
            figures |= await question_figures(root, place, *scenes, kind=kind)
        finally:
            await place.stop()
    return figures


def table(now: Mapping[str, str], name: str) -> str:
    """The figures as Markdown, beside those of the start."""
    rows = [f"| | before ({COMMIT_BEFORE}) | {name} |", "|---|---:|---:|"]
    rows += [f"| {what} | {BEFORE.get(what, '')} | {figure} |" for what, figure in now.items()]
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The shape of the code, as a Markdown table.")
    parser.add_argument("--root", type=Path, default=HERE, help="the checkout to measure")
    parser.add_argument("--static", action="store_true", help="only what needs no run of the bot")
    options = parser.parse_args()
    root = options.root.resolve()
    figures = static_figures(root)
    if not options.static:
        figures |= asyncio.run(_questions(root))
    print(table(figures, "now" if root == HERE else root.name))


if __name__ == "__main__":
    main()
