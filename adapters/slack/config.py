"""Slack's environment variables: what they are, and what is wrong with them. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, SecretStr

from adapters.slack import strings
from aion_bot.ports.settings import BaseUrl, IdForm, IdForms, IdKind, PlatformSettings, Problem

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105  # the variable's name, not its value
APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105  # likewise
CONFIG_TOKEN = "SLACK_CONFIG_TOKEN"  # noqa: S105  # likewise

ID_FORMS: IdForms = {
    IdKind.PERSON: IdForm(re.compile(r"[UW][A-Z0-9]+"), "U… or W… on Slack"),
    IdKind.CHANNEL: IdForm(re.compile(r"[CGD][A-Z0-9]+"), "C…, G… or D… on Slack"),
    IdKind.APP: IdForm(re.compile(r"[AB][A-Z0-9]+"), "A… or B… on Slack"),
    IdKind.WORKSPACE: IdForm(re.compile(r"[TE][A-Z0-9]+"), "T… or E… on Slack"),
    IdKind.ROLE: IdForm(re.compile(r"S[A-Z0-9]+"), "S… on Slack"),
}

DEFAULT_API_URL = "https://slack.com/api/"

_BOT_TOKEN_FORM = re.compile(r"xoxb-[A-Za-z0-9-]+")
_APP_TOKEN_FORM = re.compile(r"xapp-[A-Za-z0-9-]+")


def _check_bot_token(value: SecretStr) -> SecretStr:
    if not _BOT_TOKEN_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_XOXB)
    return value


def _check_app_token(value: SecretStr) -> SecretStr:
    if not _APP_TOKEN_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_XAPP)
    return value


def _check_config_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if not token.startswith("xoxe.xoxp-") or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(strings.NOT_XOXE)
    return value


class SlackSettings(PlatformSettings):
    """The tokens of one workspace and the address of its Web API, which ends with a slash.

    `config_token`, an app configuration token, is for `doctor` and `init` alone. It lives for twelve hours.
    """

    sentences: ClassVar[Mapping[str, str]] = {**PlatformSettings.sentences, "missing": strings.BOTH_NEEDED}
    # A token with a line end is refused: it was not copied as it is.
    verbatim: ClassVar[frozenset[str]] = frozenset({"bot_token", "app_token", "config_token"})
    reserved: ClassVar[tuple[str, ...]] = (
        "SLACK_SIGNING_SECRET", "SLACK_SIGNING_SECRET_FILE", "SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET",
        "SLACK_CLIENT_SECRET_FILE", "SLACK_ALLOW_INSTALL",
    )  # fmt: skip

    bot_token: Annotated[SecretStr, AfterValidator(_check_bot_token)] = Field(validation_alias=BOT_TOKEN)
    app_token: Annotated[SecretStr, AfterValidator(_check_app_token)] = Field(validation_alias=APP_TOKEN)
    config_token: Annotated[SecretStr, AfterValidator(_check_config_token)] | None = Field(
        None, validation_alias=CONFIG_TOKEN
    )
    # The SDK appends a method's name to the address as it is.
    api_url: Annotated[BaseUrl, AfterValidator(lambda url: f"{url}/")] = Field(
        DEFAULT_API_URL, validation_alias="SLACK_API_URL"
    )


def read(env: Mapping[str, str]) -> tuple[SlackSettings | None, Sequence[Problem]]:
    """Read Slack's variables: the settings, or None and every problem. None and no problem where no token is set."""
    wanted = SlackSettings.is_wanted(env)
    settings, problems = SlackSettings.read(env) if wanted else (None, SlackSettings.refused(env))
    return (None if settings is None else settings.through_proxy(env, settings.api_url)), problems
