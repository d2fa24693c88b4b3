"""Generates the synchronous Aion client from the asynchronous one, as httpcore does.

    python scripts/unasync.py           writes aion_bot/aion/_sync from aion_bot/aion/_async
    python scripts/unasync.py --check   writes nothing; exits with 1 and names the files that are not current

Every line goes through `SUBSTITUTIONS`, and blocks between `# async-only: begin` and `# async-only: end` are left out.
Then ruff removes the imports that nothing needs any more and formats the file.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "aion_bot" / "aion"
HEADER = "# Generated from aion_bot/aion/_async/{name} by scripts/unasync.py. Do not edit: run `make sync-client`.\n"

BEGIN = "# async-only: begin"
END = "# async-only: end"

SUBSTITUTIONS = [
    (re.compile(pattern), replacement)
    for pattern, replacement in [
        # Keywords.
        (r"\basync (def|with|for)\b", r"\1"),
        (r"\bawait ", ""),
        # Types of the standard library.
        (r"\bAsyncGenerator\[(.*), None\]", r"Iterator[\1]"),
        (r"\bAsyncGenerator\b", "Iterator"),
        (r"\bAsyncIter(able|ator)\b", r"Iter\1"),
        # Methods and modules.
        (r"\b__a(enter|exit)__\b", r"__\1__"),
        (r"\ba(close|read)\b", r"\1"),
        (r"\basyncio\b", "time"),
        (r"\bhttpx\.Async(Client|HTTPTransport)\b", r"httpx.\1"),
        (r"\bhttpcore\.Async(Network\w+)\b", r"httpcore.\1"),
        # Our own names.
        (r"\b_async\b", "_sync"),
        (r"\bAsyncTransport\b", "SyncTransport"),
        (
            r"\b(AionVision|ChatSessionContext|(Chat|Uploads|Documents|AgentSearch|Files|Tenant)Resource)\b",
            r"Sync\1",
        ),
        # Prose.
        (r"\b([Tt])he asynchronous client\b", r"\1he synchronous client"),
        (r"\ban `with` block", "a `with` block"),
    ]
]
"""Applied to every line, in this order."""


class MarkerError(Exception):
    """Markers of a source file do not match."""


def without_async_only(source: str, name: str) -> Iterator[str]:
    """Yield the lines outside async-only blocks. Raises MarkerError for markers that do not match."""
    inside = False
    for line in source.splitlines(keepends=True):
        marker = line.strip()
        if marker in {BEGIN, END}:
            if inside == (marker == BEGIN):
                raise MarkerError(f"{name}: unexpected marker: {marker}")
            inside = not inside
        elif not inside:
            yield line
    if inside:
        raise MarkerError(f"{name}: missing marker: {END}")


def to_sync(source: str, name: str) -> str:
    """Return the synchronous form of a file's text, not formatted yet. Raises MarkerError. `name` is the file's."""
    lines = []
    for line in without_async_only(source, name):
        for pattern, replacement in SUBSTITUTIONS:
            line = pattern.sub(replacement, line)  # noqa: PLW2901  # one line through the whole table
        lines.append(line)
    return HEADER.format(name=name) + "".join(lines)


def tidy(folder: Path) -> None:
    """Remove unused imports from the files of a folder, sort the others, and format."""
    # The folder is a temporary one, so ruff has to be told which imports are our own.
    first_party = 'lint.isort.known-first-party=["aion_bot"]'
    fix = ["check", "--quiet", "--fix-only", "--select=F401,I", "--config", first_party]
    for arguments in (fix, ["format", "--quiet"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *arguments,
            "--config",
            str(ROOT / "pyproject.toml"),
            str(folder),
        ]
        subprocess.run(command, check=True)  # noqa: S603  # our own arguments


def generate(client: Path = CLIENT) -> dict[Path, str]:
    """Return what each file of `_sync` has to hold, by path. Raises MarkerError."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for source in (client / "_async").glob("*.py"):
            (folder / source.name).write_text(to_sync(source.read_text("utf-8"), source.name), "utf-8")
        tidy(folder)
        return {client / "_sync" / path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.py"))}


def stale(wanted: Mapping[Path, str], client: Path = CLIENT) -> list[Path]:
    """Return the files of `_sync` that are missing, not current, or have no source any more."""
    existing = {path: path.read_text("utf-8") for path in (client / "_sync").glob("*.py")}
    return sorted(path for path in wanted.keys() | existing.keys() if wanted.get(path) != existing.get(path))


def main(arguments: list[str] | None = None) -> int:
    """Write the synchronous client, or check it. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Generate aion_bot/aion/_sync from aion_bot/aion/_async.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if a file is not current"
    )
    parser.add_argument("--client", type=Path, default=CLIENT, help="folder that holds _async and _sync")
    given = parser.parse_args(arguments)
    try:
        wanted = generate(given.client)
    except MarkerError as error:
        print(error, file=sys.stderr)
        return 1
    if given.check:
        found = stale(wanted, given.client)
        for path in found:
            print(f"not current: {path}; run `make sync-client`", file=sys.stderr)
        return 1 if found else 0
    (given.client / "_sync").mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text, "utf-8")
    for path in (given.client / "_sync").glob("*.py"):
        if path not in wanted:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
