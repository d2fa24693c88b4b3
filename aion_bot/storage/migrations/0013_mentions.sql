-- After how many seconds a finished answer mentions whoever asked; 0: never.
ALTER TABLE turn ADD COLUMN notify_after INTEGER NOT NULL DEFAULT 0;

-- A reply that mentions whoever asked. It is due from the write on that says that the thread shows an answer which took long,
-- or the end of a plan that was carried out in the background; `sent` once it was posted. `owner` is a turn or a plan.
CREATE TABLE mention (
    owner     TEXT NOT NULL,
    attempt   INTEGER NOT NULL DEFAULT 0,
    of_plan   INTEGER NOT NULL DEFAULT 0 CHECK (of_plan IN (0, 1)),
    platform  TEXT NOT NULL,
    thread    TEXT NOT NULL,
    person_id TEXT NOT NULL,
    phase     TEXT NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'sent')),
    PRIMARY KEY (owner, attempt)
) STRICT;
CREATE INDEX mention_due ON mention (owner) WHERE phase = 'due';

CREATE TRIGGER turn_took_long AFTER UPDATE OF phase ON turn
WHEN new.phase = 'shown' AND old.phase <> 'shown' AND new.reason IN ('answered', 'incomplete') AND new.notify_after > 0
    AND unixepoch() - new.asked_at >= new.notify_after AND NOT EXISTS (SELECT 1 FROM plan WHERE turn = new.key) BEGIN
    INSERT INTO mention (owner, attempt, platform, thread, person_id)
    SELECT new.key, new.attempt, new.platform, new.thread, new.asker_id
    WHERE NOT EXISTS (SELECT 1 FROM mention WHERE owner = new.key AND attempt = new.attempt);
END;
-- 202: Aion carried it out after it had answered.
CREATE TRIGGER plan_took_long AFTER UPDATE OF shown ON plan
WHEN new.shown = 1 AND old.shown = 0 AND new.phase IN ('done', 'failed', 'settled') AND new.action = 'approve' BEGIN
    INSERT INTO mention (owner, of_plan, platform, thread, person_id)
    SELECT new.key, 1, new.platform, new.thread, new.requester_id FROM turn
    WHERE turn.key = new.turn AND turn.notify_after > 0
        AND (new.answer = '202' OR unixepoch() - new.decided_at >= turn.notify_after)
        AND NOT EXISTS (SELECT 1 FROM mention WHERE owner = new.key);
END;
CREATE TRIGGER turn_removes_mentions AFTER DELETE ON turn BEGIN
    DELETE FROM mention WHERE owner = old.key;
END;
CREATE TRIGGER plan_removes_mentions AFTER DELETE ON plan BEGIN
    DELETE FROM mention WHERE owner = old.key;
END;
