"""What Slack delivers: events go to their handler at once, the rest through bolt."""

from collections.abc import Mapping
from typing import Any

import pytest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack.envelopes import ACKNOWLEDGED, NOT_ACCEPTED, EnvelopeApp

EVENT = {"type": "event_callback", "event": {"type": "message", "text": "What?"}}


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_user_id="U1", bot_id="B1")


class Recording(EnvelopeApp):
    """Notes what its handler of events gets, and what goes through bolt."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.dispatched: list[Mapping[str, Any]] = []

        async def take(payload: Mapping[str, Any]) -> None:
            if error is not None:
                raise error
            self.events.append(payload)

        super().__init__(take, authorize=authorize)

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        self.dispatched.append(req.body)
        return BoltResponse(status=ACKNOWLEDGED)


@pytest.mark.parametrize("payload", [EVENT, {"type": "app_rate_limited"}, {"type": "block_suggestion"}, {}])
async def test_events_pass_bolt_by(payload: Mapping[str, Any]) -> None:
    """An event, and what no handler is for, goes to the handler of events and is acknowledged: else Slack would repeat it."""
    app = Recording()
    assert await app.receive(payload) == ACKNOWLEDGED
    assert app.events == [payload]
    assert app.dispatched == []


@pytest.mark.parametrize("event", [None, "message", []])
async def test_an_event_without_fields_is_acknowledged(event: object) -> None:
    """It would have no fields when Slack sends it again either."""
    app = Recording()
    assert await app.receive({"type": "event_callback", "event": event}) == ACKNOWLEDGED
    assert app.events == []


@pytest.mark.parametrize("error", [OSError("disk full"), ValueError("no number"), KeyError("event")])
async def test_an_event_whose_handler_fails_is_not_acknowledged(error: Exception) -> None:
    """Whatever the core raised: Slack sends the event again."""
    assert await Recording(error).receive(EVENT) == NOT_ACCEPTED


@pytest.mark.parametrize(
    "payload", [{"type": "block_actions"}, {"type": "view_submission"}, {"command": "/aion"}]
)
async def test_what_people_press_goes_through_bolt(payload: Mapping[str, Any]) -> None:
    """Bolt finds the listener of a press, a form or a command."""
    app = Recording()
    assert await app.receive(payload) == ACKNOWLEDGED
    assert app.dispatched == [payload]
    assert app.events == []
