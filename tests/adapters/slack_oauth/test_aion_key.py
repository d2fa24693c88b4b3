"""A workspace's own key of Aion's: only admins give it, it is tried first, and nobody sees it again."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from adapters.slack.hosting import HostedSlack
from adapters.slack.oauth import aion_keys, strings
from aion_bot.ports.hosting import OffersAionKeys, Routed
from aion_bot.ports.http_requests import HttpAnswer
from aion_bot.ports.secrets import KNOWN
from aion_bot.simulators.slack.payloads import trigger, view_submitted
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.workspace import SimulatedPerson
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, TWO, Make
from tests.adapters.slack_oauth.front import EVENTS, KEYS, Values, request
from tests.adapters.slack_oauth.test_hosting import FORM

Install = Callable[..., Awaitable[int]]
KEY = "aion_0123456789abcdefghij"


class Admins:
    """People of a workspace who use `/aion key`; `tried` are the keys that Aion was asked about."""

    def __init__(self, hosted: HostedSlack, teams: SlackTeams, team: str) -> None:
        self.hosted, self.slack = hosted, teams.teams[team]
        self.ada, self.ben, _ = self.slack.people
        self.slack.conversations.admins.add(self.ada.id)
        self.tried: list[str] = []
        hosted.check_key = self._check

    async def _check(self, key: str) -> bool:
        self.tried.append(key)
        return key == KEY

    async def command(self, person: SimulatedPerson, words: str = "key") -> HttpAnswer | Routed:
        """Use the command."""
        said = {
            "command": "/aion",
            "text": words,
            "team_id": self.slack.conversations.team.id,
            "user_id": person.id,
            "trigger_id": trigger(person),
        }
        return await self.hosted.route(EVENTS, request(urlencode(said), FORM))

    async def send(self, person: SimulatedPerson, words: str) -> Mapping[str, Any]:
        """Send the form, as a client may do that never saw it; returns what the answer says."""
        view = {"id": "V1", **aion_keys._form()}
        payload = view_submitted(self.slack.conversations.team, view, person, words)
        answer = await self.hosted.route(EVENTS, request(urlencode({"payload": json.dumps(payload)}), FORM))
        assert isinstance(answer, HttpAnswer)
        assert answer.headers["Content-Type"] == "application/json"
        assert not words or words not in answer.body
        found: Mapping[str, Any] = json.loads(answer.body)
        return found


@pytest.fixture
async def admins(hosted: HostedSlack, teams: SlackTeams, install: Install) -> Admins:
    """Those of the first workspace."""
    await install()
    return Admins(hosted, teams, ONE)


def refusal(said: Mapping[str, Any]) -> str:
    """Return what a form says was wrong."""
    assert said["response_action"] == "errors"
    (found,) = said["errors"].values()
    return str(found)


async def test_an_admin_gives_a_key(admins: Admins, values: Values, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried, stored sealed, and shown nowhere; an empty form removes it."""
    assert isinstance(admins.hosted, OffersAionKeys)
    assert await admins.hosted.aion_key(ONE) is None
    assert await admins.command(admins.ada) == HttpAnswer(200)
    shown = admins.slack.open_form(admins.ada)
    assert shown is not None
    assert (shown.title, shown.label) == (strings.KEY_TITLE, strings.KEY_LABEL)
    said = await admins.send(admins.ada, f"  {KEY}\n")
    assert (said["response_action"], strings.KEY_SAVED in json.dumps(said)) == ("update", True)
    assert await admins.hosted.aion_key(ONE) == KEY
    assert (admins.tried, KNOWN.strike(KEY)) == ([KEY], "***")
    assert KEY not in repr(values.kept) + caplog.text + str([one.__dict__ for one in caplog.records])
    assert strings.KEY_REMOVED in json.dumps(await admins.send(admins.ada, ""))
    assert await admins.hosted.aion_key(ONE) is None


