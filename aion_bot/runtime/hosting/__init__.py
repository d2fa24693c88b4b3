"""Many scopes on one Postgres server: which of them this replica serves, and requests that belong to another one's."""
