-- As in the folder for SQLite.
ALTER TABLE turn ADD COLUMN words text NOT NULL DEFAULT 'shown' CHECK (words IN ('shown', 'missing'));
CREATE INDEX turn_words ON turn (words) WHERE words = 'missing';
