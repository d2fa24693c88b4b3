-- In which session Aion may still store an answer that it had not named when its turn ended, and until when (seconds since 1970): no
-- message of that session may pass for the result of a plan that was decided before. A later attempt at the turn leaves both.
ALTER TABLE turn ADD COLUMN unnamed_in TEXT;
ALTER TABLE turn ADD COLUMN unnamed_until INTEGER;
CREATE INDEX turn_unnamed ON turn (unnamed_in) WHERE unnamed_in IS NOT NULL;
