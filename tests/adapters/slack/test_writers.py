"""Messages of apps: those that may ask, and all others."""

from typing import Any

import pytest

from adapters.slack import events
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Person
from tests.adapters.slack.samples import ME, sample

APPS = {
    "workflow_mentions": Person("B024FLOW0", "Site round", frozenset({"B024FLOW0", "A024FLOW0"})),
    "app_for_a_person_mentions": Person("U024ADA00", "Clips", frozenset({"B024CLIPS", "A024CLIPS"})),
    "other_bot_mentions": Person("U024OTHER", "Deploys", frozenset({"B024OTHER", "A024OTHER"})),
    "webhook_mentions": Person("B024HOOK0", "alerts", frozenset({"B024HOOK0"})),
}


def read(payload: dict[str, Any], *allowed: str) -> Prompt | None:
    return events.prompt_from_event(payload, ME, may_ask=lambda apps: not apps.isdisjoint(allowed))


@pytest.mark.parametrize("situation", APPS)
def test_a_listed_app_asks_by_a_mention(situation: str) -> None:
    """By the id of its bot or of its app; it is named with both, so that it is never taken for a person."""
    for one in APPS[situation].apps:
        prompt = read(sample(situation), one)
        assert prompt is not None
        assert (prompt.person, prompt.addressed) == (APPS[situation], True)


@pytest.mark.parametrize("situation", APPS)
def test_an_app_asks_nothing_otherwise(situation: str) -> None:
    """Without a place on the list, without a mention, in a direct message without one, and by an edit."""
    allowed = tuple(APPS[situation].apps)
    assert read(sample(situation), "A0ELSE") is None
    quiet = sample(situation)
    quiet["event"] |= {"text": "all is well", "thread_ts": "1790001000.000100"}
    assert read(quiet, *allowed) is None
    assert (
        read({**quiet, "event": {**quiet["event"], "channel_type": "im", "channel": "D1"}}, *allowed) is None
    )
    edit = sample(situation)
    after = {**edit["event"], "text": f"{edit['event']['text']} Now!"}
    edit["event"] = {
        "type": "message", "subtype": "message_changed", "channel": after["channel"], "ts": "1790001099.000100",
        "message": after, "previous_message": sample(situation)["event"],
    }  # fmt: skip
    assert events.message_change(edit, ME) is None


@pytest.mark.parametrize("situation", APPS)
@pytest.mark.parametrize("subtype", ["message_deleted", "message_changed"])
def test_the_deletion_of_an_app_s_message_is_told(situation: str, subtype: str) -> None:
    """The words of its question are kept no longer than a person's, also where it stands on no list any more."""
    body = sample(situation)
    before = body["event"]
    asked = read(sample(situation), *APPS[situation].apps)
    body["event"] = {
        "type": "message", "subtype": subtype, "channel": before["channel"], "ts": "1790001099.000100",
        "previous_message": before, "message": {"type": "message", "subtype": "tombstone", "user": "USLACKBOT"},
    }  # fmt: skip
    found = events.message_change(body, ME)
    assert asked is not None
    assert found is not None
    assert (found.prompt, found.text, found.question) == (asked.key, None, None)


@pytest.mark.parametrize("by", [{"bot_id": ME.bot}, {"bot_id": "B0ELSE", "user": ME.user}])
def test_the_bot_itself_is_never_asked_by_itself(by: dict[str, str]) -> None:
    """Not even where its own ids are listed."""
    payload = sample("workflow_mentions")
    payload["event"] |= {"app_id": "A07AION00", **by}
    assert read(payload, "A07AION00", ME.bot, ME.user, "B0ELSE") is None
