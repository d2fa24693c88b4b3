-- How often a process took the turn up without ending it. One that stops every process that shows it is given up.
ALTER TABLE turn ADD COLUMN starts INTEGER NOT NULL DEFAULT 0;
