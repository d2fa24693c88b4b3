"""What is said about installing the app by OAuth: on its pages, in its form, and to the operator. No I/O."""

from collections.abc import Sequence

from adapters.slack.strings import HTTP_STEPS, MANUAL_STEPS
from aion_bot.ports import catalogue

NOT_CLIENT_ID = "is not a client ID: copy it, two numbers with a point between, from Basic Information of your app's pages"

NOT_CLIENT_SECRET = (
    "is not a client secret: copy it, 32 letters and digits, from Basic Information of your app's pages"  # noqa: S105  # a sentence
)

NOT_INSTALLERS = "must be ids of workspaces (T…) or organisations (E…) between commas, or the word any alone"

NOT_FERNET = (
    "must be Fernet keys between commas, each 32 bytes in base64 (44 signs); make one with: "
    "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
)

NO_CRYPTOGRAPHY = "needs the library cryptography: install aion-bot[postgres]"

NOT_WITH_OAUTH = "does nothing beside SLACK_CLIENT_ID: each workspace that installs the app has a token of its own; remove it"

OAUTH_ALONE = (
    "does nothing without SLACK_CLIENT_ID; remove it, or set what installing by OAuth needs: {needed}"
)
"""`{needed}`: the variables of OAuth."""


def oauth_needs(given: Sequence[str], needed: Sequence[str]) -> str:
    """Say that a variable of OAuth is missing; `given` are those that are set, `needed` all that have to be."""
    return (
        f"is missing although {' and '.join(given)} {'is' if len(given) == 1 else 'are'} set; installing by OAuth "
        f"needs {', '.join(needed[:-1])} and {needed[-1]}"
    )


OAUTH_STEPS = {
    "the app": MANUAL_STEPS["the app"],
    "SLACK_CLIENT_ID": "Copy the Client ID from Basic Information, App Credentials",
    "SLACK_CLIENT_SECRET": "Copy the Client Secret from Basic Information, App Credentials",
    "SLACK_SIGNING_SECRET": HTTP_STEPS["SLACK_SIGNING_SECRET"],
    "AION_BOT_PUBLIC_URL": HTTP_STEPS["AION_BOT_PUBLIC_URL"],
    "AION_BOT_ENCRYPTION_KEYS": "Make a Fernet key, and keep a copy of it apart from the backups of the database",
    "the request URL": HTTP_STEPS["the request URL"],
    "distribution": "Under Manage Distribution activate public distribution, unless one organisation alone has the app",
    "a workspace": "List it in SLACK_ALLOW_INSTALL, then open /slack/install below the public address in a browser",
}
"""What a person does by hand where workspaces install the app, by the variable that it yields."""

WELL_FORMED = "it has the form of one"

KEY_UNKNOWN = (
    "none of AION_BOT_ENCRYPTION_KEYS opens it: add the key that it was written with at the end of the list"
)

NOBODY_INSTALLS = "it is empty, so no workspace may install the app"

LIST_WORKSPACES = "list the ids of workspaces or organisations, or any"

ADD_THE_KEY = (
    "add the key that they were written with at the end of the list, or have the app installed again"
)

INSTALL_AGAIN = "start the bot, which refreshes them; where its log says invalid_refresh_token, have the app installed again"

INSTALL_ONCE_MORE = "have the app installed again there, or remove it there"

LOOK_AT_DATABASE = "look at AION_BOT_DATABASE_URL and its server"

CREDENTIALS_TAKEN = "Slack takes it and the client secret"

COPY_CREDENTIALS = (
    "copy Client ID and Client Secret of the same app from Basic Information of your app's pages"
)

LEAD_PAGES = "start the bot, and let the public address lead to AION_BOT_HTTP_ADDRESS for /slack/oauth_redirect and /slack/install too"


def not_opened(scopes: str) -> str:
    """Say of which workspaces no key opens the token."""
    return f"none of them opens the token of {scopes}"


def all_opened(count: int) -> str:
    """Say how many installations there are, all of which can be read."""
    return (
        f"they open the tokens of all {count} installations"
        if count
        else "no workspace has installed the app yet"
    )


def tokens_taken(asked: int, count: int) -> str:
    """Say that Slack takes the tokens of the workspaces that were asked about, of so many."""
    return f"Slack takes the tokens of {'all' if asked == count else f'the first {asked} of'} {count}"


def tokens_refused(scopes: str) -> str:
    """Say of which workspaces Slack refuses the token."""
    return f"Slack refuses the token of {scopes}"


def tokens_used_up(scopes: str) -> str:
    """Say of which workspaces Slack renews the token no more, though it may hold for some hours."""
    return f"Slack renews the token of {scopes} no more: its refresh token was used and the answer lost, or it was revoked"


