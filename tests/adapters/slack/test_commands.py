"""`/aion` on Slack: read from its payload, answered at the address that it names, or by a direct message."""

import pytest

from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import UploadRefused
from aion_bot.ports.events import ManageCommand
from aion_bot.ports.messages import Action, Button, Document, PrivateAnswer, Reply
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.commands import RESPONSE_URL
from tests.support.recording_host import RecordingHost

ANSWER = PrivateAnswer(Reply("**Yours**", buttons=(Button(Action.MANAGE, "k-new", "New"),)))


async def command(host: RecordingHost) -> ManageCommand:
    await host.until(lambda: any(isinstance(one, ManageCommand) for one in host.events))
    found = [one for one in host.events if isinstance(one, ManageCommand)]
    return found[-1]


async def test_a_command_is_read_with_its_words(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Subcommand, words as people see them, place and person; the address of the answer is shown nowhere."""
    await slack.command(slack.people[0], "rename <R&D> roof")
    read = await command(host)
    assert (read.name, read.words) == ("rename", "<R&D> roof")
    assert (read.person.id, read.place.channel, read.place.shared) == (
        slack.people[0].id,
        slack.general.id,
        False,
    )
    assert read.reply_token.startswith("http://127.0.0.1")
    assert read.reply_token not in repr(read)
    await slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("rename\u00a0Roof of\u00a0site 7", ("rename", "Roof of\u00a0site 7")),
        ("rename\u3000 Roof", ("rename", "Roof")),
        ("search\nwet roof\nsite 7", ("search", "wet roof\nsite 7")),
        ("\u200bstatus\u200b", ("status", "")),
        ("\u00a0", ("", "")),
    ],
)
async def test_whatever_stands_between_a_subcommand_and_its_words(
    slack: SimulatedSlack, host: RecordingHost, text: str, read: tuple[str, str]
) -> None:
    """Spaces of other keyboards and line ends separate them; what nobody sees is no part of the subcommand."""
    await slack.command(slack.people[0], text)
    found = await command(host)
    assert (found.name, found.words) == read


async def test_what_is_no_command_of_ours_is_acknowledged_alone(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """Another command, and one without a channel."""
    slack.use_command(slack.people[0], "/other", "status", slack.general)
    slack.sockets.deliver("slash_commands", {"command": "/aion", "text": "status", "user_id": "U1"})
    await slack.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))
    assert host.events == []


@pytest.mark.parametrize(
    ("kind", "member", "shared", "seen"),
    [
        ("channel", True, False, (False, True)),
        ("channel", False, False, (False, False)),
        ("channel", True, True, (True, True)),
        ("group", False, False, (True, False)),
        ("im", False, False, (False, True)),
    ],
)
async def test_the_place_of_a_command_is_looked_up(
    slack: SimulatedSlack,
    host: RecordingHost,
    kind: str,
    member: bool,
    shared: bool,
    seen: tuple[bool, bool],
) -> None:
    """Whether another organisation sees the channel, and whether the bot may write there, is asked; of a direct message not."""
    where = slack.open_channel("else", kind=kind, member=member, shared=shared)
    slack.use_command(slack.people[0], "/aion", "status", where)
    place = (await command(host)).place
    assert (place.shared, place.bot_may_write) == seen


async def test_an_answer_goes_to_the_address_of_its_command(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Its person alone sees it, with buttons, also where the bot is not in the channel."""
    ada = slack.people[0]
    slack.use_command(ada, "/aion", "status", slack.open_channel("else", member=False))
    await adapter.answer_privately(await command(host), ANSWER)
    (shown,) = slack.command_answers(ada)
    assert (shown.text, shown.only_for) == ("**Yours**", ada.id)
    assert [(one.id, one.value) for one in shown.buttons] == [("aion_manage", "k-new")]


@pytest.mark.parametrize("how", ["expired", "refused blocks"])
async def test_an_answer_that_the_address_does_not_take(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, how: str
) -> None:
    """After half an hour, or where Slack refuses it, the answer is a direct message."""
    ada = slack.people[0]
    await slack.command(ada, "status")
    used = await command(host)
    if how == "expired":
        slack.answer_tickets.clear()
    else:
        slack.fail_next(RESPONSE_URL, status=400)
    await adapter.answer_privately(used, ANSWER)
    assert [one.text for one in slack.direct_messages(ada)] == ["**Yours**"]


async def test_a_file_for_one_person_comes_as_a_direct_message(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """No ephemeral message shows a file; where uploads are refused the words stand there and the refusal is told."""
    ada = slack.people[0]
    await slack.command(ada, "export private")
    used, document = await command(host), Document("conversation.md", "# All")
    await adapter.answer_privately(used, PrivateAnswer(Reply("Yours"), document))
    assert [list(one.files.values()) for one in slack.direct_messages(ada)] == [[], ["# All"]]
    slack.fail_next("files.getUploadURLExternal", error="missing_scope")
    with pytest.raises(UploadRefused):
        await adapter.answer_privately(used, PrivateAnswer(Reply("Yours again"), document))
    assert slack.direct_messages(ada)[-1].text == "Yours again"
