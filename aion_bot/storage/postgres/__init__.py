"""The store on a Postgres server; needs the extra `postgres`. One module each: dialect, errors, connection, schema, opening."""
