"""The core's settings and `aion-bot.toml`, checked whole before anything connects, and the access policy."""

import difflib
import os
import re
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field

from aion_bot.aion.settings import ClientSettings, is_api_key
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.rule_keys import (
    ALLOW_USERS,
    APPROVERS,
    FOOTER,
    MOST_NOTIFY_AFTER,
    NOTIFY_AFTER,
    UPLOADS,
    Uploads,
)
from aion_bot.domain.rules import Rule, Rules
from aion_bot.domain.rules_file import parse_rules
from aion_bot.environment.addresses import ListenAddress, read_listen_address
from aion_bot.environment.database_location import Location, read_location
from aion_bot.ports.http_requests import receivers
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.settings import (
    PROXY_URL,
    HttpProxyUrl,
    IdForms,
    IdKind,
    Problem,
    check_proxies,
    proxy_for,
)
from aion_bot.ports.text import visible_line

CONFIG = "AION_BOT_CONFIG"
"""The variable that names `aion-bot.toml`."""
DEFAULT = Path("aion-bot.toml")
"""Read from the working directory where no other file is named."""
_LONGEST = 1_000_000
"""Bytes of `aion-bot.toml`; it is read at once."""


def _database(value: object) -> Location:
    return read_location(str(value))


def _ids(value: object) -> object:
    if not isinstance(value, str):
        return value
    ids = frozenset(part.strip() for part in value.split(",") if part.strip())
    if not ids or any(re.search(r"\s", one) for one in ids):
        raise ValueError("must be ids between commas, or one of the words that the README names")
    return ids


def _replica(value: str) -> str:
    if not re.fullmatch(r"[\w.:@-]{0,100}", value):
        raise ValueError("must be at most 100 letters, digits and signs of . : @ _ -")
    return value


Ids = Annotated[frozenset[str], BeforeValidator(_ids)]


