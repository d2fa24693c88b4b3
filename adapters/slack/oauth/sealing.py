"""Encryption of what is stored: Fernet, of which the first key writes and every key reads."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from adapters.slack.oauth import strings


class CannotOpen(Exception):
    """A sealed text that none of the keys opens; the message is for the operator and holds nothing of the text."""

    def __init__(self) -> None:
        super().__init__(strings.KEY_UNKNOWN)


class Sealer:
    """Seals texts with the first of `keys`, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        fernets = [Fernet(one) for one in keys]
        self._first, self._all = fernets[0], MultiFernet(fernets)

    def seal(self, text: str) -> str:
        """Return a text encrypted and signed."""
        return self._first.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return what was sealed. Raises `CannotOpen`."""
        try:
            return self._all.decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError):
            raise CannotOpen from None

    def is_current(self, sealed: str) -> bool:
        """Tell whether the first key sealed a text; otherwise it has to be sealed anew before the old key is removed."""
        try:
            self._first.decrypt(sealed.encode())
        except (InvalidToken, ValueError):
            return False
        return True
