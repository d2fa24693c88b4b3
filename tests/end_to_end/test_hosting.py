"""Two and three replicas serve many workspaces: each has one owner, and every replica takes requests of all."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.monitoring import CannotListen
from aion_bot.ports.failures import reference
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack.http_delivery import free_port
from tests.end_to_end.hosted import Deployment, until

pytestmark = pytest.mark.slow  # each has a Postgres server, and starts several bots

WHOLE = "The first part. The end."
HELD = Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(WHOLE))
FOUND = "I found 3 pieces"


@pytest.fixture
async def deployment(aion: SimulatedAion, tmp_path: Path) -> AsyncIterator[Deployment]:
    """Four workspaces that have installed the app; no replica runs."""
    made = Deployment(aion, (free_port(), free_port(), free_port()), tmp_path)
    await made.teams.start()
    await made.install()
    yield made
    await made.close()


async def test_events_at_any_replica_are_answered_by_the_owner(deployment: Deployment) -> None:
    """Each workspace's question comes to one replica after the other, and is answered once."""
    await deployment.begin("first", deployment.ports[0])
    await deployment.begin("second", deployment.ports[1])
    owners = await deployment.spread(first=2, second=2)
    for scope in owners:
        for number in range(3):
            await deployment.asked(scope, f"What is damaged on site {number}?", FOUND)
    assert deployment.aion.count("send_stream") == 12
    await until(lambda: deployment.rows("SELECT count(*) FROM arrival") == [(0,)])


@pytest.mark.long
async def test_a_third_replica_gets_its_share_and_a_stop_gives_it_back(deployment: Deployment) -> None:
    """Scopes move one by one, drained; the questions that are asked meanwhile are each answered once."""
    await deployment.begin("first", deployment.ports[0])
    await deployment.spread(first=4)
    await deployment.begin("second", deployment.ports[1])
    threads = [(scope, await deployment.ask(scope, "What is damaged?")) for scope in deployment.names]
    await deployment.spread(first=2, second=2)
    await deployment.begin("third", deployment.ports[2])
    threads += [
        (scope, await deployment.ask(scope, "What is damaged on site 8?")) for scope in deployment.names
    ]
    owners = deployment.owners()
    await deployment.end("first")
    await until(lambda: "first" not in deployment.owners().values())
    await deployment.spread(second=2, third=2)
    for scope, thread in threads:
        await deployment.shows(scope, thread, FOUND)
    assert deployment.aion.count("send_stream") == 8
    assert set(owners.values()) <= {"first", "second", "third"}


async def test_a_workspace_that_comes_and_one_that_leaves(deployment: Deployment) -> None:
    """A new installation is served while the replicas run; of a workspace that removed the app nothing is left."""
    gone, *_ = deployment.names
    await deployment.begin("first", deployment.ports[0])
    await deployment.begin("second", deployment.ports[1])
    await deployment.spread(first=2, second=2)
    await deployment.asked(gone, "What is damaged?", FOUND)
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'aion_bot_slack_%%'"
    assert deployment.rows(schemas) == [(4,)]
    await deployment.uninstall(gone.partition(":")[2])
    await until(lambda: gone not in deployment.owners())
    await until(lambda: deployment.rows(schemas) == [(3,)])
    await deployment.install(gone.partition(":")[2])
    await until(lambda: bool(deployment.owners().get(gone)))
    await deployment.asked(gone, "Are you back?", FOUND)


@pytest.mark.parametrize("ending", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.long)])
async def test_running_answers_go_on_at_another_replica(
    deployment: Deployment, ending: signal.Signals
) -> None:
    """Seconds after a kill or a pause the stored answer is shown; Aion is asked once, and no message is doubled.

    A replica that was paused past its leases sends nothing for the scopes that it lost, and serves others.
    """
    first = await deployment.launch("first", deployment.ports[0])
    await deployment.spread(first=4)
    await deployment.launch("second", deployment.ports[1])
    owners = await deployment.spread(first=2, second=2)
    had = [scope for scope, owner in owners.items() if owner == "first"]
    deployment.aion.play(*[HELD] * len(had))
    threads = {scope: await deployment.asked(scope, "What?", "The first part.") for scope in had}
    before = {scope: len(deployment.bots(scope, thread)) for scope, thread in threads.items()}
    for session in deployment.aion.sessions:
        deployment.aion.sessions.store(session, "assistant", Answer(WHOLE))
    loop = asyncio.get_running_loop()
    began = loop.time()
    first.send(ending)
    for scope, thread in threads.items():
        await deployment.shows(scope, thread, WHOLE)
    # Six for the lease and one for the next look; the rest is the machine's, which tests share.
    assert loop.time() - began < 20
    assert deployment.aion.count("send_stream") == len(had)
    assert {scope: len(deployment.bots(scope, thread)) for scope, thread in threads.items()} == before
    if ending is signal.SIGSTOP:
        await deployment.cleared(*had)
        shown = {scope: deployment.text(scope, thread) for scope, thread in threads.items()}
        changes = {scope: deployment.changes(scope) for scope in had}
        deployment.aion.release("go")
        first.send(signal.SIGCONT)
        await first.prints('"lease lost"')
        await deployment.spread(first=2, second=2)
        assert {scope: deployment.text(scope, thread) for scope, thread in threads.items()} == shown
        assert {scope: deployment.changes(scope) for scope in had} == changes
        first.send(signal.SIGTERM)
        assert (await first.end())[0] == 0


