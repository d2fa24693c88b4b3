"""What the replicas of one deployment share on a Postgres server: see `storage.hosting`."""
