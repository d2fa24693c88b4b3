-- Questions of a rolling hour are counted by where and when they were asked. A row keeps both for as long as it is kept,
-- whatever becomes of its words.
ALTER TABLE turn ADD COLUMN workspace TEXT NOT NULL DEFAULT '';
ALTER TABLE turn ADD COLUMN channel TEXT NOT NULL DEFAULT '';
-- When the newest attempt was accepted.
ALTER TABLE turn ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0;
UPDATE turn SET
    workspace = coalesce(json_extract(origin, '$.place[0]'), ''),
    channel = coalesce(json_extract(origin, '$.place[1]'), ''),
    asked_at = created_at;

CREATE INDEX turn_of_person ON turn (platform, workspace, asker_id, asked_at);
CREATE INDEX turn_of_channel ON turn (platform, channel, asked_at);
