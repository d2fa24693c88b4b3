"""Seconds from a clone to a first answer, step by step, with the README's commands and the simulators in the services' places.

What a person does at Aion, Slack and Discord by hand is not in it. Downloads come from whatever index pip is configured for.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import FullWorkspace

ROOT = Path(__file__).resolve().parents[1]
END = "named the hoist"
"""Words at the end of the simulated answer."""
PATIENCE = 900.0
"""Seconds that one step may take."""


async def main(source: str) -> None:
    """Take every step in a new folder, and print what each took."""
    with tempfile.TemporaryDirectory(prefix="aion-bot-first-") as folder:
        clone = Path(folder) / "aion-bot"
        program = str(clone / ".venv" / "bin" / "aion-bot")
        pip = str(clone / ".venv" / "bin" / "pip")
        async with SimulatedServices() as services:
            began = time.monotonic()
            await step("git clone", Path(folder), {}, "git", "clone", "-q", source, str(clone))
            await step("python3 -m venv .venv", clone, {}, sys.executable, "-m", "venv", ".venv")
            locked = ("--require-hashes", "-r", "requirements.txt")
            await step(f"pip install {' '.join(locked)}", clone, {}, pip, "install", "-q", *locked)
            await step("pip install --no-deps .", clone, {}, pip, "install", "-q", "--no-deps", ".")
            await step("aion-bot init --yes", clone, services.env, program, "init", "--yes")
            await first_answers(services, clone, program)
            tell("from clone to the first answers", time.monotonic() - began)


async def first_answers(services: SimulatedServices, clone: Path, program: str) -> None:
    """Run the bot with what `init` wrote, and ask once on each platform."""
    began = time.monotonic()
    bot = await asyncio.create_subprocess_exec(
        program, "run", cwd=clone, env=clean(), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for workspace in services.workspaces:
            await workspace.connected(timeout=PATIENCE)
        tell("aion-bot run, until both platforms are connected", time.monotonic() - began)
        for workspace in services.workspaces:
            began = time.monotonic()
            await answered(workspace)
            tell(f"a question and its answer, {workspace.name}", time.monotonic() - began)
    finally:
        bot.terminate()
        await bot.wait()


async def answered(workspace: FullWorkspace) -> str:
    """Ask as a person does, and wait until the thread shows the whole answer, with no Stop under it; returns its end."""
    thread = await workspace.ask(workspace.people[0], "What is damaged on site 7?")

    def shown() -> str:
        messages = [one for one in workspace.thread(thread) if one.by_bot]
        return "" if any(one.offers for one in messages) else "".join(one.text for one in messages)

    await workspace.until(lambda: END in shown(), timeout=PATIENCE)
    return shown()


async def step(name: str, folder: Path, env: Mapping[str, str], *command: str) -> None:
    """Run one command; a status that is not 0 ends the program."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**clean(), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"{name}: status {process.returncode}\n{said.decode()[-3000:]}")
    tell(name, time.monotonic() - began)


def clean() -> dict[str, str]:
    """Return the environment without what leads Python to another copy of the bot."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


def tell(name: str, seconds: float) -> None:
    """Print one line of the table."""
    print(f"{seconds:7.1f} s  {name}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "source", nargs="?", default=str(ROOT), help="what is cloned; this checkout as committed"
    )
    asyncio.run(main(parser.parse_args().source))
