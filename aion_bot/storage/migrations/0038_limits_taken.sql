-- What each limit of a platform once took: so many requests in so many seconds, and when it did so last (seconds since the epoch).
-- A limit of a channel has no row: there are too many. A refusal makes `taken` lower.
CREATE TABLE limit_taken (
    platform TEXT NOT NULL,
    budget   TEXT NOT NULL,
    scope    TEXT NOT NULL,
    taken    INTEGER NOT NULL,
    seconds  REAL NOT NULL,
    at       REAL NOT NULL,
    PRIMARY KEY (platform, budget, scope)
) STRICT;
