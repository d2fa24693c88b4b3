"""Code inside of a line, found in time in proportion to the length of the text. No I/O.

The library's rule looks for the end of code in later lines, too, and reads all of the text anew for each line.
"""

from collections import defaultdict

from markdown_it.rules_inline import StateInline


def find_code(state: StateInline, silent: bool) -> bool:
    """Find code inside of one line: a backtick that is closed by a later line only is a sign."""
    src, start = state.src, state.pos
    if src[start] != "`":
        return False
    line = src.find("\n", start, state.posMax)
    end = state.posMax if line < 0 else line
    pos = _run_end(src, start, end)
    if state.env.get("runs of") is not src:  # the words of a picture are a text of their own
        state.env["runs of"], state.env["runs"] = src, _last_runs(src)
    last: dict[int, int] = state.env["runs"]
    closing = pos
    # Without the look at the last run of this length each one would be sought up to the end of the line.
    while last[pos - start] >= closing and (closing := src.find("`", closing, end)) >= 0:
        behind = _run_end(src, closing, len(src))
        if behind - closing == pos - start and behind <= end:
            pos = behind
            break
        closing = behind
    if not silent:
        state.append_pending(src[start:pos])
    state.pos = pos
    return True


def _run_end(src: str, start: int, end: int) -> int:
    """Return where a run of backticks ends."""
    while start < end and src[start] == "`":
        start += 1
    return start


def _last_runs(src: str) -> dict[int, int]:
    """Return where the last run of each length of backticks begins; -1 for any other length."""
    runs, at = defaultdict[int, int](lambda: -1), src.find("`")
    while at >= 0:
        end = _run_end(src, at, len(src))
        runs[end - at] = at
        at = src.find("`", end)
    return runs
