-- A Stop cuts an upload off, and the library has to be asked for the file by its name: until that is recorded the name stays,
-- also where the words of its question are erased. A process that ends meanwhile leaves it to the next one.
DROP TRIGGER turn_erases_files;
CREATE TRIGGER turn_erases_files AFTER UPDATE OF erased_at ON turn
WHEN new.erased_at IS NOT NULL AND old.erased_at IS NULL BEGIN
    UPDATE turn SET attached = '' WHERE key = new.key;
    UPDATE file SET name = '' WHERE turn = new.key AND phase <> 'uploading';
END;
CREATE TRIGGER file_looked_up AFTER UPDATE OF phase ON file WHEN old.phase = 'uploading' AND new.phase <> 'uploading' BEGIN
    UPDATE file SET name = '' WHERE turn = new.turn AND number = new.number
        AND EXISTS (SELECT 1 FROM turn WHERE key = new.turn AND erased_at IS NOT NULL);
END;
