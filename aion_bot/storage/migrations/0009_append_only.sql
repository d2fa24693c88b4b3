-- `INSERT OR REPLACE` removes the row that it replaces without any trigger for removing (unless recursive_triggers is set).
CREATE TRIGGER attempt_is_new BEFORE INSERT ON attempt
WHEN EXISTS (SELECT 1 FROM attempt WHERE number = new.number) BEGIN
    SELECT raise(ABORT, 'attempts are append-only');
END;
CREATE TRIGGER attempt_outcome_is_new BEFORE INSERT ON attempt_outcome
WHEN EXISTS (SELECT 1 FROM attempt_outcome WHERE number = new.number) BEGIN
    SELECT raise(ABORT, 'attempts are append-only');
END;