class Settings(ClientSettings):
    """What the core reads: the Aion client's settings, and the bot's own."""

    sentences: ClassVar[Mapping[str, str]] = {
        **ClientSettings.sentences,
        # Replaces the client's sentences where the bot's operator needs other advice.
        "missing": "is not set; give it in the environment or in .env",
        "api_key_format": "must look like <prefix>_<20 or more characters>, as Aion's settings page shows it",
    }

    database: Annotated[Location, BeforeValidator(_database)] = Field(
        Path("aion-bot.db"), validation_alias="AION_BOT_DATABASE_URL"
    )
    approvers: Literal["requester", "anyone"] | Ids = Field(
        "requester", validation_alias="AION_BOT_APPROVERS", union_mode="left_to_right"
    )
    allow_channels: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_CHANNELS")
    allow_users: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_USERS")
    allow_workspaces: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_WORKSPACES")
    allow_apps: Ids = Field(frozenset(), validation_alias="AION_BOT_ALLOW_APPS")
    notify_after: int = Field(60, ge=0, le=MOST_NOTIFY_AFTER, validation_alias="AION_BOT_NOTIFY_AFTER")
    uploads: Uploads = Field(Uploads.ON, validation_alias="AION_BOT_UPLOADS")
    footer: bool = Field(False, validation_alias="AION_BOT_FOOTER")
    retention_days: int = Field(90, ge=1, le=36_500, validation_alias="AION_BOT_RETENTION_DAYS")
    config: Path | None = Field(None, validation_alias=CONFIG)
    replica: Annotated[str, AfterValidator(_replica)] = Field("", validation_alias="AION_BOT_REPLICA")
    http_address: Annotated[ListenAddress, BeforeValidator(read_listen_address)] | None = Field(
        None, validation_alias="AION_BOT_HTTP_ADDRESS"
    )
    bot_proxy: HttpProxyUrl | None = Field(None, validation_alias=PROXY_URL, repr=False)
    busy: Literal["queue", "replace", "reject"] = Field("queue", validation_alias="AION_BOT_BUSY")
    shutdown_grace: float = Field(
        20.0, ge=0, le=3600, allow_inf_nan=False, validation_alias="AION_BOT_SHUTDOWN_GRACE"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="AION_BOT_LOG_LEVEL"
    )
    log_format: Literal["text", "json"] = Field("text", validation_alias="AION_BOT_LOG_FORMAT")

    def replica_name(self) -> str:
        """Return the name of this replica in logs and leases: as set, else the host's with the number of the process."""
        return self.replica or f"{socket.gethostname()[:80]}-{os.getpid()}"

    def rules(self) -> Mapping[str, Rule]:
        """Return what holds where no section of `aion-bot.toml` names the key."""
        people = {ALLOW_USERS: Rule(self.allow_users, "AION_BOT_ALLOW_USERS")} if self.allow_users else {}
        if self.approvers != "requester":
            people[APPROVERS] = Rule(self.approvers, "AION_BOT_APPROVERS")
        return {
            **people,
            UPLOADS: Rule(self.uploads, "AION_BOT_UPLOADS"),
            NOTIFY_AFTER: Rule(self.notify_after, "AION_BOT_NOTIFY_AFTER"),
            FOOTER: Rule(self.footer, "AION_BOT_FOOTER"),
        }

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read a mapping of environment variables: the settings, or None and every problem.

        Without a proxy of its own, Aion is reached through that of every service.
        """
        settings, problems = super().read(env)
        problems = (*problems, *check_proxies(env))
        if settings is None or problems:
            return None, problems
        if settings.proxy_url is None:
            settings = settings.model_copy(update={"proxy_url": proxy_for(env, settings.base_url)})
        return settings, ()


VARIABLES = Settings.variables()
"""Every variable of the core, in the order of INTERFACE.md."""


def read_database(env: Mapping[str, str]) -> Location:
    """Read where the database is, whatever else is set. Raises `ValueError` with what is wrong with the address."""
    variable = Settings.variable("database")
    default: Location = Settings.model_fields["database"].default
    return _database(env[variable]) if env.get(variable) else default


def read_rules(named: Path | None, forms: Collection[IdForms]) -> tuple[Rules, list[Problem]]:
    """Read the file that `named` names, or the default one if there is one; finds every problem at once.

    `forms` are those of the ids of every platform. No problem repeats a value. With problems the rules are empty.
    """
    path = named or DEFAULT
    # A link to nothing is no file that is missing: its rules would silently not hold.
    if named is None and not os.path.lexists(path):
        return Rules(), []
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8") if len(raw) <= _LONGEST else None
    except UnicodeError:
        text = None
    except (OSError, ValueError):  # a path with a zero byte is a ValueError
        # The variable may hold a secret by mistake; the default file's name is none.
        return Rules(), [Problem(CONFIG if named else str(path), strings.FILE_NOT_READABLE)]
    if text is None:
        return Rules(), [Problem(str(path), strings.no_text_file(_LONGEST))]
    return parse_rules(path, text, forms)


def read_approvers(env: Mapping[str, str]) -> Mapping[str, Rule]:
    """Read who may decide plans where no section says it, whatever else is set; a malformed id counts as one."""
    variable = Settings.variable("approvers")
    named = [one.strip() for one in env.get(variable, "").split(",") if one.strip()]
    if not named:
        return {}
    return {APPROVERS: Rule(named[0] if named in (["requester"], ["anyone"]) else frozenset(named), variable)}


_OWN_LETTERS = ("AIONBOT", "AIONVISION")
"""Letters with which every variable of the bot's own begins: any other of that beginning is a mistake, whatever its signs."""

_LISTS = (
    ("approvers", "AION_BOT_APPROVERS", IdKind.PERSON),
    ("allow_channels", "AION_BOT_ALLOW_CHANNELS", IdKind.CHANNEL),
    ("allow_users", "AION_BOT_ALLOW_USERS", IdKind.PERSON),
    ("allow_workspaces", "AION_BOT_ALLOW_WORKSPACES", IdKind.WORKSPACE),
    ("allow_apps", "AION_BOT_ALLOW_APPS", IdKind.APP),
)


_LIMITING = {"approvers", "allow_channels", "allow_users", "allow_workspaces"}
"""Lists without an id of a platform allow nobody there; without an app none was meant to be allowed."""


def unknown_variables(env: Mapping[str, str], platform_variables: Iterable[str]) -> list[Problem]:
    """Refuse each variable that begins like one of the bot's and is none, with the name that comes nearest."""
    known = {*VARIABLES, *platform_variables}
    problems = []
    for name in sorted(env):
        # An invisible character, copied with the name, must not make the bot ignore an allow list.
        meant = visible_line(name).replace("-", "_").upper()
        letters = "".join(filter(str.isalnum, meant))
        if letters.startswith(_OWN_LETTERS) and name not in known:
            near = difflib.get_close_matches(meant, sorted({*VARIABLES, *platform_variables}), 1, 0.0)
            problems.append(Problem(name, strings.unknown_variable(near[0])))
    return problems


