"""The core's part of the environment, checked whole before anything connects. No I/O."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from aion_bot.ports.settings import Problem, check_base_url

KEY_PATTERN = re.compile(r"[a-z]+_[A-Za-z0-9_-]{20,}")
"""An Aion API key, as its published SDK checks it."""

NOT_YET = ("AION_BOT_HTTP_ADDRESS", "AION_BOT_FOOTER")
"""Settings whose issue has not landed: accepting them without effect would be a lie."""


def _key(value: SecretStr) -> SecretStr:
    if not KEY_PATTERN.fullmatch(value.get_secret_value()):
        raise ValueError("must look like <prefix>_<20 or more characters>, as Aion's settings page shows it")
    return value


def _base_url(value: str) -> str:
    problem = check_base_url("", value)
    if problem is not None:
        raise ValueError(problem.mend)
    return value.rstrip("/")


def _proxy_url(value: str | None) -> str | None:
    if value is not None:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https", "socks5"} or not parts.hostname:
            raise ValueError("must be an address like http://proxy:3128")
    return value


def _database(value: object) -> Path:
    scheme = "sqlite:///"
    text = str(value)
    if not text.startswith(scheme) or not text.removeprefix(scheme):
        raise ValueError("must be sqlite:///relative.db or sqlite:////absolute.db")
    return Path(text.removeprefix(scheme))


def _ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = frozenset(part.strip() for part in value.split(",") if part.strip())
    if not ids or any(re.search(r"\s", one) for one in ids):
        raise ValueError("must be ids separated by commas")
    return ids


def _flag(value: object) -> object:
    if isinstance(value, str):
        known = {"true": True, "false": False}
        if value.lower() not in known:
            raise ValueError("must be true or false")
        return known[value.lower()]
    return value


Ids = Annotated[frozenset[str], BeforeValidator(_ids)]


class Settings(BaseModel):
    """What the core reads. Field names are the variables' own in small letters, but for their prefix."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    api_key: Annotated[SecretStr, AfterValidator(_key)] = Field(alias="AIONVISION_API_KEY")
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.aionvision.tech/api/v2", alias="AIONVISION_BASE_URL"
    )
    timeout: float = Field(300.0, gt=0, le=3600, allow_inf_nan=False, alias="AIONVISION_TIMEOUT")
    max_retries: int = Field(3, ge=0, le=20, alias="AIONVISION_MAX_RETRIES")
    retry_delay: float = Field(1.0, ge=0, le=60, allow_inf_nan=False, alias="AIONVISION_RETRY_DELAY")
    tenant_id: str | None = Field(None, alias="AIONVISION_TENANT_ID")
    proxy_url: Annotated[str | None, AfterValidator(_proxy_url)] = Field(
        None, alias="AIONVISION_PROXY_URL", repr=False
    )
    database: Annotated[Path, BeforeValidator(_database)] = Field(
        Path("aion-bot.db"), alias="AION_BOT_DATABASE_URL"
    )
    approvers: Literal["requester", "anyone"] | Ids = Field(
        "requester", alias="AION_BOT_APPROVERS", union_mode="left_to_right"
    )
    allow_channels: Ids = Field(frozenset(), alias="AION_BOT_ALLOW_CHANNELS")
    allow_users: Ids = Field(frozenset(), alias="AION_BOT_ALLOW_USERS")
    allow_workspaces: Ids = Field(frozenset(), alias="AION_BOT_ALLOW_WORKSPACES")
    busy: Literal["queue", "replace", "reject"] = Field("queue", alias="AION_BOT_BUSY")
    shutdown_grace: float = Field(20.0, ge=0, le=3600, allow_inf_nan=False, alias="AION_BOT_SHUTDOWN_GRACE")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="AION_BOT_LOG_LEVEL")
    log_format: Literal["text", "json"] = Field("text", alias="AION_BOT_LOG_FORMAT")


VARIABLES = tuple(str(field.alias) for field in Settings.model_fields.values())
"""Every variable of the core, in the order of INTERFACE.md."""

_MENDS = {
    "missing": "is not set; give it in the environment or in .env",
    "literal_error": "must be one of: {expected}",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "finite_number": "must be a finite number",
}


def read_settings(env: Mapping[str, str]) -> tuple[Settings | None, Sequence[Problem]]:
    """Check the core's variables. Every problem is found at once; none repeats a value."""
    problems = [
        Problem(name, "is not implemented in this version; remove it") for name in NOT_YET if name in env
    ]
    try:
        settings = Settings.model_validate({name: env[name].strip() for name in VARIABLES if name in env})
    except ValidationError as error:
        return None, [*_problems(error), *problems]
    return (None if problems else settings), problems


def _problems(error: ValidationError) -> list[Problem]:
    found: dict[str, Problem] = {}
    for item in error.errors(include_input=False, include_url=False):
        variable = str(item["loc"][0])
        context: dict[str, Any] = dict(item.get("ctx", {}))
        mend = _MENDS.get(item["type"])
        text = mend.format(**context) if mend else str(context.get("error", item["msg"]))
        found.setdefault(variable, Problem(variable, text))
    return list(found.values())
