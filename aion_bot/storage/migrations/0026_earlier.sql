-- What Aion is told of the messages before a question, until nobody can need it again: the words of people, how many messages
-- they are, and a JSON list of the ids of their authors. No row: there were none, or they were not read.
CREATE TABLE earlier (
    turn    TEXT PRIMARY KEY,
    words   TEXT NOT NULL,
    count   INTEGER NOT NULL,
    authors TEXT NOT NULL CHECK (json_valid(authors))
) STRICT;

-- `attached` is all that Aion is told behind the words of a question; what it is told of files is added to it later.
CREATE TRIGGER earlier_is_attached AFTER INSERT ON earlier BEGIN
    UPDATE turn SET attached = new.words WHERE key = new.turn;
END;
CREATE TRIGGER earlier_is_attached_no_more AFTER DELETE ON earlier BEGIN
    UPDATE turn SET attached = '' WHERE key = old.turn;
END;

-- They go with the words of the question. Another attempt reads them again: some may have been deleted meanwhile.
CREATE TRIGGER turn_erases_earlier AFTER UPDATE OF erased_at ON turn WHEN new.erased_at IS NOT NULL BEGIN
    DELETE FROM earlier WHERE turn = new.key;
END;
CREATE TRIGGER turn_reads_earlier_again AFTER UPDATE OF attempt ON turn WHEN new.attempt <> old.attempt BEGIN
    DELETE FROM earlier WHERE turn = new.key;
END;
CREATE TRIGGER turn_removes_earlier AFTER DELETE ON turn BEGIN
    DELETE FROM earlier WHERE turn = old.key;
END;
