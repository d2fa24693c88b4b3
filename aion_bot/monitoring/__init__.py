"""How the operator's systems watch the bot: readiness, metrics, and the HTTP server for both.

Loaded only where `AION_BOT_HTTP_ADDRESS` names an address; nothing else imports `prometheus_client`.
"""


class CannotListen(Exception):
    """The address cannot be used; the text is the end of a sentence that begins with the variable's name."""
