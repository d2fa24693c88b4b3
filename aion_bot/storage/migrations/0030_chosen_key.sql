-- The variable whose key found what a thread's questions are about; '' is AIONVISION_API_KEY. No other key may use it.
ALTER TABLE thread ADD COLUMN chosen_key TEXT NOT NULL DEFAULT '';
UPDATE thread SET chosen_key = coalesce((SELECT name FROM session_key WHERE session = session_id), '') WHERE session_id IS NOT NULL;
