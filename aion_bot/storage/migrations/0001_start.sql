-- The map: which thread is which Aion session. A thread is known from its first question on.
CREATE TABLE thread (
    platform   TEXT NOT NULL,
    id         TEXT NOT NULL,
    session_id TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (platform, id)
) STRICT, WITHOUT ROWID;

-- The journal of questions. `prompt` is the platform's name for the message: one question, however often delivered.
CREATE TABLE turn (
    key         TEXT PRIMARY KEY,
    prompt      TEXT NOT NULL UNIQUE,
    platform    TEXT NOT NULL,
    thread      TEXT NOT NULL,
    asker_id    TEXT NOT NULL,
    asker_name  TEXT NOT NULL,
    text        TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open',
    session_id  TEXT NOT NULL DEFAULT '',
    answer_id   TEXT NOT NULL DEFAULT '',
    posted      TEXT NOT NULL DEFAULT '[]',
    created_at  INTEGER NOT NULL DEFAULT (unixepoch()),
    closed_at   INTEGER
) STRICT;
CREATE INDEX turn_open ON turn (created_at) WHERE state = 'open';
CREATE INDEX turn_session ON turn (session_id);

-- One step with the question's own row, so that a crash cannot come between them.
CREATE TRIGGER turn_makes_thread_known AFTER INSERT ON turn BEGIN
    INSERT INTO thread (platform, id)
    SELECT new.platform, new.thread
    WHERE NOT EXISTS (SELECT 1 FROM thread WHERE platform = new.platform AND id = new.thread);
END;

-- Plans that Aion asked approval for.
CREATE TABLE plan (
    key            TEXT PRIMARY KEY,
    plan_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    platform       TEXT NOT NULL,
    thread         TEXT NOT NULL,
    requester_id   TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    description    TEXT NOT NULL,
    steps          TEXT NOT NULL,
    operations     INTEGER,
    status         TEXT NOT NULL DEFAULT 'pending',
    message        TEXT,
    decider_id     TEXT,
    decider_name   TEXT,
    action         TEXT,
    doubt          INTEGER NOT NULL DEFAULT 0,
    detail         TEXT NOT NULL DEFAULT '',
    seen           TEXT NOT NULL DEFAULT '[]',
    created_at     INTEGER NOT NULL DEFAULT (unixepoch()),
    decided_at     INTEGER
) STRICT;
CREATE INDEX plan_unfinished ON plan (status) WHERE status IN ('deciding', 'running', 'busy', 'unknown');

-- Small facts that an adapter keeps beyond the process.
CREATE TABLE note (
    platform TEXT NOT NULL,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (platform, name)
) STRICT, WITHOUT ROWID;
