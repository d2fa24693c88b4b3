-- Why people decided a plan as they did: one row a person and decision. It goes with its plan.

-- `words` are those of the person, without secrets; `told` is how Aion gets them: quoted. `phase` says whether the thread shows
-- them: 'due' or 'posted'. `telling` says whether Aion has them: 'waiting', or 'told' with the question `turn` of the plan's
-- session. `place` numbers the reasons of a plan. `digest` is a salted one of `words`, which the audit has.
CREATE TABLE reason (
    plan        TEXT NOT NULL,
    place       INTEGER NOT NULL,
    session_id  TEXT NOT NULL,
    platform    TEXT NOT NULL,
    person_id   TEXT NOT NULL,
    person_name TEXT NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('approve', 'cancel')),
    words       TEXT NOT NULL,
    told        TEXT NOT NULL,
    salt        TEXT NOT NULL,
    digest      TEXT NOT NULL,
    phase       TEXT NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'posted')),
    telling     TEXT NOT NULL DEFAULT 'waiting' CHECK (telling IN ('waiting', 'told')),
    turn        TEXT CHECK ((turn IS NULL) = (telling = 'waiting')),
    at          INTEGER NOT NULL DEFAULT (unixepoch()),
    PRIMARY KEY (plan, place)
) STRICT;
CREATE UNIQUE INDEX reason_of_person ON reason (plan, person_id, action) WHERE person_id <> 'erased';
CREATE INDEX reason_session ON reason (session_id, telling);
CREATE INDEX reason_due ON reason (phase) WHERE phase = 'due';
CREATE INDEX reason_digest ON reason (digest);

-- What was said stays as it is, or is erased.
CREATE TRIGGER reason_stays BEFORE UPDATE OF plan, place, session_id, platform, person_id, person_name, action, words, told,
    salt, digest, at ON reason
WHEN NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.words = '' AND new.told = '' AND new.salt = ''
    AND new.plan = old.plan AND new.place = old.place AND new.session_id = old.session_id AND new.platform = old.platform
    AND new.action = old.action AND new.digest = old.digest AND new.at = old.at
) BEGIN
    SELECT raise(ABORT, 'a reason is erased or stays');
END;
CREATE TRIGGER reason_goes_forward BEFORE UPDATE OF phase, telling, turn ON reason
WHEN (old.phase = 'posted' AND new.phase <> 'posted') OR (old.telling = 'told' AND new.telling <> 'told')
    OR (old.turn IS NOT NULL AND new.turn IS NOT old.turn) BEGIN
    SELECT raise(ABORT, 'a reason is posted once, and told with one question');
END;
CREATE TRIGGER reason_is_audited AFTER INSERT ON reason BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, more) VALUES (
        'reason', new.platform, new.plan, new.person_id, new.person_name, new.action,
        json_object('reason_words', new.digest)
    );
    INSERT OR IGNORE INTO timeline VALUES (new.plan, (julianday('now') - 2440587.5) * 86400.0, 'reason added', 0);
END;
CREATE TRIGGER plan_removes_reasons AFTER DELETE ON plan BEGIN
    DELETE FROM reason WHERE plan = old.key;
END;

-- The next question of the session takes the reasons along that wait, in the write by which Aion may have it: as many as have
-- room in what Aion takes. Asked again, it takes those along that it had, if it is asked in the same session.
CREATE TRIGGER turn_tells_reasons AFTER UPDATE OF phase ON turn
WHEN new.phase = 'asking' AND EXISTS (SELECT 1 FROM reason WHERE session_id = new.session_id AND (telling = 'waiting' OR turn = new.key))
BEGIN
    UPDATE reason SET telling = 'told', turn = new.key WHERE rowid IN (
        SELECT id FROM (
            SELECT rowid AS id, sum(length(told)) OVER (ORDER BY at, rowid) AS size FROM reason
            WHERE session_id = new.session_id AND telling = 'waiting'
        ) WHERE size <= 9000 - length(new.text) - length(new.attached)
    );
    UPDATE turn SET attached = attached || coalesce((
        SELECT group_concat(told, '') FROM (
            SELECT told FROM reason WHERE turn = new.key AND session_id = new.session_id ORDER BY at, rowid
        )
    ), '') WHERE key = new.key;
END;
-- Erased words are not told again.
CREATE TRIGGER reason_erased AFTER UPDATE OF told ON reason WHEN new.told = '' AND old.turn IS NOT NULL BEGIN
    UPDATE turn SET attached = '' WHERE key = old.turn AND erased_at IS NULL;
END;

-- Whether whoever asked for a plan has left, as the platform said last: then they cannot decide it.
ALTER TABLE plan ADD COLUMN requester_left INTEGER NOT NULL DEFAULT 0;
