"""A strict HTML parser that finds what the page must not contain."""

import re
from html.parser import HTMLParser


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


ELEMENTS = _words(
    """
    html head meta title link style script body header nav main section article details summary div span p
    a b i s u em strong code pre blockquote ul ol li h1 h2 h3 h4 h5 h6 hr br table thead tbody tr th td
    small time meter form input button del img figure figcaption datalist option
    """
)
ATTRIBUTES = _words(
    """
    id class href rel target title lang charset name content http-equiv type value action method form
    placeholder autocomplete required maxlength disabled min max high datetime tabindex role src defer
    start open data-who aria-label aria-labelledby aria-hidden aria-current aria-live
    alt loading multiple enctype popover popovertarget list
    """
)
OWN_SCRIPTS = ["script.js"]
OWN_PICTURE = re.compile(r"picture/[0-9a-f]{64}|data:image/(?:jpeg|png|gif|webp);base64,[A-Za-z0-9+/]+=*")


def _is_own(tag: str, source: str) -> bool:
    """Whether a script or a picture is one of the page's own."""
    return source in OWN_SCRIPTS if tag == "script" else OWN_PICTURE.fullmatch(source) is not None


class Parsed(HTMLParser):
    """Collects elements, links and text; `wrong` lists what the page never draws."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.links: list[str] = []
        self.elements: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag not in ELEMENTS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data}")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in ATTRIBUTES or (name == "src" and not _is_own(tag, value)):
            self.wrong.append(f"{tag} {name}={value}")
        if name == "href" and tag == "a":
            self.links.append(value)
            if not value.startswith(("?", "https://", "http://", "mailto:")):
                self.wrong.append(f"link to {value}")
