-- As in the folder for SQLite.
CREATE TABLE shared_line (
    nonce    text PRIMARY KEY,
    platform text NOT NULL,
    channel  text NOT NULL,
    phase    text NOT NULL DEFAULT 'posting' CHECK (phase IN ('posting', 'standing')),
    message  text,
    CHECK ((phase = 'standing') = (message IS NOT NULL))
);
