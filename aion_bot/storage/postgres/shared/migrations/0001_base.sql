-- What the replicas of one deployment share; the schema is `aion_bot_shared`. A release before has to work with a newer
-- one of these schemas while replicas are replaced one by one: add, and change nothing that it uses.

CREATE TABLE schema_version (version bigint NOT NULL);

-- A replica, which counts as live until then by the server's clock. `digests`: of settings that all have alike, no values.
CREATE TABLE replica (
    id      text PRIMARY KEY,
    name    text NOT NULL,
    digests jsonb NOT NULL,
    until   timestamptz NOT NULL
);

-- A scope that exists, as `slack:T0123`; `version` is the newest one that its schema was brought to.
CREATE TABLE scope (
    name    text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0
);
-- The schema of a scope is named in small letters.
CREATE UNIQUE INDEX scope_of_any_case ON scope (lower(name));

-- Who owns a scope, until when. Epochs are of one sequence: no scope has one twice, also after it was removed.
CREATE SEQUENCE scope_epoch;
CREATE TABLE scope_lease (
    scope   text PRIMARY KEY REFERENCES scope ON DELETE CASCADE,
    replica text NOT NULL DEFAULT '',
    owner   text NOT NULL DEFAULT '',
    epoch   bigint NOT NULL DEFAULT 0,
    until   timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

-- A request that a replica took for the owner of a scope, in order.
CREATE TABLE arrival (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL REFERENCES scope ON DELETE CASCADE,
    body  bytea NOT NULL,
    at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX arrival_in_order ON arrival (scope, id);

-- Small values by kind and name; a secret among them was encrypted before.
CREATE TABLE shared_value (
    kind  text NOT NULL,
    name  text NOT NULL,
    value text NOT NULL CHECK (octet_length(value) <= 65536),
    until timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (kind, name)
);
CREATE INDEX shared_value_that_ends ON shared_value (until) WHERE until < 'infinity';

-- Keeps a request, unless `most` of the scope wait already, and wakes the owner. The scope's row lets one in at a time, so
-- that the order of ids is the order in which they can be seen.
CREATE FUNCTION hand_over(of_scope text, what bytea, most bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    waiting bigint;
BEGIN
    PERFORM 1 FROM scope WHERE name = of_scope FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT count(*) INTO waiting FROM (SELECT 1 FROM arrival WHERE scope = of_scope LIMIT most) AS counted;
    IF waiting >= most THEN
        RETURN false;
    END IF;
    INSERT INTO arrival (scope, body) VALUES (of_scope, what);
    PERFORM pg_notify('aion_bot_' || replica, of_scope) FROM scope_lease
    WHERE scope = of_scope AND until > clock_timestamp();
    RETURN true;
END
$$;
