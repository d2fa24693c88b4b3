"""Through which proxies the services are reached, and whether this machine's clock agrees with theirs."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aion_bot.ports.diagnosis import Finding, fail, ok, warn

CONNECT_PATIENCE = 5.0
"""Seconds that a proxy has to take a connection."""

MOST_AHEAD = 5.0
"""Seconds by which the clock may differ: a `Date` header has whole seconds, and answers take their time."""

_PORTS = {"http": 80, "https": 443, "socks5": 1080}


@dataclass(frozen=True, slots=True)
class Route:
    """How a service is reached: through `proxy`, which `variable` names, or directly (None)."""

    service: str
    proxy: str | None = None
    variable: str = ""


async def check_proxies(routes: Sequence[Route]) -> tuple[list[Finding], set[str]]:
    """Say which proxy is used for what; returns the services as well whose proxy cannot be reached."""
    used: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for route in routes:
        used[(route.proxy or "", route.variable)].append(route.service)
    findings, cut_off = [], set()
    for (proxy, variable), services in used.items():
        named = ", ".join(services)
        if not proxy:
            findings.append(ok("proxy", f"none for {named}"))
            continue
        host, port = _address(proxy)  # without the password that the variable may hold
        try:
            async with asyncio.timeout(CONNECT_PATIENCE):
                _, writer = await asyncio.open_connection(host, port)
            writer.close()
        except OSError as error:  # TimeoutError is one
            said = f"the proxy {host}:{port} for {named} cannot be reached ({type(error).__name__})"
            findings.append(fail(variable, said, "correct it, or remove it"))
            cut_off.update(services)
        else:
            findings.append(ok("proxy", f"{host}:{port} for {named} ({variable})"))
    return findings, cut_off


def check_clock(ahead: Mapping[str, float]) -> list[Finding]:
    """Compare this machine's clock with the services', by how many seconds it is ahead of each."""
    wrong = {service: seconds for service, seconds in ahead.items() if abs(seconds) > MOST_AHEAD}
    if wrong:
        words = ", ".join(
            f"{abs(seconds):,.0f} s {'ahead of' if seconds > 0 else 'behind'} {service}"
            for service, seconds in wrong.items()
        )
        mend = "set this machine's clock, and let NTP keep it"
        return [warn("clock", f"it is {words}", mend)]
    return [ok("clock", f"it agrees with {', '.join(ahead)}")] if ahead else []


def _address(proxy: str) -> tuple[str, int]:
    parts = urlsplit(proxy)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)
