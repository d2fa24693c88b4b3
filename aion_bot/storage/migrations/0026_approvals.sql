-- Approvals of several people: a plan is approved once enough of them stand. A deadline cancels it otherwise.

-- Append-only: who approved the content of a card. `round` counts the refusals of the plan before: those approvals are void.
CREATE TABLE approval (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    plan        TEXT NOT NULL,
    platform    TEXT NOT NULL,
    thread      TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    person_name TEXT NOT NULL,
    digest      TEXT NOT NULL,
    round       INTEGER NOT NULL,
    at          INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;
-- One approval of a person counts once; names that were erased count no more.
CREATE UNIQUE INDEX approval_of_person ON approval (plan, round, person_id) WHERE person_id <> 'erased';
CREATE INDEX approval_person ON approval (person_id);

-- The names in it can be erased, as in `attempt`.
CREATE TRIGGER approval_stays BEFORE UPDATE ON approval WHEN NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.number = old.number AND new.plan = old.plan
    AND new.platform = old.platform AND new.thread = old.thread AND new.digest = old.digest AND new.round = old.round
    AND new.at = old.at
) BEGIN
    SELECT raise(ABORT, 'approvals are append-only');
END;
CREATE TRIGGER approval_is_kept BEFORE DELETE ON approval BEGIN SELECT raise(ABORT, 'approvals are append-only'); END;
CREATE TRIGGER approval_is_new BEFORE INSERT ON approval
WHEN EXISTS (SELECT 1 FROM approval WHERE number = new.number) BEGIN
    SELECT raise(ABORT, 'approvals are append-only');
END;
CREATE TRIGGER approval_is_audited AFTER INSERT ON approval BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action)
    VALUES ('approval', new.platform, new.plan, new.person_id, new.person_name, 'approve');
END;

-- When those who may decide were reminded, or are about to be; NULL: they were not.
ALTER TABLE plan ADD COLUMN reminded_at INTEGER;
CREATE INDEX plan_pending ON plan (created_at) WHERE phase = 'pending';

-- A deadline is nobody's attempt: the audit calls it an expiry, and says why.
DROP TRIGGER plan_phase_is_audited;
CREATE TRIGGER plan_phase_is_audited AFTER UPDATE OF phase ON plan WHEN new.phase <> old.phase BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer, reason) VALUES (
        CASE WHEN new.phase = 'expired' OR (new.phase = 'claimed' AND new.decider_id = 'deadline') THEN 'expired'
        WHEN new.phase = 'claimed' THEN 'attempt' ELSE 'outcome' END, new.platform, new.key,
        nullif(new.decider_id, 'deadline'), iif(new.decider_id = 'deadline', NULL, new.decider_name), new.action, old.phase,
        new.phase, nullif(new.answer, ''), iif(new.decider_id = 'deadline', 'not approved in time', NULL)
    );
END;
