"""What the package of a platform offers before anything connects: its settings, its ids, its set-up."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.diagnosis import CreatedApp, Diagnosis
from aion_bot.ports.settings import IdForms, Problem


@runtime_checkable
class KnownIds(Protocol):
    """A platform whose ids have a known form, as package and as adapter, so that lists in the settings are checked.

    Without it every id counts as one of the platform's.
    """

    id_forms: IdForms


def id_forms_of(offered: object) -> IdForms:
    """Return the forms of a platform's ids, none where it has no `KnownIds`."""
    return offered.id_forms if isinstance(offered, KnownIds) else {}


@runtime_checkable
class Platform(Protocol):
    """A sub-package of `adapters`: what its `__init__` offers. None of it may import the platform's SDK by itself."""

    def variables(self) -> Sequence[str]:
        """Every environment variable that belongs to this platform.

        A name that ends in TOKEN, KEY, SECRET or PASSWORD holds a secret: its value is kept out of the logs.
        """

    def required(self) -> Sequence[str]:
        """Those of `variables` that must be set for the platform to be used.

        Each may be given as the file that `<NAME>_FILE` names; the environment that the platform gets has its value.
        """

    def loggers(self) -> Sequence[str]:
        """Names of the loggers of its SDK. They are kept quiet below warning."""

    def configure(self, env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
        """Build the adapter if its variables are set; None if it is not wanted. Connects to nothing."""


@runtime_checkable
class SeveralWays(Protocol):
    """A sub-package of `adapters` whose platform is used in one of several ways, each with variables of its own."""

    def required_in(self, env: Mapping[str, str]) -> Sequence[str]:
        """Return what `Platform.required` is for the way that `env` asks for, in part or whole."""

    def secrets(self) -> Sequence[str]:
        """Return the variables of every way that may be given as the file that `<NAME>_FILE` names."""

    def manifest_in(self, env: Mapping[str, str]) -> str:
        """Return what `SetUpGuide.manifest` is for that way."""

    def steps_in(self, env: Mapping[str, str], app: str = "") -> Mapping[str, str]:
        """Return what `SetUpGuide.manual_steps` is for that way; of a created `app` what `AppCreation.steps_of_app` is."""


def required_of(platform: Platform, env: Mapping[str, str]) -> Sequence[str]:
    """Return the variables without which a platform is not used in the way that `env` asks for."""
    return platform.required_in(env) if isinstance(platform, SeveralWays) else platform.required()


def secrets_of(platform: Platform) -> Sequence[str]:
    """Return the variables of a platform that may be given as files."""
    return platform.secrets() if isinstance(platform, SeveralWays) else platform.required()


@runtime_checkable
class MessageLinks(Protocol):
    """A sub-package of `adapters` that reads the links to messages which people copy."""

    def message_of_link(self, link: str) -> str | None:
        """Return the id of the `MessageRef` that a link leads to; None if it is none of this platform's. Pure."""


@runtime_checkable
class SetUpGuide(Protocol):
    """A sub-package of `adapters` that tells what a person does by hand before the bot runs."""

    def manual_steps(self) -> Mapping[str, str]:
        """Return one sentence for each step, in order: by the variable that it yields, or by a name of its own."""

    def manifest(self, url: str = "", *, reactions: bool = False) -> str:
        """Return the text from which the platform makes the app, "" where it takes none.

        `url`: the public address, without a slash at its end, where the platform sends events over HTTP; empty: it does not.
        `reactions`: the app needs what lets it learn of reactions.
        """


def steps_of(platform: SetUpGuide, env: Mapping[str, str]) -> Mapping[str, str]:
    """Return what a person does by hand in the way that `env` asks for."""
    return platform.steps_in(env) if isinstance(platform, SeveralWays) else platform.manual_steps()


def manifest_of(platform: SetUpGuide, env: Mapping[str, str]) -> str:
    """Return the manifest for the way that `env` asks for."""
    return platform.manifest_in(env) if isinstance(platform, SeveralWays) else platform.manifest()


@runtime_checkable
class VariableProbe(Protocol):
    """A sub-package of `adapters` that can check one variable by a real call, before the others are given."""

    async def probe(self, env: Mapping[str, str], variable: str) -> Diagnosis:
        """Check the form of one of `Platform.required`, then ask the platform about it. Changes nothing.

        Raises `PlatformDown` where the platform cannot be reached, and `RateLimited`.
        """


@runtime_checkable
class AppCreation(Protocol):
    """A sub-package of `adapters` whose platform creates the app by itself, for a token that serves this alone."""

    def creation_token(self) -> str:
        """Name the variable of that token."""

    async def create_app(self, env: Mapping[str, str]) -> CreatedApp:
        """Create the app from the manifest, which the platform validates first. Sent once: a second app would be another one.

        Raises `PlatformDown` where the platform cannot be reached, then no app is known to exist, and `RateLimited`.
        """

    def steps_of_app(self, app: str) -> Mapping[str, str]:
        """Return the `manual_steps` that are left for a created app, with the addresses of its pages."""


def steps_left(platform: AppCreation, env: Mapping[str, str], app: str) -> Mapping[str, str]:
    """Return what a person still does for a created app in the way that `env` asks for."""
    return platform.steps_in(env, app) if isinstance(platform, SeveralWays) else platform.steps_of_app(app)
