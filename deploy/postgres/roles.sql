-- Roles, grants and extensions of one Ravand database. `ravand up` runs this text as it stands; the operator of a managed
-- PostgreSQL runs it with psql, connected to the database (UTF-8, locale C.UTF-8) as its administrator:
--
--     psql "$ADMINISTRATOR_URL" --set ON_ERROR_STOP=1 --file deploy/postgres/roles.sql
--
-- and then gives each role a password, which is why none stands here:
--
--     \password ravand_owner
--     \password ravand_app
--     \password ravand_dispatch
--
-- Running it again changes nothing, and puts right what was loosened by hand.

DO $roles$
DECLARE
    privileged boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    plain text;
BEGIN
    -- Migrations. Tables are under FORCE ROW LEVEL SECURITY, so an owner that did not bypass it would lose rows in data moves.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ravand_owner') THEN
        CREATE ROLE ravand_owner LOGIN BYPASSRLS;
    ELSIF EXISTS (SELECT FROM pg_roles WHERE rolname = 'ravand_owner' AND NOT (rolcanlogin AND rolbypassrls)) THEN
        ALTER ROLE ravand_owner LOGIN BYPASSRLS;
    END IF;

    -- The product (ravand_app) and the relay (ravand_dispatch): plain logins that own nothing.
    FOREACH plain IN ARRAY ARRAY['ravand_app', 'ravand_dispatch'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = plain) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', plain);
        ELSIF EXISTS (
            SELECT FROM pg_roles
            WHERE rolname = plain
              AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication OR NOT rolcanlogin)
        ) THEN
            EXECUTE format(
                'ALTER ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', plain
            );
        END IF;
        EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', plain, '5s');
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', plain, '10s');
        -- Carries the tenant of a transaction (SET LOCAL) to the workers of a Citus cluster. Elsewhere it means nothing, and
        -- an administrator who is not a superuser may not set a parameter that the server does not know.
        IF privileged OR EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
            EXECUTE format('ALTER ROLE %I SET citus.propagate_set_commands = %L', plain, 'local');
        END IF;
    END LOOP;

    -- Giving something to a role takes membership in it, unless one is a superuser.
    IF NOT privileged AND NOT pg_has_role(current_user, 'ravand_owner', 'MEMBER') THEN
        EXECUTE format('GRANT ravand_owner TO %I', current_user);
    END IF;
END
$roles$;

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

DO $grants$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO ravand_app, ravand_dispatch', current_database());
    EXECUTE format('ALTER DATABASE %I OWNER TO ravand_owner', current_database());
END
$grants$;

REVOKE ALL ON SCHEMA public FROM PUBLIC, ravand_app, ravand_dispatch;
GRANT USAGE ON SCHEMA public TO ravand_app, ravand_dispatch;
ALTER SCHEMA public OWNER TO ravand_owner;
