"""What is installed, and what a Python that is too old says."""

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from aion_bot import __version__
from scripts import bill_of_materials

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FIRST = ("aion_bot/__init__.py", "aion_bot/__main__.py")
OLDER = ("3.6", "3.8", "3.9", "3.10")


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program without the variables that lead Python to this clone."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(  # noqa: S603  # our own code
        command, capture_output=True, text=True, check=False, cwd=cwd, env=inherited | environment
    )


def test_an_older_python_can_read_what_is_imported_first() -> None:
    """What runs before the version is looked at parses on Python 3.8 and imports nothing but `sys` before."""
    trees = [ast.parse((ROOT / name).read_text("utf-8"), feature_version=(3, 8)) for name in FIRST]
    first, check = (node for node in trees[0].body if not isinstance(node, ast.Expr | ast.Assign))
    assert ast.unparse(first) == "import sys"
    assert isinstance(check, ast.If)


@pytest.mark.slow
def test_an_older_python_gets_one_sentence() -> None:
    """Each older Python of this machine prints one sentence to stderr, no trace, and exits with 1."""
    source = (ROOT / "aion_bot" / "__init__.py").read_text("utf-8")
    said = run(sys.executable, "-c", f"import sys; sys.version_info = (3, 9, 18); exec({source!r})")
    assert (said.returncode, said.stderr) == (1, "aion-bot needs Python 3.11 or newer; this is 3.9\n")
    for version in OLDER:
        python = shutil.which(f"python{version}")
        if python is None or run(python, "--version").returncode != 0:
            continue  # a shim without its interpreter
        said = run(python, "-m", "aion_bot", "--version")
        assert said.stderr == f"aion-bot needs Python 3.11 or newer; this is {version}\n"
        assert (said.returncode, said.stdout) == (1, "")


def test_pipx_and_uvx_find_the_program() -> None:
    """`pipx run NAME` and `uvx NAME` start the program that is named like the distribution."""
    assert PROJECT["scripts"] == {PROJECT["name"]: "aion_bot.cli:main"}
    minors = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if "Python :: 3." in line}
    assert minors == {"3.11", "3.12", "3.13", "3.14"}
    assert PROJECT["urls"]


@pytest.mark.slow
def test_the_wheel_has_what_the_program_needs(tmp_path: Path) -> None:
    """The wheel has every module, the manifest, `py.typed` and the licence, and runs from an empty environment."""
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob(f"aion_bot-{__version__}-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        str(path.relative_to(ROOT))
        for folder in ("aion_bot", "adapters")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert sources <= names
    assert {"adapters/slack/manifest.yml", "aion_bot/py.typed", "adapters/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests/") or name.endswith(".db") for name in names)

    place = tmp_path / "environment"
    venv.create(place, with_pip=False, symlinks=True)
    packages = next(place.glob("lib/python*/site-packages"), place / "Lib" / "site-packages")
    # The libraries come from this environment, the bot from the wheel: its folder is looked into first.
    installed = run(
        sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", packages, wheel
    )
    assert installed.returncode == 0, installed.stderr
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    start = "import sys; from importlib.metadata import entry_points as e; sys.argv[0] = 'aion-bot'; next(iter(e(group='console_scripts', name='aion-bot'))).load()()"
    version = run(python, "-c", start, "--version", cwd=tmp_path)
    assert version.stdout == f"aion-bot {__version__}\n", version.stderr
    where = run(
        python, "-c", "import aion_bot, adapters; print(aion_bot.__file__, adapters.__file__)", cwd=tmp_path
    )
    assert where.stdout.count(str(place)) == 2
    tour = run(python, "-c", start, "demo", "--tour", cwd=tmp_path)
    assert tour.returncode == 0, tour.stderr


def tagged(folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """Check the tag of a repository whose only commit has this one."""
    folder.mkdir()
    for command in (
        ["git", "init", "-q"],
        [
            "git",
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "a: b",
        ],
        ["git", "tag", tag],
    ):
        assert run(*command, cwd=folder).returncode == 0
    return run(sys.executable, ROOT / "scripts" / "check_tag.py", cwd=folder)


def test_a_tag_that_differs_from_the_version_is_refused(tmp_path: Path) -> None:
    """The check that `make check` runs fails for a tag `v…` on this commit that is not the version."""
    wrong = tagged(tmp_path / "wrong", "v99.0.0")
    assert wrong.returncode == 1
    assert (
        wrong.stderr == f"The tag v99.0.0 differs from the version {__version__} in aion_bot/__init__.py.\n"
    )
    assert tagged(tmp_path / "right", f"v{__version__}").returncode == 0
    assert tagged(tmp_path / "other", "before-the-move").returncode == 0


def test_the_bill_of_materials_has_every_pin() -> None:
    """The CycloneDX file has each pinned library with version, package URL, digests and licence."""
    pins = bill_of_materials.pins((ROOT / "requirements.txt").read_text("utf-8"))
    bill = json.loads(json.dumps(bill_of_materials.bill(pins)))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["version"] == __version__
    assert len(bill["components"]) == len(pins) >= len(PROJECT["dependencies"])
    for one in bill["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert one["licenses"]
        assert one["hashes"][0]["alg"] == "SHA-256"


def test_a_licence_that_is_not_allowed_is_refused() -> None:
    """Every pinned library has a licence of the list; another licence, or none, fails."""
    pins = bill_of_materials.pins((ROOT / "requirements.txt").read_text("utf-8"))
    assert bill_of_materials.refused({pin.name: bill_of_materials.licence(pin.name) for pin in pins}) == []
    found = {
        "a": "GPL-3.0-only",
        "b": "",
        "c": "MIT AND GPL-2.0-only",
        "d": "MIT OR Apache-2.0",
        "e": "GPL-3.0 OR MIT",
    }
    assert bill_of_materials.refused(found) == ["a", "b", "c"]
