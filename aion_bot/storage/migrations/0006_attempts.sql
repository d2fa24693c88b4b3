-- A decision belongs to the content that was shown, one card of a plan can be pressed, and every attempt to decide is kept.

-- `digest` is of what Aion wants to do as it was shown; `unreadable` counts steps that no card can show; `said` are Aion's
-- words about the outcome; `answer` says in short what Aion answered last. The phase `replaced` is new.
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
    digest         TEXT NOT NULL DEFAULT '',
    unreadable     INTEGER NOT NULL DEFAULT 0,
    phase          TEXT NOT NULL DEFAULT 'pending' CHECK (
        phase IN (
            'pending', 'claimed', 'sent', 'running', 'busy', 'unknown', 'done', 'failed', 'cancelled', 'expired', 'settled',
            'replaced'
        )
    ),
    message        TEXT,
    decider_id     TEXT,
    decider_name   TEXT,
    action         TEXT,
    doubt          INTEGER NOT NULL DEFAULT 0,
    detail         TEXT NOT NULL DEFAULT '',
    said           TEXT NOT NULL DEFAULT '',
    answer         TEXT NOT NULL DEFAULT '',
    seen           TEXT NOT NULL DEFAULT '[]',
    decision       INTEGER NOT NULL DEFAULT 0,
    result         TEXT,
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
    phase, message, decider_id, decider_name, action, doubt, detail, seen, decision, result, shown, created_at, decided_at
FROM plan;
DROP TABLE plan;
ALTER TABLE plan_new RENAME TO plan;

CREATE INDEX plan_turn ON plan (turn);
CREATE INDEX plan_session ON plan (session_id, plan_id);
CREATE INDEX plan_not_shown ON plan (created_at) WHERE shown = 0;
CREATE INDEX plan_decision ON plan (decision);
CREATE UNIQUE INDEX plan_result ON plan (session_id, result) WHERE result IS NOT NULL;

-- Of several cards of one plan the newest can be pressed.
UPDATE plan SET phase = 'replaced', shown = 0 WHERE phase = 'pending' AND EXISTS (
    SELECT 1 FROM plan AS newer
    WHERE newer.session_id = plan.session_id AND newer.plan_id = plan.plan_id AND newer.rowid > plan.rowid
);

-- Append-only: who decided what, when, and the digest of what they were shown. Words of a plan stand nowhere in it.
CREATE TABLE attempt (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    plan        TEXT NOT NULL,
    plan_id     TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    platform    TEXT NOT NULL,
    thread      TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    person_name TEXT NOT NULL,
    action      TEXT NOT NULL,
    digest      TEXT NOT NULL,
    at          INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
CREATE INDEX attempt_plan ON attempt (plan);

-- Append-only: each phase that an attempt led to, from which one, and what Aion answered.
CREATE TABLE attempt_outcome (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    attempt INTEGER NOT NULL REFERENCES attempt (number),
    source  TEXT NOT NULL,
    phase   TEXT NOT NULL,
    answer  TEXT NOT NULL,
    at      INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
CREATE INDEX attempt_outcome_attempt ON attempt_outcome (attempt);

-- The newest decision of each older plan is all that is known of its attempts.
INSERT INTO attempt (plan, plan_id, session_id, platform, thread, person_id, person_name, action, digest, at)
SELECT key, plan_id, session_id, platform, thread, decider_id, coalesce(decider_name, ''), action, '', coalesce(decided_at, 0)
FROM plan WHERE decider_id IS NOT NULL AND action IS NOT NULL ORDER BY decision;
INSERT INTO attempt_outcome (attempt, source, phase, answer)
SELECT attempt.number, 'sent', plan.phase, '' FROM attempt JOIN plan ON plan.key = attempt.plan WHERE plan.phase <> 'claimed';

CREATE TRIGGER attempt_stays BEFORE UPDATE ON attempt BEGIN SELECT raise(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt BEGIN SELECT raise(ABORT, 'attempts are append-only'); END;
CREATE TRIGGER attempt_outcome_stays BEFORE UPDATE ON attempt_outcome BEGIN
    SELECT raise(ABORT, 'attempts are append-only');
END;
CREATE TRIGGER attempt_outcome_is_kept BEFORE DELETE ON attempt_outcome BEGIN
    SELECT raise(ABORT, 'attempts are append-only');
END;

-- One step with the plan's own row: the turn that brought it is parked.
CREATE TRIGGER plan_parks_turn AFTER INSERT ON plan BEGIN
    UPDATE turn SET phase = 'parked' WHERE key = new.turn AND phase IN ('asking', 'streaming', 'parked');
END;

-- One step with the newer plan's row: between two steps both cards could be pressed.
CREATE TRIGGER plan_replaces AFTER INSERT ON plan BEGIN
    UPDATE plan SET phase = 'replaced', shown = 0
    WHERE session_id = new.session_id AND plan_id = new.plan_id AND key <> new.key AND phase = 'pending';
END;

-- An attempt that changed nothing brings the buttons back, but not those of a card that a newer one replaced meanwhile.
CREATE TRIGGER plan_stays_replaced AFTER UPDATE OF phase ON plan WHEN new.phase = 'pending' AND EXISTS (
    SELECT 1 FROM plan AS newer
    WHERE newer.session_id = new.session_id AND newer.plan_id = new.plan_id AND newer.rowid > new.rowid
) BEGIN
    UPDATE plan SET phase = 'replaced', shown = 0 WHERE key = new.key;
END;

-- One step with the plan's phase: no decision without its attempt, and no outcome without its record.
CREATE TRIGGER plan_is_attempted AFTER UPDATE OF phase ON plan
WHEN new.phase = 'claimed' AND old.phase = 'pending' AND new.decider_id IS NOT NULL BEGIN
    INSERT INTO attempt (plan, plan_id, session_id, platform, thread, person_id, person_name, action, digest)
    VALUES (
        new.key, new.plan_id, new.session_id, new.platform, new.thread, new.decider_id, new.decider_name, new.action,
        new.digest
    );
END;
CREATE TRIGGER plan_comes_to AFTER UPDATE OF phase ON plan
WHEN old.phase IN ('claimed', 'sent', 'running', 'busy', 'unknown') AND new.phase <> old.phase BEGIN
    INSERT INTO attempt_outcome (attempt, source, phase, answer)
    SELECT max(number), old.phase, new.phase, new.answer FROM attempt WHERE plan = new.key HAVING count(*) > 0;
END;
