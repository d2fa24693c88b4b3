-- Which of the messages of an answer is the file behind it: its id, NULL where there is none.
ALTER TABLE turn ADD COLUMN file TEXT;
