-- A turn's and a plan's state is one phase each, changed along the tables in aion_bot/domain, instead of flags and empty
-- strings. What is not known is NULL.

CREATE TABLE thread_new (
    platform   TEXT NOT NULL,
    id         TEXT NOT NULL,
    session_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (platform, id)
) STRICT, WITHOUT ROWID;
INSERT INTO thread_new SELECT platform, id, nullif(session_id, ''), created_at FROM thread;

CREATE TABLE turn_new (
    key         TEXT PRIMARY KEY,
    prompt      TEXT NOT NULL UNIQUE,
    platform    TEXT NOT NULL,
    thread      TEXT NOT NULL,
    asker_id    TEXT NOT NULL,
    asker_name  TEXT NOT NULL,
    text        TEXT NOT NULL,
    origin      TEXT,
    phase       TEXT NOT NULL DEFAULT 'queued' CHECK (
        phase IN ('queued', 'asking', 'streaming', 'parked', 'ended', 'shown', 'cleared')
    ),
    reason      TEXT CHECK (
        reason IN ('answered', 'failed', 'interrupted', 'refused', 'stopped', 'withdrawn', 'undeliverable')
    ),
    session_id  TEXT,
    answer_id   TEXT,
    posted      TEXT NOT NULL DEFAULT '[]',
    attempt     INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL DEFAULT (unixepoch()),
    closed_at   INTEGER
) STRICT;
INSERT INTO turn_new (
    rowid, key, prompt, platform, thread, asker_id, asker_name, text, origin, phase, reason, session_id, answer_id,
    posted, attempt, created_at, closed_at
)
SELECT
    rowid, key, prompt, platform, thread, asker_id, asker_name, text, nullif(origin, ''),
    CASE
        WHEN settled = 1 AND tidy = 1 THEN 'cleared'
        WHEN settled = 1 THEN 'shown'
        WHEN state <> 'open' THEN 'ended'
        WHEN EXISTS (SELECT 1 FROM plan WHERE plan.turn = turn.key) THEN 'parked'
        WHEN answer_id <> '' THEN 'streaming'
        WHEN session_id <> '' THEN 'asking'
        ELSE 'queued'
    END,
    CASE
        WHEN state = 'failed' THEN iif(interrupted = 1 AND session_id <> '', 'interrupted', 'failed')
        -- Schema 3 closed a question before its end was shown only where it was withdrawn.
        WHEN state = 'done' THEN iif(settled = 0, 'withdrawn', 'answered')
    END,
    nullif(session_id, ''), nullif(answer_id, ''), posted, attempt, created_at, closed_at
FROM turn;

CREATE TABLE plan_new (
    key            TEXT PRIMARY KEY,
    plan_id        TEXT NOT NULL,
    session_id     TEXT NOT NULL,
    platform       TEXT NOT NULL,
    thread         TEXT NOT NULL,
    turn           TEXT NOT NULL,
    requester_id   TEXT NOT NULL,
    requester_name TEXT NOT NULL,
    description    TEXT NOT NULL,
    steps          TEXT NOT NULL,
    operations     INTEGER,
    phase          TEXT NOT NULL DEFAULT 'pending' CHECK (
        phase IN (
            'pending', 'claimed', 'sent', 'running', 'busy', 'unknown', 'done', 'failed', 'cancelled', 'expired', 'settled'
        )
    ),
    message        TEXT,
    decider_id     TEXT,
    decider_name   TEXT,
    action         TEXT,
    doubt          INTEGER NOT NULL DEFAULT 0,
    detail         TEXT NOT NULL DEFAULT '',
    seen           TEXT NOT NULL DEFAULT '[]',
    -- The order of decisions: of two plans that wait for results the one decided earlier takes the earlier message.
    decision       INTEGER NOT NULL DEFAULT 0,
    -- The session's message that is the result. A message is the result of one plan at most.
    result         TEXT,
    -- Whether the card shows what became of the newest decision.
    shown          INTEGER NOT NULL DEFAULT 1,
    created_at     INTEGER NOT NULL DEFAULT (unixepoch()),
    decided_at     INTEGER
) STRICT;
INSERT INTO plan_new (
    rowid, key, plan_id, session_id, platform, thread, turn, requester_id, requester_name, description, steps, operations,
    phase, message, decider_id, decider_name, action, doubt, detail, seen, decision, result, shown, created_at, decided_at
)
SELECT
    rowid, key, plan_id, session_id, platform, thread, turn, requester_id, requester_name, description, steps, operations,
    -- Schema 3 did not say whether Aion had been told of a decision that was under way: it may have been.
    iif(status = 'deciding', 'sent', status),
    message, decider_id, decider_name, action, doubt, detail, seen, decision, result, settled, created_at, decided_at
FROM plan;

DROP TABLE plan;
DROP TABLE turn;
DROP TABLE thread;
ALTER TABLE thread_new RENAME TO thread;
ALTER TABLE turn_new RENAME TO turn;
ALTER TABLE plan_new RENAME TO plan;
ALTER TABLE note RENAME TO kv;

CREATE INDEX turn_unfinished ON turn (created_at) WHERE phase NOT IN ('shown', 'cleared');
CREATE INDEX turn_shown ON turn (created_at) WHERE phase = 'shown';
CREATE INDEX turn_interrupted ON turn (created_at) WHERE reason = 'interrupted';
CREATE INDEX turn_session ON turn (session_id);
CREATE INDEX turn_thread ON turn (platform, thread);
CREATE INDEX plan_turn ON plan (turn);
CREATE INDEX plan_session ON plan (session_id);
CREATE INDEX plan_not_shown ON plan (created_at) WHERE shown = 0;
CREATE INDEX plan_decision ON plan (decision);
CREATE UNIQUE INDEX plan_result ON plan (session_id, result) WHERE result IS NOT NULL;

-- One step with the question's own row, so that a crash cannot come between them.
CREATE TRIGGER turn_makes_thread_known AFTER INSERT ON turn BEGIN
    INSERT INTO thread (platform, id)
    SELECT new.platform, new.thread
    WHERE NOT EXISTS (SELECT 1 FROM thread WHERE platform = new.platform AND id = new.thread);
END;

-- One step with the plan's own row: the turn that brought it is parked.
CREATE TRIGGER plan_parks_turn AFTER INSERT ON plan BEGIN
    UPDATE turn SET phase = 'parked' WHERE key = new.turn AND phase IN ('asking', 'streaming', 'parked');
END;
