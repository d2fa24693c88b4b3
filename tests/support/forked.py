"""A plugin that runs the tests in several processes: `pytest -n 0 -p tests.support.forked --forks 6`.

The processes are forked once everything is imported and collected. Those of pytest-xdist import and collect by
themselves, and so would one pytest for each part of the suite: a twentieth of what the suite costs. Each process takes
the next few tests as soon as it is free, so that all of them end at about the same time.
"""

import gc
import multiprocessing
import os
import signal
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import coverage
import pytest
from hypothesis.strategies import text

_FORKED: Any = multiprocessing.get_context("fork") if hasattr(os, "fork") else None

MOST_AT_ONCE = 8
"""Tests that a process takes at once, all of one file; of those marked as slow it takes one."""

_REPORTED_AFTER = 0.2
"""Seconds after which a process reports what has passed."""

_SHOWN_SECONDS = 0.005
"""A preparation or an end that passes in less time is not reported: `--durations` leaves it out as well."""

_NUMBER = struct.Struct("=i")

Few = Sequence[pytest.Item]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--forks", type=int, default=0, help="processes that run the tests, forked after collection"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in processes, where the option asks for that."""
    forks: int = session.config.option.forks
    if forks <= 0 or session.config.option.collectonly or session.testsfailed:
        return None
    _Run(session).run(forks)
    return True


class _Queue:
    """Numbers in order, each of which one process gets: a read of so few bytes from a pipe is one step."""

    def __init__(self, length: int) -> None:
        self._out, into = os.pipe()
        os.write(into, b"".join(map(_NUMBER.pack, range(length))))
        os.close(into)

    def next(self) -> int | None:
        """Take the next number; None if there is none."""
        taken = os.read(self._out, _NUMBER.size)
        return _NUMBER.unpack(taken)[0] if taken else None

    def empty(self) -> None:
        """Take all that is left."""
        while self.next() is not None:
            pass

    def close(self) -> None:
        """Close it in this process."""
        os.close(self._out)


@dataclass(frozen=True, slots=True)
class _Worker:
    """A process, as the one that started it has it; `current` holds the place of the test that it runs."""

    process: BaseProcess
    current: Any


