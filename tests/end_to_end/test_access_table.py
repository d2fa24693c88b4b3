"""`aion-bot access` and the running bot decide alike: a table of people and places on each platform."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

import adapters
from aion_bot.cli import compose
from aion_bot.commands.access import judge
from aion_bot.config import read_rules
from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain.access import Intent, Refusal
from aion_bot.domain.rules import Rules
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import PRIVATE_THREAD, TEXT, THREAD, Channel
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import SimulatedPerson
from tests.end_to_end.bot import Bot

FORUM, MEDIA = 15, 16
"""Discord's types of forums (Discord's documentation, *Channel Types*)."""

Expected = Mapping[str, Sequence[Refusal | None]]
"""What Ada (of the crew), Ben (a guest on Slack) and Cy (nobody special) hear, by place."""

NO, OFF, GUEST, SHARED = Refusal.NOT_LISTED, Refusal.DISABLED, Refusal.GUEST, Refusal.SHARED

COMMON: Expected = {
    "general": (None, None, None),
    "off": (OFF, OFF, OFF),
    "crew": (None, NO, NO),
    "only": (None, NO, NO),
    "both": (None, NO, None),
    "nobody": (NO, NO, NO),
    "direct": (None, None, NO),
    "thread of crew": (None, NO, NO),
    "thread of off": (OFF, OFF, OFF),
}
ON_SLACK: Expected = {
    **COMMON,
    "members": (None, GUEST, None),
    "partners": (SHARED, SHARED, SHARED),
    "friends": (None, None, None),
    "friendly members": (None, GUEST, None),
    "private": (None, None, None),
    "private crew": (None, NO, NO),
    "group": (None, None, None),
    "group of members": (None, GUEST, None),
    "thread of members": (None, GUEST, None),
    "thread of friends": (None, None, None),
    "thread of partners": (SHARED, SHARED, SHARED),
}
ON_DISCORD: Expected = {
    **COMMON,
    "members": (None, None, None),
    "forum": (None, NO, NO),
    "open forum": (None, None, None),
    "voice": (None, None, None),
    "private thread": (None, None, None),
    "private thread of crew": (None, NO, NO),
    "thread of only": (None, NO, NO),
    "thread of both": (None, NO, None),
    "thread of nobody": (NO, NO, NO),
    "crew voice": (None, NO, NO),
    "media": (None, NO, NO),
}


FEW = ("off", "crew")

CASES = pytest.mark.parametrize(
    "chosen", [FEW, pytest.param((), marks=pytest.mark.slow)], ids=["a few places", "the whole table"]
)


def file_of(sections: Mapping[str, Sequence[str]]) -> str:
    """Write `aion-bot.toml`: the lines of each channel."""
    return "\n".join(
        line for channel, lines in sections.items() for line in (f'[channels."{channel}"]', *lines)
    )


def rules_of(folder: Path, sections: Mapping[str, Sequence[str]]) -> Rules:
    """Write and read the file."""
    (folder / "aion-bot.toml").write_text(file_of(sections))
    forms = [id_forms_of(platform) for platform in adapters.platforms()]
    rules, problems = read_rules(folder / "aion-bot.toml", forms)
    assert problems == []
    return rules


class Decided:
    """What the running bot decided, by channel and person; `all` is set once it has decided everything that is expected.

    Slack delivers a mention in a channel twice, and a thread has its channel's rules: decisions about both must agree.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, expected: Collection[tuple[str, str]]) -> None:
        self.found: dict[tuple[str, str], set[Refusal | None]] = {}
        self.all = asyncio.Event()
        decide = AccessControl.refusal

        async def noting(
            access: AccessControl,
            platform: str,
            intent: Intent,
            place: Place,
            person: Person,
            owner: Person | None = None,
        ) -> Refusal | None:
            refusal = await decide(access, platform, intent, place, person, owner)
            self.found.setdefault((place.channel, person.id), set()).add(refusal)
            if self.found.keys() >= set(expected):
                self.all.set()
            return refusal

        monkeypatch.setattr(AccessControl, "refusal", noting)


