"""Lengths of time as people write them in commands: `90s`, `30m`, `24h`, `7d`."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

_MOST_DIGITS = 6


def parse_duration(text: str) -> int:
    """Return the seconds of a number with a unit (s, m, h, d). Raises ValueError for anything else, and for nothing."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()) or len(number) > _MOST_DIGITS:
        raise ValueError("write a number with s, m, h or d behind it, such as 90d")
    if not int(number):
        raise ValueError("write a time that is longer than nothing, such as 90d")
    return int(number) * _UNITS[unit]
