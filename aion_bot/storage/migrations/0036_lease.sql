-- Nothing: a file has one process, which its lock keeps alone. On a server this number brings leases.
SELECT 1;
