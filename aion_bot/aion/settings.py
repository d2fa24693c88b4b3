"""The client's settings: their names, defaults and rules, each in this one place. The bot's settings extend them."""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from aion_bot.environment.addresses import BaseUrl, ProxyUrl
from aion_bot.environment.model import EnvironmentSettings

DEFAULT_BASE_URL = "https://api.aionvision.tech/api/v2"
DEFAULT_TIMEOUT = 300.0
DEFAULT_MAX_RETRIES = 3
DEFAULT_RETRY_DELAY = 1.0
"""The defaults of the vendor's SDK. Times are seconds."""

_API_KEY = re.compile(r"[a-z]+_[A-Za-z0-9_-]{20,}")
"""The pattern of the vendor's SDK."""


def is_api_key(value: str) -> bool:
    """Tell whether a text has the form of a key."""
    return _API_KEY.fullmatch(value) is not None


def _check_api_key(value: SecretStr) -> SecretStr:
    # fullmatch: a key pasted with its line end would otherwise pass, and break the header.
    if not is_api_key(value.get_secret_value()):
        raise PydanticCustomError("api_key_format", "is malformed")
    return value


class ClientSettings(EnvironmentSettings):
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

    sentences: ClassVar[Mapping[str, str]] = {
        **EnvironmentSettings.sentences,
        "api_key_format": "must be <prefix>_ followed by at least 20 letters, digits, _ or -",
    }

    api_key: Annotated[SecretStr, AfterValidator(_check_api_key)] = Field(
        validation_alias="AIONVISION_API_KEY"
    )
    base_url: BaseUrl = Field(DEFAULT_BASE_URL, validation_alias="AIONVISION_BASE_URL")
    timeout: float = Field(
        DEFAULT_TIMEOUT, gt=0, le=3600, allow_inf_nan=False, validation_alias="AIONVISION_TIMEOUT"
    )
    max_retries: int = Field(DEFAULT_MAX_RETRIES, ge=0, le=20, validation_alias="AIONVISION_MAX_RETRIES")
    retry_delay: float = Field(
        DEFAULT_RETRY_DELAY, ge=0, le=60, allow_inf_nan=False, validation_alias="AIONVISION_RETRY_DELAY"
    )
    tenant_id: str | None = Field(None, validation_alias="AIONVISION_TENANT_ID")
    proxy_url: ProxyUrl | None = Field(None, validation_alias="AIONVISION_PROXY_URL", repr=False)

    @classmethod
    def from_arguments(cls, **arguments: Any) -> Self:
        """Check arguments by the fields' names. Raises ValueError, without the value, for what cannot work."""
        try:
            return cls(**arguments)
        except ValidationError as error:
            name, problem = next(iter(cls.explain(error).items()))
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
            name, problem = next(iter(cls.explain(error).items()))
            variable = name if name in given else cls.variable(name)
            raise ValueError(f"{variable} {problem}") from None

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        headers = {"Authorization": f"Bearer {self.api_key.get_secret_value()}"}
        return headers | ({"X-Tenant-ID": self.tenant_id} if self.tenant_id else {})
