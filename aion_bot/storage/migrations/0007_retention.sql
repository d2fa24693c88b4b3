-- The words of a question and of a plan go when nobody needs them any more, and the row says so.

-- When the words were erased, NULL while they are there. `deleted_at`: when the writer deleted the message.
ALTER TABLE turn ADD COLUMN deleted_at INTEGER;
ALTER TABLE turn ADD COLUMN erased_at INTEGER;
ALTER TABLE plan ADD COLUMN erased_at INTEGER;

-- Schema 6 kept the first 100 characters of a question that opened a thread on Discord, and the words of a failed question
-- and of a plan without an end.
UPDATE turn SET closed_at = created_at WHERE closed_at IS NULL AND phase IN ('ended', 'shown', 'cleared');
UPDATE turn SET origin = json_set(origin, '$.opening', NULL) WHERE phase IN ('ended', 'shown', 'cleared');
UPDATE turn SET text = '', erased_at = unixepoch() WHERE phase IN ('ended', 'shown', 'cleared') AND (
    reason IS NULL OR reason NOT IN ('failed', 'interrupted') OR closed_at < unixepoch() - 86400
);
UPDATE plan SET description = '', steps = '[]', said = '', erased_at = unixepoch()
WHERE phase IN ('done', 'failed', 'cancelled', 'expired', 'settled', 'replaced') AND shown = 1;

CREATE INDEX turn_closed ON turn (closed_at);
CREATE INDEX turn_with_words ON turn (closed_at) WHERE erased_at IS NULL;
CREATE INDEX plan_created ON plan (created_at);
CREATE INDEX plan_with_words ON plan (created_at) WHERE erased_at IS NULL;

-- Aion's ids of messages that belonged to a question or a plan whose row was removed. Without them such a message could be
-- taken for the answer to a later question in the same words.
CREATE TABLE spent_message (
    session_id TEXT NOT NULL,
    id         TEXT NOT NULL,
    PRIMARY KEY (session_id, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER turn_leaves_answer AFTER DELETE ON turn WHEN old.session_id IS NOT NULL AND old.answer_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO spent_message VALUES (old.session_id, old.answer_id);
END;
CREATE TRIGGER plan_leaves_result AFTER DELETE ON plan WHEN old.result IS NOT NULL BEGIN
    INSERT OR IGNORE INTO spent_message VALUES (old.session_id, old.result);
END;
