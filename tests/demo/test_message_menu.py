"""What can be seen and tried beside questions: marks, status, typing, Stop, the message menu, edits, deletions, files."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from aion_bot.demo.page import message_menu, view
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.pictures import embedded
from aion_bot.demo.page.sides import Activity, Entry, Place, Side, find
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.demo.page.view import Look, Parts
from aion_bot.simulators.aion.photos import ROOF_LEAK
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT, Message
from aion_bot.simulators.slack.stream import State, Stream, composed
from aion_bot.simulators.workspace import Logged
from tests.demo.bot_messages import POST_ON
from tests.demo.html_checker import Parsed


def thread_of(side: Side) -> Place:
    """A new thread: Ada's question and an answer of the bot."""
    return find(side, side.workspace.people[0], POST_ON[side.key](side, ["An answer"], None, ()))


def place_of(side: Side, kind: str) -> Place:
    return next(one for one in side.places(side.workspace.people[0]) if one.kind == kind)


def entries(side: Side, place: Place, person: int = 0) -> list[Entry]:
    return list(side.entries(place, side.workspace.people[person]))


def drawn(side: Side, place: Place, person: str = "Ada", status: str = "") -> Parts:
    return view.draw([side], Look(person, {side.key: place.id}), status, embedded)


def log(side: Side, place: Place, person: str = "Ada") -> str:
    return "".join(html for _, html in drawn(side, place, person).logs[f"{side.key}-log"])


async def act(
    side: Side, place: Place, entry: Entry, action: str, *, person: int = 0, words: str = ""
) -> str:
    someone = side.workspace.people[person]
    return await message_menu.act(side, someone, place, entry.shown.id, action=action, words=words)


@pytest.mark.parametrize(
    ("key", "kind", "prefix"),
    [
        ("slack", "channel", "@aion"),
        ("slack", "thread", ""),
        ("slack", "direct", ""),
        ("discord", "channel", "/ask"),
        ("discord", "thread", "@Aion"),
        ("discord", "direct", ""),
    ],
)
async def test_the_composer_shows_what_it_writes_before_the_words(
    quiet_slack: SimulatedSlack, key: str, kind: str, prefix: str
) -> None:
    """The mention or command that the page adds is shown and named, in each kind of place."""
    side: Side = SlackSide(quiet_slack) if key == "slack" else DiscordSide(SimulatedDiscord())
    thread_of(side)
    composer = drawn(side, place_of(side, kind)).pieces[f"{key}-composer"]
    assert Parsed(composer).text.split("Send")[0] == prefix
    assert (f", after {prefix}" in composer) is bool(prefix)


def stream_in(side: SlackSide, place: Place) -> Stream:
    """Stream an answer to Ada, of which everybody has seen the beginning."""
    held = side.workspace.conversations
    first, whole = (
        composed([{"type": "markdown", "text": text}]) for text in ("Thinking", "Thinking it over")
    )
    stream = Stream(side.workspace.streams.clock(), side.workspace.people[0].id, first=first)
    said = Message(held.clock.ts(), place.parent, BOT, [whole], thread_ts=place.id, stream=stream)
    held.messages.append(said)
    return stream


async def mark(side: Any, message: str) -> None:
    """React as the bot does to a question that waits."""
    if side.key == "slack":
        side.workspace.find_message(message).reactions.append("hourglass_flowing_sand")
    else:
        side.workspace.backend.react(side.workspace.world.anywhere(message), "⏳")


async def test_the_mark_of_a_question_that_waits_is_shown(side: Side) -> None:
    """The bot's reaction stands under the question, with a name for screen readers."""
    place = thread_of(side)
    assert "⏳" not in log(side, place)
    await mark(side, entries(side, place)[0].shown.id)
    assert "⏳ 1" in Parsed(log(side, place)).text
    assert 'aria-label="aion reacted with ⏳"' in log(side, place)


async def test_slacks_status_has_its_own_stop() -> None:
    """While the session is processing the thread says so, with Slack's Stop, which cuts what streams there."""
    side = SlackSide(SimulatedSlack(events={"agent_session_stopped"}))
    place = thread_of(side)
    assert side.activity(place) is None
    with pytest.raises(LookupError):
        await side.stop(side.workspace.people[0], place)
    stream = stream_in(side, place)
    side.workspace.conversations.sessions[place.parent, place.id] = "processing"
    assert side.activity(place) == Activity("aion is thinking…", stoppable=True)
    shown = drawn(side, place).pieces["slack-activity"]
    assert "aion is thinking" in Parsed(shown).text
    assert 'name="stop" value="Stop"' in shown
    await message_menu.act(side, side.workspace.people[0], place, "", action="stop", words="")
    assert stream.state is State.CUT


