"""Slack's environment variables: read, checked, and told what is wrong with them. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapters.slack import strings
from aion_bot.ports.settings import IdForm, IdForms, IdKind, Problem, check_base_url, proxy_for

BOT_TOKEN = "SLACK_BOT_TOKEN"  # noqa: S105 # the variable's name, not its value
APP_TOKEN = "SLACK_APP_TOKEN"  # noqa: S105 # likewise
API_URL = "SLACK_API_URL"
VARIABLES = (BOT_TOKEN, APP_TOKEN, API_URL)

ID_FORMS: IdForms = {
    IdKind.PERSON: IdForm(re.compile(r"[UW][A-Z0-9]+"), "U… or W… on Slack"),
    IdKind.CHANNEL: IdForm(re.compile(r"[CGD][A-Z0-9]+"), "C…, G… or D… on Slack"),
    IdKind.WORKSPACE: IdForm(re.compile(r"[TE][A-Z0-9]+"), "T… or E… on Slack"),
}

DEFAULT_API_URL = "https://slack.com/api/"

_FORMS = {
    BOT_TOKEN: (
        re.compile(r"xoxb-[A-Za-z0-9-]+"),
        strings.NOT_XOXB,
    ),
    APP_TOKEN: (
        re.compile(r"xapp-[A-Za-z0-9-]+"),
        strings.NOT_XAPP,
    ),
}


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """The tokens of one workspace and the address of its Web API. The tokens stay out of the repr."""

    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    api_url: str = DEFAULT_API_URL
    proxy: str | None = field(default=None, repr=False)


def read(env: Mapping[str, str]) -> tuple[SlackSettings | None, Sequence[Problem]]:
    """Read Slack's variables: the settings, or None and every problem. None and no problem where no token is set."""
    tokens = {name: env[name] for name in (BOT_TOKEN, APP_TOKEN) if env.get(name, "").strip()}
    if not tokens:
        return None, ()
    api_url = env.get(API_URL, "").strip() or DEFAULT_API_URL
    problems = []
    for name, (form, advice) in _FORMS.items():
        if name not in tokens:
            (other,) = tokens
            problems.append(Problem(name, strings.token_missing(other)))
        elif not form.fullmatch(tokens[name]):
            problems.append(Problem(name, advice))
    if url_problem := check_base_url(API_URL, api_url):
        problems.append(url_problem)
    if problems:
        return None, problems
    # The SDK appends a method's name to the address as it is.
    proxy = proxy_for(env, api_url)
    return SlackSettings(tokens[BOT_TOKEN], tokens[APP_TOKEN], api_url.rstrip("/") + "/", proxy), ()
