"""Installing the app: who may, in which browser, once, and what is said where it fails."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from adapters.slack import methods
from adapters.slack.hosting import HostedSlack
from adapters.slack.oauth import states, strings
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.teams import SlackTeams
from tests.adapters.slack_oauth.conftest import ONE, ORGANISATION, THREE, TWO, Make
from tests.adapters.slack_oauth.front import INSTALL, KEYS, PUBLIC, REDIRECT, Browser, Values
from tests.support.cases import each

Install = Callable[..., Awaitable[int]]


async def test_a_workspace_installs_the_app(
    hosted: HostedSlack, install: Install, oauth: SlackOAuth, values: Values
) -> None:
    """The workspace is a scope then, whose adapter has the token; what is stored shows no part of it."""
    hosted.changed.clear()
    assert await install() == 200
    assert (list(await hosted.scopes()), hosted.changed.is_set()) == ([ONE], True)
    (token,) = oauth.tokens(ONE)
    adapter = await hosted.adapter(ONE)
    assert adapter is not None
    me = await adapter._web.identify()
    assert (me.team, me.whole) == (ONE, False)
    assert token not in repr(values.kept)
    assert not any("xoxb" in text for text, _ in values.kept.values())
    await adapter.close()


async def test_the_page_asks_slack_for_every_scope_and_leads_back(browser: Browser) -> None:
    """The button leads to Slack's page of this app, with the scopes of the manifest, that of reactions where they count, and our address behind the prefix."""
    asked = {name: one[0] for name, one in parse_qs(urlsplit(await browser.begin()).query).items()}
    assert set(asked["scope"].split(",")) == {*methods.required(), *methods.OPTIONAL}
    browser.hosted.takes_reactions = True
    asked = {name: one[0] for name, one in parse_qs(urlsplit(await browser.begin()).query).items()}
    assert "reactions:read" in asked["scope"].split(",")
    assert asked["redirect_uri"] == f"{PUBLIC}/slack/oauth_redirect"
    assert len(asked["state"]) >= 43


async def test_pages_are_bound_to_the_browser_and_load_nothing(browser: Browser) -> None:
    """The cookie is for this host and https alone and no script's; the page has a policy, and keeps its address to itself."""
    answer = await browser.get(INSTALL)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "<script" not in answer.body
    assert "src=" not in answer.body


async def test_denied_expired_reused_and_foreign_states_install_nothing(
    hosted: HostedSlack, browser: Browser, oauth: SlackOAuth, teams: SlackTeams, values: Values
) -> None:
    """Each gets a page that says how to go on, Slack is asked for no token, and the way is free for a good one."""
    person = teams.teams[ONE].people[0]
    denied = await browser.get(oauth.deny(await browser.begin()))
    assert (denied.status, strings.INSTALL_DENIED[0] in denied.body) == (403, True)

    values.kept.clear()
    expired = oauth.approve(await browser.begin(), ONE, person)
    values.kept.clear()
    other = oauth.approve(await browser.begin(), ONE, person)
    without = other.partition("?")[0] + "?" + urlencode({"code": "c"})
    forged = other.partition("?")[0] + "?" + urlencode({"code": "c", "state": "s" * 43})
    many = other.partition("?")[0] + "?" + "&".join(f"a{number}=1" for number in range(100))
    for address in (expired, without, forged, many):
        answer = await browser.get(address)
        assert (answer.status, strings.INSTALL_EXPIRED[0] in answer.body) == (400, True)
    stranger = await Browser(hosted).get(other)
    assert stranger.status == 400
    assert (await browser.get(other)).status == 400  # the stranger has used it up
    assert (oauth.calls, list(await hosted.scopes())) == ([], [])

    good = oauth.approve(await browser.begin(), ONE, person)
    assert [(await browser.get(good)).status for _ in range(2)] == [200, 400]
    assert oauth.calls == ["ok"]


async def test_two_pages_of_one_browser_are_both_good(
    browser: Browser, oauth: SlackOAuth, teams: SlackTeams
) -> None:
    """A second page leaves the first one as it was."""
    first, second = await browser.begin(), await browser.begin()
    person = teams.teams[ONE].people[0]
    answers = [await browser.get(oauth.approve(one, ONE, person)) for one in (first, second)]
    assert [one.status for one in answers] == [200, 200]


async def test_a_state_ends_after_ten_minutes(values: Values, make: Make) -> None:
    """Its time is the database's."""
    now = [1000.0]
    values._clock = lambda: now[0]
    browser = Browser(make())
    address = await browser.begin()
    (state,) = parse_qs(urlsplit(address).query)["state"]
    now[0] += states.LIFETIME + 1
    answer = await browser.get(f"{REDIRECT}?code=c&state={state}")
    assert answer.status == 400


async def test_any_replica_finishes_an_installation(
    browser: Browser, make: Make, oauth: SlackOAuth, teams: SlackTeams, hosted: HostedSlack
) -> None:
    """The browser that began with one replica comes back to another."""
    back = oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0])
    browser.hosted = make()
    page = await browser.get(back)
    assert (page.status, "With /aion key an admin" in page.body) == (200, True)
    assert list(await hosted.scopes()) == [ONE]


async def test_a_workspace_that_is_not_listed_gets_its_token_revoked(
    browser: Browser, oauth: SlackOAuth, teams: SlackTeams, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """The page names the workspace, nothing is stored, and the token that Slack gave holds no more."""
    browser.hosted = replica = make(SLACK_ALLOW_INSTALL=TWO)
    with caplog.at_level(logging.INFO):
        answer = await browser.get(oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0]))
    assert (answer.status, ONE in answer.body) == (403, True)
    assert (list(oauth.tokens(ONE)), list(await replica.scopes())) == ([], [])
    assert "U0001" not in caplog.text
    assert "xoxb" not in caplog.text


