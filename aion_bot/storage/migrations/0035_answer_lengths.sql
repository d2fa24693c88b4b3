-- How long answers went on: a histogram with a bin for each factor of the square root of two, in seconds. Each finished answer
-- makes all older ones count a little less, half of it within 500 answers (`ratelimit.lengths`).
CREATE TABLE answer_length (
    bin    INTEGER PRIMARY KEY,
    above  REAL NOT NULL,
    weight REAL NOT NULL DEFAULT 0
) STRICT;
INSERT INTO answer_length (bin, above) VALUES
    (0, 0), (1, 1.414), (2, 2.0), (3, 2.828), (4, 4.0), (5, 5.657),
    (6, 8.0), (7, 11.314), (8, 16.0), (9, 22.627), (10, 32.0), (11, 45.255),
    (12, 64.0), (13, 90.51), (14, 128.0), (15, 181.019), (16, 256.0), (17, 362.039),
    (18, 512.0), (19, 724.077), (20, 1024.0);

-- Counted by the database, so that no question costs a write of its own. A plan waits for people; what was interrupted says nothing.
CREATE TRIGGER turn_has_length AFTER UPDATE OF phase ON turn
WHEN new.phase = 'shown' AND old.phase <> 'shown' AND old.phase <> 'parked' AND new.reason = 'answered'
    AND new.first_sign IS NOT NULL AND new.posted NOT IN ('', '[]')
BEGIN
    UPDATE answer_length SET weight = weight * 0.998614667;
    UPDATE answer_length SET weight = weight + 1 WHERE bin = (
        SELECT max(bin) FROM answer_length
        WHERE above <= max((julianday('now') - 2440587.5) * 86400.0 - new.first_sign, 0.0)
    );
END;