class _Run:
    """One run of all tests of a session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._few = list(_cut(session.items))
        self._queue = _Queue(len(self._few))
        self._unreported = {item.nodeid for item in session.items}

    def run(self, forks: int) -> None:
        """Run them in so many processes, and report what they report.

        Raises:
            pytest.Session.Failed: enough tests have failed, or some were not run.
        """
        session = self._session
        # On a fresh clone it finds out which characters UTF-8 has, for more than a second: here once for all processes.
        text().validate()
        # What is imported and collected stays: no collection of a process need look at it again, nor copy its pages.
        gc.collect()
        gc.freeze()
        config: Any = session.config
        made = config._tmp_path_factory.getbasetemp()
        workers = dict(self._start(made / f"fork{number}") for number in range(forks))
        try:
            while workers:
                for connection in wait(list(workers)):
                    if isinstance(connection, Connection) and not self._hear(connection):
                        self._end(workers.pop(connection))
        finally:
            for worker in workers.values():
                worker.process.terminate()
                worker.process.join()
            self._queue.close()
        if self._unreported:
            session.shouldfail = f"nothing is known of {len(self._unreported)} tests"
        if session.shouldfail:
            raise session.Failed(session.shouldfail)

    def _start(self, folder: Path) -> tuple[Connection, _Worker]:
        folder.mkdir(mode=0o700)
        heard, told = _FORKED.Pipe(duplex=False)
        current = _FORKED.RawValue("i", -1)
        arguments = (self._session, self._few, self._queue, told, current, folder)
        process = _FORKED.Process(target=_work, args=arguments)
        process.start()
        # The end of the process is then the end of what it tells; the next process must not hold it open.
        told.close()
        return heard, _Worker(process, current)

    def _hear(self, connection: Connection) -> bool:
        """Report what a process tells; False at its end."""
        try:
            told = connection.recv()
        except EOFError:
            connection.close()
            return False
        for one in told:
            self._report(one if isinstance(one, dict) else _whole(one))
        if self._session.shouldfail or self._session.shouldstop:
            self._queue.empty()
            self._unreported.clear()
        return True

    def _report(self, data: dict[str, Any]) -> None:
        hook = self._session.config.hook
        report = hook.pytest_report_from_serializable(config=self._session.config, data=data)
        if report.when in {"teardown", "call"} or report.outcome != "passed":
            self._unreported.discard(report.nodeid)
        hook.pytest_runtest_logreport(report=report)

    def _end(self, worker: _Worker) -> None:
        """Report a process that did not end by itself as the failure of its last test."""
        worker.process.join()
        if worker.process.exitcode:
            item = self._session.items[max(0, worker.current.value)]
            self._report(
                _data(item.nodeid, item.location, "call", 0.0, time.time())
                | {
                    "outcome": "failed",
                    "longrepr": f"its process ended with status {worker.process.exitcode}",
                }
            )


def _cut(items: Few) -> Iterator[Few]:
    """Cut the tests into few at once, in their order."""
    for _, found in groupby(items, key=lambda item: item.path):
        of_file = list(found)
        most = 1 if any(item.get_closest_marker("slow") for item in of_file) else MOST_AT_ONCE
        for first in range(0, len(of_file), most):
            yield of_file[first : first + most]


def _data(nodeid: str, location: object, when: str, seconds: float, start: float) -> dict[str, Any]:
    """Return a report of something that passed, as pytest writes reports."""
    return {
        "$report_type": "TestReport", "nodeid": nodeid, "location": location, "keywords": {}, "outcome": "passed",
        "longrepr": None, "when": when, "user_properties": [], "sections": [], "duration": seconds,
        "start": start, "stop": start + seconds,
    }  # fmt: skip


def _whole(told: tuple[str, object, str, float, float]) -> dict[str, Any]:
    return _data(*told)


class _Reporter:
    """Tells the reports of a process: what passed in brief and several at once, everything else whole and at once."""

    def __init__(self, config: pytest.Config, told: Connection) -> None:
        self._config = config
        self._told = told
        self._passed: list[object] = []
        self._next = 0.0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Tell a report, or keep it for a moment."""
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            hook = self._config.hook
            self._passed.append(hook.pytest_report_to_serializable(config=self._config, report=report))
            self._next = 0.0
        elif report.when == "call" or report.duration >= _SHOWN_SECONDS:
            self._passed.append((report.nodeid, report.location, report.when, report.duration, report.start))
        if self._passed and time.monotonic() >= self._next:
            self.flush()

    def flush(self) -> None:
        """Tell what is kept."""
        self._told.send(self._passed)
        self._passed = []
        self._next = time.monotonic() + _REPORTED_AFTER


def _work(
    session: pytest.Session, few: Sequence[Few], queue: _Queue, told: Connection, current: Any, folder: Path
) -> None:
    """Run tests in a process that was just forked, until there are none; it ends with 1 where an error is in no test."""
    config: Any = session.config
    # Of its own: a file of what is captured that several processes write holds the words of them all.
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    config._tmp_path_factory._basetemp = folder
    config.pluginmanager.unregister(name="terminalreporter")
    reporter = _Reporter(config, told)
    config.pluginmanager.register(reporter)
    places = {id(item): place for place, item in enumerate(session.items)}
    try:
        for item, following in _in_turn(few, queue):
            current.value = places[id(item)]
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        reporter.flush()
        if (measured := coverage.Coverage.current()) is not None:
            measured.stop()
            measured.save()
        config._ensure_unconfigure()
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)  # the process that started this one tells it
    finally:
        # Whatever ends the process is to be read.
        capture.stop_global_capturing()


def _in_turn(few: Sequence[Few], queue: _Queue) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Yield each test with the one after it, which is taken before the last one runs: fixtures of both are kept."""
    number = queue.next()
    while number is not None:
        yield from pairwise(few[number])
        last = few[number][-1]
        number = queue.next()
        yield last, None if number is None else few[number][0]
