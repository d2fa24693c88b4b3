-- The record of plans: what was asked, each attempt, refusal, expiry and outcome, and the policy in force. Append-only, and each
-- row carries the hash of the one before, so that `aion-bot audit verify` finds what was changed, removed or moved.

-- `record` is canonical JSON (`aion_bot/storage/audit_chain.py`) with `number` and `previous`, the hash of the row before; `hash`
-- is its SHA-256. What statements look for is read out of the record, so that it cannot say anything else.
CREATE TABLE audit (
    number   INTEGER PRIMARY KEY,
    record   TEXT NOT NULL CHECK (json_valid(record)),
    hash     TEXT NOT NULL,
    kind     TEXT GENERATED ALWAYS AS (record ->> '$.kind') VIRTUAL,
    platform TEXT GENERATED ALWAYS AS (record ->> '$.platform') VIRTUAL,
    plan     TEXT GENERATED ALWAYS AS (record ->> '$.plan') VIRTUAL
) STRICT;
CREATE INDEX audit_plan ON audit (plan, kind);
CREATE INDEX audit_policy ON audit (platform) WHERE kind = 'policy';

-- The clear values behind the salted digests in the records: ids and names of people, and threads. To erase a row of this table
-- leaves the chain whole, and nobody can find the value by trying, as its salt goes as well. `person` owns the value: it is
-- erased with them; empty for a thread that several people see.
CREATE TABLE audit_clear (
    platform TEXT NOT NULL,
    person   TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('id', 'name', 'thread')),
    value    TEXT NOT NULL,
    salt     TEXT NOT NULL DEFAULT (hex(randomblob(16))),
    digest   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (platform, person, kind, value)
) STRICT;
CREATE INDEX audit_clear_digest ON audit_clear (digest);
CREATE TRIGGER audit_clear_gets_digest AFTER INSERT ON audit_clear BEGIN
    UPDATE audit_clear SET digest = audit_digest(salt, kind, platform, value) WHERE rowid = new.rowid;
END;

-- The newest hash at some moments: cutting rows off the end of the chain leaves a head without its row.
CREATE TABLE audit_head (
    number INTEGER PRIMARY KEY,
    hash   TEXT NOT NULL,
    at     INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
-- Also `INSERT OR REPLACE`, which fires no trigger for removing.
CREATE TRIGGER audit_is_next BEFORE INSERT ON audit
WHEN new.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit) BEGIN
    SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_clear_stays BEFORE UPDATE ON audit_clear WHEN old.digest <> '' BEGIN
    SELECT raise(ABORT, 'a value of the audit is erased or stays');
END;
CREATE TRIGGER audit_head_stays BEFORE UPDATE ON audit_head BEGIN SELECT raise(ABORT, 'heads are append-only'); END;
CREATE TRIGGER audit_head_is_kept BEFORE DELETE ON audit_head BEGIN SELECT raise(ABORT, 'heads are append-only'); END;
CREATE TRIGGER audit_head_is_new BEFORE INSERT ON audit_head
WHEN EXISTS (SELECT 1 FROM audit_head WHERE number = new.number) BEGIN
    SELECT raise(ABORT, 'heads are append-only');
END;

