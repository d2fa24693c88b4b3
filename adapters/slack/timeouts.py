"""How long things may take with Slack, and the pauses between tries. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass

from aion_bot.ports.backoff import Backoff

_ACCEPT_RETRIES = Backoff(0.2, factor=5.0, attempts=4)

_LOOKUPS = Backoff(0.3, factor=2.0, attempts=3)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Times in seconds. The defaults are for Slack itself; tests and benchmarks have shorter ones."""

    request: float = 15.0
    """One request of the Web API."""
    indicator: float = 2.0
    """A request that only shows that the bot works: it must not delay the answer."""
    names: float = 0.7
    """For looking up whom a message mentions, before it is handed over. Slack waits three seconds for its
    acknowledgement, of which the core may take two."""
    people: float = 60.0
    """From connecting until the people of a workspace are listed, unless somebody's message has had them listed before."""
    accept_retries: Iterable[float] = _ACCEPT_RETRIES
    """Pauses before an event that the core could not write is handed to it again. They are over long before Slack
    sends an event for the last two times, a minute and five minutes later."""

    lookups: Iterable[float] = _LOOKUPS
    """Pauses before a look-up that failed is made again; somebody waits for it."""

    hello: float = 15.0
    """From a WebSocket's handshake to Slack's `hello`."""
    heartbeat: float = 5.0
    """Between two pings of a WebSocket. One on which nothing arrives for half of it after a ping counts as lost."""
    drain: float = 30.0
    """How long a connection that Slack asked to replace is read on, if Slack does not close it."""
    close: float = 0.3
    """For each step of closing a connection."""

    answer: float = 2.5
    """For handling a request of Slack's over HTTP until it is answered. Slack waits three seconds."""
    life: float = 30.0
    """Between two questions over HTTP whether Slack can be reached; a minute and a half of silence counts as lost."""

    stable: float = 10.0
    """A connection that ends sooner is replaced after a pause."""
    reconnect: float = 0.5
    """The first pause before a connection is replaced. It doubles each time, with jitter, up to `reconnect_max`."""
    reconnect_max: float = 15.0
    stagger: float = 10.0
    """Between the first connection and the second, so that Slack does not refresh both at the same time."""
    offline: float = 30.0
    """Without any connection until `listen` gives up and the core starts it again."""
    check_interval: float = 1.0
    """Between two checks whether there is a connection."""
