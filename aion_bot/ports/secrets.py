"""The secrets that the process knows, struck out of every text that it sends to a platform or writes to a log. No I/O.

`KNOWN` is the one set of the process, as its logs are one: the settings fill it at the start, and an adapter adds what a
platform entrusts to it, such as a token that answers an interaction.
"""

import base64
import html
import json
import string
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

MARK = "***"
"""Stands for a secret."""

SHORTEST = 8
"""Characters of a secret at least: a shorter one would be found in ordinary words."""

MOST_BRIEF = 2_000
"""Secrets of `know_briefly` that are kept."""

_HEAD = 5
"""Characters by which the beginning of a secret is found."""

_LONGEST_WRITTEN_OUT = 120
"""Characters of a secret of which the rarer forms are known: tokens of interactions are longer, many, and soon worthless."""

_NAMES = ("TOKEN", "KEY", "KEYS", "SECRET", "PASSWORD")
"""How the name of a variable, or of a parameter of an address, ends that holds a secret."""

_JSON_SIGNS = ("<>&", "<>&'\"", "<>&'+`\"")
"""Signs that writers of JSON escape by their numbers: those of Go, of PHP, and of .NET."""

_IN_JSON = {chr(code): json.dumps(chr(code))[1:-1] for code in range(128)}
"""How each sign of ASCII stands in JSON."""

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in string.punctuation})


@dataclass(slots=True)
class _Group:
    """Forms of secrets that begin alike, also in order, and how many have which length."""

    forms: set[str] = field(default_factory=set)
    ordered: list[str] = field(default_factory=list)
    lengths: Counter[int] = field(default_factory=Counter)

    def add(self, form: str) -> None:
        self.forms.add(form)
        insort(self.ordered, form)
        self.lengths[len(form)] += 1

    def remove(self, form: str) -> None:
        self.forms.discard(form)
        del self.ordered[bisect_left(self.ordered, form)]
        self.lengths[len(form)] -= 1
        self.lengths += Counter()  # lengths that nothing has any more go

    def match(self, text: str, at: int) -> int:
        """Return the length of the longest form that stands at a place, 0 if there is none."""
        # One look-up for each length, not for each secret: many secrets with the same beginning, such as tokens of one
        # kind, have few lengths.
        return max((size for size in self.lengths if text[at : at + size] in self.forms), default=0)

    def begins(self, rest: str) -> bool:
        """Tell whether a form begins with `rest` and is longer."""
        at = bisect_left(self.ordered, rest)
        # `rest` itself, if it is a form, stands before all that begin with it.
        return any(one != rest and one.startswith(rest) for one in self.ordered[at : at + 2])


