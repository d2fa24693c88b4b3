"""The variables of installing the app by OAuth: what they are, and what is wrong with them. No I/O."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from adapters.slack.config import (
    APP_TOKEN,
    BOT_TOKEN,
    CONFIG_TOKEN,
    DEFAULT_API_URL,
    ID_FORMS,
    PUBLIC_URL,
    SIGNING_SECRET,
    ApiUrl,
    ConfigToken,
    PublicUrl,
    SigningSecret,
    SlackSettings,
)
from adapters.slack.oauth import strings
from aion_bot.ports.settings import IdKind, PlatformSettings, Problem

CLIENT_ID = "SLACK_CLIENT_ID"
CLIENT_SECRET = "SLACK_CLIENT_SECRET"  # noqa: S105  # the variable's name, not its value
ALLOW_INSTALL = "SLACK_ALLOW_INSTALL"
ENCRYPTION_KEYS = "AION_BOT_ENCRYPTION_KEYS"

OAUTH = (CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET, PUBLIC_URL, ENCRYPTION_KEYS)
"""The variables that installing by OAuth needs."""

ANY = frozenset({"any"})
"""Every workspace may install the app."""

_WANTING = (CLIENT_ID, CLIENT_SECRET, ALLOW_INSTALL)
"""Each of these shows that several workspaces are wanted."""

_CLIENT_ID_FORM = re.compile(r"[0-9]{1,32}\.[0-9]{1,32}")
_CLIENT_SECRET_FORM = re.compile(r"[A-Za-z0-9]{16,64}")
_KEY_BYTES = 32


def _check_client_id(value: str) -> str:
    if not _CLIENT_ID_FORM.fullmatch(value):
        raise ValueError(strings.NOT_CLIENT_ID)
    return value


def _check_client_secret(value: SecretStr) -> SecretStr:
    if not _CLIENT_SECRET_FORM.fullmatch(value.get_secret_value()):
        raise ValueError(strings.NOT_CLIENT_SECRET)
    return value


def _installers(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = frozenset(part.strip() for part in value.split(",") if part.strip())
    if not ids or (ids != ANY and not all(ID_FORMS[IdKind.WORKSPACE].fits(one) for one in ids)):
        raise ValueError(strings.NOT_INSTALLERS)
    return ids


def _keys(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = tuple(part.strip() for part in value.split(","))
    if not all(map(_is_key, found)):
        raise ValueError(strings.NOT_FERNET)
    return tuple(map(SecretStr, found))


def _is_key(text: str) -> bool:
    """Tell whether a text is a key of https://github.com/fernet/spec."""
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == _KEY_BYTES
    except (ValueError, binascii.Error):
        return False


class OAuthSettings(PlatformSettings):
    """The app's own credentials, who may install it, and the keys that encrypt the tokens of workspaces, the writing one first."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"client_secret", "signing_secret", "config_token"})

    client_id: Annotated[str, AfterValidator(_check_client_id)] = Field(validation_alias=CLIENT_ID)
    client_secret: Annotated[SecretStr, AfterValidator(_check_client_secret)] = Field(
        validation_alias=CLIENT_SECRET
    )
    allow_install: Annotated[frozenset[str], BeforeValidator(_installers)] = Field(
        frozenset(), validation_alias=ALLOW_INSTALL
    )
    signing_secret: SigningSecret = Field(validation_alias=SIGNING_SECRET)
    public_url: PublicUrl = Field(validation_alias=PUBLIC_URL)
    encryption_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(_keys)] = Field(
        validation_alias=ENCRYPTION_KEYS
    )
    config_token: ConfigToken | None = Field(None, validation_alias=CONFIG_TOKEN)
    api_url: ApiUrl = Field(DEFAULT_API_URL, validation_alias="SLACK_API_URL")

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read the variables as `PlatformSettings.read` does; the tokens of a single workspace are a problem."""
        settings, problems = super().read(env)
        given = [one for one in (*OAUTH, ALLOW_INSTALL) if env.get(one, "").strip()]
        absent = {one for one in OAUTH if one not in given}
        found = [
            Problem(one.variable, strings.oauth_needs(given, OAUTH)) if one.variable in absent else one
            for one in problems
        ]
        tokens = [one for one in (BOT_TOKEN, APP_TOKEN) if env.get(one, "").strip()]
        found += [Problem(one, strings.NOT_WITH_OAUTH) for one in tokens]
        if not found and find_spec("cryptography") is None:
            found.append(Problem(ENCRYPTION_KEYS, strings.NO_CRYPTOGRAPHY))
        return (None if found else settings), tuple(found)

    def may_install(self, team: str, enterprise: str) -> bool:
        """Tell whether a workspace, or an organisation where `team` is "", may have the app; an organisation's name its workspaces."""
        return self.allow_install == ANY or not self.allow_install.isdisjoint({team, enterprise} - {""})

    def of_workspace(self, token: str) -> SlackSettings:
        """Return the settings of an adapter for one workspace, whose bot token this is."""
        # The form of the token is Slack's own here: with token rotation it does not begin with `xoxb-`.
        return SlackSettings.model_construct(
            bot_token=SecretStr(token),
            app_token=None,
            signing_secret=self.signing_secret,
            public_url=self.public_url,
            config_token=self.config_token,
            api_url=self.api_url,
            proxy=self.proxy,
        )


def is_wanted(env: Mapping[str, str]) -> bool:
    """Tell whether the variables ask for workspaces that install the app by OAuth."""
    return any(env.get(name, "").strip() for name in _WANTING)


def read(env: Mapping[str, str]) -> tuple[OAuthSettings | None, Sequence[Problem]]:
    """Read the variables of OAuth: the settings, or None and every problem. None and few problems where they are not wanted."""
    if not is_wanted(env):
        alone = env.get(ENCRYPTION_KEYS, "").strip()
        sentence = strings.OAUTH_ALONE.format(needed=", ".join(OAUTH))
        return None, [Problem(ENCRYPTION_KEYS, sentence)] if alone else []
    settings, problems = OAuthSettings.read(env)
    return (None if settings is None else settings.through_proxy(env, settings.api_url)), problems
