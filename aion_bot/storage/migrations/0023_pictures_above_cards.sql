-- The pictures above the card of a plan that waits are a row of `gallery` as well: their `owner` is the turn's key, a hyphen and
-- the plan's key. They are due once the card stands, and go with their turn or their plan.
DROP TRIGGER turn_removes_galleries;
DROP TRIGGER plan_removes_galleries;
CREATE TRIGGER turn_removes_galleries AFTER DELETE ON turn BEGIN
    DELETE FROM gallery WHERE owner = old.key OR owner GLOB old.key || '-*';
END;
CREATE TRIGGER plan_removes_galleries AFTER DELETE ON plan BEGIN
    DELETE FROM gallery WHERE owner IN (old.key, old.turn || '-' || old.key);
END;
