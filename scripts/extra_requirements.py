"""The pins of the extra `postgres`, as requirements-dev.txt has them: what the image installs beside requirements.txt."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "requirements-postgres.txt"
LIBRARIES = ("psycopg", "psycopg-binary", "psycopg-pool", "cryptography", "cffi", "pycparser")
"""What the extra brings and requirements.txt has not."""

_HEAD = "# Written by scripts/extra_requirements.py (make requirements) from requirements-dev.txt.\n"


def pins(text: str) -> Iterator[str]:
    """Yield the pin of each of the libraries, with its hashes and without the comment about who needs it."""
    for name in LIBRARIES:
        found = re.search(rf"^{re.escape(name)}==.*\n(?: +--hash=.*\n)+", text, re.MULTILINE)
        if found is None:
            raise LookupError(f"requirements-dev.txt does not pin {name}")
        yield found[0]


def requirements() -> str:
    """Return the text of the file."""
    return _HEAD + "".join(pins((ROOT / "requirements-dev.txt").read_text("utf-8")))


if __name__ == "__main__":
    TARGET.write_text(requirements(), "utf-8")
    sys.stdout.write(f"{TARGET.name}: {', '.join(LIBRARIES)}\n")
