-- The pictures that a thread's questions are about, as people chose them: a JSON list of ids and titles, NULL where they are about all.
ALTER TABLE thread ADD COLUMN pictures TEXT CHECK (pictures IS NULL OR json_valid(pictures));

-- What somebody found by a search without a question: the buttons under it carry the key. `pictures` is a JSON list of ids
-- and titles. `turn` is the newest question of the thread in which the search was made, NULL where there was none.
CREATE TABLE search (
    key        TEXT PRIMARY KEY,
    platform   TEXT NOT NULL,
    person_id  TEXT NOT NULL,
    turn       TEXT,
    pictures   TEXT NOT NULL CHECK (json_valid(pictures)),
    created_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
CREATE INDEX search_created ON search (created_at);
