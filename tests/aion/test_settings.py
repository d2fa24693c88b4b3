"""How a client is made."""

import pytest

from aion_bot.aion import AionVision, SyncAionVision
from aion_bot.aion.settings import ClientSettings
from aion_bot.config import Settings

KEY = "aion_0123456789abcdefghij"

VARIABLES = ("API_KEY", "BASE_URL", "TIMEOUT", "MAX_RETRIES", "RETRY_DELAY", "TENANT_ID", "PROXY_URL")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's own reaches a test."""
    for name in VARIABLES:
        monkeypatch.delenv(f"AIONVISION_{name}", raising=False)


@pytest.mark.parametrize(
    "key", ["", "aion_short", "AION_0123456789abcdefghij", "nounderscore0123456789", KEY + "\n"]
)
def test_a_malformed_key_is_refused_and_not_repeated(key: str) -> None:
    """Only `<prefix>_` and twenty or more characters pass; the message does not quote what was given."""
    with pytest.raises(ValueError, match="api_key must be") as raised:
        AionVision(key)
    assert not key.strip() or key.strip() not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["http://api.example.com", "ftp://localhost", "api.example.com", "https://", "https://u:p@example.com"],
)
def test_only_https_and_loopback_are_accepted(address: str) -> None:
    """Plain http is for this machine alone, and an address holds no password."""
    with pytest.raises(ValueError, match="base_url"):
        ClientSettings.from_arguments(api_key=KEY, base_url=address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "http://localhost:1", "http://[::1]:1", "https://a.example"]
)
def test_good_addresses_pass(address: str) -> None:
    """Addresses with https pass everywhere, with http on loopback."""
    assert ClientSettings.from_arguments(api_key=KEY, base_url=address).base_url == address


@pytest.mark.parametrize(
    "wrong", [{"timeout": 0}, {"timeout": float("nan")}, {"max_retries": -1}, {"retry_delay": -0.1}]
)
def test_numbers_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    """Timeouts are positive; retries and pauses are not negative."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClientSettings.from_arguments(api_key=KEY, **wrong)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """`from_env` reads every documented variable, and an argument wins over it unless it is None."""
    values = [KEY, "http://localhost:9", "12.5", "7", "0.25", "acme", "http://localhost:3128"]
    for name, value in zip(VARIABLES, values, strict=True):
        monkeypatch.setenv(f"AIONVISION_{name}", value)
    found = ClientSettings.from_env(timeout=3.0, tenant_id=None)
    assert (found.api_key.get_secret_value(), found.base_url, found.timeout) == (
        KEY,
        "http://localhost:9",
        3.0,
    )
    assert (found.max_retries, found.retry_delay, found.tenant_id) == (7, 0.25, "acme")
    assert found.proxy_url == "http://localhost:3128"


@pytest.mark.parametrize("client", [AionVision, SyncAionVision])
def test_both_clients_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, client: type[AionVision] | type[SyncAionVision]
) -> None:
    """`from_env` is there on both, and says which variable is missing or malformed."""
    with pytest.raises(ValueError, match="AIONVISION_API_KEY is not set"):
        client.from_env()
    monkeypatch.setenv("AIONVISION_API_KEY", KEY)
    assert "api.aionvision.tech" in repr(client.from_env())
    monkeypatch.setenv("AIONVISION_TIMEOUT", "soon")
    with pytest.raises(ValueError, match="AIONVISION_TIMEOUT must be a number"):
        client.from_env()


@pytest.mark.parametrize(
    "proxy",
    ["proxy", "ftp://proxy:1", "http://", "http://u:hunter2@[hunter2]:1", "http://u:hunter2@p:hunter2"],
)
def test_a_malformed_proxy_is_refused_and_not_repeated(proxy: str) -> None:
    """A proxy's address may hold a password, so no sentence quotes a part of it."""
    with pytest.raises(ValueError, match=r"^proxy_url must be an address like http://proxy:3128$"):
        AionVision(KEY, proxy_url=proxy)


def test_secrets_are_not_shown() -> None:
    """Neither the key nor a proxy's password is in a representation."""
    settings = ClientSettings.from_arguments(api_key=KEY, proxy_url="http://user:hunter2@localhost:1")
    assert KEY not in repr(settings)
    assert "hunter2" not in repr(settings)


def test_arguments_alone_make_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable changes a client that is made from arguments."""
    monkeypatch.setenv("AIONVISION_BASE_URL", "https://elsewhere.example")
    assert "api.aionvision.tech" in repr(AionVision(KEY))


def test_the_bot_has_the_same_rules() -> None:
    """The bot's settings are the client's, field by field, and its own."""
    for name, field in ClientSettings.model_fields.items():
        assert repr(Settings.model_fields[name]) == repr(field)


def test_a_client_is_made_from_checked_settings() -> None:
    """`from_settings` takes every field over."""
    values = {"base_url": "http://localhost:9", "timeout": 12.5, "max_retries": 7, "retry_delay": 0.25}
    settings = ClientSettings.from_arguments(api_key=KEY, tenant_id="acme", proxy_url="http://p:1", **values)
    for client in (AionVision.from_settings(settings), SyncAionVision.from_settings(settings)):
        assert client._settings == settings