@pytest.mark.parametrize(
    ("seconds", "then", "typing"), [(1, "", True), (11, "", False), (2, "POST", False), (2, "other", True)]
)
async def test_discord_types_for_ten_seconds_or_until_it_writes(
    seconds: float, then: str, typing: bool
) -> None:
    """Typing is shown where the bot types, ends by itself and with its next message there; there is no native Stop."""
    side = DiscordSide(SimulatedDiscord())
    place = thread_of(side)
    calls, channel = side.workspace.server.log, "/channels/{channel_id}"
    calls.append(Logged(time.monotonic() - seconds, f"POST {channel}/typing", place.id, 204))
    if then:
        where = place.id if then == "POST" else "elsewhere"
        calls.append(Logged(time.monotonic(), f"POST {channel}/messages", where, 200))
    assert side.activity(place) == (Activity("Aion is typing…") if typing else None)
    assert side.activity(place_of(side, "channel")) is None
    with pytest.raises(LookupError):
        await side.stop(side.workspace.people[0], place)


async def test_a_person_edits_and_deletes_their_own_messages_alone(side: Side) -> None:
    """The writer's menu has their words, an edit changes them and a deletion removes them; nobody else can do either."""
    place = thread_of(side)
    question, answer = entries(side, place)[:2]
    assert question.own == "A question"
    assert answer.own is None
    assert 'value="Save"' in log(side, place, "Ada")
    assert 'value="Save"' not in log(side, place, "Ben")
    for action in ("edit", "delete"):
        for entry, person in ((question, 1), (answer, 0)):
            with pytest.raises(LookupError):
                await act(side, place, entry, action, person=person, words="forged")
    await act(side, place, question, "edit", words="Another <@U0BEN> question")
    edited = entries(side, place)[0]
    assert edited.shown.versions[1:] != []
    assert "Another" in edited.shown.text
    await act(side, place, question, "edit", words="")
    assert entries(side, place)[0].shown.text == edited.shown.text
    await act(side, place, question, "delete")
    assert all(one.own is None for one in entries(side, place))


async def test_an_edited_question_still_mentions_the_bot(side: Side) -> None:
    """What the page wrote before the words stays before them, and is not offered for editing."""
    place = thread_of(side)
    await side.say(side.workspace.people[0], place, "Words", [ROOF_LEAK])
    mentions = entries(side, place)[-1].shown.text.startswith("@")
    assert mentions is (side.key == "discord")
    assert entries(side, place)[-1].own == "Words"
    await act(side, place, entries(side, place)[-1], "edit", words="New words")
    assert entries(side, place)[-1].own == "New words"
    assert entries(side, place)[-1].shown.text.startswith("@") is mentions


async def test_the_message_menu_asks_about_a_message() -> None:
    """Slack gets the shortcut for any message; Discord reports that nobody registered the command."""
    slack, discord = SlackSide(SimulatedSlack(events=())), DiscordSide(SimulatedDiscord())
    place = thread_of(slack)
    assert await act(slack, place, entries(slack, place)[1], "ask", person=1) == place.id
    place = thread_of(discord)
    with pytest.raises(LookupError):
        await act(discord, place, entries(discord, place)[1], "ask")


@pytest.mark.parametrize("kind", ["channel", "thread", "direct"])
async def test_a_photo_can_be_sent_with_words_or_without(side: Side, kind: str) -> None:
    """The photo's name stands under the message, in each kind of place."""
    thread_of(side)
    place = place_of(side, kind)
    for words in ("look at this", ""):
        await side.say(side.workspace.people[0], place, words, [ROOF_LEAK])
        newest = entries(side, place)[-1]
        assert newest.own == words
        (photo,) = newest.attached
        assert f"File: {photo.name}" in Parsed(log(side, place)).text


def slack_file(side: Any, thread: str) -> None:
    side.workspace.uploads.text = lambda _: "All <b>of</b> it"
    held = side.workspace.conversations
    files = ({"name": "answer.md", "id": "F1"},)
    held.messages.append(
        Message(held.clock.ts(), "C0GENERAL", BOT, [{"text": "More"}], thread_ts=thread, files=files)
    )


def discord_file(side: Any, thread: str) -> None:
    side.workspace.backend.post_as_bot(thread, {"content": "More"}, files={"answer.md": b"All <b>of</b> it"})


FILES: Mapping[str, Callable[[Any, str], None]] = {"slack": slack_file, "discord": discord_file}


async def test_a_file_of_the_bots_can_be_read(side: Side) -> None:
    """A document that the bot attached is named, and opens as text."""
    place = thread_of(side)
    FILES[side.key](side, place.id)
    text = Parsed(log(side, place)).text
    assert "File: answer.md" in text
    assert "All <b>of</b> it" in text


async def test_a_stream_grows_for_the_person_who_asked(quiet_slack: SimulatedSlack) -> None:
    """While Slack streams to Ada, Ben sees the first words alone, as in a channel."""
    side = SlackSide(quiet_slack)
    place = thread_of(side)
    stream_in(side, place)
    assert "Thinking it over" in Parsed(log(side, place, "Ada")).text
    assert "Thinking it over" not in Parsed(log(side, place, "Ben")).text


async def test_the_news_have_a_button_that_closes_them(side: Side) -> None:
    """There is a button as long as there is news."""
    place = thread_of(side)
    assert "Close" in Parsed(drawn(side, place, status="Trouble").pieces["news"]).text
    assert "Close" not in Parsed(drawn(side, place).pieces["news"]).text
