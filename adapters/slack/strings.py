"""What the adapter itself says about Slack, beside the core's words: mostly to the operator, at the start and in the log. No I/O."""

from collections.abc import Mapping, Sequence

from aion_bot.ports import catalogue
from aion_bot.ports.messages import Action

NOT_XOXB = (
    "is not a bot token: copy the one that begins with xoxb- from OAuth & Permissions of your app's pages"
)
NOT_XAPP = "is not an app-level token: copy the one that begins with xapp- from Basic Information of your app's pages"
NOT_XOXE = "is not an app configuration token: copy the access token, which begins with xoxe.xoxp-, from api.slack.com/apps"
BOTH_NEEDED = "is missing although {given} is set; Slack needs both of them"
"""`{given}`: the token's variable that is set."""


NOT_SIGNING = "is not a signing secret: copy the Signing Secret, 32 letters and digits, from Basic Information of your app's pages"
PLAIN_PATH = "must have a path of letters, digits and - . _ ~ alone"
TWO_WAYS = (
    "does nothing beside SLACK_APP_TOKEN: keep that one alone for Socket Mode, "
    "or SLACK_SIGNING_SECRET and AION_BOT_PUBLIC_URL for HTTP"
)


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


def http_needs(given: Sequence[str]) -> str:
    """Say that a variable of the HTTP mode is missing; `given` are those of Slack's that are set."""
    return (
        f"is missing although {' and '.join(given)} {'is' if len(given) == 1 else 'are'} set; Slack over HTTP needs "
        "SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET and AION_BOT_PUBLIC_URL"
    )


KEY_UNKNOWN = (
    "none of AION_BOT_ENCRYPTION_KEYS opens it: add the key that it was written with at the end of the list"
)

NOBODY_INSTALLS = "it is empty, so no workspace may install the app"
LIST_WORKSPACES = "list the ids of workspaces or organisations, or any"
ADD_THE_KEY = (
    "add the key that they were written with at the end of the list, or have the app installed again"
)
INSTALL_AGAIN = "start the bot, which refreshes them; where its log says invalid_refresh_token, have the app installed again"
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
    return f"Aion is in {name}", [chosen, use] if organisation else [use]


def token_refused(code: str) -> str:
    """Say that Slack does not accept a token."""
    return f"Slack refuses it ({code})"


OTHER_BOT = (
    "belongs to another bot or workspace; to change the bot, stop this one and start it with the new tokens"
)
OTHER_APP = "belongs to another app than the bot token; copy the token from Basic Information of the same app"


def foreign_connections(own: int) -> str:
    """Say that another process seems to use the app-level token; `own` connections are this process's."""
    return (
        f"Slack counts more connections of this app than the {own} of this process, and gives each event to one of "
        "them: if another process uses the same SLACK_APP_TOKEN, stop it, or questions go to the wrong one, and mentions to both"
    )


FOREIGN = "Slack counts more connections of this app than this process has"


KEY_ADMINS = "Only admins of this workspace can do that. Ask one of them to use /aion key."
KEY_TITLE = "Aion key"
KEY_LABEL = "Your company's Aion key"
KEY_HINT = "I ask Aion with it in this workspace, and show it to nobody. Leave this empty to remove it."
KEY_SAVE = "Save"
KEY_REFUSED = "Aion doesn't take this key. Copy it again from Aion, then try once more."
KEY_NO_ANSWER = "Aion didn't answer in time. Try again in a minute."
KEY_NOT_NOW = "I can't do that right now. Try again in a minute."
KEY_SAVED = "Saved. I use it here within a minute."
KEY_REMOVED = "Removed. Within a minute I ask Aion without it."
NOT_INSTALLED = "I'm not installed here any more. Ask your admin to add me again."
GO_BACK = "Go back"
CLOSE_FORM = "Cancel"
RATINGS = {Action.GOOD: "This answer is good", Action.BAD: "This answer is bad"}
"""What screen readers say of the two buttons that rate an answer."""
ASK_COMMAND = "/aion ask your question"
ANSWERED_DIRECTLY = "Only you see the answer: it comes in our direct messages."
SENT_DIRECTLY = "I sent it to you in a direct message: open it there."

MANUAL_STEPS = {
    "the app": "On api.slack.com/apps choose Create New App, From a manifest, your workspace; paste the manifest",
    "SLACK_BOT_TOKEN": "Choose Install to Workspace, then copy the Bot User OAuth Token (xoxb-) from OAuth & Permissions",
    "SLACK_APP_TOKEN": "Under Basic Information, App-Level Tokens, generate a token (xapp-) with the scope connections:write",
    "a channel": "In a channel write /invite @aion",
}
"""What a person does by hand, by the variable that it yields."""

HTTP_STEPS = {
    "the app": MANUAL_STEPS["the app"],
    "SLACK_BOT_TOKEN": MANUAL_STEPS["SLACK_BOT_TOKEN"],
    "SLACK_SIGNING_SECRET": "Copy the Signing Secret from Basic Information, App Credentials",
    "AION_BOT_PUBLIC_URL": "Give the https address whose proxy leads to AION_BOT_HTTP_ADDRESS",
    "the request URL": "Once the bot runs, press Verify under Event Subscriptions of your app's pages",
    "a channel": MANUAL_STEPS["a channel"],
}
"""The same for HTTP."""

