-- The documents and videos that a thread's questions use, as people chose them: a JSON list of ids, titles and kinds, NULL for none.
ALTER TABLE thread ADD COLUMN files TEXT CHECK (files IS NULL OR json_valid(files));

-- The words of a search, so that its buttons can look among other kinds, and the place where it was made, as in a turn's origin:
-- a platform may show what it found elsewhere. `next_in` is the channel in which its person's next
-- new thread is about what it found, since `chosen_at`; NULL where nobody said so.
ALTER TABLE search ADD COLUMN words TEXT NOT NULL DEFAULT '';
ALTER TABLE search ADD COLUMN place TEXT CHECK (place IS NULL OR json_valid(place));
ALTER TABLE search ADD COLUMN next_in TEXT;
ALTER TABLE search ADD COLUMN chosen_at INTEGER;
CREATE INDEX search_next ON search (platform, person_id, next_in) WHERE next_in IS NOT NULL;

-- The chosen documents and videos that a session may have selected, written before Aion is told: no request reads a session's
-- documents. JSON lists of ids.
CREATE TABLE session_files (
    session   TEXT PRIMARY KEY,
    documents TEXT NOT NULL CHECK (json_valid(documents)),
    videos    TEXT NOT NULL CHECK (json_valid(videos))
) STRICT, WITHOUT ROWID;
CREATE TRIGGER turn_removes_session_files AFTER DELETE ON turn WHEN old.session_id IS NOT NULL BEGIN
    DELETE FROM session_files WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id);
END;
