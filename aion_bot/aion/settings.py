"""The client's settings: their names, defaults and rules, each in this one place. The bot's settings extend them."""

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

DEFAULT_BASE_URL = "https://api.aionvision.tech/api/v2"
DEFAULT_TIMEOUT = 300.0
DEFAULT_MAX_RETRIES = 3
DEFAULT_RETRY_DELAY = 1.0
"""The defaults of the vendor's SDK. Times are seconds."""

_API_KEY = re.compile(r"[a-z]+_[A-Za-z0-9_-]{20,}")
"""The pattern of the vendor's SDK."""

SENTENCES: Mapping[str, str] = {
    "missing": "is not set",
    "extra_forbidden": "is no setting",
    "api_key_format": "must be <prefix>_ followed by at least 20 letters, digits, _ or -",
    "literal_error": "must be one of: {expected}",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
}
"""What is wrong with a setting, by pydantic's name of the error. Never repeats the value: it may be a secret."""


def _check_api_key(value: SecretStr) -> SecretStr:
    # fullmatch: a key pasted with its line end would otherwise pass, and break the header.
    if not _API_KEY.fullmatch(value.get_secret_value()):
        raise PydanticCustomError("api_key_format", "is malformed")
    return value


def _split(url: str, sentence: str) -> SplitResult:
    """Return the parts of an address. Raises ValueError with `sentence` for what is none."""
    try:
        parts = urlsplit(url)
        # Reading the port is what checks it.
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        # The message of urlsplit quotes a part of the address, which may be a password.
        valid = False
    if not valid:
        raise ValueError(sentence)
    return parts


def _check_base_url(value: str) -> str:
    sentence = "is not an address; give one like https://host/path"
    parts = _split(value, sentence)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(sentence)
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https:// (http is accepted for this machine alone)")
    return value.rstrip("/")


def _check_proxy_url(value: str) -> str:
    sentence = "must be an address like http://proxy:3128"
    if _split(value, sentence).scheme not in {"http", "https", "socks5"}:
        raise ValueError(sentence)
    return value


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class EnvironmentSource(PydanticBaseSettingsSource):
    """Reads the fields of a settings class from a mapping of environment variables.

    Spaces around a value do not count, and an empty value counts as unset.
    """

    def __init__(self, settings_cls: type[BaseSettings], env: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._env = env

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a field's value, None where it is unset; its name; and that the value is no JSON."""
        return self._env.get(str(field.validation_alias), "").strip() or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the fields that are set, by name."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value is not None}


class ClientSettings(BaseSettings):
    """Settings of a client. Making them from arguments reads no environment; `from_env` does.

    Attributes:
        api_key: `<prefix>_` and 20 or more letters, digits, `_` or `-`.
        base_url: https; http for a loopback host alone. A slash at its end is dropped.
        timeout: The longest silence in seconds, an hour at most: connecting, to the first byte, between events.
        max_retries: How often a failed request is repeated where that is safe, 0 to 20.
        retry_delay: Seconds before the first repetition, 0 to 60; doubled for each further one.
        tenant_id: The workspace, sent as `X-Tenant-ID`.
        proxy_url: A proxy for every request; proxy variables of the environment are not read.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        # Arguments go by the fields' names, variables by their own.
        populate_by_name=True,
        loc_by_alias=False,
        # A default is the value itself; a validator may expect the text of a variable.
        validate_default=False,
        # An error's text must not hold a mistyped key.
        hide_input_in_errors=True,
    )

    api_key: Annotated[SecretStr, AfterValidator(_check_api_key)] = Field(
        validation_alias="AIONVISION_API_KEY"
    )
    base_url: Annotated[str, AfterValidator(_check_base_url)] = Field(
        DEFAULT_BASE_URL, validation_alias="AIONVISION_BASE_URL"
    )
    timeout: float = Field(
        DEFAULT_TIMEOUT, gt=0, le=3600, allow_inf_nan=False, validation_alias="AIONVISION_TIMEOUT"
    )
    max_retries: int = Field(DEFAULT_MAX_RETRIES, ge=0, le=20, validation_alias="AIONVISION_MAX_RETRIES")
    retry_delay: float = Field(
        DEFAULT_RETRY_DELAY, ge=0, le=60, allow_inf_nan=False, validation_alias="AIONVISION_RETRY_DELAY"
    )
    tenant_id: str | None = Field(None, validation_alias="AIONVISION_TENANT_ID")
    proxy_url: Annotated[str, AfterValidator(_check_proxy_url)] | None = Field(
        None, validation_alias="AIONVISION_PROXY_URL", repr=False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 # pydantic-settings passes all of them by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # likewise
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 # likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments alone, so that no variable changes a client that was given all it needs."""
        return (init_settings,)

    @classmethod
    def from_arguments(cls, **arguments: Any) -> Self:
        """Check arguments by the fields' names. Raises ValueError, without the value, for what cannot work."""
        try:
            return cls(**arguments)
        except ValidationError as error:
            name, problem = next(iter(explain(error).items()))
            raise ValueError(f"{name} {problem}") from None

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:
        """Read `AIONVISION_API_KEY` and its siblings; an override that is not None wins.

        Raises ValueError, naming the variable, for one that is missing or malformed.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls.from_mapping(os.environ, **given)
        except ValidationError as error:
            name, problem = next(iter(explain(error).items()))
            field = cls.model_fields.get(name)
            variable = name if field is None or name in given else str(field.validation_alias)
            raise ValueError(f"{variable} {problem}") from None

    @classmethod
    def from_mapping(cls, env: Mapping[str, str], **overrides: Any) -> Self:
        """Read a mapping of environment variables. Raises pydantic's `ValidationError`, which has all problems."""
        return cls(**(EnvironmentSource(cls, env)() | overrides))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        headers = {"Authorization": f"Bearer {self.api_key.get_secret_value()}"}
        return headers | ({"X-Tenant-ID": self.tenant_id} if self.tenant_id else {})


def explain(error: ValidationError, sentences: Mapping[str, str] = SENTENCES) -> dict[str, str]:
    """Return what is wrong with each field, in the order of the fields; of several problems of one field the first."""
    found: dict[str, str] = {}
    for item in error.errors(include_input=False, include_url=False):
        context: dict[str, Any] = dict(item.get("ctx", {}))
        sentence = sentences.get(item["type"])
        problem = sentence.format(**context) if sentence else str(context.get("error", item["msg"]))
        found.setdefault(str(item["loc"][0]), problem)
    return found
