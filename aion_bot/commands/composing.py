"""What the settings ask for: adapters for one scope, or platforms that one deployment serves in many scopes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from aion_bot.config import Settings, check_http_address, check_lists, unknown_variables
from aion_bot.domain import strings
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.hosting import HostedPlatform, OffersHosting
from aion_bot.ports.http_requests import receivers
from aion_bot.ports.platform_package import Platform, id_forms_of, required_of, secrets_of
from aion_bot.ports.secret_files import SecretFiles, read_secret_files
from aion_bot.ports.secrets import KNOWN, secrets_in
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from aion_bot.runtime.hosting.one_scope import OneScope

Discover = Callable[[Mapping[str, str], Sequence[Platform]], tuple[list[PlatformAdapter], list[Problem]]]
"""Builds the adapter of every platform whose variables are set; see `adapters.discover`."""


@dataclass(slots=True)
class Composed:
    """What was read: the settings, None where they are wrong, the adapters, and every problem.

    `hosts` are the platforms that are served in many scopes; then the `adapters` are those that are served whole beside them.
    `env` has the values of the files of secrets as well.
    """

    settings: Settings | None
    adapters: list[PlatformAdapter]
    problems: list[Problem]
    hosts: Sequence["HostingPackage"] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    packages: Sequence[Platform] = ()

    def alike(self) -> Sequence[str]:
        """Return the variables that every replica has to have alike: those that tell whose deployment it is, and no secrets, which rotate."""
        names = [
            name for one in self.hosts for name in required_of(one, self.env) if name not in secrets_of(one)
        ]
        return tuple(dict.fromkeys(names))

    def names(self) -> Sequence[str]:
        """Return the names of all platforms that are used."""
        return [*map(name_of, self.hosts), *(one.platform for one in self.adapters)]

    def hosted(self, values: SharedValues) -> list[HostedPlatform]:
        """Build what serves the scopes. Connects to nothing."""
        found = [one.configure_hosted(self.env, values)[0] for one in self.hosts]
        built = [one for one in found if one is not None]
        whole = {one.platform for one in self.adapters}
        built += [
            OneScope(name_of(one), partial(_build, one, self.env))
            for one in self.packages
            if name_of(one) in whole
        ]
        return built


def name_of(package: Platform) -> str:
    """Return the name of a platform by its package."""
    return str(package.__name__).rpartition(".")[2]  # type: ignore[attr-defined]  # a module


def _build(package: Platform, env: Mapping[str, str]) -> PlatformAdapter | None:
    return package.configure(env)[0]


class HostingPackage(Platform, OffersHosting, Protocol):
    """A platform's package that can serve many scopes."""


async def _not_open(*_: object, **__: object) -> Any:
    raise SharedValuesDown("the database is not open")


class NoValues:
    """The shared values while only the settings are looked at: each method raises `SharedValuesDown`."""

    get = set = replace = take = names = staticmethod(_not_open)


def read_secrets(env: Mapping[str, str], available: Sequence[Platform]) -> SecretFiles:
    """Read the files of secrets: those of Aion and of each platform."""
    given = [Settings.required(), *(secrets_of(platform) for platform in available)]
    return read_secret_files(env, [name for names in given for name in names])


def compose(env: Mapping[str, str], available: Sequence[Platform], discover: Discover) -> Composed:
    """Read every setting and build the adapters; finds all problems at once and connects to nothing."""
    files = read_secrets(env, available)
    KNOWN.know(secrets_in(files.env))
    settings, problems = Settings.read(files.env)
    hosts = [one for one in available if isinstance(one, OffersHosting) and one.wants_hosting(files.env)]
    platforms, more = discover(files.env, [one for one in available if one not in hosts])
    hosted: list[HostedPlatform] = []
    for one in hosts:
        built, found = one.configure_hosted(files.env, NoValues())
        hosted += [built] if built is not None else []
        more += found
    variables = [*files.variables, *(name for platform in available for name in platform.variables())]
    read = [one for one in (*problems, *more) if one.variable not in files.without_value]
    read += [*files.problems, *unknown_variables(env, variables)]
    if settings is not None:
        read += check_lists(settings, [id_forms_of(platform) for platform in available])
        read += check_http_address(settings, platforms)
        if hosts:
            read += _hosting_problems(settings, platforms, hosted)
    # A malformed variable is reported by itself, and shows that its platform is wanted.
    if not (platforms or hosts or more or files.problems):
        required = [platform.required() for platform in available]
        needed = ", ".join(name for names in required for name in names)
        read.append(Problem(needed, strings.no_platform(required)))
    return Composed(settings, platforms, read, hosts, files.env, available)


def _hosting_problems(
    settings: Settings, beside: Sequence[PlatformAdapter], hosted: Sequence[HostedPlatform]
) -> Iterator[Problem]:
    """Find what many scopes need and the settings do not give; `beside` are platforms that are served whole."""
    if not isinstance(settings.database, PostgresUrl):
        yield Problem(Settings.variable("database"), strings.HOSTING_NEEDS_POSTGRES)
    if settings.http_address is None and any(one.http_paths for one in hosted):
        yield Problem(Settings.variable("http_address"), strings.HTTP_ADDRESS_NEEDED)
    for platform, _ in receivers(beside):
        yield Problem(platform, strings.PLATFORM_NOT_HOSTED)
