"""The one rule about base addresses, and the one about proxies."""

import pytest
from pydantic import TypeAdapter, ValidationError

from aion_bot.environment.addresses import BaseUrl, ProxyUrl
from tests.support.cases import each

BASE, PROXY = TypeAdapter[str](BaseUrl), TypeAdapter[str](ProxyUrl)


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://api.example.com/v2/", "https://api.example.com/v2"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://localhost:1/", "http://localhost:1"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_good_addresses_lose_the_slash_at_their_end(given: str, taken: str) -> None:
    """Https is accepted everywhere and http for this machine; what is appended begins with a slash of its own."""
    assert BASE.validate_python(given) == taken


@each(
    "address",
    [
        "api.hunter2.example",
        "ftp://hunter2",
        "https://",
        "https:///hunter2",
        "https://hunter2:0/",
        "https://hunter2:port",
        "https://hunter2:65536",
        "https://[hunter2]",
        "https://user:hunter2@example.com",
        "https://hunter2@example.com",
        "https://exam ple.com/hunter2",
        "https://example.com/hunter2\n",
        "https://example\t.com/hunter2",
        "http://hunter2.example",
        "http://10.0.0.1/hunter2",
        "http://127.0.0.1.hunter2.example",
    ],
)
def test_other_addresses_are_refused_and_not_repeated(address: str) -> None:
    """No address without a host, with a password, with blanks, or in the clear over a network; none is repeated."""
    with pytest.raises(ValidationError) as raised:
        BASE.validate_python(address)
    assert "hunter2" not in str(raised.value.errors(include_input=False)[0]["msg"])


@pytest.mark.parametrize("address", ["http://proxy:3128", "https://u:p@proxy", "socks5://127.0.0.1:1080"])
def test_proxies_may_hold_a_password(address: str) -> None:
    """A proxy may be reached in the clear, and its address is kept as it is."""
    assert PROXY.validate_python(address) == address
