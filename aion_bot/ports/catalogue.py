"""One catalogue of the words that people read, so that a translation can replace them.

A module of sentences adds itself (`catalogue.add(__name__)`), and is then read like any other: `strings.THINKING`. In a task
for which a language was chosen, a name that this language's translation has takes the place of the module's own.
"""

import inspect
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

_language: ContextVar[str] = ContextVar("language", default="")
_for_others: dict[str, frozenset[str]] = {}
_translations: dict[str, Mapping[str, Mapping[str, object]]] = {}


class _Sentences(ModuleType):
    """A module of sentences; each look-up of one of its names asks for the task's language."""

    def __getattribute__(self, name: str) -> Any:
        own = super().__getattribute__(name)
        language = _language.get()
        if not language:
            return own
        # By `self.__name__` this method would call itself without an end.
        return _translations[language].get(super().__getattribute__("__name__"), {}).get(name, own)


def add(module: str, *, for_others: Collection[str] = ()) -> None:
    """Add a module of sentences by its name; `for_others` are names in it for operators, or for Aion."""
    _for_others[module] = frozenset(for_others)
    # Python documents this way: https://docs.python.org/3/reference/datamodel.html#customizing-module-attribute-access
    sys.modules[module].__class__ = _Sentences


def sentences() -> Mapping[str, Mapping[str, object]]:
    """Return every sentence for people, by module and name: a string, or a function that returns one."""
    return {module: dict(_of_people(module)) for module in _for_others}


def translate(language: str, words: Mapping[str, Mapping[str, object]]) -> None:
    """Give a language its words, by module and name; what it lacks stays as it is.

    Raises:
        ValueError: a name is none of the catalogue's.
    """
    known = sentences()
    unknown = [
        f"{module}.{name}" for module in words for name in words[module] if name not in known.get(module, {})
    ]
    if unknown:
        raise ValueError(f"no sentences of the catalogue: {', '.join(unknown)}")
    _translations[language] = words


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Use a language in this task, and in those that it starts; "" is the catalogue's own."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def _of_people(module: str) -> Iterator[tuple[str, object]]:
    for name, value in vars(sys.modules[module]).items():
        own = isinstance(value, str) or (inspect.isfunction(value) and value.__module__ == module)
        if own and not name.startswith("_") and name not in _for_others[module]:
            yield name, value
