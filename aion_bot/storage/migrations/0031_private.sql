-- Private answers that their askers share: a row is the claim, so that one is posted once. It holds ids alone; the words are
-- with Aion. `posting` has the fingerprints of posts that may be on their way.
CREATE TABLE share (
    turn      TEXT PRIMARY KEY,
    phase     TEXT NOT NULL DEFAULT 'sharing' CHECK (phase IN ('sharing', 'shared')),
    posted    TEXT NOT NULL DEFAULT '[]',
    posting   TEXT NOT NULL DEFAULT '[]',
    shared_at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT, WITHOUT ROWID;

CREATE TRIGGER turn_removes_share AFTER DELETE ON turn BEGIN
    DELETE FROM share WHERE turn = old.key;
END;

-- Who else may decide the plan of a private question sees a copy of its card in their own direct messages. `thread` and `message`
-- are NULL until it stands. It holds no words.
CREATE TABLE plan_copy (
    plan      TEXT NOT NULL,
    person_id TEXT NOT NULL,
    phase     TEXT NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'posted', 'refused')),
    thread    TEXT,
    message   TEXT,
    PRIMARY KEY (plan, person_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_copy_person ON plan_copy (person_id);

CREATE TRIGGER plan_removes_copies AFTER DELETE ON plan BEGIN
    DELETE FROM plan_copy WHERE plan = old.key;
END;
