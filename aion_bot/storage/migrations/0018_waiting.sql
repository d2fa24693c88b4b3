-- What needs another confirmation after a decision: a card of its own shows it, also after a restart. JSON: agent and
-- description of each, null for what cannot be shown.
ALTER TABLE plan ADD COLUMN pending TEXT NOT NULL DEFAULT '[]';

-- The card of a plan that came after a long time notifies nobody on Discord: a reply mentions whoever asked. It is due from the
-- write on that says where the card stands. `waits`: the plan of the turn waits for a decision.
ALTER TABLE mention ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));

CREATE TRIGGER plan_waits AFTER UPDATE OF message ON plan
WHEN new.message IS NOT NULL AND old.message IS NULL AND new.phase = 'pending' BEGIN
    INSERT INTO mention (owner, attempt, waits, platform, thread, person_id)
    SELECT turn.key, turn.attempt, 1, turn.platform, turn.thread, turn.asker_id FROM turn
    WHERE turn.key = new.turn AND turn.notify_after > 0 AND unixepoch() - turn.asked_at >= turn.notify_after
        AND NOT EXISTS (SELECT 1 FROM mention WHERE owner = turn.key AND attempt = turn.attempt);
END;
-- Decided before anybody could be told: nothing waits any more.
CREATE TRIGGER plan_waits_no_more AFTER UPDATE OF phase ON plan WHEN old.phase = 'pending' AND new.phase <> 'pending' BEGIN
    UPDATE mention SET phase = 'sent' WHERE owner = new.turn AND waits = 1 AND phase = 'due';
END;
