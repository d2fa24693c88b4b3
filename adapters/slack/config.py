"""Slack's environment variables: what they are, and what is wrong with them. No I/O."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from adapters.slack import strings
from aion_bot.ports.settings import (
    BaseUrl,
    IdForm,
    IdForms,
    IdKind,
    PlatformSettings,
    Problem,
    check_public_url,
)

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105  # the variable's name, not its value
APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105  # likewise
SIGNING_SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105  # likewise
PUBLIC_URL = "AION_BOT_PUBLIC_URL"
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
_PATH_FORM = re.compile(r"[A-Za-z0-9._~/-]*")
_SIGNING_SECRET_FORM = re.compile(r"[A-Za-z0-9]{32,64}")


def _check_bot_token(value: SecretStr) -> SecretStr:
    if not _BOT_TOKEN_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_XOXB)
    return value


def _check_app_token(value: SecretStr) -> SecretStr:
    if not _APP_TOKEN_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_XAPP)
    return value


def _check_signing_secret(value: SecretStr) -> SecretStr:
    if not _SIGNING_SECRET_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_SIGNING)
    return value


def _check_public_url(value: str) -> str:
    url = check_public_url(value)
    if not _PATH_FORM.fullmatch(urlsplit(url).path):
        raise ValueError(strings.PLAIN_PATH)
    return url


def _check_config_token(value: SecretStr) -> SecretStr:
    token = value.get_secret_value()
    if not token.startswith("xoxe.xoxp-") or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(strings.NOT_XOXE)
    return value


SigningSecret = Annotated[SecretStr, AfterValidator(_check_signing_secret)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
ConfigToken = Annotated[SecretStr, AfterValidator(_check_config_token)]
# The SDK appends a method's name to the address as it is.
ApiUrl = Annotated[BaseUrl, AfterValidator(lambda url: f"{url}/")]


class SlackSettings(PlatformSettings):
    """The secrets of one workspace, the way in which Slack delivers, and the address of its Web API, which ends with a slash.

    With `app_token` Slack delivers over Socket Mode, with `signing_secret` over HTTP to `public_url`; one of the two is set.
    `config_token`, an app configuration token, is for `doctor` and `init` alone. It lives for twelve hours.
    """

    sentences: ClassVar[Mapping[str, str]] = {**PlatformSettings.sentences, "missing": strings.BOTH_NEEDED}
    # A token with a line end is refused: it was not copied as it is.
    verbatim: ClassVar[frozenset[str]] = frozenset(
        {"bot_token", "app_token", "signing_secret", "config_token"}
    )

    bot_token: Annotated[SecretStr, AfterValidator(_check_bot_token)] = Field(validation_alias=BOT_TOKEN)
    app_token: Annotated[SecretStr, AfterValidator(_check_app_token)] | None = Field(
        None, validation_alias=APP_TOKEN
    )
    signing_secret: SigningSecret | None = Field(None, validation_alias=SIGNING_SECRET)
    public_url: PublicUrl | None = Field(None, validation_alias=PUBLIC_URL)
    config_token: ConfigToken | None = Field(None, validation_alias=CONFIG_TOKEN)
    api_url: ApiUrl = Field(DEFAULT_API_URL, validation_alias="SLACK_API_URL")

    @property
    def app_level_token(self) -> str:
        """The token of Socket Mode, "" over HTTP."""
        return "" if self.app_token is None else self.app_token.get_secret_value()

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Name the variables of Socket Mode, which is the way to begin with."""
        return SOCKET_MODE

    @classmethod
    def given(cls, env: Mapping[str, str]) -> Sequence[str]:
        """Name the variables that are set and show that Slack is wanted, of both ways."""
        return [name for name in (*SOCKET_MODE, *HTTP[1:]) if env.get(name, "").strip()]

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read Slack's variables as `PlatformSettings.read` does; those of two ways together are a problem."""
        settings, problems = super().read(env)
        wrong = {one.variable: one for one in problems}
        for one in way_problems(cls.given(env)):
            # A malformed value keeps its own problem, which tells more than that the way does not want it.
            if one.variable not in wrong or not env.get(one.variable, "").strip():
                wrong[one.variable] = one
        ordered = [wrong[name] for name in cls.variables() if name in wrong]
        rest = [one for one in problems if one.variable not in cls.variables()]
        return (None if wrong else settings), (*ordered, *rest)


SOCKET_MODE = (BOT_TOKEN, APP_TOKEN)
HTTP = (BOT_TOKEN, SIGNING_SECRET, PUBLIC_URL)
"""The variables of each way in which Slack delivers. Those of the other one are problems."""


def is_http(given: Container[str]) -> bool:
    """Tell whether variables that are set ask for Slack over HTTP."""
    return APP_TOKEN not in given and (SIGNING_SECRET in given or PUBLIC_URL in given)


def way_problems(given: Sequence[str]) -> Iterator[Problem]:
    """Find what keeps the variables that are set from naming one way in which Slack delivers."""
    if not given:
        return
    if is_http(given):
        missing, sentence = [one for one in HTTP if one not in given], strings.http_needs(given)
        yield from (Problem(one, sentence) for one in missing)
        return
    if APP_TOKEN not in given:
        yield Problem(APP_TOKEN, strings.BOTH_NEEDED.format(given=BOT_TOKEN))
    for one in (SIGNING_SECRET, PUBLIC_URL):
        if one in given:
            yield Problem(one, strings.TWO_WAYS)


def read(env: Mapping[str, str]) -> tuple[SlackSettings | None, Sequence[Problem]]:
    """Read Slack's variables: the settings, or None and every problem. None and no problem where no token is set."""
    settings, problems = SlackSettings.read(env) if SlackSettings.is_wanted(env) else (None, ())
    return (None if settings is None else settings.through_proxy(env, settings.api_url)), problems
