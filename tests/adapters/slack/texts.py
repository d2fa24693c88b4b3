"""Texts that try to ping somebody, and ordinary ones that surround them."""

from hypothesis import strategies as st

HOSTILE = (
    "<!channel>",
    "<!here>",
    "<!everyone|hello>",
    "<@U024ADA00>",
    "<@W1|ada>",
    "<!subteam^S024CREW0>",
    "`<!channel>`",
    "```\n<@U024ADA00>\n```",
    "@channel",
    "@here",
    "@Everyone",
    "&lt;!channel&gt;",
    "&#60;!channel>",
    "&#x3C;@U024ADA00&#x3e;",
    "<\\!channel>",
    "\\<\\!here\\>",
    "<&#33;channel>",
    "&#64;here",
    "&commat;channel",
    "| a | <!here> |\n|---|---|",
)

_FRAGMENTS = (
    *HOSTILE,
    "<",
    "!",
    "@",
    "#",
    "\\",
    "&",
    "lt;",
    "&lt",
    "channel>",
    "here",
    "**",
    "`",
    "```\n",
    "\n# h\n",
    "\n---\n",
)


def texts(max_size: int = 30) -> st.SearchStrategy[str]:
    """Fragments of entities and of Markdown, and any other text, in any order."""
    pieces = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=20), max_size=max_size)
    return pieces.map("".join)
