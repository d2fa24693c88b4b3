-- The questions of a month that each key of Aion's was asked, by day (UTC) and channel; `key` is a digest, which `kv` names
-- for the key in use ('' before it does). A question counts when it goes to Aion, and again when it is asked again.
CREATE TABLE month_use (
    key TEXT NOT NULL,
    day TEXT NOT NULL,
    platform TEXT NOT NULL,
    channel TEXT NOT NULL,
    questions INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (key, day, platform, channel)
) WITHOUT ROWID;
-- What Aion says of a key's month: how many are allowed, and how many more were asked than the bot has counted.
CREATE TABLE month_limit (
    key TEXT NOT NULL,
    month TEXT NOT NULL,
    allowed INTEGER NOT NULL,
    elsewhere INTEGER NOT NULL,
    PRIMARY KEY (key, month)
) WITHOUT ROWID;
-- Whom the bot has warned: a channel, or the operator ('' and '').
CREATE TABLE month_warning (
    key TEXT NOT NULL,
    month TEXT NOT NULL,
    platform TEXT NOT NULL,
    channel TEXT NOT NULL,
    percent INTEGER NOT NULL,
    PRIMARY KEY (key, month, platform, channel, percent)
) WITHOUT ROWID;

CREATE TRIGGER turn_counts AFTER UPDATE OF phase ON turn WHEN new.phase = 'asking' AND old.phase = 'queued' BEGIN
    INSERT INTO month_use (key, day, platform, channel)
    VALUES (coalesce((SELECT value FROM kv WHERE platform = '' AND name = 'aion key'), ''), date('now'),
        new.platform, coalesce(new.channel, ''))
    ON CONFLICT DO UPDATE SET questions = questions + 1;
END;