async def test_nobody_else_gives_one(admins: Admins) -> None:
    """Neither opens the form, nor is a form taken that they send without one; nobody's key is tried."""
    assert await admins.command(admins.ben) == HttpAnswer(200, strings.KEY_ADMINS)
    assert admins.slack.open_form(admins.ben) is None
    assert refusal(await admins.send(admins.ben, KEY)) == strings.KEY_ADMINS
    stranger = SimulatedPerson("U0STRANGER", "Eve")
    assert refusal(await admins.send(stranger, KEY)) == strings.KEY_NOT_NOW
    admins.slack.conversations.admins.clear()
    assert refusal(await admins.send(admins.ada, KEY)) == strings.KEY_ADMINS
    assert (admins.tried, await admins.hosted.aion_key(ONE)) == ([], None)


async def test_a_key_that_aion_does_not_take_changes_nothing(
    admins: Admins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form says so, and stays open; so it does where Aion does not answer in time."""
    await admins.send(admins.ada, KEY)
    assert refusal(await admins.send(admins.ada, "aion_wrong")) == strings.KEY_NOT_TAKEN

    async def silent(_: str) -> bool:
        await asyncio.Event().wait()
        return True

    admins.hosted.check_key = silent
    monkeypatch.setattr(aion_keys, "_CHECK", 0.01)
    assert refusal(await admins.send(admins.ada, f"{KEY}2")) == strings.KEY_NO_ANSWER
    assert await admins.hosted.aion_key(ONE) == KEY


async def test_words_behind_the_command_go_nowhere(admins: Admins) -> None:
    """Whoever writes the key behind the command gets the form all the same: it is not handed over, and not tried."""
    assert await admins.command(admins.ada, f"KEY {KEY}") == HttpAnswer(200)
    assert admins.tried == []
    for words in ("", "help", "keys", "ask key"):
        assert isinstance(await admins.command(admins.ada, words), Routed)


async def test_without_somebody_who_tries_keys_there_is_no_form(admins: Admins) -> None:
    """The command is one that the core does not know, then."""
    admins.hosted.check_key = None
    assert isinstance(await admins.command(admins.ada), Routed)


async def test_trouble_is_said(admins: Admins, values: Values) -> None:
    """Where Slack does not tell who is an admin, or opens no form, the person reads that; without the database Slack gets 503."""
    admins.slack.fail_next("users.info", error="missing_scope")
    assert await admins.command(admins.ada) == HttpAnswer(200, strings.KEY_NOT_NOW)
    admins.slack.fail_next("users.info", status=503, times=2)
    assert refusal(await admins.send(admins.ada, KEY)) == strings.KEY_NOT_NOW
    admins.slack.fail_next("views.open", error="expired_trigger_id")
    assert await admins.command(admins.ada) == HttpAnswer(200, strings.KEY_NOT_NOW)
    await admins.hosted.route(EVENTS, request(urlencode({"command": "/aion", "team_id": ONE}), FORM))
    values.down = True
    assert await admins.command(admins.ada) == HttpAnswer(503)


async def test_the_admins_of_an_organisation_give_its_key(
    hosted: HostedSlack, teams: SlackTeams, install: Install
) -> None:
    """For an installation of a whole organisation an admin of the organisation counts."""
    await install(TWO, organisation=ORGANISATION)
    admins = Admins(hosted, teams, TWO)
    assert refusal(await admins.send(admins.ben, KEY)) == strings.KEY_ADMINS
    assert (await admins.send(admins.ada, KEY))["response_action"] == "update"
    assert await hosted.aion_key(ORGANISATION) == KEY


async def test_a_key_goes_with_its_workspace_and_its_seal(admins: Admins, make: Make, values: Values) -> None:
    """A new encryption key seals it anew, a lost one leaves none, and it is gone once the workspace is."""
    await admins.send(admins.ada, KEY)
    sealed = values.kept[aion_keys.KIND, ONE]
    assert await make(AION_BOT_ENCRYPTION_KEYS=f"{KEYS[1]},{KEYS[0]}").aion_key(ONE) == KEY
    assert values.kept[aion_keys.KIND, ONE] != sealed
    assert await make(AION_BOT_ENCRYPTION_KEYS=KEYS[0]).aion_key(ONE) is None
    await admins.hosted.left(ONE)
    assert (aion_keys.KIND, ONE) not in values.kept
