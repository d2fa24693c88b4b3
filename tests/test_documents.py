"""What is written down agrees with the code."""

import re
import tomllib
from pathlib import Path

import adapters
from aion_bot import __version__
from aion_bot.config import NOT_YET, VARIABLES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_lists_every_setting_and_no_other() -> None:
    """The table of settings names exactly the variables that the program reads."""
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]{5,})`", row.split("|")[1])}
    known = {*VARIABLES, *(name for platform in adapters.platforms() for name in platform.variables())}
    assert listed == known


def test_the_readme_names_what_is_not_implemented() -> None:
    """Settings that are refused for now are named as such."""
    assert all(f"`{name}`" in README for name in NOT_YET)


def test_every_file_that_the_readme_links_is_there() -> None:
    """No link of the README leads nowhere."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_dependency_is_pinned_with_hashes_and_no_address() -> None:
    """Each library of pyproject.toml has a pin with hashes, and the pins name no index."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        re.split(r"[<>=]", one)[0].lower().replace(".", "-") for one in project["project"]["dependencies"]
    ]
    pins = (ROOT / "requirements.txt").read_text("utf-8")
    assert [
        name
        for name in wanted
        if not re.search(rf"^{name}==\S+ .*\\\n    --hash=sha256:", pins, re.MULTILINE)
    ] == []
    assert "http" not in re.sub(r"^(aio)?http\S*==.*|^\s+#.*", "", pins, flags=re.MULTILINE)


def test_the_changelog_knows_this_version() -> None:
    """The version that the program prints has an entry."""
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_every_dependency_says_why_it_is_there() -> None:
    """Each dependency stands on a line of its own with its reason."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if re.match(r'\s+"[\w.\-]+[><=]', line)]
    assert len(lines) >= 15
    assert [line for line in lines if "#" not in line] == []
