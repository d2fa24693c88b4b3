"""First contact: what somebody is told who does not know yet what to ask."""

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import IMAGES
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.library import IMAGES as NEWEST
from aion_bot.simulators.aion.library import PUMP
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot


async def test_a_hint_names_files_of_the_companys_own_library(bot: Bot) -> None:
    """A mention without words gets one private sentence with things to try, among them the three newest files."""
    thread = await bot.workspace.mention(bot.ada, "")
    await bot.replies_privately(thread, bot.ada, strings.HINT)
    (told,) = bot.private_replies(thread, bot.ada)
    assert [one.filename in told for one in NEWEST] == [True] * 3 + [False] * 3
    assert bot.aion.count("send_stream") == 0


async def test_a_hint_names_nothing_where_a_selection_holds_or_the_library_is_empty(idle: Bot) -> None:
    """Where `images` limits what questions are about, or Aion has too little to name, the hint names no file."""
    await idle.start(rules=Rules(defaults={IMAGES: Rule(frozenset({PUMP.id}), "")}))
    limited = await idle.workspace.mention(idle.ada, "")
    await idle.replies_privately(limited, idle.ada, strings.HINT)
    assert idle.private_replies(limited, idle.ada) == [strings.HINT]
    assert idle.aion.count("list_files") == 0
    await idle.stop()
    for one in [*idle.aion.files]:
        idle.aion.files.remove(one.id)
    await idle.start()
    empty = await idle.workspace.mention(idle.ben, "")
    await idle.replies_privately(empty, idle.ben, strings.HINT)
    assert idle.private_replies(empty, idle.ben) == [strings.HINT]
    assert idle.aion.count("list_files") == 1


async def test_a_channel_is_greeted_once_when_the_bot_is_invited(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """On Slack the channel of an invitation gets one sentence that names files; a second invitation gets none."""
    await on_slack.start()
    channel = slack.open_channel("roofs")
    slack.invite_bot(on_slack.ada, channel)
    await on_slack.until(lambda: len(greetings(slack, channel.id)) == 1)
    assert PUMP.filename in greetings(slack, channel.id)[0]
    slack.invite_bot(on_slack.ben, channel)
    await on_slack.asked(on_slack.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert len(greetings(slack, channel.id)) == 1
    await on_slack.stop()
    await on_slack.start(AION_BOT_ALLOW_USERS=on_slack.ada.id)
    refused, listed = slack.open_channel("refused"), slack.open_channel("listed")
    slack.invite_bot(on_slack.ben, refused)
    slack.invite_bot(on_slack.ada, listed)
    await on_slack.until(lambda: bool(greetings(slack, listed.id)))
    assert greetings(slack, refused.id) == []
    assert greetings(slack, listed.id) == [strings.greeting(strings.HINT)], (
        "others in the channel may not ask"
    )


def greetings(slack: SimulatedSlack, channel: str) -> list[str]:
    """What the bot wrote in a channel itself."""
    found = [one for one in slack.conversations.messages if one.channel == channel and one.by_bot]
    return [one.body["text"] for one in found if one.thread_ts is None]
