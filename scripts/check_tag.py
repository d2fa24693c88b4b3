"""Refuse a release tag that differs from the version: `python scripts/check_tag.py` in a clone."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the program, also where it is not installed

from aion_bot import __version__


def main() -> None:
    """Exit with 1 if this commit has tags `v…` and none of them is the version. Without git there is no tag."""
    try:
        listed = subprocess.run(
            ["git", "tag", "--points-at", "HEAD", "--list", "v[0-9]*"],  # noqa: S607  # git of whoever works here
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
    except FileNotFoundError:
        return
    if listed and f"v{__version__}" not in listed:
        sys.exit(f"The tag {listed[0]} differs from the version {__version__} in aion_bot/__init__.py.")


if __name__ == "__main__":
    main()