def tokens_ended(scopes: str) -> str:
    """Say of which workspaces the token has ended."""
    return f"the token of {scopes} has ended"


def no_answer_at(address: str, error: str) -> str:
    """Say that nothing answers at an address; `error` is the kind of it."""
    return f"{address} does not answer ({error})"


def leads_to_pages(address: str) -> str:
    """Say that an address leads to the pages of the installation."""
    return f"{address} leads to the pages of the installation"


def other_page(address: str, status: int) -> str:
    """Say that something else than the bot answers at an address."""
    return f"{address} answers {status}, as no bot does"


Page = tuple[str, Sequence[str]]
"""The title of a page, and its paragraphs."""

ADD_TO_SLACK = "Add to Slack"

OPEN_SLACK = "Go on in Slack"

INSTALL: Page = (
    "Aion for Slack",
    ["Ask Aion about your images and documents, and decide its plans, where your team talks."],
)

INSTALL_LATER: Page = (
    "Not now",
    ["The bot cannot take the installation right now. Wait a minute, then begin again."],
)

INSTALL_DENIED: Page = (
    "Nothing was installed",
    ["You have not given your consent. To install it after all, begin again."],
)

INSTALL_EXPIRED: Page = (
    "This page has expired",
    [
        "An installation has to be finished within ten minutes, once, in the browser that began it.",
        "Open the page with the button again, and allow cookies there.",
    ],
)

INSTALL_FAILED: Page = (
    "Slack did not install it",
    ["Begin again. If it fails once more, tell whoever runs this bot: its log has the reason."],
)


def not_allowed_to_install(scope: str) -> Page:
    """Say that a workspace or organisation is on no list of those that may install the app."""
    said = f"{scope} is not among the workspaces that may use this bot. Ask whoever runs it to add it, then begin again."
    return "Not allowed here", [said]


def installed(name: str, *, organisation: bool) -> Page:
    """Say that the app was installed in a workspace, or in an organisation whose workspaces are still to be chosen."""
    use = "Mention @aion in a channel, or write to it in its own conversation."
    chosen = "Now choose the workspaces of your organisation that get it."
    whose = "your organisation" if organisation else "this workspace"
    key = f"With /aion key an admin of {whose} gives me your company's own Aion key, also where I say that I am not set up correctly."
    return f"Aion is in {name}", [chosen, use, key] if organisation else [use, key]


NOT_INSTALLED = "I'm not installed here any more. Ask your admin to add me again."

KEY_ADMINS = "Only admins of this workspace can do that. Ask one of them to use /aion key."

KEY_TITLE = "Aion key"

KEY_LABEL = "Your company's Aion key"

KEY_HINT = "I ask Aion with it in this workspace, and show it to nobody. Leave this empty to remove it."

KEY_SAVE = "Save"

KEY_NOT_TAKEN = "Aion doesn't take this key. Copy it again from Aion, then try once more."

KEY_NO_ANSWER = "Aion didn't answer in time. Try again in a minute."

KEY_NOT_NOW = "I can't do that right now. Try again in a minute."

KEY_SAVED = "Saved. I use it here within a minute."

KEY_REMOVED = "Removed. Within a minute I ask Aion without it."

catalogue.add(
    __name__,
    for_others={
        "NOT_CLIENT_ID",
        "NOT_CLIENT_SECRET",
        "NOT_INSTALLERS",
        "NOT_FERNET",
        "NO_CRYPTOGRAPHY",
        "NOT_WITH_OAUTH",
        "OAUTH_ALONE",
        "oauth_needs",
        "OAUTH_STEPS",
        "WELL_FORMED",
        "KEY_UNKNOWN",
        "NOBODY_INSTALLS",
        "LIST_WORKSPACES",
        "ADD_THE_KEY",
        "INSTALL_AGAIN",
        "INSTALL_ONCE_MORE",
        "LOOK_AT_DATABASE",
        "CREDENTIALS_TAKEN",
        "COPY_CREDENTIALS",
        "LEAD_PAGES",
        "not_opened",
        "all_opened",
        "tokens_taken",
        "tokens_refused",
        "tokens_ended",
        "tokens_used_up",
        "no_answer_at",
        "leads_to_pages",
        "other_page",
        "ADD_TO_SLACK",
        "OPEN_SLACK",
        "not_allowed_to_install",
        "installed",
        "KEY_TITLE",
        "KEY_LABEL",
        "KEY_HINT",
        "KEY_SAVE",
        "KEY_NOT_TAKEN",
        "KEY_NO_ANSWER",
        "KEY_NOT_NOW",
        "KEY_SAVED",
        "KEY_REMOVED",
        "HTTP_STEPS",
        "MANUAL_STEPS",
    },
)
