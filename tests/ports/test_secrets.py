"""Known secrets are struck out of every text that leaves the process."""

import base64
import html
import itertools
import json
import logging
import string
import sys
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from aion_bot import log_config
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.conversation import notices
from aion_bot.conversation.proposal import read_plan
from aion_bot.delivery.thread import struck_line, struck_prompt, struck_screen
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, Button, Person, PlanCard, Reply, Step, ThreadKey
from aion_bot.ports.secrets import KNOWN, MARK, MOST_BRIEF, Secrets, secrets_in
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import Growing
from aion_bot.rendering.screen import PageFormat
from aion_bot.rendering.sources import source_list
from tests.support.cases import each

SECRET = 'xoxb-12_3"4/ab+c=é'
UNRESERVED = string.ascii_letters + string.digits + "-_."
THREAD = ThreadKey("slack", "T1/C1/1")


@pytest.fixture
def known() -> Iterator[str]:
    """A secret that the process knows, for one test."""
    KNOWN.know([SECRET])
    yield SECRET
    KNOWN.forget(SECRET)


def numbered(text: str, signs: str, form: str) -> str:
    """Write signs as JSON escapes them by their numbers."""
    return "".join(f"\\u{ord(one):{form}}" if one in signs else one for one in text)


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as JSON": json.dumps,
    "as JSON with letters": lambda one: json.dumps(one, ensure_ascii=False),
    "as JSON with slashes": lambda one: json.dumps(one).replace("/", r"\/"),
    "as JSON of Go": lambda one: numbered(json.dumps(one), "<>&", "04x"),
    "as JSON of .NET": lambda one: numbered(
        json.dumps(one, ensure_ascii=False).replace(r"\"", '"'), "<>&'+`\"é", "04X"
    ),
    "as JSON of PHP": lambda one: numbered(
        json.dumps(one).replace(r"\"", '"').replace("/", r"\/"), "<>&'\"", "04X"
    ),
    "as HTML of Go": lambda one: html.escape(one).replace("&quot;", "&#34;"),
    "as JSON in JSON": lambda one: json.dumps({"body": json.dumps({"token": one})}),
    "as repr": repr,
    "in an address": lambda one: f"https://x/?token={quote(one, safe='')}",
    "in an address, lower case": lambda one: "".join(
        f"%{sign:02x}" if chr(sign) not in UNRESERVED else chr(sign) for sign in one.encode()
    ),
    "as a user's password": lambda one: base64.b64encode(f"u:{one}".encode()).decode(),
    "as another user's": lambda one: base64.b64encode(f"us:{one}".encode()).decode(),
    "as no user's": lambda one: base64.urlsafe_b64encode(f":{one}:".encode()).decode(),
    "in Markdown": lambda one: one.replace("_", r"\_"),
    "in an address, every octet": lambda one: "".join(f"%{sign:02X}" for sign in one.encode()),
    "in an address, twice": lambda one: quote(quote(one, safe=""), safe=""),
    "in hexadecimal": lambda one: one.encode().hex(),
    "in large hexadecimal": lambda one: one.encode().hex().upper(),
    "in HTML by numbers": lambda one: "".join(f"&#{ord(sign)};" for sign in one),
    "in HTML by hexadecimal numbers": lambda one: "".join(f"&#x{ord(sign):X};" for sign in one),
    "as JSON by numbers": lambda one: "".join(f"\\u{ord(sign):04x}" for sign in one),
    "as repr of octets": lambda one: repr(one.encode())[2:-1],
    "in capitals": str.upper,
    "in small letters": str.lower,
}


@each("way", WRITTEN)
def test_a_secret_is_struck_however_it_is_written(way: str) -> None:
    """In JSON, addresses, base64 and Markdown a secret is as secret as by itself."""
    written = WRITTEN[way](SECRET)
    left = Secrets([SECRET]).strike(f"before {written} after")
    assert left.count(MARK) == 1
    # The first and last few signs of base64 belong to what stands around as well.
    assert len(left) <= len(f"before {written} after") - len(SECRET) + len(MARK) + 4
    assert left.startswith("before ")
    assert left.endswith(" after")


@pytest.mark.parametrize("way", [way for way in WRITTEN if "JSON" in way or "HTML" in way])
def test_a_secret_of_signs_is_struck_however_it_is_written(way: str) -> None:
    """Signs that some writers escape and others do not."""
    secret = "p&ss<w>ord+'1`"
    left = Secrets([secret]).strike(WRITTEN[way](secret))
    assert MARK in left
    assert "ord" not in left


@given(st.text(alphabet='xob-123_"4/ ', max_size=40), st.integers(0, 40))
def test_a_secret_is_never_shown_in_part(noise: str, at: int) -> None:
    """However a text comes in two pieces, what is shown of the first one is the beginning of what is shown of both."""
    secrets = Secrets([SECRET, "x-x-x-x-x-"])
    text = noise + SECRET + noise
    first = secrets.struck_so_far(text[: len(noise) + at])
    assert secrets.strike(text).startswith(first)
    assert SECRET not in secrets.strike(text)


