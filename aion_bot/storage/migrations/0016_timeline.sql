-- When each turn and plan came to what: `aion-bot explain` tells it, and the line about a slow turn. It holds no words. A step
-- of the row's own write, so that no crash comes between them. Rows of earlier versions have no times.

-- The columns of the key come first: SQLite's integrity check misreads a table without rowids that has others between them.
CREATE TABLE timeline (
    key     TEXT NOT NULL,
    at      REAL NOT NULL,
    event   TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (key, at, event)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER turn_accepted AFTER INSERT ON turn BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, 'accepted', new.attempt);
END;
CREATE TRIGGER turn_moved AFTER UPDATE OF phase ON turn WHEN new.phase <> old.phase BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, new.phase, new.attempt);
END;
CREATE TRIGGER turn_first_posted AFTER UPDATE OF posted ON turn WHEN old.posted = '[]' AND new.posted <> '[]' BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, 'first message', new.attempt);
END;
CREATE TRIGGER turn_removed AFTER DELETE ON turn BEGIN
    DELETE FROM timeline WHERE key = old.key;
END;
CREATE TRIGGER plan_proposed AFTER INSERT ON plan BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, 'proposed', 0);
END;
CREATE TRIGGER plan_moved AFTER UPDATE OF phase ON plan WHEN new.phase <> old.phase BEGIN
    INSERT OR IGNORE INTO timeline
    VALUES (new.key, (julianday('now') - 2440587.5) * 86400.0, new.phase, 0);
END;
CREATE TRIGGER plan_removed AFTER DELETE ON plan BEGIN
    DELETE FROM timeline WHERE key = old.key;
END;
