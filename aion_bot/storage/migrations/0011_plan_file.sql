-- 1 where the steps of a plan that is too long for messages stand in a file above its card.
ALTER TABLE plan ADD COLUMN in_file INTEGER NOT NULL DEFAULT 0 CHECK (in_file IN (0, 1));
