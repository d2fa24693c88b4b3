-- One database may have a schema for each of many scopes: appending to the audit of one waits for nobody in another.
CREATE OR REPLACE FUNCTION audit_appends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about plan%ROWTYPE;
    asked turn%ROWTYPE;
    direct boolean;
    last audit%ROWTYPE;
    fields jsonb;
    written text;
BEGIN
    -- Two transactions may append at once, such as the bot's and `aion-bot erase`: one waits for the other's row.
    PERFORM pg_advisory_xact_lock(1634299758, hashtext(current_schema()));
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
