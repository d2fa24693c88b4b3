-- When people first saw a sign of an attempt, and when words of its answer: seconds since 1970, as the write that carries them
-- found them. The triggers put each into the timeline once; what an earlier process has shown is not known to a later one.
ALTER TABLE turn ADD COLUMN first_sign REAL;
ALTER TABLE turn ADD COLUMN first_text REAL;

CREATE TRIGGER turn_first_sign AFTER UPDATE OF first_sign ON turn WHEN new.first_sign IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM timeline WHERE key = new.key AND event = 'first sign' AND attempt = new.attempt
) BEGIN
    -- Activity may be shown while the row is being written: it counts from the row on.
    INSERT OR IGNORE INTO timeline VALUES (new.key, max(new.first_sign, coalesce((
        SELECT max(at) FROM timeline WHERE key = new.key AND event IN ('accepted', 'queued')
    ), 0.0)), 'first sign', new.attempt);
END;
CREATE TRIGGER turn_first_text AFTER UPDATE OF first_text ON turn WHEN new.first_text IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM timeline WHERE key = new.key AND event = 'first text' AND attempt = new.attempt
) BEGIN
    INSERT OR IGNORE INTO timeline VALUES (new.key, new.first_text, 'first text', new.attempt);
END;
-- A command was acknowledged where people see it before its question could be written.
CREATE TRIGGER turn_acknowledged AFTER INSERT ON turn WHEN json_extract(new.origin, '$.echo') IS NOT NULL BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, 'first sign', new.attempt);
END;
