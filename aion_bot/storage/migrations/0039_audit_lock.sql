-- Nothing: a file has one process that writes. On a server this number lets each schema's audit wait for itself alone.
SELECT 1;
