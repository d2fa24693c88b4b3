-- As in the folder for SQLite.
ALTER TABLE turn ADD COLUMN unnamed_in text;
ALTER TABLE turn ADD COLUMN unnamed_until bigint;
CREATE INDEX turn_unnamed ON turn (unnamed_in) WHERE unnamed_in IS NOT NULL;
