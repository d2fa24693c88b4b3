"""The server's address: what it cannot listen on is one sentence."""

import asyncio
from pathlib import Path

import pytest

from aion_bot import doctor
from aion_bot.config import Settings
from aion_bot.environment.addresses import ListenAddress, read_listen_address
from aion_bot.monitoring import CannotListen
from aion_bot.monitoring.monitor import Monitor
from aion_bot.monitoring.server import MonitoringServer
from aion_bot.ports.diagnosis import Status
from aion_bot.simulators.aion import API_KEY


async def _write() -> None:
    """Take every write."""


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.1",  # of the range for documentation: no machine has it
        "no-such-host.invalid",
    ],
)
async def test_an_address_that_is_not_the_machines_is_told(host: str) -> None:
    """The sentence names the address and what to do, and nothing listens afterwards."""
    server = MonitoringServer(ListenAddress(host, 9), Monitor(["slack"], _write, asyncio.Event()))
    with pytest.raises(CannotListen, match=f"^{host}:9 cannot be listened on: .+; choose another address"):
        await server.start()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9090", "127.0.0.1", 9090),
        ("localhost:1", "localhost", 1),
        ("[::1]:65535", "::1", 65535),
        ("0.0.0.0:80", "0.0.0.0", 80),  # noqa: S104  # an operator may name it
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    """An address is read, and printed as it was given."""
    address = read_listen_address(text)
    assert (address.host, address.port, str(address)) == (host, port, text)


@pytest.mark.parametrize(
    ("address", "beginning"),
    [("127.0.0.1:9090", "ok  "), ("[::1]:9090", "ok  "), ("0.0.0.0:9090", "warn"), ("10.0.0.7:9090", "warn")],
)
async def test_doctor_warns_of_an_address_that_others_may_reach(
    tmp_path: Path, address: str, beginning: str
) -> None:
    """An address of this machine alone is fine; any other is a warning, which fails nothing."""
    env = {"AION_BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}", "AION_BOT_HTTP_ADDRESS": address}
    settings, problems = Settings.read({"AIONVISION_API_KEY": API_KEY, **env})
    checks = await doctor.examine(settings, problems, ["slack"], env_file=tmp_path / ".env")
    (line,) = [str(one) for one in checks if one.check == "AION_BOT_HTTP_ADDRESS"]
    assert line.startswith(f"{beginning}  AION_BOT_HTTP_ADDRESS: {address}: ")
    assert all(one.status is not Status.FAIL for one in checks)


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3",
        ":7777",
        "7777",
        "::1:7777",
        "a:b",
        "a:0",
        "a:65536",
        "a:-1",
        "a: 1",
        "http://a:1",
        "u:p@a:1",
        "a:\u0661",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    """The host is never left to a default, and the value, which may be a mistyped secret, is in no sentence."""
    with pytest.raises(ValueError, match="must be host:port") as refused:
        read_listen_address(text)
    assert text not in str(refused.value)