OAUTH_STEPS = {
    "the app": MANUAL_STEPS["the app"],
    "SLACK_CLIENT_ID": "Copy the Client ID from Basic Information, App Credentials",
    "SLACK_CLIENT_SECRET": "Copy the Client Secret from Basic Information, App Credentials",
    "SLACK_SIGNING_SECRET": HTTP_STEPS["SLACK_SIGNING_SECRET"],
    "AION_BOT_PUBLIC_URL": HTTP_STEPS["AION_BOT_PUBLIC_URL"],
    "AION_BOT_ENCRYPTION_KEYS": "Make a Fernet key, and keep a copy of it beside the backups of the database",
    "the request URL": HTTP_STEPS["the request URL"],
    "distribution": "Under Manage Distribution activate public distribution, unless one organisation alone has the app",
    "a workspace": "List it in SLACK_ALLOW_INSTALL, then open /slack/install below the public address in a browser",
}
"""The same for workspaces that install the app."""

WELL_FORMED = "it has the form of one"


APP = {
    "description": "Ask Aion about your images and documents, and decide its plans",
    "agent": "Answers questions about your images and documents. Plans wait for your approval before they run.",
    "shortcut": "Ask Aion about this",
    "shortcut description": "Send this message to Aion",
    "menu": "Manage this with Aion",
    "menu description": "Your conversation with Aion in this thread",
    "command description": "Your conversations with Aion",
    "command hint": "[ask|new|sessions|rename|close|context|search|export|status|help]",
}
"""Words of the manifest; Slack takes them in one language."""

PROMPTS = {
    "Photos that show damage": "Which photos show damage?",
    "The newest photos": "What do the newest photos show?",
    "The last report": "What does the last report say?",
}
"""What Slack's agent view suggests, by the title of each: four at most."""

NO_APP_ID = "Slack created an app without telling its id"
LOOK_FOR_APP = "look for it on api.slack.com/apps, and start again without SLACK_CONFIG_TOKEN if it is there"
MANIFEST_REFUSED = "create the app by hand with this part left out, and report it to the authors of aion-bot"
STALE_CONFIG = "generate a new one under Your App Configuration Tokens on api.slack.com/apps: each lives for twelve hours"
NO_APP_CREATED = "create the app by hand, or ask an admin of your workspace for the right to create apps"


def no_app(code: str) -> str:
    """Say that Slack does not create the app; `code` is its error code."""
    return f"Slack creates no app ({code})"


def manifest_refused(pointer: str, message: str) -> str:
    """Say what Slack finds wrong with the manifest; `pointer` is a JSON pointer."""
    return f"Slack refuses it at {pointer or '/'}: {message}"


def app_created(app: str) -> str:
    """Say that Slack created the app, and where its pages are."""
    return f"Slack created {app}: {app_page(app)}"


def app_page(app: str, part: str = "") -> str:
    """Return the address of an app's page; Slack documents its parts nowhere, but links to them."""
    return f"https://api.slack.com/apps/{app}{part and f'/{part}'}"


def steps_of_app(app: str) -> Mapping[str, str]:
    """Tell what a person does by hand once Slack has created an app."""
    return {
        "SLACK_BOT_TOKEN": (
            f"Open {app_page(app, 'install-on-team')}, install the app, then copy the Bot User OAuth Token (xoxb-) "
            f"from {app_page(app, 'oauth')}"
        ),
        "SLACK_APP_TOKEN": (
            f"On {app_page(app, 'general')}, App-Level Tokens, generate a token (xapp-) with the scope connections:write"
        ),
        "a channel": MANUAL_STEPS["a channel"],
    }


def http_steps_of_app(app: str) -> Mapping[str, str]:
    """Tell what differs from `HTTP_STEPS` once Slack has created an app."""
    return {
        "SLACK_BOT_TOKEN": steps_of_app(app)["SLACK_BOT_TOKEN"],
        "SLACK_SIGNING_SECRET": f"Copy the Signing Secret from {app_page(app, 'general')}, App Credentials",
    }


def no_upload(code: str) -> str:
    """Say why Slack takes no file, as a clause; `code` is its error code."""
    if code == "missing_scope":
        return "I'm not allowed to upload files here"
    return "Slack refused it"


def pictures_refused(titles: Sequence[str]) -> str:
    """Name the pictures of a gallery that Slack did not take; "" for none."""
    return f"Slack didn't take: {', '.join(titles)}." if titles else ""


catalogue.add(
    __name__,
    for_others={
        "NOT_XOXB",
        "NOT_XAPP",
        "NOT_XOXE",
        "BOTH_NEEDED",
        "NOT_SIGNING",
        "PLAIN_PATH",
        "TWO_WAYS",
        "http_needs",
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
        "KEY_TITLE",
        "KEY_LABEL",
        "KEY_HINT",
        "KEY_SAVE",
        "KEY_REFUSED",
        "KEY_NO_ANSWER",
        "KEY_NOT_NOW",
        "KEY_SAVED",
        "KEY_REMOVED",
        "NOBODY_INSTALLS",
        "LIST_WORKSPACES",
        "ADD_THE_KEY",
        "INSTALL_AGAIN",
        "LOOK_AT_DATABASE",
        "CREDENTIALS_TAKEN",
        "COPY_CREDENTIALS",
        "LEAD_PAGES",
        "not_opened",
        "all_opened",
        "tokens_ended",
        "no_answer_at",
        "leads_to_pages",
        "other_page",
        "ADD_TO_SLACK",
        "OPEN_SLACK",
        "not_allowed_to_install",
        "installed",
        "token_refused",
        "OTHER_BOT",
        "OTHER_APP",
        "foreign_connections",
        "FOREIGN",
        "MANUAL_STEPS",
        "HTTP_STEPS",
        "APP",
        "NO_APP_ID",
        "no_app",
        "manifest_refused",
        "app_created",
        "LOOK_FOR_APP",
        "MANIFEST_REFUSED",
        "STALE_CONFIG",
        "NO_APP_CREATED",
        "app_page",
        "steps_of_app",
        "http_steps_of_app",
    },
)
