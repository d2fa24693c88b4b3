-- Messages that say in a channel how many questions wait there: one row from before its post until it is gone. `message` is NULL
-- while the post may be on its way.
CREATE TABLE shared_line (
    nonce    TEXT PRIMARY KEY,
    platform TEXT NOT NULL,
    channel  TEXT NOT NULL,
    phase    TEXT NOT NULL DEFAULT 'posting' CHECK (phase IN ('posting', 'standing')),
    message  TEXT,
    CHECK ((phase = 'standing') = (message IS NOT NULL))
) STRICT, WITHOUT ROWID;