def test_a_secret_in_two_tokens_is_never_shown(known: str) -> None:
    """While an answer grows sign by sign no screen has the beginning of a secret, and the text only grows."""
    growing, text = Growing(Sources()), f"The key is {known}, keep it."
    shown = [growing.update(text[:end]) for end in range(len(text) + 1)]
    assert all("xo" not in one for one in shown)
    assert all(after.startswith(before) for before, after in itertools.pairwise(shown))
    assert (shown[-1], growing.begun) == (f"The key is {MARK}, keep it.", 0)


def test_a_secret_between_markers_is_never_shown(known: str) -> None:
    """A citation takes the place of the words of a reference that would complete a secret; a source's name has none."""
    sources = Sources()
    marked = f"The key is {known[:6]}[[doc:1|{known[6:]}]] here, or [[doc:2|{known}]]. "
    assert Growing(sources).update(marked) == f"The key is {known[:6]} [1] here, or [2]. "
    assert source_list(sources).endswith(f"- [2] `{MARK}`")


def test_everything_that_a_platform_shows_is_struck(known: str) -> None:
    """Text, notes, names, labels, steps, facts, records, titles: no field of a content is forgotten."""
    person, button = Person("U1", known), Button(Action.STOP, "k", known)
    reply = Reply(known, known, (known, person), (button,))
    card = PlanCard(
        known, known, (Step(known, known),), ((known, person),), ((known,),), (button,), "k", known
    )
    prompt = Prompt("k", THREAD, Place("T1", "C1"), person, "", opening=known)
    shown = (*struck_screen((reply, card)), struck_line((known, person)), struck_prompt(prompt).opening)
    assert known not in repr(shown)
    assert repr(shown).count(MARK) == repr((reply, card, (known, person), known)).count(repr(known)[1:-1])


def test_no_status_has_a_secret(known: str) -> None:
    """Also where the words for it are in small letters, as an agent's are."""
    view = AnswerView(PageFormat(lambda content: len(str(content)), 2_000))
    for name in ("agent_name", "tool_name"):
        view.fold(ChatToken(ChatTokenType.TOOL_INVOCATION, None, {name: f"Read {known}"}))
        assert "12" not in str(view.screen())


def test_the_name_of_a_question_has_no_secret(known: str) -> None:
    """Signs are taken out of the words that tell answers apart: what is left of a secret would be known as none."""
    assert "12" not in notices.named(f"is {known} the key?")


def test_a_plan_s_row_has_no_secret(known: str) -> None:
    """A plan is struck as it is read: a card that shortens a step would leave the beginning of a secret."""
    data = {
        "plan_id": "p",
        "description": known,
        "invocations": [{"agent_name": known, "description": known}],
    }
    plan = read_plan(data, Turn("t", THREAD, Person("U1"), ""))
    assert plan is not None
    assert known[:5] not in f"{plan.description}{plan.steps}".lower()


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_log_has_a_secret(capsys: pytest.CaptureFixture[str], known: str, style: str) -> None:
    """Events, exceptions, records of libraries and warnings are struck, what was learned later included."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log_config.configure("debug", style, [])
    KNOWN.know_briefly("interaction-token-1")
    try:
        structlog.get_logger("x").info(
            f"event {known}", field={"inner": [known]}, other="interaction-token-1"
        )
        logging.getLogger("sdk").debug("body %s", json.dumps({"token": known}))
        try:
            int(known)
        except ValueError:
            structlog.get_logger("x").exception("failed")
            logging.getLogger("sdk").exception("failed")
            assert known in traceback.format_exc()
    finally:
        logging.captureWarnings(capture=False)
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)
    written = capsys.readouterr().err
    assert written.count(MARK) >= 6
    assert "xoxb-12" not in written
    assert "interaction-token" not in written
    assert sys.stderr is not None


def test_which_settings_are_secret() -> None:
    """Tokens, keys and passwords by the variable's name, and passwords of addresses in whatever variable."""
    env = {
        "A_TOKEN": "token-of-a",
        "A_KEYS": "first-key-1,second-key-2",
        "A_URL": "postgresql://bot:p%40ssword1@db.example/x?sslpassword=ssl-password",
        "PROXY": "http://me:pw@proxy.example:3128",
        "A_NAME": "no-secret-at-all",
        "B_URL": "https://plain.example/path",
    }
    secrets = Secrets(secrets_in(env))
    text = " ".join([*env.values(), "p@ssword1", "https://db.example/x", "me pw"])
    left = secrets.strike(text)
    for one in (
        "token-of-a",
        "first-key-1",
        "second-key-2",
        "p%40ssword1",
        "p@ssword1",
        "ssl-password",
        "me:pw",
    ):
        assert one not in left
    for one in (
        "no-secret-at-all",
        "https://plain.example/path",
        "proxy.example:3128",
        "https://db.example/x",
        "me pw",
    ):
        assert one in left


@pytest.mark.slow
def test_brief_secrets_are_bounded() -> None:
    """Of tokens that expire only the newest are kept, and what else is known stays."""
    secrets = Secrets(["token-0000-of-the-settings"])
    for number in range(MOST_BRIEF + 1):
        secrets.know_briefly(f"token-{number:04}-of-a-press")
    assert secrets.strike("token-0000-of-a-press") == "token-0000-of-a-press"
    assert (
        secrets.strike(f"token-{MOST_BRIEF:04}-of-a-press, token-0000-of-the-settings") == f"{MARK}, {MARK}"
    )
