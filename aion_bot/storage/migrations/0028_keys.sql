-- The variable whose key a session was made with, for those made with another than AIONVISION_API_KEY. What was found or chosen
-- with a key says so as well: '' is AIONVISION_API_KEY.
CREATE TABLE session_key (
    session TEXT PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE search ADD COLUMN key_name TEXT NOT NULL DEFAULT '';

-- It is known for as long as anything refers to the session.
CREATE TRIGGER turn_removes_session_key AFTER DELETE ON turn WHEN old.session_id IS NOT NULL BEGIN
    DELETE FROM session_key WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM plan WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM thread WHERE session_id = old.session_id);
END;
CREATE TRIGGER plan_removes_session_key AFTER DELETE ON plan WHEN old.session_id IS NOT NULL BEGIN
    DELETE FROM session_key WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM plan WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM thread WHERE session_id = old.session_id);
END;
CREATE TRIGGER thread_removes_session_key AFTER DELETE ON thread WHEN old.session_id IS NOT NULL BEGIN
    DELETE FROM session_key WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM plan WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM thread WHERE session_id = old.session_id);
END;
CREATE TRIGGER thread_change_removes_session_key AFTER UPDATE OF session_id ON thread WHEN old.session_id IS NOT NULL BEGIN
    DELETE FROM session_key WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM plan WHERE session_id = old.session_id)
        AND NOT EXISTS (SELECT 1 FROM thread WHERE session_id = old.session_id);
END;

-- A question counts for the key of its session: `kv` names the digest of each, behind "aion key" the name of its variable.
DROP TRIGGER turn_counts;
CREATE TRIGGER turn_counts AFTER UPDATE OF phase ON turn WHEN new.phase = 'asking' AND old.phase = 'queued' BEGIN
    INSERT INTO month_use (key, day, platform, channel)
    VALUES (coalesce((SELECT value FROM kv WHERE platform = '' AND name = rtrim('aion key ' || coalesce(
        (SELECT name FROM session_key WHERE session = new.session_id), ''))), ''), date('now'),
        new.platform, coalesce(new.channel, ''))
    ON CONFLICT DO UPDATE SET questions = questions + 1;
END;
