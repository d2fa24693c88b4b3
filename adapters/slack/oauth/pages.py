"""The pages that somebody sees who installs the app: plain, without a script and without anything of another server. No I/O."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from html import escape
from string import Template

from aion_bot.ports.http_requests import HttpAnswer

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1d1c1d;"
    "background:#fff}a.button{display:inline-block;padding:.6rem 1rem;border-radius:.3rem;background:#4a154b;"
    "color:#fff;text-decoration:none;font-weight:600}"
    "@media(prefers-color-scheme:dark){body{background:#1a1d21;color:#e8e8e8}}"
)

_PAGE = Template(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
    'content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><title>$title</title>'
    "<style>$style</style></head><body><main><h1>$title</h1>$body</main></body></html>\n"
)

_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _POLICY,
    # The address of the redirect holds a code and a state.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page(
    status: int,
    title: str,
    lines: Sequence[str],
    *,
    button: tuple[str, str] | None = None,
    headers: Mapping[str, str] = {},
) -> HttpAnswer:
    """Return a page of a title, paragraphs, and maybe a button with its label and address; all of it is escaped here."""
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    if button is not None:
        label, address = button
        body += f'<p><a class="button" href="{escape(address)}">{escape(label)}</a></p>'
    text = _PAGE.substitute(title=escape(title), style=_STYLE, body=body)
    return HttpAnswer(status, text, headers={**_HEADERS, **headers})
