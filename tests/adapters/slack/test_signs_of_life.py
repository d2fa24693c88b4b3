"""Whether Slack's connection is alive is told by its sockets."""

from aion_bot.simulators.slack import SimulatedSlack
from tests.support.recording_host import RecordingHost


async def test_a_socket_that_answers_pings_is_alive(slack: SimulatedSlack, host: RecordingHost) -> None:
    """With one socket of two, and without any event, signs of life go on; with none they end until one stands again."""
    await host.until(lambda: host.signs_of_life >= 2)
    slack.sockets.refusing_connections = True
    await slack.sockets.abort(0)
    before = host.signs_of_life
    await host.until(lambda: host.signs_of_life >= before + 2)
    await slack.sockets.abort(0)
    await slack.until(lambda: slack.sockets.open == 0)
    asked = slack.api.calls["apps.connections.open"]
    silent_since = host.signs_of_life
    await slack.until(lambda: slack.api.calls["apps.connections.open"] >= asked + 4)
    assert host.signs_of_life <= silent_since + 1  # one check may have been under way
    slack.sockets.refusing_connections = False
    await host.until(lambda: host.signs_of_life >= silent_since + 3)
