-- Which replica serves, until when by the server's clock. A replica that takes over raises the epoch.
CREATE TABLE lease (
    scope text PRIMARY KEY CHECK (scope = 'all'),
    owner text NOT NULL,
    epoch bigint NOT NULL,
    until timestamptz NOT NULL
);
INSERT INTO lease VALUES ('all', '', 0, '-infinity');

ALTER TABLE newest_write ADD COLUMN epoch bigint NOT NULL DEFAULT 0;

-- Returns the epoch of the replica from now on, or null while another one serves.
CREATE FUNCTION take_lease(replica text, seconds double precision) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
BEGIN
    -- Held by a command that needs the database alone, and by a bot of a version without leases.
    IF NOT pg_try_advisory_xact_lock(1634299758, 0) THEN
        RETURN NULL;
    END IF;
    UPDATE lease SET owner = replica, epoch = epoch + 1, until = clock_timestamp() + make_interval(secs => seconds)
    WHERE until < clock_timestamp() RETURNING epoch INTO taken;
    IF taken IS NOT NULL THEN
        -- Waits for a write under way; the next one of the replica before is refused.
        UPDATE newest_write SET epoch = taken;
    END IF;
    RETURN taken;
END
$$;

-- Returns whether the replica still has the lease, which then lasts so many seconds more.
CREATE FUNCTION renew_lease(mine bigint, seconds double precision) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lease SET until = clock_timestamp() + make_interval(secs => seconds) WHERE epoch = mine;
    RETURN FOUND;
END
$$;

-- Refuses whoever writes with an epoch that is not the newest one. Two of these wait for each other.
CREATE FUNCTION check_epoch(mine bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE newest_write SET epoch = mine WHERE epoch = mine;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another replica has taken over' USING ERRCODE = 'AB001';
    END IF;
END
$$;

DROP FUNCTION write(text, bigint);
CREATE FUNCTION write(statement text, number bigint, mine bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS done = ROW_COUNT;
    UPDATE newest_write SET number = write.number, changed = done WHERE epoch = mine;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another replica has taken over' USING ERRCODE = 'AB001';
    END IF;
    RETURN done;
END
$$;
