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
