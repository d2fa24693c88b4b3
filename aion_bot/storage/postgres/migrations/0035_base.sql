-- Schema 35, as `aion_bot/storage/migrations` leaves an SQLite database: the same tables, rules and triggers. Newer numbers
-- are in both folders. Everything is in the schema `aion_bot`, which is alone in the search path of the bot's connections.

-- Functions of SQLite under their own names, as far as the repositories use them (`dialect.py` has the rest).

CREATE FUNCTION unixepoch() RETURNS bigint LANGUAGE sql STABLE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()))::bigint $$;

CREATE FUNCTION iif(condition boolean, yes anycompatible, no anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN condition THEN yes ELSE no END $$;

CREATE FUNCTION max(one anycompatible, other anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE STRICT
AS $$ SELECT greatest(one, other) $$;

CREATE FUNCTION instr(whole text, part text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT strpos(whole, part) $$;

-- The formats '%Y-%m' and '%Y-%m-%d' in UTC, of 'now' alone, and an interval as a modifier.
CREATE FUNCTION strftime(format text, moment text, modifier text DEFAULT '0 days') RETURNS text LANGUAGE sql STABLE AS $$
    SELECT to_char(
        (clock_timestamp() AT TIME ZONE 'UTC') + modifier::interval, CASE format WHEN '%Y-%m' THEN 'YYYY-MM' ELSE 'YYYY-MM-DD' END
    )
$$;

-- Paths are '$', names behind dots, and numbers in brackets.
CREATE FUNCTION json_at(document text, path text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT document::jsonb #> string_to_array(
        trim(LEADING '.' FROM regexp_replace(substr(path, 2), '\[(\d+)\]', '.\1', 'g')), '.'
    )
$$;

CREATE FUNCTION json_extract(document text, path text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT json_at(document, path) #>> '{}' $$;

CREATE FUNCTION json_part(document text, path text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT json_at(document, path)::text $$;

CREATE FUNCTION json_item(document text, place integer) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT document::jsonb ->> place $$;

CREATE OPERATOR ->> (LEFTARG = text, RIGHTARG = text, FUNCTION = json_extract);
CREATE OPERATOR -> (LEFTARG = text, RIGHTARG = text, FUNCTION = json_part);
CREATE OPERATOR ->> (LEFTARG = text, RIGHTARG = integer, FUNCTION = json_item);

CREATE FUNCTION json_each(document text) RETURNS TABLE (key text, value text) LANGUAGE sql IMMUTABLE AS $$
    SELECT (place - 1)::text, item FROM jsonb_array_elements_text(
        CASE jsonb_typeof(document::jsonb) WHEN 'array' THEN document::jsonb ELSE '[]' END
    ) WITH ORDINALITY AS listed (item, place)
    UNION ALL SELECT name, item FROM jsonb_each_text(
        CASE jsonb_typeof(document::jsonb) WHEN 'object' THEN document::jsonb ELSE '{}' END
    ) AS named (name, item)
$$;

CREATE FUNCTION json_each(document text, path text) RETURNS TABLE (key text, value text) LANGUAGE sql IMMUTABLE
AS $$ SELECT * FROM json_each(json_part(document, path)) $$;

CREATE FUNCTION json_array_length(document text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE jsonb_typeof(document::jsonb) WHEN 'array' THEN jsonb_array_length(document::jsonb) ELSE 0 END
$$;

CREATE FUNCTION json_array_length(document text, path text) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT json_array_length(json_part(document, path)) $$;

-- One name at the top of an object; null is JSON's.
CREATE FUNCTION json_set(document text, path text, value text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT jsonb_set(document::jsonb, ARRAY[substr(path, 3)], coalesce(to_jsonb(value), 'null'))::text $$;

CREATE FUNCTION json_set(document text, path text, value json) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT jsonb_set(document::jsonb, ARRAY[substr(path, 3)], value::jsonb)::text $$;

CREATE FUNCTION json_set(document text, path text, value text, path_2 text, value_2 text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT json_set(json_set(document, path, value), path_2, value_2) $$;

-- The path is '$[#]': behind the last one.
CREATE FUNCTION json_insert(document text, path text, value text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT (document::jsonb || to_jsonb(value))::text $$;

CREATE FUNCTION json_with(list jsonb, item json) RETURNS jsonb LANGUAGE sql IMMUTABLE
AS $$ SELECT list || jsonb_build_array(item) $$;

CREATE FUNCTION json_with(list jsonb, item text) RETURNS jsonb LANGUAGE sql IMMUTABLE
AS $$ SELECT list || jsonb_build_array(item) $$;

CREATE FUNCTION json_written(list jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT list::text $$;

CREATE AGGREGATE json_group_array(json) (SFUNC = json_with, STYPE = jsonb, INITCOND = '[]', FINALFUNC = json_written);
CREATE AGGREGATE json_group_array(text) (SFUNC = json_with, STYPE = jsonb, INITCOND = '[]', FINALFUNC = json_written);

-- As `aion_bot.storage.audit_chain`: JSON in one form only, which the check in Python computes again.

CREATE FUNCTION canonical_string(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    quoted text := to_json(said)::text;
BEGIN
    IF quoted !~ '[^\x20-\x7e]' THEN
        RETURN quoted;
    END IF;
    RETURN (
        SELECT string_agg(
            CASE
                WHEN code BETWEEN 32 AND 126 THEN chr(code)
                WHEN code < 65536 THEN '\u' || lpad(to_hex(code), 4, '0')
                ELSE '\u' || to_hex(55296 + ((code - 65536) >> 10)) || '\u' || to_hex(56320 + ((code - 65536) & 1023))
            END, '' ORDER BY place
        )
        FROM (
            SELECT ascii(letter) AS code, place FROM regexp_split_to_table(quoted, '') WITH ORDINALITY AS split (letter, place)
        ) AS letters
    );
END
$$;

CREATE FUNCTION canonical(said jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    CASE jsonb_typeof(said)
        WHEN 'object' THEN
            RETURN '{' || coalesce((
                SELECT string_agg(canonical_string(name) || ':' || canonical(item), ',' ORDER BY name COLLATE "C")
                FROM jsonb_each(said) AS named (name, item)
            ), '') || '}';
        WHEN 'array' THEN
            RETURN '[' || coalesce((
                SELECT string_agg(canonical(item), ',' ORDER BY place)
                FROM jsonb_array_elements(said) WITH ORDINALITY AS listed (item, place)
            ), '') || ']';
        WHEN 'string' THEN
            RETURN canonical_string(said #>> '{}');
        ELSE
            RETURN said::text;
    END CASE;
END
$$;

CREATE FUNCTION audit_hash(said text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT encode(sha256(convert_to(said, 'UTF8')), 'hex') $$;

CREATE FUNCTION audit_digest(salt text, kind text, platform text, value text) RETURNS text LANGUAGE sql IMMUTABLE
AS $$ SELECT audit_hash(canonical(jsonb_build_array(salt, kind, platform, value))) $$;

-- The version of the schema, and the newest write of the bot: after a connection is lost, it says whether that was done.

CREATE TABLE schema_version (version bigint NOT NULL);

CREATE TABLE newest_write (number bigint NOT NULL, changed bigint NOT NULL);
INSERT INTO newest_write VALUES (0, 0);

CREATE FUNCTION write(statement text, number bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS done = ROW_COUNT;
    UPDATE newest_write SET number = write.number, changed = done;
    RETURN done;
END
$$;

-- Tables. `rowid` is the order in which rows were added.

CREATE TABLE turn (
    key          text PRIMARY KEY,
    prompt       text NOT NULL UNIQUE,
    platform     text NOT NULL,
    thread       text NOT NULL,
    asker_id     text NOT NULL,
    asker_name   text NOT NULL,
    text         text NOT NULL,
    attached     text NOT NULL DEFAULT '',
    origin       text,
    phase        text NOT NULL DEFAULT 'queued' CHECK (
        phase IN ('queued', 'asking', 'streaming', 'parked', 'ended', 'shown', 'cleared')
    ),
    reason       text CHECK (
        reason IN (
            'answered', 'failed', 'interrupted', 'refused', 'stopped', 'withdrawn', 'undeliverable', 'held', 'incomplete'
        )
    ),
    session_id   text,
    answer_id    text,
    posted       text NOT NULL DEFAULT '[]',
    attempt      bigint NOT NULL DEFAULT 0,
    created_at   bigint NOT NULL DEFAULT unixepoch(),
    closed_at    bigint,
    starts       bigint NOT NULL DEFAULT 0,
    deleted_at   bigint,
    erased_at    bigint,
    workspace    text NOT NULL DEFAULT '',
    channel      text NOT NULL DEFAULT '',
    asked_at     bigint NOT NULL DEFAULT 0,
    notify_after bigint NOT NULL DEFAULT 0,
    posting      text NOT NULL DEFAULT '[]' CHECK (posting::jsonb IS NOT NULL),
    file         text,
    first_sign   double precision,
    first_text   double precision,
    rowid        bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE
);
CREATE INDEX turn_closed ON turn (closed_at);
CREATE INDEX turn_interrupted ON turn (created_at) WHERE reason = 'interrupted';
CREATE INDEX turn_of_channel ON turn (platform, channel, asked_at);
CREATE INDEX turn_of_person ON turn (platform, workspace, asker_id, asked_at);
CREATE INDEX turn_session ON turn (session_id);
CREATE INDEX turn_shown ON turn (created_at) WHERE phase = 'shown';
CREATE INDEX turn_thread ON turn (platform, thread);
CREATE INDEX turn_unfinished ON turn (created_at) WHERE phase NOT IN ('shown', 'cleared');
CREATE INDEX turn_with_words ON turn (closed_at) WHERE erased_at IS NULL;

CREATE TABLE plan (
    key            text PRIMARY KEY,
    plan_id        text NOT NULL,
    session_id     text NOT NULL,
    platform       text NOT NULL,
    thread         text NOT NULL,
    turn           text NOT NULL,
    requester_id   text NOT NULL,
    requester_name text NOT NULL,
    description    text NOT NULL,
    steps          text NOT NULL,
    operations     bigint,
    digest         text NOT NULL DEFAULT '',
    unreadable     bigint NOT NULL DEFAULT 0,
    phase          text NOT NULL DEFAULT 'pending' CHECK (
        phase IN (
            'pending', 'claimed', 'sent', 'running', 'busy', 'unknown', 'done', 'failed', 'cancelled', 'expired', 'settled',
            'replaced'
        )
    ),
    message        text,
    decider_id     text,
    decider_name   text,
    action         text,
    doubt          bigint NOT NULL DEFAULT 0,
    detail         text NOT NULL DEFAULT '',
    said           text NOT NULL DEFAULT '',
    answer         text NOT NULL DEFAULT '',
    seen           text NOT NULL DEFAULT '[]',
    decision       bigint NOT NULL DEFAULT 0,
    result         text,
    shown          bigint NOT NULL DEFAULT 1,
    created_at     bigint NOT NULL DEFAULT unixepoch(),
    decided_at     bigint,
    erased_at      bigint,
    in_file        bigint NOT NULL DEFAULT 0 CHECK (in_file IN (0, 1)),
    pending        text NOT NULL DEFAULT '[]',
    reminded_at    bigint,
    requester_left bigint NOT NULL DEFAULT 0,
    rowid          bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE
);
CREATE INDEX plan_created ON plan (created_at);
CREATE INDEX plan_decision ON plan (decision);
CREATE INDEX plan_not_shown ON plan (created_at) WHERE shown = 0;
CREATE INDEX plan_pending ON plan (created_at) WHERE phase = 'pending';
CREATE UNIQUE INDEX plan_result ON plan (session_id, result) WHERE result IS NOT NULL;
CREATE INDEX plan_session ON plan (session_id, plan_id);
CREATE INDEX plan_turn ON plan (turn);
CREATE INDEX plan_with_words ON plan (created_at) WHERE erased_at IS NULL;

CREATE TABLE attempt (
    number      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    plan        text NOT NULL,
    plan_id     text NOT NULL,
    session_id  text NOT NULL,
    platform    text NOT NULL,
    thread      text NOT NULL,
    person_id   text NOT NULL,
    person_name text NOT NULL,
    action      text NOT NULL,
    digest      text NOT NULL,
    at          bigint NOT NULL DEFAULT unixepoch()
);
CREATE INDEX attempt_plan ON attempt (plan);

CREATE TABLE attempt_outcome (
    number  bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    attempt bigint NOT NULL REFERENCES attempt (number),
    source  text NOT NULL,
    phase   text NOT NULL,
    answer  text NOT NULL,
    at      bigint NOT NULL DEFAULT unixepoch()
);
CREATE INDEX attempt_outcome_attempt ON attempt_outcome (attempt);

CREATE TABLE approval (
    number      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    plan        text NOT NULL,
    platform    text NOT NULL,
    thread      text NOT NULL,
    person_id   text NOT NULL,
    person_name text NOT NULL,
    digest      text NOT NULL,
    round       bigint NOT NULL,
    at          bigint NOT NULL DEFAULT unixepoch()
);
CREATE UNIQUE INDEX approval_of_person ON approval (plan, round, person_id) WHERE person_id <> 'erased';
CREATE INDEX approval_person ON approval (person_id);

CREATE TABLE audit (
    number   bigint PRIMARY KEY,
    record   text NOT NULL CHECK (record::jsonb IS NOT NULL),
    hash     text NOT NULL,
    kind     text GENERATED ALWAYS AS (record::jsonb ->> 'kind') STORED,
    platform text GENERATED ALWAYS AS (record::jsonb ->> 'platform') STORED,
    plan     text GENERATED ALWAYS AS (record::jsonb ->> 'plan') STORED
);
CREATE INDEX audit_plan ON audit (plan, kind);
CREATE INDEX audit_policy ON audit (platform) WHERE kind = 'policy';

CREATE TABLE audit_clear (
    platform text NOT NULL,
    person   text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('id', 'name', 'thread')),
    value    text NOT NULL,
    salt     text NOT NULL DEFAULT upper(replace(gen_random_uuid()::text, '-', '')),
    digest   text NOT NULL DEFAULT '',
    PRIMARY KEY (platform, person, kind, value)
);
CREATE INDEX audit_clear_digest ON audit_clear (digest);

CREATE TABLE audit_head (
    number bigint PRIMARY KEY,
    hash   text NOT NULL,
    at     bigint NOT NULL DEFAULT unixepoch()
);

CREATE TABLE reason (
    plan        text NOT NULL,
    place       bigint NOT NULL,
    session_id  text NOT NULL,
    platform    text NOT NULL,
    person_id   text NOT NULL,
    person_name text NOT NULL,
    action      text NOT NULL CHECK (action IN ('approve', 'cancel')),
    words       text NOT NULL,
    told        text NOT NULL,
    salt        text NOT NULL,
    digest      text NOT NULL,
    phase       text NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'posted')),
    telling     text NOT NULL DEFAULT 'waiting' CHECK (telling IN ('waiting', 'told')),
    turn        text CHECK ((turn IS NULL) = (telling = 'waiting')),
    at          bigint NOT NULL DEFAULT unixepoch(),
    rowid       bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    PRIMARY KEY (plan, place)
);
CREATE INDEX reason_digest ON reason (digest);
CREATE INDEX reason_due ON reason (phase) WHERE phase = 'due';
CREATE UNIQUE INDEX reason_of_person ON reason (plan, person_id, action) WHERE person_id <> 'erased';
CREATE INDEX reason_session ON reason (session_id, telling);

CREATE TABLE file (
    turn       text NOT NULL,
    number     bigint NOT NULL,
    source     text NOT NULL,
    name       text NOT NULL,
    media_type text NOT NULL DEFAULT '',
    size       bigint NOT NULL DEFAULT 0,
    phase      text NOT NULL CHECK (
        phase IN ('held', 'waiting', 'uploading', 'stored', 'added', 'refused', 'failed')
    ),
    reason     text NOT NULL DEFAULT '',
    kind       text NOT NULL DEFAULT '',
    digest     text NOT NULL DEFAULT '',
    library_id text NOT NULL DEFAULT '',
    known      bigint NOT NULL DEFAULT 0,
    largest    bigint NOT NULL DEFAULT 0,
    sent_at    bigint NOT NULL DEFAULT 0,
    session_id text NOT NULL DEFAULT '',
    all_images bigint NOT NULL DEFAULT 0,
    rowid      bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    PRIMARY KEY (turn, number),
    UNIQUE (turn, source)
);
CREATE INDEX file_session ON file (session_id) WHERE session_id <> '';

CREATE TABLE library_file (
    workspace  text NOT NULL,
    digest     text NOT NULL,
    library_id text NOT NULL,
    created_at bigint NOT NULL DEFAULT unixepoch(),
    PRIMARY KEY (workspace, digest)
);

CREATE TABLE gallery (
    owner     text NOT NULL,
    attempt   bigint NOT NULL DEFAULT 0,
    of_plan   bigint NOT NULL DEFAULT 0 CHECK (of_plan IN (0, 1)),
    platform  text NOT NULL,
    thread    text NOT NULL,
    person_id text NOT NULL,
    phase     text NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'shown')),
    pictures  text NOT NULL CHECK (pictures::jsonb IS NOT NULL),
    rowid     bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    PRIMARY KEY (owner, attempt)
);
CREATE INDEX gallery_due ON gallery (owner) WHERE phase = 'due';

CREATE TABLE mention (
    owner     text NOT NULL,
    attempt   bigint NOT NULL DEFAULT 0,
    of_plan   bigint NOT NULL DEFAULT 0 CHECK (of_plan IN (0, 1)),
    platform  text NOT NULL,
    thread    text NOT NULL,
    person_id text NOT NULL,
    phase     text NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'sent')),
    waits     bigint NOT NULL DEFAULT 0 CHECK (waits IN (0, 1)),
    rowid     bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    PRIMARY KEY (owner, attempt)
);
CREATE INDEX mention_due ON mention (owner) WHERE phase = 'due';

CREATE TABLE thread (
    platform   text NOT NULL,
    id         text NOT NULL,
    session_id text,
    created_at bigint NOT NULL DEFAULT unixepoch(),
    pictures   text CHECK (pictures IS NULL OR pictures::jsonb IS NOT NULL),
    chosen_key text NOT NULL DEFAULT '',
    files      text CHECK (files IS NULL OR files::jsonb IS NOT NULL),
    PRIMARY KEY (platform, id)
);
CREATE INDEX thread_session ON thread (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE search (
    key        text PRIMARY KEY,
    platform   text NOT NULL,
    person_id  text NOT NULL,
    turn       text,
    pictures   text NOT NULL CHECK (pictures::jsonb IS NOT NULL),
    created_at bigint NOT NULL DEFAULT unixepoch(),
    key_name   text NOT NULL DEFAULT '',
    words      text NOT NULL DEFAULT '',
    place      text CHECK (place IS NULL OR place::jsonb IS NOT NULL),
    next_in    text,
    chosen_at  bigint
);
CREATE INDEX search_created ON search (created_at);
CREATE INDEX search_next ON search (platform, person_id, next_in) WHERE next_in IS NOT NULL;

CREATE TABLE answer_length (
    bin    bigint PRIMARY KEY,
    above  double precision NOT NULL,
    weight double precision NOT NULL DEFAULT 0
);

CREATE TABLE earlier (
    turn    text PRIMARY KEY,
    words   text NOT NULL,
    count   bigint NOT NULL,
    authors text NOT NULL CHECK (authors::jsonb IS NOT NULL)
);

CREATE TABLE kv (
    platform text NOT NULL,
    name     text NOT NULL,
    value    text NOT NULL,
    PRIMARY KEY (platform, name)
);

CREATE TABLE month_limit (
    key       text NOT NULL,
    month     text NOT NULL,
    allowed   bigint NOT NULL,
    elsewhere bigint NOT NULL,
    PRIMARY KEY (key, month)
);

CREATE TABLE month_use (
    key       text NOT NULL,
    day       text NOT NULL,
    platform  text NOT NULL,
    channel   text NOT NULL,
    questions bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (key, day, platform, channel)
);

CREATE TABLE month_warning (
    key      text NOT NULL,
    month    text NOT NULL,
    platform text NOT NULL,
    channel  text NOT NULL,
    percent  bigint NOT NULL,
    PRIMARY KEY (key, month, platform, channel, percent)
);

CREATE TABLE plan_copy (
    plan      text NOT NULL,
    person_id text NOT NULL,
    phase     text NOT NULL DEFAULT 'due' CHECK (phase IN ('due', 'posted', 'refused')),
    thread    text,
    message   text,
    PRIMARY KEY (plan, person_id)
);
CREATE INDEX plan_copy_person ON plan_copy (person_id);

CREATE TABLE rating (
    turn      text NOT NULL,
    person_id text NOT NULL,
    rating    text NOT NULL CHECK (rating IN ('good', 'bad')),
    reason    text NOT NULL DEFAULT '',
    rated_at  bigint NOT NULL DEFAULT unixepoch(),
    rowid     bigint GENERATED BY DEFAULT AS IDENTITY UNIQUE,
    PRIMARY KEY (turn, person_id)
);

CREATE TABLE session_files (
    session   text PRIMARY KEY,
    documents text NOT NULL CHECK (documents::jsonb IS NOT NULL),
    videos    text NOT NULL CHECK (videos::jsonb IS NOT NULL)
);

CREATE TABLE session_key (
    session text PRIMARY KEY,
    name    text NOT NULL
);

CREATE TABLE share (
    turn      text PRIMARY KEY,
    phase     text NOT NULL DEFAULT 'sharing' CHECK (phase IN ('sharing', 'shared')),
    posted    text NOT NULL DEFAULT '[]',
    posting   text NOT NULL DEFAULT '[]',
    shared_at bigint NOT NULL DEFAULT unixepoch()
);

CREATE TABLE spent_message (
    session_id text NOT NULL,
    id         text NOT NULL,
    PRIMARY KEY (session_id, id)
);

CREATE TABLE timeline (
    key     text NOT NULL,
    at      double precision NOT NULL,
    event   text NOT NULL,
    attempt bigint NOT NULL,
    PRIMARY KEY (key, at, event)
);

CREATE TABLE waiting_sign (
    turn    text PRIMARY KEY,
    phase   text NOT NULL DEFAULT 'posting' CHECK (phase IN ('posting', 'standing')),
    message text,
    CHECK ((phase = 'standing') = (message IS NOT NULL))
);

INSERT INTO answer_length (bin, above) VALUES
    (0, 0), (1, 1.414), (2, 2.0), (3, 2.828), (4, 4.0), (5, 5.657),
    (6, 8.0), (7, 11.314), (8, 16.0), (9, 22.627), (10, 32.0), (11, 45.255),
    (12, 64.0), (13, 90.51), (14, 128.0), (15, 181.019), (16, 256.0), (17, 362.039),
    (18, 512.0), (19, 724.077), (20, 1024.0);

-- The record that only grows. See `migrations/0019_audit.sql`.

CREATE VIEW audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer, reason, at, more) AS
SELECT ''::text, ''::text, ''::text, ''::text, ''::text, ''::text, ''::text, ''::text, ''::text, ''::text, 0::bigint, ''::text
WHERE false;

CREATE FUNCTION digest_in_audit(of_platform text, people text[], of_kind text, of_value text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT digest FROM audit_clear
    WHERE platform = of_platform AND person = ANY (people) AND kind = of_kind AND value = of_value LIMIT 1
$$;

CREATE FUNCTION audit_appends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about plan%ROWTYPE;
    asked turn%ROWTYPE;
    direct boolean;
    last audit%ROWTYPE;
    fields jsonb;
    written text;
BEGIN
    -- Two transactions may append at once, such as the bot's and `aion-bot erase`: one waits for the other's row.
    PERFORM pg_advisory_xact_lock(1634299758, 1);
    SELECT * INTO about FROM plan WHERE key = new.plan;
    SELECT * INTO asked FROM turn WHERE key = about.turn;
    direct := coalesce(asked.origin -> '$.place[2]', 'false') = 'true';
    INSERT INTO audit_clear (platform, person, kind, value)
    SELECT new.platform, person, kind, value FROM (VALUES
        (about.requester_id, 'id', about.requester_id),
        (about.requester_id, 'name', about.requester_name),
        -- The thread of a direct message tells who asked.
        (CASE WHEN direct THEN about.requester_id ELSE '' END, 'thread', about.thread),
        (new.person_id, 'id', new.person_id),
        (new.person_id, 'name', new.person_name)
    ) AS said (person, kind, value) WHERE person IS NOT NULL AND value <> '' ON CONFLICT DO NOTHING;
    SELECT * INTO last FROM audit ORDER BY number DESC LIMIT 1;
    fields := jsonb_build_object(
        'kind', new.kind, 'at', coalesce(new.at, unixepoch()), 'platform', new.platform, 'plan', new.plan,
        'action', new.action, 'source', new.source, 'phase', new.phase, 'answer', new.answer, 'reason', new.reason,
        'plan_id', about.plan_id, 'session', about.session_id, 'digest', nullif(about.digest, ''),
        'workspace', asked.workspace, 'channel', CASE WHEN NOT direct THEN asked.channel END,
        'thread', digest_in_audit(about.platform, ARRAY['', about.requester_id], 'thread', about.thread),
        'requester', digest_in_audit(about.platform, ARRAY[about.requester_id], 'id', about.requester_id),
        'requester_name', digest_in_audit(about.platform, ARRAY[about.requester_id], 'name', about.requester_name),
        'person', digest_in_audit(new.platform, ARRAY[new.person_id], 'id', new.person_id),
        'person_name', digest_in_audit(new.platform, ARRAY[new.person_id], 'name', new.person_name),
        'policy', (
            SELECT max(number) FROM audit WHERE new.plan IS NOT NULL AND kind = 'policy' AND platform = new.platform
        )
    ) || coalesce(new.more, '{}')::jsonb || jsonb_build_object(
        'number', coalesce(last.number, 0) + 1, 'previous', coalesce(last.hash, repeat('0', 64))
    );
    SELECT canonical(jsonb_object_agg(name, item)) INTO written
    FROM jsonb_each(fields) AS named (name, item) WHERE item <> 'null';
    INSERT INTO audit (number, record, hash) VALUES (coalesce(last.number, 0) + 1, written, audit_hash(written));
    RETURN new;
END
$$;
CREATE TRIGGER audit_appends INSTEAD OF INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_appends();

-- Refuses what the name of the trigger says; its argument is the message.
CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', tg_argv[0] USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE FUNCTION audit_clear_gets_digest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.digest := audit_digest(new.salt, new.kind, new.platform, new.value);
    RETURN new;
END
$$;
CREATE TRIGGER audit_clear_gets_digest BEFORE INSERT ON audit_clear FOR EACH ROW EXECUTE FUNCTION audit_clear_gets_digest();
CREATE TRIGGER audit_clear_stays BEFORE UPDATE ON audit_clear FOR EACH ROW
EXECUTE FUNCTION refused('a value of the audit is erased or stays');

CREATE FUNCTION audit_is_next() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM audit) THEN
        RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END
$$;
CREATE TRIGGER audit_is_next BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_next();
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refused('the audit is append-only');
CREATE TRIGGER audit_is_kept BEFORE TRUNCATE ON audit EXECUTE FUNCTION refused('the audit is append-only');
CREATE TRIGGER audit_head_stays BEFORE UPDATE OR DELETE ON audit_head FOR EACH ROW
EXECUTE FUNCTION refused('heads are append-only');
CREATE TRIGGER audit_head_is_kept BEFORE TRUNCATE ON audit_head EXECUTE FUNCTION refused('heads are append-only');

-- An attempt and an approval stay, but for who it was.
CREATE TRIGGER attempt_stays BEFORE UPDATE ON attempt FOR EACH ROW WHEN (NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.number = old.number AND new.plan = old.plan
    AND new.plan_id = old.plan_id AND new.session_id = old.session_id AND new.platform = old.platform
    AND new.thread = old.thread AND new.action = old.action AND new.digest = old.digest AND new.at = old.at
)) EXECUTE FUNCTION refused('attempts are append-only');
CREATE TRIGGER attempt_is_kept BEFORE DELETE ON attempt FOR EACH ROW EXECUTE FUNCTION refused('attempts are append-only');
CREATE TRIGGER attempt_is_not_emptied BEFORE TRUNCATE ON attempt EXECUTE FUNCTION refused('attempts are append-only');
CREATE TRIGGER attempt_outcome_stays BEFORE UPDATE OR DELETE ON attempt_outcome FOR EACH ROW
EXECUTE FUNCTION refused('attempts are append-only');
CREATE TRIGGER attempt_outcome_is_kept BEFORE TRUNCATE ON attempt_outcome EXECUTE FUNCTION refused('attempts are append-only');
CREATE TRIGGER approval_stays BEFORE UPDATE ON approval FOR EACH ROW WHEN (NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.number = old.number AND new.plan = old.plan
    AND new.platform = old.platform AND new.thread = old.thread AND new.digest = old.digest AND new.round = old.round
    AND new.at = old.at
)) EXECUTE FUNCTION refused('approvals are append-only');
CREATE TRIGGER approval_is_kept BEFORE DELETE ON approval FOR EACH ROW EXECUTE FUNCTION refused('approvals are append-only');
CREATE TRIGGER approval_is_not_emptied BEFORE TRUNCATE ON approval EXECUTE FUNCTION refused('approvals are append-only');

CREATE FUNCTION approval_is_audited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action)
    VALUES ('approval', new.platform, new.plan, new.person_id, new.person_name, 'approve');
    RETURN NULL;
END
$$;
CREATE TRIGGER approval_is_audited AFTER INSERT ON approval FOR EACH ROW EXECUTE FUNCTION approval_is_audited();

-- What several triggers do.

CREATE FUNCTION note_moment(of_key text, of_event text, of_attempt bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO timeline VALUES (of_key, extract(epoch FROM statement_timestamp())::double precision, of_event, of_attempt)
    ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION drop_session_key(of_session text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM session_key WHERE session = of_session
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = of_session)
        AND NOT EXISTS (SELECT 1 FROM plan WHERE session_id = of_session)
        AND NOT EXISTS (SELECT 1 FROM thread WHERE session_id = of_session)
$$;

-- Turns.

CREATE FUNCTION turn_accepted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_moment(new.key, 'accepted', new.attempt);
    IF new.origin ->> '$.echo' IS NOT NULL THEN
        PERFORM note_moment(new.key, 'first sign', new.attempt);
    END IF;
    INSERT INTO thread (platform, id) VALUES (new.platform, new.thread) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_accepted AFTER INSERT ON turn FOR EACH ROW EXECUTE FUNCTION turn_accepted();

CREATE FUNCTION turn_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_moment(new.key, new.phase, new.attempt);
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_moved AFTER UPDATE OF phase ON turn FOR EACH ROW WHEN (new.phase <> old.phase)
EXECUTE FUNCTION turn_moved();

CREATE FUNCTION turn_counts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key_name text := rtrim('aion key ' || coalesce((SELECT name FROM session_key WHERE session = new.session_id), ''));
BEGIN
    INSERT INTO month_use (key, day, platform, channel) VALUES (
        coalesce((SELECT value FROM kv WHERE platform = '' AND name = key_name), ''), strftime('%Y-%m-%d', 'now'), new.platform,
        coalesce(new.channel, '')
    ) ON CONFLICT (key, day, platform, channel) DO UPDATE SET questions = month_use.questions + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_counts AFTER UPDATE OF phase ON turn FOR EACH ROW WHEN (new.phase = 'asking' AND old.phase = 'queued')
EXECUTE FUNCTION turn_counts();

CREATE FUNCTION turn_tells_reasons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM reason WHERE session_id = new.session_id AND (telling = 'waiting' OR turn = new.key)) THEN
        RETURN NULL;
    END IF;
    UPDATE reason SET telling = 'told', turn = new.key WHERE rowid IN (
        SELECT id FROM (
            SELECT rowid AS id, sum(length(told)) OVER (ORDER BY at, rowid) AS size FROM reason
            WHERE session_id = new.session_id AND telling = 'waiting'
        ) AS waiting WHERE size <= 9000 - length(new.text) - length(new.attached)
    );
    UPDATE turn SET attached = attached || coalesce((
        SELECT string_agg(told, '' ORDER BY at, rowid) FROM reason WHERE turn = new.key AND session_id = new.session_id
    ), '') WHERE key = new.key;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_tells_reasons AFTER UPDATE OF phase ON turn FOR EACH ROW WHEN (new.phase = 'asking')
EXECUTE FUNCTION turn_tells_reasons();

CREATE FUNCTION turn_has_length() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE answer_length SET weight = weight * 0.998614667;
    UPDATE answer_length SET weight = weight + 1 WHERE bin = (
        SELECT max(bin) FROM answer_length
        WHERE above <= greatest(extract(epoch FROM clock_timestamp()) - new.first_sign, 0.0)
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_has_length AFTER UPDATE OF phase ON turn FOR EACH ROW WHEN (
    new.phase = 'shown' AND old.phase <> 'shown' AND old.phase <> 'parked' AND new.reason = 'answered'
    AND new.first_sign IS NOT NULL AND new.posted NOT IN ('', '[]')
) EXECUTE FUNCTION turn_has_length();

CREATE FUNCTION turn_took_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF unixepoch() - new.asked_at >= new.notify_after AND NOT EXISTS (SELECT 1 FROM plan WHERE turn = new.key) THEN
        INSERT INTO mention (owner, attempt, platform, thread, person_id)
        VALUES (new.key, new.attempt, new.platform, new.thread, new.asker_id) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_took_long AFTER UPDATE OF phase ON turn FOR EACH ROW WHEN (
    new.phase = 'shown' AND old.phase <> 'shown' AND new.reason IN ('answered', 'incomplete') AND new.notify_after > 0
) EXECUTE FUNCTION turn_took_long();

CREATE FUNCTION turn_is_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM earlier WHERE turn = new.key;
    IF old.erased_at IS NULL THEN
        UPDATE turn SET attached = '' WHERE key = new.key;
        UPDATE file SET name = '' WHERE turn = new.key AND phase <> 'uploading';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_is_erased AFTER UPDATE OF erased_at ON turn FOR EACH ROW WHEN (new.erased_at IS NOT NULL)
EXECUTE FUNCTION turn_is_erased();

CREATE FUNCTION turn_first_posted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_moment(new.key, 'first message', new.attempt);
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_first_posted AFTER UPDATE OF posted ON turn FOR EACH ROW
WHEN (old.posted = '[]' AND new.posted <> '[]') EXECUTE FUNCTION turn_first_posted();

CREATE FUNCTION turn_first_sign() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM timeline WHERE key = new.key AND event = 'first sign' AND attempt = new.attempt) THEN
        -- Activity may be shown while the row is being written: it counts from the row on.
        INSERT INTO timeline VALUES (new.key, greatest(new.first_sign, coalesce((
            SELECT max(at) FROM timeline WHERE key = new.key AND event IN ('accepted', 'queued')
        ), 0.0)), 'first sign', new.attempt) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_first_sign AFTER UPDATE OF first_sign ON turn FOR EACH ROW WHEN (new.first_sign IS NOT NULL)
EXECUTE FUNCTION turn_first_sign();

CREATE FUNCTION turn_first_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM timeline WHERE key = new.key AND event = 'first text' AND attempt = new.attempt) THEN
        INSERT INTO timeline VALUES (new.key, new.first_text, 'first text', new.attempt) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_first_text AFTER UPDATE OF first_text ON turn FOR EACH ROW WHEN (new.first_text IS NOT NULL)
EXECUTE FUNCTION turn_first_text();

CREATE FUNCTION turn_reads_earlier_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM earlier WHERE turn = new.key;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_reads_earlier_again AFTER UPDATE OF attempt ON turn FOR EACH ROW WHEN (new.attempt <> old.attempt)
EXECUTE FUNCTION turn_reads_earlier_again();

CREATE FUNCTION turn_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.session_id IS NOT NULL AND old.answer_id IS NOT NULL THEN
        INSERT INTO spent_message VALUES (old.session_id, old.answer_id) ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM timeline WHERE key = old.key;
    DELETE FROM earlier WHERE turn = old.key;
    DELETE FROM file WHERE turn = old.key;
    DELETE FROM gallery WHERE owner = old.key OR starts_with(owner, old.key || '-');
    DELETE FROM mention WHERE owner = old.key;
    DELETE FROM rating WHERE turn = old.key;
    DELETE FROM share WHERE turn = old.key;
    DELETE FROM waiting_sign WHERE turn = old.key;
    DELETE FROM session_files WHERE session = old.session_id
        AND NOT EXISTS (SELECT 1 FROM turn WHERE session_id = old.session_id);
    PERFORM drop_session_key(old.session_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_removed AFTER DELETE ON turn FOR EACH ROW EXECUTE FUNCTION turn_removed();

CREATE FUNCTION earlier_is_attached() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE turn SET attached = new.words WHERE key = new.turn;
    RETURN NULL;
END
$$;
CREATE TRIGGER earlier_is_attached AFTER INSERT OR UPDATE ON earlier FOR EACH ROW EXECUTE FUNCTION earlier_is_attached();

CREATE FUNCTION earlier_is_attached_no_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE turn SET attached = '' WHERE key = old.turn;
    RETURN NULL;
END
$$;
CREATE TRIGGER earlier_is_attached_no_more AFTER DELETE ON earlier FOR EACH ROW
EXECUTE FUNCTION earlier_is_attached_no_more();

CREATE FUNCTION file_looked_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE file SET name = '' WHERE turn = new.turn AND number = new.number
        AND EXISTS (SELECT 1 FROM turn WHERE key = new.turn AND erased_at IS NOT NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER file_looked_up AFTER UPDATE OF phase ON file FOR EACH ROW
WHEN (old.phase = 'uploading' AND new.phase <> 'uploading') EXECUTE FUNCTION file_looked_up();

CREATE FUNCTION thread_leaves_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM drop_session_key(old.session_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER thread_leaves_session AFTER UPDATE OF session_id ON thread FOR EACH ROW WHEN (old.session_id IS NOT NULL)
EXECUTE FUNCTION thread_leaves_session();
CREATE TRIGGER thread_removed AFTER DELETE ON thread FOR EACH ROW WHEN (old.session_id IS NOT NULL)
EXECUTE FUNCTION thread_leaves_session();

-- Plans.

CREATE FUNCTION plan_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_moment(new.key, 'proposed', 0);
    INSERT INTO audit_entry (kind, platform, plan) VALUES ('asked', new.platform, new.key);
    UPDATE turn SET phase = 'parked' WHERE key = new.turn AND phase IN ('asking', 'streaming', 'parked');
    UPDATE plan SET phase = 'replaced', shown = 0
    WHERE session_id = new.session_id AND plan_id = new.plan_id AND key <> new.key AND phase = 'pending';
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_added AFTER INSERT ON plan FOR EACH ROW EXECUTE FUNCTION plan_added();

CREATE FUNCTION plan_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    late boolean := coalesce(new.decider_id = 'deadline', false);
BEGIN
    PERFORM note_moment(new.key, new.phase, 0);
    IF old.phase IN ('claimed', 'sent', 'running', 'busy', 'unknown') THEN
        INSERT INTO attempt_outcome (attempt, source, phase, answer)
        SELECT max(number), old.phase, new.phase, new.answer FROM attempt WHERE plan = new.key HAVING count(*) > 0;
    END IF;
    IF new.phase = 'claimed' AND old.phase = 'pending' AND new.decider_id IS NOT NULL THEN
        INSERT INTO attempt (plan, plan_id, session_id, platform, thread, person_id, person_name, action, digest) VALUES (
            new.key, new.plan_id, new.session_id, new.platform, new.thread, new.decider_id, new.decider_name, new.action,
            new.digest
        );
    END IF;
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, source, phase, answer, reason) VALUES (
        CASE
            WHEN new.phase = 'expired' OR (new.phase = 'claimed' AND late) THEN 'expired'
            WHEN new.phase = 'claimed' THEN 'attempt' ELSE 'outcome'
        END, new.platform, new.key, nullif(new.decider_id, 'deadline'), CASE WHEN NOT late THEN new.decider_name END,
        new.action, old.phase, new.phase, nullif(new.answer, ''), CASE WHEN late THEN 'not approved in time' END
    );
    IF old.phase = 'pending' THEN
        UPDATE mention SET phase = 'sent' WHERE owner = new.turn AND waits = 1 AND phase = 'due';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_moved AFTER UPDATE OF phase ON plan FOR EACH ROW WHEN (new.phase <> old.phase)
EXECUTE FUNCTION plan_moved();

CREATE FUNCTION plan_stays_replaced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE plan SET phase = 'replaced', shown = 0 WHERE key = new.key AND EXISTS (
        SELECT 1 FROM plan AS newer
        WHERE newer.session_id = new.session_id AND newer.plan_id = new.plan_id AND newer.rowid > new.rowid
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_stays_replaced AFTER UPDATE OF phase ON plan FOR EACH ROW WHEN (new.phase = 'pending')
EXECUTE FUNCTION plan_stays_replaced();

CREATE FUNCTION plan_took_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mention (owner, of_plan, platform, thread, person_id)
    SELECT new.key, 1, new.platform, new.thread, new.requester_id FROM turn
    WHERE turn.key = new.turn AND turn.notify_after > 0
        AND (new.answer = '202' OR unixepoch() - new.decided_at >= turn.notify_after)
        AND NOT EXISTS (SELECT 1 FROM mention WHERE owner = new.key);
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_took_long AFTER UPDATE OF shown ON plan FOR EACH ROW WHEN (
    new.shown = 1 AND old.shown = 0 AND new.phase IN ('done', 'failed', 'settled') AND new.action = 'approve'
) EXECUTE FUNCTION plan_took_long();

CREATE FUNCTION plan_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mention (owner, attempt, waits, platform, thread, person_id)
    SELECT turn.key, turn.attempt, 1, turn.platform, turn.thread, turn.asker_id FROM turn
    WHERE turn.key = new.turn AND turn.notify_after > 0 AND unixepoch() - turn.asked_at >= turn.notify_after
        AND NOT EXISTS (SELECT 1 FROM mention WHERE owner = turn.key AND attempt = turn.attempt);
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_waits AFTER UPDATE OF message ON plan FOR EACH ROW
WHEN (new.message IS NOT NULL AND old.message IS NULL AND new.phase = 'pending') EXECUTE FUNCTION plan_waits();

CREATE FUNCTION plan_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.result IS NOT NULL THEN
        INSERT INTO spent_message VALUES (old.session_id, old.result) ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM timeline WHERE key = old.key;
    DELETE FROM plan_copy WHERE plan = old.key;
    DELETE FROM gallery WHERE owner IN (old.key, old.turn || '-' || old.key);
    DELETE FROM mention WHERE owner = old.key;
    DELETE FROM reason WHERE plan = old.key;
    PERFORM drop_session_key(old.session_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER plan_removed AFTER DELETE ON plan FOR EACH ROW EXECUTE FUNCTION plan_removed();

-- Reasons.

CREATE FUNCTION reason_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_entry (kind, platform, plan, person_id, person_name, action, more) VALUES (
        'reason', new.platform, new.plan, new.person_id, new.person_name, new.action,
        jsonb_build_object('reason_words', new.digest)::text
    );
    PERFORM note_moment(new.plan, 'reason added', 0);
    RETURN NULL;
END
$$;
CREATE TRIGGER reason_added AFTER INSERT ON reason FOR EACH ROW EXECUTE FUNCTION reason_added();

CREATE FUNCTION reason_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE turn SET attached = '' WHERE key = old.turn AND erased_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER reason_erased AFTER UPDATE OF told ON reason FOR EACH ROW WHEN (new.told = '' AND old.turn IS NOT NULL)
EXECUTE FUNCTION reason_erased();

CREATE TRIGGER reason_goes_forward BEFORE UPDATE OF phase, telling, turn ON reason FOR EACH ROW WHEN (
    (old.phase = 'posted' AND new.phase <> 'posted') OR (old.telling = 'told' AND new.telling <> 'told')
    OR (old.turn IS NOT NULL AND new.turn IS DISTINCT FROM old.turn)
) EXECUTE FUNCTION refused('a reason is posted once, and told with one question');
CREATE TRIGGER reason_stays BEFORE UPDATE OF
plan, place, session_id, platform, person_id, person_name, action, words, told, salt, digest, at ON reason
FOR EACH ROW WHEN (NOT (
    new.person_id = 'erased' AND new.person_name = '' AND new.words = '' AND new.told = '' AND new.salt = ''
    AND new.plan = old.plan AND new.place = old.place AND new.session_id = old.session_id AND new.platform = old.platform
    AND new.action = old.action AND new.digest = old.digest AND new.at = old.at
)) EXECUTE FUNCTION refused('a reason is erased or stays');