@pytest.mark.long
async def test_a_stop_drains_all_scopes_within_the_grace(deployment: Deployment) -> None:
    """SIGTERM: running answers are marked, exit status 0; the other replica has all scopes at once and answers."""
    first = await deployment.launch("first", deployment.ports[0], AION_BOT_SHUTDOWN_GRACE="0.5")
    await deployment.spread(first=4)
    second = await deployment.launch("second", deployment.ports[1])
    owners = await deployment.spread(first=2, second=2)
    had = [scope for scope, owner in owners.items() if owner == "first"]
    deployment.aion.play(*[HELD] * len(had))
    threads = {scope: await deployment.asked(scope, "What?", "The first part.") for scope in had}
    first.send(signal.SIGTERM)
    status, seconds = await first.end()
    assert status == 0
    assert seconds < 5
    for scope, thread in threads.items():
        await deployment.shows(scope, thread, "I was restarted")
    await deployment.spread(second=4)
    for scope in had:
        await deployment.asked(scope, "What is damaged on site 7?", FOUND)
    assert "another replica has taken over" not in second.output


async def test_another_deployment_is_refused(deployment: Deployment) -> None:
    """With another Aion key, or another app of Slack's: one line with the variables' names, exit status 2; no value is repeated."""
    await deployment.launch("first", deployment.ports[0])
    await deployment.spread(first=4)
    other = "aion_other_0123456789abcdef0123"
    program = await deployment.launch(
        "other", deployment.ports[1], AIONVISION_API_KEY=other, SLACK_CLIENT_ID="9.9"
    )
    assert (await program.end())[0] == 2
    assert "it has another AIONVISION_API_KEY, SLACK_CLIENT_ID" in program.output
    assert other not in program.output
    keys = "YW5vdGhlciBrZXkgb2YgdGhlIHRlc3RzLCAzMiBiISE="
    program = await deployment.launch("third", deployment.ports[1], AION_BOT_ENCRYPTION_KEYS=keys)
    assert (await program.end())[0] == 2
    assert "AION_BOT_ENCRYPTION_KEYS has none of the keys" in program.output
    assert deployment.owners() == dict.fromkeys(deployment.names, "first")


@pytest.mark.parametrize(
    ("changed", "variable"),
    [
        ({"AION_BOT_DATABASE_URL": "sqlite:///bot.db"}, "AION_BOT_DATABASE_URL"),
        ({"AION_BOT_HTTP_ADDRESS": ""}, "AION_BOT_HTTP_ADDRESS"),
    ],
)
async def test_settings_that_cannot_host_are_refused(
    deployment: Deployment, changed: dict[str, str], variable: str
) -> None:
    """Many workspaces need Postgres, and an address: one line, exit status 2, nothing is made."""
    program = await deployment.launch("first", deployment.ports[0], **changed)
    assert (await program.end())[0] == 2
    assert [line.partition(":")[0] for line in program.output.splitlines()] == [variable]
    assert not (deployment.folder / "first0" / "bot.db").exists()


async def test_a_replica_that_ends_by_itself_fails_its_test_at_once(deployment: Deployment) -> None:
    """Whatever is waited for: with its exception, and as a process with its last lines."""
    await deployment.begin("first", deployment.ports[0])
    await deployment.spread(first=4)
    await deployment.begin("second", deployment.ports[0])
    with pytest.raises(AssertionError, match="replica second has ended by itself") as failed:
        await deployment.spread(first=2, second=2)
    assert isinstance(failed.value.__cause__, CannotListen)
    del deployment.replicas["second"]
    program = await deployment.launch("third", deployment.ports[0])
    with pytest.raises(
        AssertionError, match=r"third0 has ended by itself with status 1(.|\n)*cannot be listened on"
    ):
        await deployment.spread(first=2, third=2)
    assert (await program.end())[0] == 1


