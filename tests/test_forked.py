"""The plugin that runs the suite in several processes, tried on a suite of a few tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SUITE = """
import os

import pytest


@pytest.mark.parametrize("number", range(30))
def test_passes(number, tmp_path):
    (tmp_path / "file").touch()


def test_fails():
    print("what it printed")
    assert 1 == 2


def test_is_skipped():
    pytest.skip("not here")


@pytest.fixture
def breaks():
    yield
    raise OSError("the end fails")


def test_ends_badly(breaks):
    pass
"""

DIES = """
import os


def test_dies():
    os._exit(3)
"""


def run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-c", "none.ini", "-p", "tests.support.forked", "--forks", "2"]
    (folder / "none.ini").write_text("[pytest]\n")
    env = {"PATH": "", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(  # noqa: S603  # our own code
        [*command, *options, "."], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_what_each_test_comes_to_is_told(tmp_path: Path) -> None:
    """Every test is run once, whatever process has it, and what fails is told with its reason and its words."""
    (tmp_path / "test_it.py").write_text(SUITE)
    told = run(tmp_path)
    assert told.returncode == 1
    assert "1 failed, 31 passed, 1 skipped, 1 error" in told.stdout
    assert "assert 1 == 2" in told.stdout
    assert "what it printed" in told.stdout
    assert "the end fails" in told.stdout


@pytest.mark.slow
def test_a_process_that_dies_fails_its_test(tmp_path: Path) -> None:
    """A process that ends in a test is a failure of this test; what it would have run does not pass."""
    (tmp_path / "test_it.py").write_text(SUITE.replace("test_fails", "_fails").replace("test_ends", "_ends"))
    (tmp_path / "test_that.py").write_text(DIES)
    told = run(tmp_path)
    assert told.returncode == 1
    assert re.search(r"FAILED test_that.py::test_dies - its process ended with status 3", told.stdout)
    counts = [int(one) for one in re.findall(r"(\d+) (?:passed|tests !)", told.stdout)]
    assert sum(counts) == 30, told.stdout


@pytest.mark.slow
def test_after_the_first_failure_it_stops(tmp_path: Path) -> None:
    """With `-x` no further tests are taken."""
    (tmp_path / "test_a.py").write_text("def test_fails():\n    assert 1 == 2\n")
    for number in range(20):
        (tmp_path / f"test_b{number}.py").write_text("import time\n\ndef test_it():\n    time.sleep(0.2)\n")
    told = run(tmp_path, "-x")
    assert told.returncode == 1
    assert "1 failed" in told.stdout
    passed = re.search(r"(\d+) passed", told.stdout)
    assert passed is None or int(passed[1]) < 20
