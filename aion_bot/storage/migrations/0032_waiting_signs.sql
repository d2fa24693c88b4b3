-- The message that shows the place of a question that waits: one row from before its post until it is gone. `message` is NULL
-- while the post may be on its way.
CREATE TABLE waiting_sign (
    turn    TEXT PRIMARY KEY,
    phase   TEXT NOT NULL DEFAULT 'posting' CHECK (phase IN ('posting', 'standing')),
    message TEXT,
    CHECK ((phase = 'standing') = (message IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER turn_removes_waiting_sign AFTER DELETE ON turn BEGIN
    DELETE FROM waiting_sign WHERE turn = old.key;
END;