async def test_commands_over_all_workspaces_and_over_one(deployment: Deployment) -> None:
    """doctor, usage, explain, audit, feedback and erase look at every workspace, or at the one that is named, beside the replicas."""
    await deployment.begin("first", deployment.ports[0])
    await deployment.spread(first=4)
    one, other, *_ = deployment.names
    await deployment.asked(one, "What is damaged?", FOUND)
    await deployment.asked(other, "What is damaged?", FOUND)
    await deployment.cleared(one, other)
    team, person = one.partition(":")[2], deployment.slack(one).people[0].id

    async def run(*arguments: str) -> tuple[int, str]:
        program = await deployment.launch("command", deployment.ports[1], *arguments)
        status, _ = await program.end()
        return status, program.output

    status, said = await run("doctor", "--json")
    assert '"first serve' in said, said
    assert "4: slack:T0001TEAM, slack:T0002TEAM" in said
    status, said = await run("usage", "--json")
    counted = {
        scope: found["platforms"]["slack"]["questions"]
        for scope, found in json.loads(said).items()
        if found["platforms"]
    }
    assert counted == {one: 1, other: 1}
    status, said = await run("usage", "--workspace", team.lower())
    assert {line.partition(": ")[0] for line in said.splitlines()} == {one}
    assert (await run("usage", "--workspace", "T9"))[0] == 1
    status, said = await run("audit", "verify")
    assert status == 0
    assert said.count("audit: whole") == 4
    status, said = await run("audit", "export", "--workspace", team)
    assert {json.loads(line)["scope"] for line in said.splitlines()} == {one}
    assert (await run("feedback", "export")) == (0, "")
    ((key,),) = deployment.rows("SELECT key FROM aion_bot_slack_t0001team.turn")
    status, said = await run("explain", reference(key))
    assert status == 0, said
    status, said = await run("erase", "--user", person)
    assert status == 0, said
    assert [line for line in said.splitlines() if "questions 1" in line] == [said.splitlines()[0]]
    channel = deployment.slack(one).general.id
    status, said = await run("access", "--channel", channel, "--user", person, "--workspace", team)
    assert (status, person in said) == (0, True), said
    status, said = await run("backup", "copy.db")
    assert status == 1
    assert "pg_dump" in said


@pytest.mark.long
async def test_the_rules_and_the_key_of_all_scopes_are_read_again(deployment: Deployment) -> None:
    """After SIGHUP every scope asks with the new key and follows the new rules; a replica that starts with that key agrees."""
    folder, new = deployment.folder, "aion_rotated_0123456789abcdef"
    key, rules = folder / "key", folder / "rules.toml"
    key.write_text(deployment.aion.api_key)
    rules.write_text("")
    files = {"AIONVISION_API_KEY": "", "AIONVISION_API_KEY_FILE": str(key), "AION_BOT_CONFIG": str(rules)}
    first = await deployment.launch("first", deployment.ports[0], **files)
    await deployment.spread(first=4)
    one, other, *_ = deployment.names
    await deployment.asked(one, "What is damaged?", FOUND)
    deployment.aion.api_key = new
    key.write_text(new)
    rules.write_text(f'[workspaces."{other.partition(":")[2]}"]\nenabled = false\n')
    first.send(signal.SIGHUP)
    await until(lambda: first.output.count('"key replaced"') == 5)  # the replica's, and that of each scope
    await deployment.asked(one, "What is damaged on site 8?", FOUND)
    await deployment.ask(other, "What is damaged?")
    await until(lambda: "access denied" in first.output)
    await deployment.launch("second", deployment.ports[1], **files)
    await deployment.spread(first=2, second=2)
    assert deployment.aion.count("send_stream") == 2


@pytest.mark.long
async def test_a_platform_with_one_connection_is_served_whole_beside_workspaces(
    deployment: Deployment, discord: SimulatedDiscord
) -> None:
    """Discord with one shard is one scope more: one replica has the connection, and the other one takes it over."""
    more = {**discord.env, "DISCORD_SHARDS": "1"}
    await deployment.begin("first", deployment.ports[0], **more)
    await until(lambda: deployment.owners().get("discord:all") == "first")
    await discord.connected()
    await deployment.begin("second", deployment.ports[1], **more)
    await until(lambda: sorted(deployment.owners().values()).count("second") == 2)
    thread = await discord.ask(discord.people[0], "What is damaged?")
    shown = lambda: "\n".join(one.text for one in discord.thread(thread) if one.by_bot)  # noqa: E731  # of one line
    await discord.until(lambda: FOUND in shown())
    await deployment.asked(deployment.names[0], "What is damaged?", FOUND)
    await deployment.end("first")
    await deployment.spread(second=5)
    await discord.connected()
    await discord.reply(discord.people[0], thread, "What is damaged on site 8?")
    await discord.until(lambda: shown().count(FOUND) == 2)
