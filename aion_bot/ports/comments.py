"""Comments of HTML in Markdown, found by markdown-it-py with a rule of our own for its block parser. No I/O.

At the beginning of a block a comment goes to its end, over blank lines too, but not out of the quote or the list item that holds
it (CommonMark 4.6, start condition 2). One that never ends there goes up to a blank line.
"""

from markdown_it.rules_block import StateBlock, fence

LONGEST_COMMENT = 1_000
"""Characters of a comment with its signs. A growing answer waits for so many; what is longer is read as one that never ends."""

LONGEST_FENCE_LINE = 1_000
"""Characters of a line that opens a fence of backticks. A growing answer waits for so many: a backtick behind makes words of it."""

MAY_GO_ON = "open"
"""The `info` of a comment whose end may be in text that has not come yet."""


def find_comment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find a comment at the beginning of a block."""
    at = state.bMarks[start] + state.tShift[start]
    if state.is_code_block(start) or not state.src.startswith("<!--", at):
        return False
    limit = at + LONGEST_COMMENT - 1
    close = state.src.find("-->", at + 2, limit)  # `<!-->` and `<!--->` are whole
    line, blank = _last_line(state, start, end, close if close >= 0 else limit)
    is_last = line >= len(state.bMarks) - 1
    closed = 0 <= close < state.eMarks[line - 1]
    short = len(state.src) < limit
    if not closed:
        if not blank and (state.bMarks[line] > limit if not is_last else not short):
            return False  # too long, and in no part of its own
        line = blank or line
    if not silent:
        token = state.push("comment", "", 0)
        token.map, token.info = [start, line], "" if closed or not (is_last and short) else MAY_GO_ON
        state.line = line
    return True


def _last_line(state: StateBlock, start: int, end: int, limit: int) -> tuple[int, int]:
    """Return the line behind those that begins up to a place and are held by the same container, and the first blank one; 0 if none is."""
    held = state.blkIndent, end
    # Lines that were looked at for the sign before are not looked at again: that would not be linear.
    known, first, looked = state.env.get("lines of a comment", (held, 0, 0))
    if known != held or not first <= start < looked:
        first, looked = start, start + 1
    line, blank = looked, 0
    while line < end and state.bMarks[line] <= limit:
        if state.bMarks[line] == state.eMarks[line]:
            blank = blank or line
        elif not state.isEmpty(line) and state.sCount[line] < state.blkIndent:
            break
        line += 1
        looked = looked if blank else line
    state.env["lines of a comment"] = held, first, looked
    return line, blank


def find_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Find a fence, but none of backticks that a line opens which is too long."""
    too_long = state.eMarks[start] - state.bMarks[start] > LONGEST_FENCE_LINE
    if too_long and state.src.startswith("`", state.bMarks[start] + state.tShift[start]):
        return False
    return fence(state, start, end, silent)
