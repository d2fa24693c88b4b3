"""What can befall the bot in the soak, one function a trouble. Each ends by itself."""

import asyncio
import random
import time
from collections.abc import Mapping
from typing import Any

from benchmarks.chaos.environment import World
from benchmarks.chaos.workspaces import WITHIN

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
"""Seconds in which the bot has to notice that nobody answers its heartbeats."""


async def befall(world: World, trouble: str, seed: int) -> None:
    """Let a trouble of `scenarios.FAULTS` happen; its details are drawn from `seed`."""
    dice = random.Random(seed)
    slack, discord, times = world.slack, world.discord, dice.choice((1, 1, 2, 4))
    match trouble:
        case "slack call":
            slack.fail_next(dice.choice(_SLACK_CALLS), times=times, **dice.choice(_SLACK_FAULTS))
        case "discord call":
            discord.fail_next(dice.choice(_DISCORD_CALLS), times=times, **dice.choice(_DISCORD_FAULTS))
        case "aion call":
            world.fail_aion(dice.choice(_AION_CALLS), times, dice.choice(_AION_FAULTS))
        case "long pause":
            slack.fail_next("chat.update", error="ratelimited")
        case "hang":
            slack.fail_next(
                dice.choice(("chat.update", "chat.postMessage")), hang=True, acted=dice.random() < 0.5
            )
        case "full disk":
            world.disk.full = True
            await asyncio.sleep(0.3)
            world.disk.full = False
        case "aion cut":
            world.aion.cut_streams()
        case _ if trouble.startswith("slack"):
            await _slack_socket(world, trouble)
        case _:
            await _discord_gateway(world, trouble)


async def _slack_socket(world: World, trouble: str) -> None:
    sockets = world.slack.sockets
    match trouble:
        case "slack refresh":
            await sockets.refresh()
        case "slack cut":
            await sockets.cut()
        case "slack hang up":
            await sockets.hang_up()
        case "slack deaf":
            sockets.deafen()
        case "slack dead ticket":
            sockets.dead += 1
            await sockets.cut()
        case "slack repeats":
            sockets.within = 0.0
            await asyncio.sleep(0.5)
            sockets.within = WITHIN
        case "slack refuses":
            sockets.refusing = True
            await sockets.cut()
            await asyncio.sleep(1.0)
            sockets.refusing = False


async def _discord_gateway(world: World, trouble: str) -> None:
    gateway = world.discord.gateway
    world.disturbed()
    match trouble:
        case "discord drop":
            await gateway.drop()
        case "discord reconnect":
            await gateway.drop(4000)
        case "discord invalid":
            await gateway.invalidate()
        case "discord refuses":
            gateway.refusing = True
            await gateway.drop()
            await asyncio.sleep(1.0)
            gateway.refusing = False
        case "discord loses":
            gateway.losing = True
            await asyncio.sleep(0.5)
            await gateway.invalidate()
            gateway.losing = False
        case "discord late":
            world.discord.late_acknowledgement = True
        case "discord silent":
            await _silent(world)
    world.disturbed()


async def _silent(world: World) -> None:
    """Say nothing on the connections that there are, until the bot has noticed; those begun meanwhile end too."""
    gateway = world.discord.gateway
    connections, gateway.silent = {session.socket for session in gateway.listening}, True
    begun = time.monotonic()
    while gateway.silent and time.monotonic() - begun < _NOTICED:
        world.disturbed()
        await asyncio.sleep(0.2)
        if not connections & {session.socket for session in gateway.listening}:
            break
    gateway.silent = False
    await gateway.drop()
