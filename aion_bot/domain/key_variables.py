"""The variables that hold keys of Aion's, as `aion_key` of `aion-bot.toml` names them: `env:NAME`. No I/O."""

MAIN_KEY = "AIONVISION_API_KEY"
"""The variable of the key that is used where no section names another one."""

PREFIX = "env:"
WORDS = '"env:NAME", where NAME is a variable that holds a key, in capital letters'
_LONGEST = 100


def read_variable(value: object) -> str:
    """Return a value of the file as it is. Raises ValueError where it names no variable, such as a key itself."""
    name = str(value).removeprefix(PREFIX)
    # A key has small letters.
    fits = name.isascii() and name.isidentifier() and name == name.upper() and len(name) <= _LONGEST
    if not isinstance(value, str) or not fits or value == name:
        raise ValueError
    return value


def variable_of(value: object) -> str:
    """Return the variable that a value names, "" for `MAIN_KEY`."""
    name = str(value).removeprefix(PREFIX)
    return "" if name == MAIN_KEY else name