async def by_command(
    bot: Bot, rules: Rules, places: Mapping[str, str], people: Sequence[SimulatedPerson]
) -> dict[tuple[str, str], Refusal | None]:
    """Let the command's function decide about everybody everywhere; each answer names a line or a variable."""
    settings, platforms, problems = compose(bot.env())
    assert settings is not None, problems
    found = {}
    for (name, channel), person in product(places.items(), people):
        where = channel or f"D{person.id[1:]}"
        verdict = await judge(settings, rules, platforms, (where, ""), person.id)
        found[name, person.name] = verdict.refusal
        named = ("(default)", "aion-bot.toml, line ", "AION_BOT_ALLOW_")
        assert verdict.because
        assert all(any(one in line for one in named) for line in verdict.because)
    await asyncio.gather(*(one.close() for one in platforms))
    return found


def flat(expected: Expected, people: Sequence[SimulatedPerson]) -> dict[tuple[str, str], Refusal | None]:
    """Write the table as the answers for each person at each place."""
    return {
        (name, person.name): refusal
        for name, row in expected.items()
        for person, refusal in zip(people, row, strict=True)
    }


@CASES
async def test_on_slack(
    chosen: Sequence[str],
    on_slack: Bot,
    slack: SimulatedSlack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """60 cases: channels, private ones, group and direct messages, threads, guests, shared channels, user groups."""
    people = ada, ben, cy = (on_slack.ada, on_slack.ben, on_slack.cy)
    slack.conversations.members["S0CREW"] = {ada.id}
    slack.conversations.guests.add(ben.id)
    names = ("off", "crew", "only", "both", "nobody", "members")
    made = {name: slack.open_channel(name) for name in names}
    made |= {
        name: slack.open_channel(name.replace(" ", ""), shared=True)
        for name in ("partners", "friends", "friendly members")
    }
    made |= {
        name: slack.open_channel(name.replace(" ", ""), kind=kind)
        for name, kind in {
            "private": "group",
            "private crew": "group",
            "group": "mpim",
            "group of members": "mpim",
        }.items()
    }
    rules = rules_of(
        tmp_path,
        {
            made["private crew"].id: ['allow_roles = ["S0CREW"]'],
            made["group of members"].id: ["guests = false"],
            made["off"].id: ["enabled = false"],
            made["crew"].id: ['allow_roles = ["S0CREW"]'],
            made["only"].id: [f'allow_users = ["{ada.id}"]'],
            made["both"].id: [f'allow_users = ["{cy.id}"]', 'allow_roles = ["S0CREW"]'],
            made["nobody"].id: ["allow_users = []"],
            made["members"].id: ["guests = false"],
            made["friends"].id: ["shared = true"],
            made["friendly members"].id: ["shared = true", "guests = false"],
            f"D{cy.id[1:]}": [f'allow_users = ["{ada.id}"]'],
        },
    )
    threaded = ("crew", "off", "members", "friends", "partners")
    roots = {name: slack.say(slack_other(slack), made[name], "Good morning.").ts for name in threaded}
    places = {"general": slack.general.id, **{name: one.id for name, one in made.items()}, "direct": ""}
    places |= {f"thread of {name}": made[name].id for name in threaded}
    expected = flat({name: ON_SLACK[name] for name in chosen or ON_SLACK}, people)
    places = {name: channel for name, channel in places.items() if name in (chosen or ON_SLACK)}
    channels = {
        (name, one.name): (places[name] or f"D{one.id[1:]}", one.id) for name, one in product(places, people)
    }
    assert await by_command(on_slack, rules, places, people) == expected
    decided = Decided(monkeypatch, channels.values())
    await on_slack.start(rules=rules)
    on_slack.aion.play(*[spoken("Yes.") for _ in expected])
    for name, person in expected:
        who = next(one for one in people if one.name == person)
        words = f"{name}, {person}?"
        if name == "direct":
            await slack.direct_message(who, words)
        elif name.startswith("thread of "):
            of = name.removeprefix("thread of ")
            slack.say(who, made[of], f"<@U0AION> {words}", thread=roots[of])
        else:
            await slack.ask(who, words, channel=made.get(name, slack.general))
    await check(on_slack, decided, expected, channels)


def slack_other(slack: SimulatedSlack) -> SimulatedPerson:
    """Somebody who begins threads."""
    return slack.people[0]


async def check(
    bot: Bot,
    decided: Decided,
    expected: Mapping[tuple[str, str], Refusal | None],
    channels: Mapping[tuple[str, str], tuple[str, str]],
) -> None:
    """Compare what the bot decided, and what Aion was asked, with the table; `channels` are the channels of its cases."""
    async with asyncio.timeout(30):
        await decided.all.wait()
    allowed = sorted(f"{name}, {person}?" for (name, person), refusal in expected.items() if refusal is None)
    await bot.aion.until(lambda: bot.aion.count("send_stream") >= len(allowed))
    await bot.stop()
    assert sorted(bot.asked_words) == allowed
    assert decided.found == {channels[case]: {refusal} for case, refusal in expected.items()}


@CASES
async def test_on_discord(
    chosen: Sequence[str],
    on_discord: Bot,
    discord: SimulatedDiscord,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """60 cases: channels, direct messages, public and private threads, posts of forums, voice channels, roles."""
    people = ada, _, cy = (on_discord.ada, on_discord.ben, on_discord.cy)
    world = discord.world
    crew = world.new_id()
    world.roles[crew], world.holders[crew] = "Crew", {ada.id}

    def add(kind: int, name: str, parent: str | None = None) -> str:
        return world.add(Channel(world.new_id(), kind, name, world.guild, parent)).id

    places = {"general": world.named("general").id}
    places |= {name: add(TEXT, name) for name in ("off", "crew", "only", "both", "nobody", "members")}
    forums = {name: add(FORUM, name) for name in ("forum", "open forum")}
    threaded = ("crew", "off", "only", "both", "nobody")
    places |= {f"thread of {name}": add(THREAD, name, places[name]) for name in threaded}
    places["private thread"] = add(PRIVATE_THREAD, "private", places["general"])
    places["private thread of crew"] = add(PRIVATE_THREAD, "private crew", places["crew"])
    world.invited_to |= {places["private thread"], places["private thread of crew"]}
    places["crew voice"], media = add(2, "crew voice"), add(MEDIA, "media")
    places["media"] = add(THREAD, "A picture", media)
    places |= {name: add(THREAD, "A post", forum) for name, forum in forums.items()}
    places |= {"voice": add(2, "voice"), "direct": ""}
    of_cy = discord.direct(cy)
    rules = rules_of(
        tmp_path,
        {
            places["off"]: ["enabled = false"],
            places["crew"]: [f'allow_roles = ["{crew}"]'],
            places["only"]: [f'allow_users = ["{ada.id}"]'],
            places["both"]: [f'allow_users = ["{cy.id}"]', f'allow_roles = ["{crew}"]'],
            places["nobody"]: ["allow_users = []"],
            places["members"]: ["guests = false", "shared = false"],
            forums["forum"]: [f'allow_roles = ["{crew}"]'],
            places["crew voice"]: [f'allow_roles = ["{crew}"]'],
            media: [f'allow_roles = ["{crew}"]'],
            of_cy: [f'allow_users = ["{ada.id}"]'],
        },
    )
    expected = flat({name: ON_DISCORD[name] for name in chosen or ON_DISCORD}, people)
    places = {name: channel for name, channel in places.items() if name in (chosen or ON_DISCORD)}
    parents = {name: world.channels[channel].parent or channel for name, channel in places.items() if channel}
    channels = {
        (name, one.name): (parents.get(name, discord.direct(one)), one.id)
        for name, one in product(places, people)
    }
    found = {}
    for person in people:
        mine = {name: channel or discord.direct(person) for name, channel in places.items()}
        found |= await by_command(on_discord, rules, mine, [person])
    assert found == expected
    decided = Decided(monkeypatch, channels.values())
    await on_discord.start(rules=rules)
    on_discord.aion.play(*[spoken("Yes.") for _ in expected])
    for name, person in expected:
        who = next(one for one in people if one.name == person)
        if name == "direct":
            await discord.direct_message(who, f"{name}, {person}?")
        else:
            await discord.mention(who, f"{name}, {person}?", places[name])
    await check(on_discord, decided, expected, channels)