def check_lists(settings: Settings, forms: Collection[IdForms]) -> list[Problem]:
    """Find entries that are no id on any platform, and approvers who may not use the bot. Entries are named by place."""
    problems = []
    for field, variable, kind in _LISTS:
        words = ", ".join(form[kind].words for form in forms if kind in form)
        for at, one in enumerate(_entries(settings, field), 1):
            if not any(_fits(form, kind, one) for form in forms):
                problems.append(Problem(variable, strings.no_id(at, kind.value, words)))
    if settings.allow_users:
        for at, one in enumerate(_entries(settings, "approvers"), 1):
            if one not in settings.allow_users:
                problems.append(Problem("AION_BOT_APPROVERS", strings.approver_not_allowed(at)))
    return problems


def check_http_address(settings: Settings, adapters: Sequence[object]) -> list[Problem]:
    """Find that a platform sends over HTTP, and no address is there that takes it."""
    needed = settings.http_address is None and receivers(adapters)
    return [Problem(Settings.variable("http_address"), strings.HTTP_ADDRESS_NEEDED)] if needed else []


def fitting_ids(settings: Settings, forms: IdForms) -> Iterator[tuple[str, IdKind, str]]:
    """Yield the ids of one platform in the lists: the variable, what is named, and the id."""
    for field, variable, kind in _LISTS:
        for one in sorted(_entries(settings, field)):
            if _fits(forms, kind, one):
                yield variable, kind, one


def read_key(variable: str, env: Mapping[str, str]) -> tuple[str, str]:
    """Read the key of a variable that a section names, or of its file, and what is wrong with it; from now on it is struck."""
    files = read_secret_files(env, [variable])
    if files.problems:
        return "", f"{files.problems[0].variable} {files.problems[0].mend}"
    key = files.env.get(variable, "").strip()
    KNOWN.know([key])
    if not key:
        return "", strings.key_unset(variable)
    return (key, "") if is_api_key(key) else ("", f"{variable} {Settings.sentences['api_key_format']}")


def read_keys(rules: Rules, env: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Read every key that a section names, by its variable; each problem stands where the section names it."""
    read = {variable: read_key(variable, env) for variable in rules.aion_keys()}
    wrong = [Problem(source, read[one][1]) for one, source in rules.aion_keys().items() if read[one][1]]
    return {one: key for one, (key, _) in read.items() if key}, wrong


def wholly_excluded(settings: Settings, forms: IdForms) -> list[str]:
    """Return the allow lists that name ids of other platforms only, so that they allow nobody on this one."""
    named = {variable for variable, _, _ in fitting_ids(settings, forms)}
    lists = [(field, variable) for field, variable, _ in _LISTS if field in _LIMITING]
    return [variable for field, variable in lists if _entries(settings, field) and variable not in named]


def policy_of(settings: Settings, forms: IdForms) -> AccessPolicy:
    """Make the policy of a platform whose ids have these forms.

    The allow lists stay whole: without the ids of other platforms an empty rest would allow all.
    """
    approvers = settings.approvers
    if not isinstance(approvers, str):
        # Approvers of another platform cannot be named or mentioned on this one.
        approvers = frozenset(one for one in approvers if _fits(forms, IdKind.PERSON, one))
    return AccessPolicy(
        allow_channels=frozenset(settings.allow_channels),
        allow_users=frozenset(settings.allow_users),
        allow_workspaces=frozenset(settings.allow_workspaces),
        allow_apps=frozenset(settings.allow_apps),
        approvers=approvers if isinstance(approvers, str) else frozenset(approvers),
    )


def describe(policy: AccessPolicy, forms: IdForms) -> Mapping[str, str]:
    """Say what a policy allows on a platform, by what it is about."""
    described = {}
    for subject, listed, kind in (
        ("people", policy.allow_users, IdKind.PERSON),
        ("channels", policy.allow_channels, IdKind.CHANNEL),
        ("workspaces", policy.allow_workspaces, IdKind.WORKSPACE),
    ):
        here = sorted(one for one in listed if _fits(forms, kind, one))
        described[subject] = strings.allowed(here, restricted=bool(listed))
    described["apps"] = (
        ", ".join(sorted(one for one in policy.allow_apps if _fits(forms, IdKind.APP, one))) or "none"
    )
    if not policy.allow_workspaces:
        described["workspaces"] = strings.WORKSPACES_OF_FIRST_START
    if isinstance(policy.approvers, str):
        described["approvers"] = policy.approvers
    else:
        described["approvers"] = strings.allowed(sorted(policy.approvers), restricted=True)
    return described


def _entries(settings: Settings, field: str) -> Sequence[str]:
    value = getattr(settings, field)
    return () if isinstance(value, str) else tuple(value)


def _fits(forms: IdForms, kind: IdKind, one: str) -> bool:
    # A platform that does not know its ids by their form takes all.
    return kind not in forms or forms[kind].fits(one)
