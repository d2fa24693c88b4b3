-- What it takes to go on after a crash at any point.

-- The prompt without its words, so that a question that was never asked can still open its thread.
ALTER TABLE turn ADD COLUMN origin TEXT NOT NULL DEFAULT '';
-- How often the question was begun: part of the nonce of each post, so that a repeated post is known as one.
ALTER TABLE turn ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
-- Whether the thread shows how it ended. Until then the next start has something to do.
ALTER TABLE turn ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
UPDATE turn SET settled = 1 WHERE state <> 'open';
DROP INDEX turn_open;
CREATE INDEX turn_unsettled ON turn (created_at) WHERE settled = 0;

-- The question that led to the plan, and whether the card shows the newest decision.
ALTER TABLE plan ADD COLUMN turn TEXT NOT NULL DEFAULT '';
ALTER TABLE plan ADD COLUMN settled INTEGER NOT NULL DEFAULT 1;
CREATE INDEX plan_turn ON plan (turn);
DROP INDEX plan_unfinished;
CREATE INDEX plan_unsettled ON plan (created_at) WHERE settled = 0;
