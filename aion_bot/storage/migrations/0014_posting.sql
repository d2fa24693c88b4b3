-- Fingerprints of the messages that are being posted: JSON, emptied by the record of what was posted. Only of messages that
-- neither a nonce nor a button tells after a kill.
ALTER TABLE turn ADD COLUMN posting TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(posting));
