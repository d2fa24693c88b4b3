"""`aion-bot explain`: the timeline of a turn or plan, without its words, beside a running bot."""

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.plan import Plan
from aion_bot.domain.turn import EndReason, FirstSeen, Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import MessageRef, Person, Step, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import address_of

ADA = Person("U1", "Ada")
SLACK_LINK = "https://acme.slack.com/archives/C1/p{}?thread_ts=1700000000.000100&cid=C1"
DISCORD_LINK = "https://discord.com/channels/323456789012345678/123456789012345678/223456789012345678"


def run(path: Location, *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; returns exit status, output and errors."""
    done = CliRunner().invoke(
        program, ["explain", *arguments], env={"AION_BOT_DATABASE_URL": address_of(path)}
    )
    return done.exit_code, done.stdout, done.stderr


async def ask(store: Store, key: str, thread: ThreadKey, source: str) -> None:
    prompt = Prompt(
        f"prompt {key}",
        thread,
        Place("T1", "C1"),
        ADA,
        "Where is the secret lake?",
        source=MessageRef(thread, source),
    )
    await store.turns.accept(Turn(key, thread, ADA, prompt.text), prompt)
    await store.turns.note_start(key)


@pytest.fixture
async def asked(store: Store) -> Store:
    """A Slack turn that was answered, one on Discord that goes on, and a plan of the first."""
    slack, discord = ThreadKey("slack", "T1/C1/1700000000.000100"), ThreadKey("discord", "123456789012345678")
    await ask(store, "a" * 16, slack, "C1/1700000000.000100")
    await ask(store, "b" * 16, discord, "123456789012345678/223456789012345678")
    await store.turns.note_posted("a" * 16, 0, [MessageRef(slack, "C1/1700000001.000200")])
    await store.plans.add(
        Plan(
            "c" * 16,
            "plan-1",
            "s1",
            slack,
            ADA,
            "Delete the secret lake",
            (Step("", "Delete lake"),),
            turn="a" * 16,
        )
    )
    await store.turns.note_shown("a" * 16, 0, EndReason.ANSWERED, None)
    return store


@pytest.mark.usefixtures("asked")
def test_a_reference_tells_the_timeline_without_the_words(path: Location) -> None:
    """Beside the bot that has the database open: phases in order, the plan, and neither words, names nor a button's key."""
    status, said, errors = run(path, reference("a" * 16))
    assert (status, errors) == (0, "")
    events = [line.split(" s  ")[1] for line in said.splitlines() if " s  " in line]
    assert events[0] == "accepted"
    assert {"first message", "shown", "proposed"} <= set(events)
    assert f"turn ref={reference('a' * 16)}" in said
    assert f"plan ref={reference('c' * 16)}" in said
    assert "reason=answered" in said
    for words in ("lake", "Ada", "U1", "a" * 16, "c" * 16):
        assert words not in said


async def test_first_sign_and_first_text_stand_once_an_attempt(asked: Store) -> None:
    """The earliest record counts; that of a question which waits comes first; a command's sign is as old as its row."""
    timeline, key = asked.timeline, "b" * 16
    before = time.time()
    await timeline.note_sign(key)
    await timeline.note_sign(key)
    await asked.turns.note_posted(key, 0, [], None, FirstSeen(sign=before + 60))
    await asked.turns.note_posted(key, 0, [], None, None)
    await asked.turns.note_shown(key, 0, seen=FirstSeen(sign=before + 60, text=before + 5))
    await asked.turns.note_shown(key, 0, seen=FirstSeen(text=before + 90))
    found = {event: at - before for at, event in await timeline.of_turn(key, 0)}
    assert len(await timeline.of_turn(key, 0)) == len(found)
    assert 0 <= found["first sign"] < 60
    assert round(found["first text"], 3) == 5
    assert "first sign" not in [event for _, event in await timeline.of_turn("a" * 16, 0)]
    thread = ThreadKey("discord", "3")
    command = Prompt("command", thread, Place("T1", "C1"), ADA, "What?", echo=MessageRef(thread, "3/4"))
    await asked.turns.accept(Turn("d" * 16, thread, ADA, "What?"), command)
    acknowledged = {event: at for at, event in await timeline.of_turn("d" * 16, 0)}
    assert acknowledged["first sign"] == acknowledged["accepted"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("ref", "key"),
    [
        (SLACK_LINK.format("1700000000000100"), "a" * 16),
        (SLACK_LINK.format("1700000001000200"), "a" * 16),
        (DISCORD_LINK, "b" * 16),
        ("c" * 16, "c" * 16),
        (f"ref {reference('b' * 16)}", "b" * 16),
    ],
)
def test_every_kind_of_reference_is_taken(path: Location, ref: str, key: str) -> None:
    """A link to the question or to its answer, a plan's key, and a reference as the chat shows it."""
    status, said, _ = run(path, ref)
    assert status == 0
    assert f"ref={reference(key)}" in said.splitlines()[0]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "ref", ["zzzzzz", "%", "", "https://a.slack.com/archives/C1/p1", "https://[", "' OR 1=1 --"]
)
def test_what_is_unknown_is_said(path: Location, ref: str) -> None:
    """Status 1, and where else to look."""
    status, said, errors = run(path, ref)
    assert (status, said) == (1, "")
    assert "look for ref= in the log" in errors


def test_without_a_database_it_is_said_and_none_is_made(tmp_path: Path) -> None:
    """The command reads only."""
    status, _, errors = run(tmp_path / "none.db", "abc123")
    assert status == 1
    assert "does not exist" in errors
    assert list(tmp_path.iterdir()) == []


async def test_what_is_removed_leaves_no_times(asked: Store, path: Location) -> None:
    """Retention takes a turn's and a plan's times with their rows."""
    far = 4_000_000_000.0
    await asked.retention.remove_plans(far)
    await asked.retention.remove_turns(far, (), {"slack": far, "discord": far})
    assert run(path, reference("a" * 16))[0] == 1
