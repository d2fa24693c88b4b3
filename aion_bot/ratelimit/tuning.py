"""The constants of rate limiting, each with its reason. `benchmarks/relay` measures what they cost and gain."""

RECENT_REFUSAL = 60.0
"""Seconds for which a refusal counts as recent. Slack's and Discord's windows are a minute at most."""

QUIET_BEFORE_RAISE = 60.0
"""Seconds without a refusal after which a limit that was found lower than documented is tried a little higher."""

QUIET_BEFORE_EXCEEDING = 300.0
"""Seconds without a refusal, and with permits always waiting, after which more than is documented is tried. Slack
documents its tiers as a number "and more"."""

LONGEST_QUIET = 3600.0
"""Seconds at most between two attempts to raise a limit; each attempt that was refused doubles the time."""

RAISE_FACTOR = 1.25
"""How much higher a limit is tried: high enough to find twice the limit in a few steps, low enough that a wrong guess
costs one refusal."""

RESERVATION_PATIENCE = 12.0
"""Seconds for which the first message of an answer without any other sign waits until its end can be reserved: long enough
that a short answer ends meanwhile and needs one post only."""

BEST_EFFORT_WAIT = 0.3
"""Seconds after which a best-effort operation comes too late to be worth a request."""

RECONSIDER_EVERY = 0.5
"""Seconds between two looks at whether an operation that waits for its permit had better be another one."""

ANSWER_OVERDUE = 120.0
"""Seconds after which a request without a permit counts as answered, although nobody reported an answer: its task was
cancelled or lost. Longer than the timeout of any adapter's request, uploads excepted."""

REMEMBERED_LIMITS = 1_000
"""Limits that are remembered before the idle ones are forgotten: a channel in which nothing goes on needs none."""
