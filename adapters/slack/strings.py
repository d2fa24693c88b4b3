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


def http_needs(given: Sequence[str]) -> str:
    """Say that a variable of the HTTP mode is missing; `given` are those of Slack's that are set."""
    return (
        f"is missing although {' and '.join(given)} {'is' if len(given) == 1 else 'are'} set; Slack over HTTP needs "
        "SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET and AION_BOT_PUBLIC_URL"
    )


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
