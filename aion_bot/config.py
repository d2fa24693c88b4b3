"""The core's part of the environment, checked whole before anything connects. No I/O."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from aion_bot.aion.settings import SENTENCES, ClientSettings, explain
from aion_bot.ports.settings import Problem

NOT_YET = (
    "AIONVISION_API_KEY_FILE", "AION_BOT_PUBLIC_URL", "AION_BOT_ENCRYPTION_KEYS", "AION_BOT_ENCRYPTION_KEYS_FILE",
    "AION_BOT_REPLICA", "AION_BOT_HTTP_ADDRESS", "AION_BOT_ALLOW_APPS", "AION_BOT_CONFIG", "AION_BOT_NOTIFY_AFTER",
    "AION_BOT_UPLOADS", "AION_BOT_PROXY_URL", "AION_BOT_RETENTION_DAYS", "AION_BOT_FOOTER",
)  # fmt: skip
"""Settings whose issue has not landed: accepting them without effect would be a lie."""


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
        raise ValueError("must be ids between commas, or one of the words that the README names")
    return ids


Ids = Annotated[frozenset[str], BeforeValidator(_ids)]


class Settings(ClientSettings):
    """What the core reads: the Aion client's settings, and the bot's own."""

    database: Annotated[Path, BeforeValidator(_database)] = Field(
        Path("aion-bot.db"), validation_alias="AION_BOT_DATABASE_URL"
    )
    approvers: Literal["requester", "anyone"] | Ids = Field(
        "requester", validation_alias="AION_BOT_APPROVERS", union_mode="left_to_right"
    )
    allow_channels: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_CHANNELS")
    allow_users: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_USERS")
    allow_workspaces: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_WORKSPACES")
    busy: Literal["queue", "replace", "reject"] = Field("queue", validation_alias="AION_BOT_BUSY")
    shutdown_grace: float = Field(
        20.0, ge=0, le=3600, allow_inf_nan=False, validation_alias="AION_BOT_SHUTDOWN_GRACE"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="AION_BOT_LOG_LEVEL"
    )
    log_format: Literal["text", "json"] = Field("text", validation_alias="AION_BOT_LOG_FORMAT")


VARIABLES = tuple(str(field.validation_alias) for field in Settings.model_fields.values())
"""Every variable of the core, in the order of INTERFACE.md."""

_SENTENCES = {
    **SENTENCES,
    "missing": "is not set; give it in the environment or in .env",
    "api_key_format": "must look like <prefix>_<20 or more characters>, as Aion's settings page shows it",
}
"""The client's sentences, where the bot knows no better advice."""


def read_settings(env: Mapping[str, str]) -> tuple[Settings | None, Sequence[Problem]]:
    """Check the core's variables. Every problem is found at once; none repeats a value."""
    problems = [
        Problem(name, "is not implemented in this version; remove it") for name in NOT_YET if name in env
    ]
    try:
        settings = Settings.from_mapping(env)
    except ValidationError as error:
        found = explain(error, _SENTENCES).items()
        return None, [*(Problem(_variable(name), problem) for name, problem in found), *problems]
    return (None if problems else settings), problems


def _variable(field: str) -> str:
    return str(Settings.model_fields[field].validation_alias)
