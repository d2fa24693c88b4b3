"""What is written down agrees with the code."""

import pydoc
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import pytest

import adapters
from aion_bot import __version__
from aion_bot.cli import read_secrets
from aion_bot.config import VARIABLES
from aion_bot.domain.plan import PLAN_TRANSITIONS
from aion_bot.domain.turn import TURN_TRANSITIONS
from aion_bot.domain.uploads import FILE_TRANSITIONS
from aion_bot.storage import migrations

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_lists_every_setting_and_no_other() -> None:
    """The table of settings names exactly the variables that the program reads."""
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([A-Z][A-Z_]{5,})`", row.split("|")[1])}
    known = {*VARIABLES, *(name for platform in adapters.platforms() for name in platform.variables())}
    known |= set(read_secrets({}).variables)
    assert listed == known


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


PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "aion_bot" / "aion" / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    """Each link to a file, path in the tree, name in the code and `make` target of a page exists."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    paths = re.findall(r"`((?:aion_bot|adapters|tests|docs|benchmarks|scripts)/[\w./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    names = re.findall(r"`((?:aion_bot|adapters)(?:\.\w+)+)`", text)
    assert [name for name in names if pydoc.locate(name) is None] == []
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) - known == set()


NO_CAPABILITY = {
    *("PlatformAdapter", "Platform", "HostedPlatform"),
    *("Host", "RequestObserver", "Roles", "SharedValues"),
}
"""What every adapter or package of a platform is, and what it is handed by the core."""


def test_the_glossary_has_every_capability() -> None:
    """docs/glossary.md names each optional Protocol of an adapter, and no other."""
    row = next(line for line in GLOSSARY.splitlines() if line.startswith("| capability |"))
    source = "".join(path.read_text("utf-8") for path in (ROOT / "aion_bot" / "ports").glob("*.py"))
    protocols = set(re.findall(r"^class (\w+)\(Protocol\)", source, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", row)) == protocols - NO_CAPABILITY


def test_the_layers_are_printed() -> None:
    """docs/architecture.md shows the layers that import-linter checks, in their order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")
    assert "```text\n" + "\n".join(layers) + "\n```" in ARCHITECTURE


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
PACKAGES = {path.name for path in (ROOT / "aion_bot").iterdir() if (path / "__init__.py").exists()}


@pytest.mark.parametrize("transitions", [TURN_TRANSITIONS, PLAN_TRANSITIONS, FILE_TRANSITIONS])
def test_the_transition_tables_are_printed(
    transitions: Mapping[StrEnum, frozenset[StrEnum]],
) -> None:
    """docs/architecture.md shows each phase with exactly those that may follow it."""
    for phase, targets in transitions.items():
        following = ", ".join(f"`{one.name}`" for one in transitions if one in targets) or "(an end)"
        assert f"| `{phase.name}` | {following} |" in ARCHITECTURE


def test_every_function_that_the_flows_name_is_there() -> None:
    """The flows lead a newcomer to functions that exist."""
    names = set(re.findall(r"`((?:aion_bot|adapters)(?:\.\w+)+)`", ARCHITECTURE))
    assert len(names) >= 20
    assert [name for name in sorted(names) if pydoc.locate(name) is None] == []


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_the_tree_of_a_page_is_the_tree(page: str) -> None:
    """*Where things are*, and the architecture's tree, name every package of the bot and no other."""
    text = (ROOT / page).read_text("utf-8")
    tree = next(
        block for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL) if "aion_bot/\n" in block
    )
    section = tree.split("aion_bot/\n")[1].split("\nadapters/")[0]
    assert set(re.findall(r"^  (\w+)/", section, re.MULTILINE)) == PACKAGES
    assert all(
        (ROOT / "aion_bot" / name).exists() for name in re.findall(r"^  (\w+\.py)", section, re.MULTILINE)
    )
    for folder in re.findall(r"^(\w+)/", tree, re.MULTILINE):
        assert (ROOT / folder).is_dir()


def test_the_tree_names_every_program_that_measures() -> None:
    """docs/architecture.md names every program of `benchmarks/`."""
    line = re.findall(r"^benchmarks/ +programs: (.*(?:\n {10,}.*)*)$", ARCHITECTURE, re.MULTILINE)
    named = set(re.findall(r"\w+", line[0]))
    benchmarks = ROOT / "benchmarks"
    programs = {path.parent.name for path in benchmarks.glob("*/__main__.py")}
    programs |= {path.stem for path in benchmarks.glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert named == programs - {"function_recorder"}  # a part of `shape`


SECURITY_PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")


@pytest.mark.parametrize("page", [SECURITY_PAGE, COMMANDS_PAGE], ids=["security", "commands"])
def test_every_test_that_a_page_names_is_there(page: str) -> None:
    """The pages name tests as `tests/file.py::name`; each is a function of that file."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page))
    assert len(named) >= 40
    assert [
        f"{file}::{name}"
        for file, name in sorted(named)
        if not (ROOT / file).is_file()
        or not re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    ] == []
    assert page.count("::test_") == len(re.findall(r"`tests/[\w/]+\.py::test_\w+`", page))


def test_every_threat_has_a_test() -> None:
    """Each row of the table of threats says what holds it and names a test."""
    table = SECURITY_PAGE.split("## Threats")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 15
    assert [row[0] for row in rows if len(row) != 3 or "`tests/" not in row[2]] == []


def test_the_pages_about_security_are_linked() -> None:
    """README leads to both, and the links of both lead to files."""
    assert {"SECURITY.md", "docs/security.md"} <= set(re.findall(r"\]\(([^)#:]+)\)", README))
    for page in (ROOT / "SECURITY.md", ROOT / "docs" / "security.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        assert links
        assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_threat_model_has_every_item_of_owasp_s_list() -> None:
    """Each of the ten items has a row that says whether the bot holds it."""
    rows = re.findall(r"^\| LLM(\d\d):2025 [A-Z].* \| (yes|partly|outside) \|$", SECURITY_PAGE, re.MULTILINE)
    assert [number for number, _ in rows] == [f"{number:02}" for number in range(1, 11)]


def test_what_is_stored_is_in_the_table_of_security() -> None:
    """SECURITY.md names each table of the newest schema."""
    sql = "\n".join(sql for _, sql in migrations())
    tables = set(re.findall(r"CREATE TABLE (\w+)", sql)) - {"note"}
    security = (ROOT / "SECURITY.md").read_text("utf-8")
    assert {name for name in tables if not name.endswith("_new")} >= {"attempt", "spent_message"}
    assert [name for name in sorted(tables) if f"`{name.removesuffix('_new')}" not in security] == []


def test_the_scopes_of_the_manifest_are_in_the_table_of_security() -> None:
    """SECURITY.md says of each Slack scope what it is for."""
    manifest = (ROOT / "manifest.yml").read_text("utf-8")
    scopes = re.findall(r"^      - ([a-z_]+:[a-z]+|commands)$", manifest, re.MULTILINE)
    security = (ROOT / "SECURITY.md").read_text("utf-8")
    assert len(scopes) >= 14
    assert [scope for scope in scopes if f"`{scope}`" not in security] == []


def test_the_sentences_of_the_troubleshooting_are_the_bot_s() -> None:
    """Each sentence that a symptom quotes stands in a catalogue, but for Slack's own; each variable is a setting."""
    table = README.split("## Troubleshooting")[1].split("\n## ")[0]
    catalogues = [
        ROOT / "aion_bot" / "domain" / "strings.py",
        *(ROOT / "adapters").glob("*/strings.py"),
    ]
    source = "".join(path.read_text("utf-8") for path in catalogues)
    quoted = re.findall("“([^”]+)”", table)
    assert len(quoted) >= 12
    slack_s_own = {"Sending messages to this app has been turned off"}
    assert [one for one in quoted if one not in source and one not in slack_s_own] == []
    known = {*VARIABLES, *(name for platform in adapters.platforms() for name in platform.variables())}
    named = set(re.findall(r"`((?:AION|SLACK|DISCORD)[A-Z_]+[A-Z])(?:=\w+)?`", table))
    assert named
    assert named <= known


def test_the_first_screen_of_the_readme_has_a_picture_and_two_commands() -> None:
    """Within thirty lines a newcomer sees an answer grow and reads how to try it; the rest is linked."""
    screen = "\n".join(README.splitlines()[:30])
    assert "](docs/demo.webp)" in screen
    assert re.findall(r"^make (\w+)", screen, re.MULTILINE) == ["demo", "test"]
    assert {f"docs/{name}.md" for name in ("usage", "limits", "performance", "reliability")} <= set(
        re.findall(r"\]\(([^)#:]+)", README)
    )


def test_connecting_takes_at_most_seven_manual_steps() -> None:
    """Each platform's numbered list in *Connect* has seven steps at most."""
    connect = README.split("\n## Connect\n")[1].split("\n## ")[0]
    lists = [re.findall(r"^\d\. ", part, re.MULTILINE) for part in connect.split("\n### ")[1:3]]
    assert all(1 <= len(steps) <= 7 for steps in lists)


def test_every_anchor_leads_to_a_heading() -> None:
    """A link to a heading of another page, or of its own, names one that is there."""
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", page.read_text("utf-8")):
            text = (page.parent / target).read_text("utf-8") if target else page.read_text("utf-8")
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in slugs, (page, anchor)
