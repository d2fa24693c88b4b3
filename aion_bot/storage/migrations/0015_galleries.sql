-- The pictures of an answer, or of a plan's result: due from the moment on in which its text stands, `shown` once they were
-- posted, or nothing can be posted there. `pictures` is JSON: what is known of each picture, and only its id once it is shown.
-- `owner` is a turn or a plan; `attempt` counts the retries of a turn.
CREATE TABLE gallery (
    owner     TEXT NOT NULL,
    attempt   INTEGER NOT NULL DEFAULT 0,
    of_plan   INTEGER NOT NULL DEFAULT 0 CHECK (of_plan IN (0, 1)),
    platform  TEXT NOT NULL,
    thread    TEXT NOT NULL,
    person_id TEXT NOT NULL,
    phase     TEXT NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'shown')),
    pictures  TEXT NOT NULL CHECK (json_valid(pictures)),
    PRIMARY KEY (owner, attempt)
) STRICT;
CREATE INDEX gallery_due ON gallery (owner) WHERE phase = 'due';

CREATE TRIGGER turn_removes_galleries AFTER DELETE ON turn BEGIN
    DELETE FROM gallery WHERE owner = old.key;
END;
CREATE TRIGGER plan_removes_galleries AFTER DELETE ON plan BEGIN
    DELETE FROM gallery WHERE owner = old.key;
END;
