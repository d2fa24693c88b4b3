"""`aion-bot init` with an app configuration token: Slack creates the app, against the simulator."""

import pytest

from aion_bot.simulators.slack.app_configuration import CONFIG_TOKEN, CREDENTIALS
from tests.commands.test_guided_setup import SECRETS, init, setup, written
from tests.diagnosis.setup import Setup

__all__ = ["setup"]  # the fixture

WITH_TOKEN = {"SLACK_CONFIG_TOKEN": CONFIG_TOKEN}


async def test_slack_creates_the_app(setup: Setup) -> None:
    """The manifest is validated, the app created once, its pages shown; a second start knows it; no secret is printed."""
    key, bot, app, _ = (setup.env[name] for name in SECRETS)
    setup.slack.configuration.events = []
    status, said = await init(setup, f"n\ny\n{key}\n", env=WITH_TOKEN)
    assert status == 1, "ended before the tokens"
    assert "ok    the app: Slack created A0AION: https://api.slack.com/apps/A0AION" in said
    assert "Open https://api.slack.com/apps/A0AION/install-on-team" in said
    assert "bot_events:" not in said, "nothing has to be pasted"
    assert [one.name for one in setup.slack.log if "manifest" in one.name] == [
        "apps.manifest.validate", "apps.manifest.create",
    ]  # fmt: skip
    status, said = await init(setup, f"n\ny\n{bot}\n{app}\n", env=WITH_TOKEN)
    assert status == 0, said
    assert "The app A0AION was created before" in said
    assert "ok    app configuration: events, scopes" in said, "doctor compares what Slack exports"
    assert setup.slack.configuration.created == 1
    assert "# aion-bot init created this Slack app: A0AION\n" in (setup.folder / ".env").read_text()
    assert not [one for one in (CONFIG_TOKEN, *(f"simulated-{name}" for name in CREDENTIALS)) if one in said]
    assert "SLACK_CONFIG_TOKEN" not in written(setup), "it lives for twelve hours"


PROBLEM = {"message": "Interactivity requires a Request URL", "pointer": "/settings/interactivity"}
HOSTILE = {"message": "\x1b[2J\n" + "x" * 5000, "pointer": "/\n"}


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("token_expired", "FAIL  SLACK_CONFIG_TOKEN: refused by Slack (token_expired); generate a new one under Your App"),
        ("invalid_auth", "FAIL  SLACK_CONFIG_TOKEN: refused by Slack (invalid_auth); generate a new one"),
        ("failed_creating_app", "FAIL  SLACK_CONFIG_TOKEN: Slack creates no app (failed_creating_app); create the app by hand"),
        ("", "FAIL  manifest: Slack refuses it at /settings/interactivity: Interactivity requires a Request URL; create"),
    ],
)  # fmt: skip
async def test_a_refusal_is_one_line_and_the_way_by_hand_follows(setup: Setup, code: str, line: str) -> None:
    """An expired or wrong token, a right that is missing and each problem of the manifest are one line with its mend."""
    if code:
        setup.slack.fail_next("apps.manifest.create", error=code)
    else:
        setup.slack.configuration.problems = [PROBLEM, HOSTILE]
    _, said = await init(setup, f"n\ny\n{setup.env['AIONVISION_API_KEY']}\n", env=WITH_TOKEN)
    assert line in said
    assert "bot_events:" in said, "the manifest to paste"
    assert setup.slack.configuration.created == 0
    assert "\x1b" not in said
    assert max(map(len, said.splitlines())) < 600


async def test_a_lost_answer_creates_no_second_app(setup: Setup) -> None:
    """Where the answer is lost it is said that the app may be there; the request is sent once."""
    setup.slack.fail_next("apps.manifest.create", acted=True, status=503)
    _, said = await init(setup, f"n\ny\n{setup.env['AIONVISION_API_KEY']}\n", env=WITH_TOKEN)
    assert "FAIL  SLACK_CONFIG_TOKEN: it is not known whether Slack created the app" in said
    assert setup.slack.configuration.created == 1
