"""What the settings ask for: one scope, or many; every problem is found before anything connects."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from aion_bot.commands.composing import Composed, NoValues, compose
from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.platform_package import Platform
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from tests.support.hosted_platform import PlainHosting

ENV = {
    "AIONVISION_API_KEY": "aion_first_0123456789abcdef0123",
    "AION_BOT_DATABASE_URL": "postgresql://bot@localhost/bot",
    "AION_BOT_HTTP_ADDRESS": "127.0.0.1:8080",
    "PLAIN_CLIENT": "1",
    "PLAIN_SECRET": "geheim",
}


class PlainPackage:
    """The package of a platform that hosts where PLAIN_CLIENT is set."""

    __name__ = "adapters.plain"

    def variables(self) -> Sequence[str]:
        return ("PLAIN_CLIENT", "PLAIN_SECRET")

    required = variables

    def loggers(self) -> Sequence[str]:
        return ()

    def configure(self, _env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        return None, ()

    def wants_hosting(self, env: Mapping[str, str]) -> bool:
        return bool(env.get("PLAIN_CLIENT"))

    def configure_hosted(
        self, env: Mapping[str, str], _values: SharedValues
    ) -> tuple[HostedPlatform | None, Sequence[Problem]]:
        if not env.get("PLAIN_SECRET"):
            return None, [Problem("PLAIN_SECRET", "is missing")]
        return PlainHosting("A"), ()

    def required_in(self, _env: Mapping[str, str]) -> Sequence[str]:
        return self.variables()

    def secrets(self) -> Sequence[str]:
        return ("PLAIN_SECRET",)

    def manifest_in(self, _env: Mapping[str, str]) -> str:
        return ""

    def steps_in(self, _env: Mapping[str, str], _app: str = "") -> Mapping[str, str]:
        return {}


class OtherPackage(PlainPackage):
    """The package of a platform that is served whole."""

    __name__ = "adapters.other"

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = paths

    def configure(self, _env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        return cast("PlatformAdapter", OtherAdapter(self._paths)), ()

    def wants_hosting(self, _env: Mapping[str, str]) -> bool:
        return False


class OtherAdapter:
    """An adapter of which only the name and the paths are asked."""

    platform = "other"

    def __init__(self, paths: Sequence[str]) -> None:
        self.http_paths = paths

    async def receive(self, _request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(200)


def composed(*packages: PlainPackage, **changed: str) -> Composed:
    """Compose with these variables, of which an empty one is not set."""
    found = [cast("Platform", one) for one in packages or (PlainPackage(),)]

    def discover(
        env: Mapping[str, str], among: Sequence[Platform]
    ) -> tuple[list[PlatformAdapter], list[Problem]]:
        built = [one.configure(env)[0] for one in among]
        return [one for one in built if one is not None], []

    return compose({name: value for name, value in {**ENV, **changed}.items() if value}, found, discover)


def test_a_platform_that_hosts_is_no_adapter_of_one_scope() -> None:
    """It is built again with the values that the replicas share; its name counts as a platform's."""
    found = composed()
    assert (found.problems, found.adapters, found.names()) == ([], [], ["plain"])
    assert [one.platform for one in found.hosted(NoValues())] == ["plain"]


def test_without_its_variables_there_is_one_scope() -> None:
    """Nothing is hosted, and what is missing is said as ever."""
    found = composed(PLAIN_CLIENT="")
    assert not found.hosts
    assert [one.mend for one in found.problems] == [strings.no_platform([("PLAIN_CLIENT", "PLAIN_SECRET")])]


@pytest.mark.parametrize(
    ("changed", "variable", "mend"),
    [
        ({"AION_BOT_DATABASE_URL": ""}, "AION_BOT_DATABASE_URL", strings.HOSTING_NEEDS_POSTGRES),
        (
            {"AION_BOT_DATABASE_URL": "sqlite:///a.db"},
            "AION_BOT_DATABASE_URL",
            strings.HOSTING_NEEDS_POSTGRES,
        ),
        ({"AION_BOT_HTTP_ADDRESS": ""}, "AION_BOT_HTTP_ADDRESS", strings.HTTP_ADDRESS_NEEDED),
        ({"PLAIN_SECRET": ""}, "PLAIN_SECRET", "is missing"),
    ],
)
def test_what_cannot_host_is_a_problem(changed: dict[str, str], variable: str, mend: str) -> None:
    """One problem, which names the variable and what to do."""
    assert [(one.variable, one.mend) for one in composed(**changed).problems] == [(variable, mend)]


def test_replicas_have_alike_what_tells_whose_deployment_it_is() -> None:
    """And no secret, as these are replaced."""
    assert composed().alike() == ("PLAIN_CLIENT",)


def test_another_platform_is_served_whole_beside_it() -> None:
    """As one scope; not where it sends over HTTP, as only its owner could tell whether a request is its own."""
    found = composed(PlainPackage(), OtherPackage())
    assert found.problems == []
    assert found.names() == ["plain", "other"]
    assert [one.platform for one in found.hosted(NoValues())] == ["plain", "other"]
    over_http = composed(PlainPackage(), OtherPackage(["/other"]))
    assert [(one.variable, one.mend) for one in over_http.problems] == [
        ("other", strings.PLATFORM_NOT_HOSTED)
    ]


async def test_values_are_not_there_before_the_database_is_open() -> None:
    """Whatever looks at them while only the settings are read."""
    with pytest.raises(SharedValuesDown):
        await NoValues().get("kind", "name")