async def test_a_workspace_that_has_the_app_keeps_it_where_the_list_changed(
    browser: Browser, install: Install, oauth: SlackOAuth, teams: SlackTeams, make: Make
) -> None:
    """To install it again is refused; but the token is the one that serves, and is not revoked."""
    await install()
    browser.hosted = make(SLACK_ALLOW_INSTALL=TWO)
    answer = await browser.get(oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0]))
    assert (answer.status, len(oauth.tokens(ONE))) == (403, 1)


@each(
    ("allowed", "team", "whole", "status"),
    [
        ("any", ONE, False, 200),
        ("any", TWO, True, 200),
        (ORGANISATION, TWO, False, 200),
        (ORGANISATION, TWO, True, 200),
        (TWO, TWO, True, 403),
        (ORGANISATION, ONE, False, 403),
        ("", ONE, False, 403),
    ],
)
async def test_who_may_install(
    make: Make, oauth: SlackOAuth, teams: SlackTeams, allowed: str, team: str, whole: bool, status: int
) -> None:
    """`any` is everybody and an empty list nobody; an organisation's id stands for its workspaces, and none of them for it."""
    replica = make(SLACK_ALLOW_INSTALL=allowed)
    for one in await replica.scopes():
        await replica._stored.values.take("slack installation", one)
    browser = Browser(replica)
    organisation = ORGANISATION if whole else ""
    back = oauth.approve(await browser.begin(), team, teams.teams[team].people[0], organisation=organisation)
    assert (await browser.get(back)).status == status
    assert list(await replica.scopes()) == ([organisation or team] if status == 200 else [])


async def test_an_organisation_is_a_scope_of_its_own(hosted: HostedSlack, install: Install) -> None:
    """Its adapter knows that its token is for several workspaces, and the page leads to where they are chosen."""
    assert await install(TWO, organisation=ORGANISATION) == 200
    assert list(await hosted.scopes()) == [ORGANISATION]
    adapter = await hosted.adapter(ORGANISATION)
    assert adapter is not None
    me = await adapter._web.identify()
    assert (me.team, me.whole) == (ORGANISATION, True)
    await adapter.close()


@each("code", ["invalid_code", "bad_redirect_uri", "bad_client_secret"])
async def test_what_slack_refuses_is_said_and_logged(
    browser: Browser, oauth: SlackOAuth, teams: SlackTeams, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    """The page says to begin again; the log has Slack's code, and neither our secret nor the code of the person."""
    oauth.fail_next.append(code)
    caplog.clear()
    back = oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0])
    answer = await browser.get(back)
    assert (answer.status, strings.INSTALL_FAILED[0] in answer.body) == (400, True)
    assert code in [record.__dict__["reason"] for record in caplog.records]
    (given,) = parse_qs(urlsplit(back).query)["code"]
    assert given not in caplog.text + answer.body
    assert code not in answer.body


async def test_an_outage_asks_to_wait(
    browser: Browser, oauth: SlackOAuth, teams: SlackTeams, values: Values
) -> None:
    """Without Slack, or without the database, the page says so with 503."""
    oauth.fail_next.append(500)
    back = oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0])
    assert (await browser.get(back)).status == 503
    values.down = True
    assert (await browser.get(INSTALL)).status == 503
    assert (await browser.get(f"{REDIRECT}?code=c&state={'s' * 43}")).status == 503


async def test_names_are_escaped(
    browser: Browser, oauth: SlackOAuth, teams: SlackTeams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace may have any name."""
    team = teams.teams[ONE].conversations
    monkeypatch.setattr(team, "team", type(team.team)(ONE, '<img src="x">&', team.team.bot))
    back = oauth.approve(await browser.begin(), ONE, teams.teams[ONE].people[0])
    answer = await browser.get(back)
    assert "<img" not in answer.body
    assert "&lt;img" in answer.body


async def test_pages_are_bounded(browser: Browser, values: Values) -> None:
    """Whoever asks for the page again and again gets 429, and no more values are stored."""
    answers = [(await browser.get(INSTALL)).status for _ in range(130)]
    assert (answers.count(200), answers.count(429)) == (120, 10)
    assert len(values.kept) == 120


@each(("method", "path", "status"), [("POST", INSTALL, 405), ("POST", REDIRECT, 405), ("GET", "/else", 404)])
async def test_other_requests_are_refused(hosted: HostedSlack, method: str, path: str, status: int) -> None:
    """The pages are there for GET alone, and no other path is."""
    answer = await hosted.route(path, HttpRequest(method, "", {}, b""))
    assert isinstance(answer, HttpAnswer)
    assert answer.status == status


async def test_a_new_key_reads_and_seals_anew(
    make: Make, install: Install, values: Values, caplog: pytest.LogCaptureFixture
) -> None:
    """What an older key wrote is read and written with the first one; then the older one may go. A lost key is said once."""
    await install()
    both = make(AION_BOT_ENCRYPTION_KEYS=f"{KEYS[1]},{KEYS[0]}")
    before = values.kept["slack installation", ONE]
    assert await both.adapter(ONE) is not None
    assert values.kept["slack installation", ONE] != before
    assert await make(AION_BOT_ENCRYPTION_KEYS=KEYS[1]).adapter(ONE) is not None
    lost = make(AION_BOT_ENCRYPTION_KEYS=KEYS[0])
    caplog.clear()
    assert [await lost.adapter(ONE) for _ in range(2)] == [None, None]
    (said,) = [one for one in caplog.records if one.getMessage() == "installation not readable"]
    assert said.__dict__["reason"] == strings.KEY_UNKNOWN
    assert said.__dict__["workspace"] == ONE
    assert THREE not in caplog.text