-- An insert into this view appends a row. Fields that are NULL are left out; `more` is JSON with other fields.
CREATE VIEW audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer, reason, at, more) AS
SELECT '', '', '', '', '', '', '', '', '', '', 0, '' WHERE 0;
CREATE TRIGGER audit_appends INSTEAD OF INSERT ON audit_entry BEGIN
    INSERT OR IGNORE INTO audit_clear (platform, person, kind, value)
    SELECT new.platform, person, kind, value FROM (
        SELECT requester_id AS person, 'id' AS kind, requester_id AS value FROM plan WHERE key = new.plan
        UNION ALL SELECT requester_id, 'name', requester_name FROM plan WHERE key = new.plan
        -- The thread of a direct message tells who asked.
        UNION ALL SELECT iif(json_extract(turn.origin, '$.place[2]'), requester_id, ''), 'thread', plan.thread
        FROM plan LEFT JOIN turn ON turn.key = plan.turn WHERE plan.key = new.plan
        UNION ALL SELECT new.person_id, 'id', new.person_id WHERE new.person_id IS NOT NULL
        UNION ALL SELECT new.person_id, 'name', new.person_name WHERE new.person_id IS NOT NULL
    ) WHERE value <> '';
    INSERT INTO audit (number, record, hash)
    SELECT number, record, audit_hash(record) FROM (
        SELECT last.number + 1 AS number, audit_record(last.number + 1, last.hash, json_patch(
            json_object(
                'kind', new.kind, 'at', coalesce(new.at, unixepoch()), 'platform', new.platform, 'plan', new.plan,
                'action', new.action, 'source', new.source, 'phase', new.phase, 'answer', new.answer,
                'reason', new.reason,
                'plan_id', plan.plan_id, 'session', plan.session_id, 'digest', nullif(plan.digest, ''),
                'workspace', turn.workspace,
                'channel', iif(json_extract(turn.origin, '$.place[2]'), NULL, turn.channel),
                'thread', (
                    SELECT digest FROM audit_clear AS clear WHERE clear.platform = plan.platform
                    AND clear.person IN ('', plan.requester_id) AND clear.kind = 'thread' AND clear.value = plan.thread
                ),
                'requester', (
                    SELECT digest FROM audit_clear AS clear WHERE clear.platform = plan.platform
                    AND clear.person = plan.requester_id AND clear.kind = 'id' AND clear.value = plan.requester_id
                ),
                'requester_name', (
                    SELECT digest FROM audit_clear AS clear WHERE clear.platform = plan.platform
                    AND clear.person = plan.requester_id AND clear.kind = 'name' AND clear.value = plan.requester_name
                ),
                'person', (
                    SELECT digest FROM audit_clear AS clear WHERE clear.platform = new.platform
                    AND clear.person = new.person_id AND clear.kind = 'id' AND clear.value = new.person_id
                ),
                'person_name', (
                    SELECT digest FROM audit_clear AS clear WHERE clear.platform = new.platform
                    AND clear.person = new.person_id AND clear.kind = 'name' AND clear.value = new.person_name
                ),
                'policy', (
                    SELECT max(audit.number) FROM audit
                    WHERE new.plan IS NOT NULL AND audit.kind = 'policy' AND audit.platform = new.platform
                )
            ),
            coalesce(new.more, '{}')
        )) AS record
        FROM (
            SELECT coalesce(max(number), 0) AS number, coalesce(
                (SELECT hash FROM audit ORDER BY number DESC LIMIT 1),
                '0000000000000000000000000000000000000000000000000000000000000000'
            ) AS hash FROM audit
        ) AS last
        LEFT JOIN plan ON plan.key = new.plan LEFT JOIN turn ON turn.key = plan.turn
    );
END;

-- Attempts of earlier versions, of which only the rows that could not be changed are known.
INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer, at, more)
SELECT
    kind, platform, plan, person_id, person_name, action, source, phase, answer, at,
    json_object('imported', 1, 'plan_id', plan_id, 'session', session_id, 'digest', nullif(digest, ''))
FROM (
    SELECT
        'attempt' AS kind, number, plan, plan_id, session_id, platform, person_id, person_name, action, digest, at, NULL AS source,
        NULL AS phase, NULL AS answer
    FROM attempt
    UNION ALL
    SELECT
        'outcome', attempt.number, plan, plan_id, session_id, platform, person_id, person_name, action, digest, outcome.at,
        outcome.source, outcome.phase, nullif(outcome.answer, '')
    FROM attempt_outcome AS outcome JOIN attempt ON attempt.number = outcome.attempt
) ORDER BY at, number, kind;

-- One step with the plan's own row, as for `attempt`.
CREATE TRIGGER plan_is_audited AFTER INSERT ON plan BEGIN
    INSERT INTO audit_entry (kind, platform, plan) VALUES ('asked', new.platform, new.key);
END;
CREATE TRIGGER plan_phase_is_audited AFTER UPDATE OF phase ON plan WHEN new.phase <> old.phase BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer) VALUES (
        CASE new.phase WHEN 'claimed' THEN 'attempt' WHEN 'expired' THEN 'expired' ELSE 'outcome' END, new.platform, new.key,
        new.decider_id, new.decider_name, new.action, old.phase, new.phase, nullif(new.answer, '')
    );
END;

-- The record of attempts is append-only but for the names in it: `aion-bot erase` empties them, and changes nothing else.
DROP TRIGGER attempt_stays;
CREATE TRIGGER attempt_stays BEFORE UPDATE ON attempt WHEN NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.number = old.number AND new.plan = old.plan
    AND new.plan_id = old.plan_id AND new.session_id = old.session_id AND new.platform = old.platform
    AND new.thread = old.thread AND new.action = old.action AND new.digest = old.digest AND new.at = old.at
) BEGIN
    SELECT raise(ABORT, 'attempts are append-only');
END;
