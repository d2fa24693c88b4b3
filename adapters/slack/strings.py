"""What the adapter itself says about Slack, beside the core's words: mostly to the operator, at the start and in the log. No I/O."""

from collections.abc import Sequence

from aion_bot.ports import catalogue

NOT_XOXB = (
    "is not a bot token: copy the one that begins with xoxb- from OAuth & Permissions of your app's pages"
)
NOT_XAPP = "is not an app-level token: copy the one that begins with xapp- from Basic Information of your app's pages"
NOT_XOXE = "is not an app configuration token: copy the access token, which begins with xoxe.xoxp-, from api.slack.com/apps"
BOTH_NEEDED = "is missing although {given} is set; Slack needs both of them"
"""`{given}`: the token's variable that is set."""


def token_refused(code: str) -> str:
    """Say that Slack does not accept a token."""
    return f"Slack refuses it ({code})"


def foreign_connections(own: int) -> str:
    """Say that another process seems to use the app-level token; `own` connections are this process's."""
    return (
        f"Slack counts more connections of this app than the {own} of this process, and gives each event to one of "
        "them: if another process uses the same SLACK_APP_TOKEN, stop it, or questions go to the wrong one, and mentions to both"
    )


FOREIGN = "Slack counts more connections of this app than this process has"


GO_BACK = "Go back"
SENT_DIRECTLY = "I sent it to you in a direct message: open it there."

MANUAL_STEPS = {
    "the app": "On api.slack.com/apps choose Create New App, From a manifest, your workspace; paste the manifest",
    "SLACK_BOT_TOKEN": "Choose Install to Workspace, then copy the Bot User OAuth Token (xoxb-) from OAuth & Permissions",
    "SLACK_APP_TOKEN": "Under Basic Information, App-Level Tokens, generate a token (xapp-) with the scope connections:write",
    "a channel": "In a channel write /invite @aion",
}
"""What a person does by hand, by the variable that it yields."""


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
        "token_refused",
        "foreign_connections",
        "FOREIGN",
        "MANUAL_STEPS",
    },
)
