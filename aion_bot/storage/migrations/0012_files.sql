-- Files that people attach: how far each has come into Aion's library, and what of a workspace the library has.

-- `held`: the question waits for a person's word about its files. `incomplete`: it was answered without a file that may
-- come with another attempt. `attached` is what Aion was told of the files, behind the words.
CREATE TABLE turn_new (
    key         TEXT PRIMARY KEY,
    prompt      TEXT NOT NULL UNIQUE,
    platform    TEXT NOT NULL,
    thread      TEXT NOT NULL,
    asker_id    TEXT NOT NULL,
    asker_name  TEXT NOT NULL,
    text        TEXT NOT NULL,
    attached    TEXT NOT NULL DEFAULT '',
    origin      TEXT,
    phase       TEXT NOT NULL DEFAULT 'queued' CHECK (
        phase IN ('queued', 'asking', 'streaming', 'parked', 'ended', 'shown', 'cleared')
    ),
    reason      TEXT CHECK (
        reason IN (
            'answered', 'failed', 'interrupted', 'refused', 'stopped', 'withdrawn', 'undeliverable', 'held', 'incomplete'
        )
    ),
    session_id  TEXT,
    answer_id   TEXT,
    posted      TEXT NOT NULL DEFAULT '[]',
    attempt     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL DEFAULT (unixepoch()),
    closed_at   INTEGER,
    starts      INTEGER NOT NULL DEFAULT 0,
    deleted_at  INTEGER,
    erased_at   INTEGER,
    workspace   TEXT NOT NULL DEFAULT '',
    channel     TEXT NOT NULL DEFAULT '',
    asked_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO turn_new (
    rowid, key, prompt, platform, thread, asker_id, asker_name, text, origin, phase, reason, session_id, answer_id, posted,
    attempt, created_at, closed_at, starts, deleted_at, erased_at, workspace, channel, asked_at
)
SELECT
    rowid, key, prompt, platform, thread, asker_id, asker_name, text, origin, phase, reason, session_id, answer_id, posted,
    attempt, created_at, closed_at, starts, deleted_at, erased_at, workspace, channel, asked_at
FROM turn;
DROP TRIGGER plan_parks_turn;
DROP TRIGGER turn_leaves_answer;
DROP TABLE turn;
ALTER TABLE turn_new RENAME TO turn;

CREATE INDEX turn_unfinished ON turn (created_at) WHERE phase NOT IN ('shown', 'cleared');
CREATE INDEX turn_shown ON turn (created_at) WHERE phase = 'shown';
CREATE INDEX turn_interrupted ON turn (created_at) WHERE reason = 'interrupted';
CREATE INDEX turn_session ON turn (session_id);
CREATE INDEX turn_thread ON turn (platform, thread);
CREATE INDEX turn_closed ON turn (closed_at);
CREATE INDEX turn_with_words ON turn (closed_at) WHERE erased_at IS NULL;
CREATE INDEX turn_of_person ON turn (platform, workspace, asker_id, asked_at);
CREATE INDEX turn_of_channel ON turn (platform, channel, asked_at);
CREATE TRIGGER turn_makes_thread_known AFTER INSERT ON turn BEGIN
    INSERT INTO thread (platform, id)
    SELECT new.platform, new.thread
    WHERE NOT EXISTS (SELECT 1 FROM thread WHERE platform = new.platform AND id = new.thread);
END;
CREATE TRIGGER turn_leaves_answer AFTER DELETE ON turn WHEN old.session_id IS NOT NULL AND old.answer_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO spent_message VALUES (old.session_id, old.answer_id);
END;
CREATE TRIGGER plan_parks_turn AFTER INSERT ON plan BEGIN
    UPDATE turn SET phase = 'parked' WHERE key = new.turn AND phase IN ('asking', 'streaming', 'parked');
END;

-- One row a file of a turn. Its name is words of a person; `source` is the adapter's opaque id.
CREATE TABLE file (
    turn       TEXT NOT NULL,
    number     INTEGER NOT NULL,
    source     TEXT NOT NULL,
    name       TEXT NOT NULL,
    media_type TEXT NOT NULL DEFAULT '',
    size       INTEGER NOT NULL DEFAULT 0,
    phase      TEXT NOT NULL CHECK (
        phase IN ('held', 'waiting', 'uploading', 'stored', 'added', 'refused', 'failed')
    ),
    reason     TEXT NOT NULL DEFAULT '',
    kind       TEXT NOT NULL DEFAULT '',
    digest     TEXT NOT NULL DEFAULT '',
    library_id TEXT NOT NULL DEFAULT '',
    known      INTEGER NOT NULL DEFAULT 0,
    largest    INTEGER NOT NULL DEFAULT 0,
    sent_at    INTEGER NOT NULL DEFAULT 0,
    session_id TEXT NOT NULL DEFAULT '',
    all_images INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (turn, number),
    UNIQUE (turn, source)
) STRICT;
CREATE INDEX file_session ON file (session_id) WHERE session_id <> '';

-- What Aion's library has, by the SHA-256 of its content. No words.
CREATE TABLE library_file (
    workspace  TEXT NOT NULL,
    digest     TEXT NOT NULL,
    library_id TEXT NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (workspace, digest)
) STRICT, WITHOUT ROWID;

-- The names of files go with the words of their question.
CREATE TRIGGER turn_erases_files AFTER UPDATE OF erased_at ON turn
WHEN new.erased_at IS NOT NULL AND old.erased_at IS NULL BEGIN
    UPDATE turn SET attached = '' WHERE key = new.key;
    UPDATE file SET name = '' WHERE turn = new.key;
END;
CREATE TRIGGER turn_removes_files AFTER DELETE ON turn BEGIN
    DELETE FROM file WHERE turn = old.key;
END;
