"""The text of `aion-bot.toml`: checked whole, each problem with its file and line. No I/O."""

import difflib
import json
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import KEYS, Key
from aion_bot.domain.rules import Rule, Rules, Section, shown
from aion_bot.ports.settings import IdForms, IdKind, Problem

_TABLES = {"workspaces": IdKind.WORKSPACE, "channels": IdKind.CHANNEL}

Keys = tuple[str, ...]


def parse_rules(path: Path, text: str, forms: Collection[IdForms]) -> tuple[Rules, list[Problem]]:
    """Read the text of the file `path`; finds every problem at once.

    `forms` are those of the ids of every platform. No problem repeats a value. With problems the rules are empty.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Rules(), [Problem(*_malformed(path, str(error)))]
    return _Reader(path, text, forms).read(document)


def template() -> str:
    """Return a file that changes nothing: every key with its default, as a comment."""
    keys = [
        f"# {name} = {json.dumps(key.default, default=shown)}  # {key.words}" for name, key in KEYS.items()
    ]
    return "\n".join([strings.TOML_HEAD, "[defaults]", *keys, "", *strings.TOML_TAIL, ""])


def _malformed(path: Path, said: str) -> tuple[str, str]:
    """Return where a file is no TOML, and what to do; the parser's own words may repeat a value."""
    line = said.rpartition("(at line ")[2].partition(",")[0]
    return (f"{path}, line {line}" if line.isdecimal() else f"{path}, last line"), strings.NO_TOML


class _Reader:
    """Checks one parsed file."""

    def __init__(self, path: Path, text: str, forms: Collection[IdForms]) -> None:
        self._path = path
        self._lines = dict(reversed(list(_statements(text))))  # of several lines of a table the first
        self._forms = forms
        self._problems: list[Problem] = []

    def read(self, document: Mapping[str, object]) -> tuple[Rules, list[Problem]]:
        """Return the rules, and every problem."""
        tables: dict[str, dict[str, Section]] = {name: {} for name in _TABLES}
        defaults: Section = {}
        for name, table in document.items():
            if name == "defaults":
                defaults = self._section((name,), table)
            elif name in _TABLES and isinstance(table, dict):
                for one, section in table.items():
                    self._check_id((name, one), _TABLES[name])
                    tables[name][one] = self._section((name, one), section)
            elif name in KEYS:
                self._refuse((name,), strings.key_outside(name))
            else:
                self._refuse((name,), strings.unknown_key(name, _nearest(name, ["defaults", *_TABLES])))
        if self._problems:
            return Rules(), self._problems
        return Rules(defaults, tables["workspaces"], tables["channels"]), []

    def _section(self, where: Keys, table: object) -> Section:
        if not isinstance(table, dict):
            self._refuse(where, strings.NO_SECTION)
            return {}
        section = {}
        for name, value in table.items():
            here = (*where, name)
            if name not in KEYS:
                self._refuse(here, strings.unknown_key(name, _nearest(name, KEYS)))
            else:
                try:
                    section[name] = Rule(KEYS[name].read(value), self._place(here))
                except ValueError:
                    self._refuse(here, strings.malformed_key(name, KEYS[name].words))
                else:
                    self._check_list(here, value, KEYS[name])
        return section

    def _check_list(self, where: Keys, value: object, key: Key) -> None:
        if key.ids is None or not isinstance(value, list):
            return
        for at, one in enumerate(value, 1):
            if not self._is_id(str(one), key.ids):
                words = ", ".join(form[key.ids].words for form in self._forms if key.ids in form)
                self._refuse(where, strings.no_id(at, key.ids.value, words))

    def _check_id(self, where: Keys, kind: IdKind) -> None:
        if not self._is_id(where[-1], kind):
            words = ", ".join(form[kind].words for form in self._forms if kind in form)
            self._refuse(where, strings.no_section_id(kind.value, words))

    def _is_id(self, one: str, kind: IdKind) -> bool:
        # A platform that does not know its ids by their form takes all.
        return any(kind not in form or form[kind].fits(one) for form in self._forms)

    def _refuse(self, where: Keys, mend: str) -> None:
        self._problems.append(Problem(self._place(where), mend))

    def _place(self, where: Keys) -> str:
        # Of what stands inside an inline table the line of the table is known.
        line = next((self._lines[where[:n]] for n in range(len(where), 0, -1) if where[:n] in self._lines), 1)
        return f"{self._path}, line {line}"


def _nearest(name: str, known: Iterable[str]) -> str:
    return difflib.get_close_matches(name, sorted(known), 1, 0.0)[0]


_CLOSING = ("]", '"""', "'''")
"""What stands in the last line of each statement over several lines: the end of a list, or of a text."""


def _statements(text: str) -> Iterator[tuple[Keys, int]]:
    """Yield each table and key of a file that is valid TOML, with the line where its statement begins.

    tomllib tells no lines. So the file is parsed once more, statement by statement: one that is not whole yet, such as
    a list over several lines, does not parse by itself.
    """
    table: Keys = ()
    begun, statement = 1, list[str]()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement.append(f"{line}\n")
        # Not after each line: a list with an id a line would be parsed as often as it has ids.
        if len(statement) > 1 and not any(one in line for one in _CLOSING):
            continue
        try:
            parsed = tomllib.loads("".join(statement))
        except tomllib.TOMLDecodeError:
            continue
        paths = list(_paths(parsed))
        # A header parses by itself; its longest path is the table that the following keys belong to.
        if statement[0].lstrip().startswith("["):
            table = max(paths, key=len)
            yield from ((path, begun) for path in paths)
        else:
            yield from (((*table, *path), begun) for path in paths)
        begun, statement = number + 1, []


def _paths(table: Mapping[str, object], before: Keys = ()) -> Iterator[Keys]:
    for name, value in table.items():
        inner = value[0] if isinstance(value, list) and value else value
        yield (*before, name)
        if isinstance(inner, dict):
            yield from _paths(inner, (*before, name))
