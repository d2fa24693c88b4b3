"""Property tests say something about the code, never about the machine."""

from hypothesis import HealthCheck, settings


def test_a_slow_machine_fails_no_property_test() -> None:
    """The registered profile holds: no deadline, and slow generation with a cold cache is no failure."""
    assert settings().deadline is None
    assert HealthCheck.too_slow in settings().suppress_health_check
    assert settings().database is None
