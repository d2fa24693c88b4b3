"""How long things may take with Slack. No I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds.

    `call`: one Web API call. `sign`: one that only shows that the bot works, and delays nothing. `again`: the pauses
    before what the core could not write is handed to it anew.

    Of a socket: `greeting`, from the handshake to Slack's `hello`. `ping`, of silence until the far end is asked
    whether it is there; half of it later a socket without an answer counts as dead. `linger`: how long one that
    Slack asked back is still listened to, if Slack does not close it. `steady`: one that ends sooner is replaced
    after a pause, from `pause` up to `pause_at_most`. `stagger`: between the first socket and the second. `away`:
    without any until the stay is given up, and `look` between two looks. `goodbye`: for each step of hanging up.
    """

    call: float = 15.0
    sign: float = 2.0
    again: tuple[float, ...] = (0.2, 1.0, 5.0)
    greeting: float = 15.0
    ping: float = 5.0
    linger: float = 30.0
    steady: float = 10.0
    pause: float = 0.5
    pause_at_most: float = 15.0
    stagger: float = 10.0
    away: float = 30.0
    look: float = 1.0
    goodbye: float = 0.3
