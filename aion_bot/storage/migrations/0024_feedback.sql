-- What people think of an answer: one row a person and turn, changed by pressing again. `reason` is in their words.
CREATE TABLE rating (
    turn      TEXT NOT NULL,
    person_id TEXT NOT NULL,
    rating    TEXT NOT NULL CHECK (rating IN ('good', 'bad')),
    reason    TEXT NOT NULL DEFAULT '',
    rated_at  INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (turn, person_id)
) STRICT;

CREATE TRIGGER turn_removes_ratings AFTER DELETE ON turn BEGIN
    DELETE FROM rating WHERE turn = old.key;
END;
