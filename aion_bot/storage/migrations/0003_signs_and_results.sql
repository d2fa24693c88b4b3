-- Which message belongs to what, and what still stands in a thread after its question is settled.

-- The session's message that is the result of a plan. A message is the result of one plan at most.
ALTER TABLE plan ADD COLUMN result TEXT;
CREATE UNIQUE INDEX plan_result ON plan (session_id, result) WHERE result IS NOT NULL;
-- The order of decisions: of two plans that wait for results the one decided earlier takes the earlier message.
ALTER TABLE plan ADD COLUMN decision INTEGER NOT NULL DEFAULT 0;
CREATE INDEX plan_decision ON plan (decision);
UPDATE plan SET decision = rowid WHERE decided_at IS NOT NULL;

-- Whether a stop cut the question off: the next start looks whether Aion has stored its answer after all.
ALTER TABLE turn ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0;
-- Whether the signs that the bot is at work, or that the question waits, are taken away.
ALTER TABLE turn ADD COLUMN tidy INTEGER NOT NULL DEFAULT 0;
UPDATE turn SET tidy = settled;
CREATE INDEX turn_untidy ON turn (created_at) WHERE tidy = 0;
CREATE INDEX turn_interrupted ON turn (created_at) WHERE interrupted = 1;