class Secrets:
    """A set of secrets. Looking for them takes time in proportion to the text, however many share a beginning."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.version = 0
        """Changes with the set, for whoever keeps what was struck."""
        self._groups: dict[str, _Group] = {}
        self._begun: frozenset[str] = frozenset()
        """All that a form may begin with and that is shorter than the characters by which it is found."""
        self._uses: Counter[str] = Counter()
        self._longest = 0
        self._brief: deque[str] = deque()
        self.know(known)

    def know(self, secrets: Iterable[str]) -> None:
        """Strike these from now on; values shorter than `SHORTEST` are passed over."""
        for secret in secrets:
            if len(secret) >= SHORTEST and not self._uses[secret]:
                self._add(secret)

    def know_briefly(self, secret: str) -> None:
        """Strike this one as long as it is among the newest `MOST_BRIEF`: platforms let such tokens expire soon."""
        if len(secret) < SHORTEST:
            return
        self._add(secret)
        self._brief.append(secret)
        if len(self._brief) > MOST_BRIEF:
            self.forget(self._brief.popleft())

    def forget(self, secret: str) -> None:
        """Undo one `know`."""
        self.version += 1
        for form in _forms(secret):
            self._uses[form] -= 1
            if self._uses[form] <= 0:
                del self._uses[form]
                self._groups[form[:_HEAD]].remove(form)
                if not self._groups[form[:_HEAD]].forms:
                    del self._groups[form[:_HEAD]]
        self._begun = frozenset(head[:size] for head in self._groups for size in range(1, _HEAD))

    def strike(self, text: str) -> str:
        """Return `text` with `MARK` in the place of each secret."""
        if len(text) < _HEAD:
            return text  # shorter than every form, as an empty note or most buttons
        spans: list[tuple[int, int]] = []
        for head, group in self._groups.items():
            at = text.find(head)
            while at >= 0:
                if size := group.match(text, at):
                    spans.append((at, at + size))
                at = text.find(head, at + 1)
        pieces: list[str] = []
        done = 0
        for start, end in sorted(spans):
            # Two that overlap are one: what is between their beginnings is a part of a secret as well.
            if start >= done:
                pieces += text[done:start], MARK
            done = max(done, end)
        return "".join((*pieces, text[done:])) if pieces else text

    def settled(self, text: str, start: int = 0) -> int:
        """Return how much of `text` no later text can make part of a secret; looks only from `start` on."""
        # A secret that begins earlier would be whole by now, and `strike` finds it.
        first = max(start, len(text) - max(0, self._longest - 1))
        tail = text[first:]
        found: list[int] = []
        for head, group in self._groups.items():
            at = tail.find(head)
            while at >= 0 and not group.begins(tail[at:]):
                at = tail.find(head, at + 1)
            if at >= 0:  # of each group only the first counts
                found.append(at)
        # A beginning shorter than `_HEAD` is in no group's key yet, so the last characters are compared one by one.
        for at in range(max(0, len(tail) - _HEAD + 1), len(tail)):
            if tail[at:] in self._begun:
                found.append(at)
                break
        return first + min(found, default=len(tail))

    def struck_so_far(self, text: str) -> str:
        """Return what may be shown of a text that is still growing: a secret may come in two pieces."""
        return self.strike(text[: self.settled(text)])

    def _add(self, secret: str) -> None:
        self.version += 1
        begun: set[str] = set()
        for form in _forms(secret):
            if not self._uses[form]:
                head = form[:_HEAD]
                if head not in self._groups:
                    self._groups[head] = _Group()
                    begun.update(head[:size] for size in range(1, _HEAD))
                self._groups[head].add(form)
                self._longest = max(self._longest, len(form))
            self._uses[form] += 1
        # Platforms bring a token with each command: what the others begin with is known already.
        self._begun |= begun


KNOWN = Secrets()
"""What this process knows to be secret."""


def secrets_in(env: Mapping[str, str]) -> frozenset[str]:
    """Return the secrets of every variable whose name says that it holds one, and of every address with a password."""
    found: set[str] = set()
    for name, value in env.items():
        if name.endswith(_NAMES):
            found |= {value.strip(), *(part.strip() for part in value.split(","))}
        found |= set(_in_address(value.strip()))
    return frozenset(one for one in found if len(one) >= SHORTEST)


def _in_address(value: str) -> Iterator[str]:
    """Yield the passwords of an address, as written and decoded, and what stands before the host with one."""
    if "://" not in value:
        return
    try:
        parts = urlsplit(value)
        user, password = parts.username or "", parts.password or ""
    except ValueError:
        return
    for name, said in (user, password), (unquote(user), unquote(password)):
        if said:
            # A short password is a secret only where it stands as one.
            yield from (said, f"{name}:{said}", f"//{name}:{said}@")
    # `?password=…` holds one as well as `user:password@` does.
    for name, said in parse_qsl(parts.query):
        if name.upper().endswith(_NAMES):
            yield said


def _forms(secret: str) -> frozenset[str]:
    """Return every way in which a secret is commonly written: JSON, `repr`, HTML, Markdown, addresses, base64."""
    in_json = [json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
    if not secret.isascii() or not set(secret).isdisjoint(_JSON_SIGNS[-1]):
        in_json += [_by_numbers(secret, signs, form) for signs in _JSON_SIGNS for form in ("04x", "04X")]
    in_json += [one.replace("/", r"\/") for one in in_json]
    # JSON in a JSON string, as in a log of a request, escapes every backslash once more.
    in_json += [json.dumps(one)[1:-1] for one in in_json]
    encoded = [quote(secret, safe=""), quote(secret), quote_plus(secret), quote_plus(secret, safe="/")]
    # RFC 3986 takes `%2f` and `%2F` for the same.
    for one in tuple(encoded):
        first, *rest = one.split("%")
        encoded.append("%".join([first, *(part[:2].lower() + part[2:] for part in rest)]))
    written = [
        *(secret, repr(secret)[1:-1], html.escape(secret), html.escape(secret, quote=False)),
        html.escape(secret).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
        *(secret.replace("_", r"\_"), secret.translate(_ESCAPED)),
    ]
    # Of base64 the parts that the bytes around it do not change, one for each offset in three bytes, which it writes as
    # four characters: so `user:secret` of a basic authorisation is found whatever the user's name is.
    data = secret.encode()
    whole = [data[skipped : len(data) - (len(data) - skipped) % 3] for skipped in (0, 1, 2)]
    in_base64 = [
        write(part).decode() for part in whole for write in (base64.b64encode, base64.urlsafe_b64encode)
    ]
    found = (*written, *in_json, *encoded, *in_base64, *_written_out(secret))
    return frozenset(one for one in found if len(one) >= _HEAD)


def _written_out(secret: str) -> Iterator[str]:
    """Yield the forms that programs write of every character, of bytes, twice over and in one case; none of a long one."""
    if len(secret) > _LONGEST_WRITTEN_OUT:
        return
    data = secret.encode()
    yield from (data.hex(), data.hex().upper(), repr(data)[2:-1], ascii(secret)[1:-1])
    yield from (secret.lower(), secret.upper(), quote(quote(secret, safe=""), safe=""))
    for form in ("02x", "02X"):
        yield "".join(f"%{one:{form}}" for one in data)
    for form in ("#{};", "#x{:x};", "#x{:X};"):
        yield "".join("&" + form.format(ord(sign)) for sign in secret)
    for form in ("04x", "04X"):
        yield _by_numbers(secret, secret, form)


def _by_numbers(secret: str, signs: str, form: str) -> str:
    """Write a secret as JSON in which these signs and all that is not ASCII stand as numbers of this form."""
    written: list[str] = []
    for one in secret:
        if one not in signs and one in _IN_JSON:
            written.append(_IN_JSON[one])
        elif one in _IN_JSON:
            written.append(f"\\u{ord(one):{form}}")
        else:
            units = one.encode("utf-16-be", "surrogatepass")
            written += (f"\\u{int.from_bytes(units[at : at + 2]):{form}}" for at in range(0, len(units), 2))
    return "".join(written)
