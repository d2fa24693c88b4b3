"""The faults of the soak test. Each ends by itself."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from aion_bot.simulators.slack import SimulatedSlack
from benchmarks.chaos.environment import Environment
from benchmarks.chaos.scenarios import Scenario
from benchmarks.chaos.workspaces import ACKNOWLEDGEMENT_TIMEOUT

_SLACK_CALLS = (
    "chat.postMessage", "chat.postMessage", "chat.postMessage", "chat.update", "chat.update", "chat.delete",
    "chat.postEphemeral", "reactions.add", "reactions.remove", "agents.sessions.setStatus", "conversations.info",
    "conversations.replies", "apps.connections.open",
)  # fmt: skip
_SLACK_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"retry_after": 0.3}, {"status": 500}, {"status": 503}, {"drop": True}, {"drop": True, "acted": True},
    {"status": 502, "acted": True}, {"error": "internal_error"}, {"plain": "upstream failure"},
)  # fmt: skip

_MESSAGES = "/channels/{channel_id}/messages"
_DISCORD_CALLS = (
    f"POST {_MESSAGES}", f"POST {_MESSAGES}", f"POST {_MESSAGES}", f"PATCH {_MESSAGES}/{{message_id}}",
    f"PATCH {_MESSAGES}/{{message_id}}", f"DELETE {_MESSAGES}/{{message_id}}", f"GET {_MESSAGES}",
    f"POST {_MESSAGES}/{{message_id}}/threads", "POST /channels/{channel_id}/typing", "POST /users/@me/channels",
    f"PUT {_MESSAGES}/{{message_id}}/reactions/{{emoji_name}}/@me",
    f"DELETE {_MESSAGES}/{{message_id}}/reactions/{{emoji_name}}/@me",
    "POST /webhooks/{webhook_id}/{webhook_token}",
    "POST /interactions/{interaction_id}/{interaction_token}/callback",
)  # fmt: skip
_DISCORD_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"status": 429, "retry_after": 0.3}, {"status": 429, "retry_after": 0.3, "told_in_body": True},
    {"status": 429, "retry_after": 0.3, "all_routes": True}, {"status": 500}, {"status": 503}, {"drop": True},
    {"drop": True, "acted": True}, {"cut": True}, {"cut": True, "acted": True}, {"status": 502, "acted": True},
)  # fmt: skip

_AION_CALLS = ("create_session", "get_session", "get_session", "plan_action", "plan_action", "send_stream")
_AION_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"status": 500}, {"status": 503}, {"status": 429, "retry_after": 0.05}, {"status": None},
)  # fmt: skip

_NOTICED = 15.0
"""Seconds in which the bot has to notice missing heartbeat acknowledgements."""


async def inject(environment: Environment, scenario: Scenario) -> None:
    """Inject a scenario's fault, of `scenarios.FAULTS`; its details are drawn from the scenario's seed."""
    rng, fault = random.Random(scenario.seed), scenario.fault
    slack, discord = environment.slack_of(scenario.platform), environment.discord
    times = rng.choice((1, 1, 2, 4))
    match fault:
        case "slack call":
            slack.fail_next(rng.choice(_SLACK_CALLS), times=times, **rng.choice(_SLACK_FAULTS))
        case "discord call":
            discord.fail_next(rng.choice(_DISCORD_CALLS), times=times, **rng.choice(_DISCORD_FAULTS))
        case "late answers":
            await environment.late.for_a_while(rng.choice((0.1, 0.4, 1.5)), 3.0)
        case "aion call":
            environment.fail_aion(rng.choice(_AION_CALLS), times, rng.choice(_AION_FAULTS))
        case "long pause":
            slack.fail_next("chat.update", error="ratelimited")
        case "hang":
            slack.fail_next(
                rng.choice(("chat.update", "chat.postMessage")), hang=True, acted=rng.random() < 0.5
            )
        case "full disk":
            environment.disk.full = True
            await asyncio.sleep(0.3)
            environment.disk.full = False
        case "aion cut":
            environment.aion.cut_streams()
        case _ if fault.startswith("slack"):
            await _slack_socket(slack, fault)
        case _:
            await _discord_gateway(environment, fault)


async def _slack_socket(slack: SimulatedSlack, fault: str) -> None:
    sockets = slack.sockets
    if sockets.http is not None and fault != "slack repeats":
        sockets.http.unreachable = True
        await asyncio.sleep(0.5)
        sockets.http.unreachable = False
        return
    match fault:
        case "slack refresh":
            await sockets.refresh()
        case "slack abort":
            await sockets.abort()
        case "slack close":
            await sockets.close()
        case "slack half-open":
            sockets.make_half_open()
        case "slack invalid ticket":
            sockets.invalid_tickets += 1
            await sockets.abort()
        case "slack repeats":
            sockets.ack_timeout = 0.0
            await asyncio.sleep(0.5)
            sockets.ack_timeout = ACKNOWLEDGEMENT_TIMEOUT
        case "slack refuses":
            sockets.refusing_connections = True
            await sockets.abort()
            await asyncio.sleep(1.0)
            sockets.refusing_connections = False


async def _discord_gateway(environment: Environment, fault: str) -> None:
    gateway = environment.discord.gateway
    environment.note_disturbance()
    match fault:
        case "discord drop":
            await gateway.drop()
        case "discord reconnect":
            await gateway.drop(4000)
        case "discord invalid":
            await gateway.invalidate()
        case "discord refuses":
            gateway.refusing_connections = True
            await gateway.drop()
            await asyncio.sleep(1.0)
            gateway.refusing_connections = False
        case "discord drops events":
            gateway.dropping_events = True
            await asyncio.sleep(0.5)
            await gateway.invalidate()
            gateway.dropping_events = False
        case "discord late":
            environment.discord.late_acknowledgement = True
        case "discord zombied":
            await _withhold_heartbeats(environment)
    environment.note_disturbance()


async def _withhold_heartbeats(environment: Environment) -> None:
    """Answer no heartbeats until the bot has noticed, and end connections that began meanwhile."""
    gateway = environment.discord.gateway
    connections, gateway.zombied = {session.socket for session in gateway.listening}, True
    begun = time.monotonic()
    while gateway.zombied and time.monotonic() - begun < _NOTICED:
        environment.note_disturbance()
        await asyncio.sleep(0.2)
        if not connections & {session.socket for session in gateway.listening}:
            break
    gateway.zombied = False
    await gateway.drop()
