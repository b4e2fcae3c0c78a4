"""The catalogue lint: what PostgreSQL itself says about every table's walls, compared with the rules of the house.

Each query lists findings; an empty list is a wall without a hole. The rules were found by experiment: a single-column
foreign key or a global unique constraint lets one tenant reference or probe another's rows, because those checks ignore
row-level security; triggers, sequences and enums do not distribute or do not reach an index under row-level security.
"""

from typing import Final

import psycopg

TENANT_TABLES: Final = """
SELECT c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""

POLICY: Final = "(tenant_id = ANY (ARRAY[(NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid]))"

FINDINGS: Final[tuple[str, ...]] = (
    # Walls of tenant tables
    "SELECT relname || ': row-level security is not enabled and forced' FROM tenant_tables "
    "WHERE NOT (relrowsecurity AND relforcerowsecurity)",
    f"""
    SELECT relname || ': has no policy that keeps every statement in its tenant' FROM tenant_tables t
    WHERE NOT EXISTS (
        SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = t.relname AND p.cmd = 'ALL'
        AND p.permissive = 'PERMISSIVE' AND p.roles = '{{public}}'
        AND p.qual = $policy${POLICY}$policy$ AND p.with_check = $policy${POLICY}$policy$)
    """,
    f"""
    SELECT p.tablename || ': the policy ' || p.policyname || ' opens the wall' FROM pg_policies p
    WHERE p.schemaname = 'public' AND p.permissive = 'PERMISSIVE'
        AND NOT (p.qual = $policy${POLICY}$policy$ AND p.with_check = $policy${POLICY}$policy$)
        AND NOT (p.roles = '{{ravand_dispatch}}' AND p.tablename IN ('outbox', 'due'))
    """,
    """
    SELECT t.relname || ': tenant_id may be null' FROM tenant_tables t JOIN pg_attribute a ON a.attrelid = t.oid
    WHERE a.attname = 'tenant_id' AND NOT a.attnotnull
    """,
    # Keys
    """
    SELECT t.relname || ': the primary key is not (tenant_id, id)' FROM tenant_tables t
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p' AND
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, place)
              JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.n ORDER BY place) = ARRAY['tenant_id', 'id'])
    """,
    """
    SELECT t.relname || ': the unique index ' || i.relname || ' does not lead with tenant_id' FROM tenant_tables t
    JOIN pg_index x ON x.indrelid = t.oid AND x.indisunique JOIN pg_class i ON i.oid = x.indexrelid
    WHERE NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = t.oid AND a.attnum = x.indkey[0] AND a.attname = 'tenant_id')
    """,
    """
    SELECT t.relname || ': the foreign key ' || k.conname || ' does not tie tenant_id to tenant_id' FROM tenant_tables t
    JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute a JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
        WHERE a.attrelid = t.oid AND a.attnum = k.conkey[1] AND a.attname = 'tenant_id' AND b.attname = 'tenant_id')
    """,
    """
    SELECT c.relname || ': the foreign key ' || k.conname || ' reaches from a shared table into a tenant table'
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN tenant_tables t ON t.oid = k.confrelid
    WHERE k.contype = 'f' AND NOT EXISTS (SELECT FROM tenant_tables mine WHERE mine.oid = k.conrelid)
    """,
    """
    SELECT c.relname || ': the foreign key ' || k.conname || ' changes rows by itself' FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace
        AND (k.confdeltype IN ('n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    """,
    # What does not distribute, or does not reach an index under row-level security
    """
    SELECT c.relname || ': has the trigger ' || g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
    WHERE NOT g.tgisinternal AND c.relnamespace = 'public'::regnamespace
    """,
    "SELECT c.relname || ': is a sequence' FROM pg_class c "
    "WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace",
    """
    SELECT t.relname || '.' || a.attname || ': has the type ' || format_type(a.atttypid, NULL) FROM tenant_tables t
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE a.atttypid NOT IN ('uuid'::regtype, 'text'::regtype, 'bigint'::regtype, 'integer'::regtype,
        'smallint'::regtype, 'boolean'::regtype, 'date'::regtype, 'timestamptz'::regtype, 'jsonb'::regtype)
    """,
    # Grants
    """
    SELECT c.relname || ': ' || g.grantee::regrole || ' holds ' || g.privilege_type FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND g.grantee = 'ravand_app'::regrole
        AND g.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
    """,
    """
    SELECT c.relname || ': everyone holds ' || g.privilege_type FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 0
    """,
    """
    SELECT c.relname || ': ravand_app holds ' || g.privilege_type || ' on a shared table' FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND g.grantee = 'ravand_app'::regrole
        AND NOT EXISTS (SELECT FROM tenant_tables t WHERE t.oid = c.oid)
        AND NOT (g.privilege_type = 'SELECT' AND c.relname IN ('calendar_day', 'alembic_version'))
    """,
    """
    SELECT c.relname || ': ravand_dispatch holds ' || g.privilege_type || ' on the whole table' FROM pg_class c
    CROSS JOIN LATERAL aclexplode(c.relacl) g
    WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 'ravand_dispatch'::regrole
        AND NOT (g.privilege_type = 'SELECT' AND c.relname = 'alembic_version')
    """,
    """
    SELECT c.relname || '.' || a.attname || ': ravand_dispatch holds ' || g.privilege_type FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) g
    WHERE c.relnamespace = 'public'::regnamespace AND g.grantee = 'ravand_dispatch'::regrole
        AND NOT (c.relname IN ('outbox', 'due') AND (
            (g.privilege_type = 'SELECT' AND a.attname IN
                ('tenant_id', 'id', 'kind', 'queue', 'due_at', 'state', 'attempts', 'lease_token', 'lease_until'))
            OR (g.privilege_type = 'UPDATE' AND a.attname IN ('lease_token', 'lease_until'))))
    """,
    # Doors that run with the owner's rights
    """
    SELECT 'app.' || f.proname || ': runs with its owner''s rights under the caller''s search_path' FROM pg_proc f
    WHERE f.pronamespace = 'app'::regnamespace AND f.prosecdef
        AND NOT EXISTS (SELECT FROM unnest(f.proconfig) s WHERE s LIKE 'search_path=%')
    """,
    """
    SELECT 'app.' || f.proname || ': everyone may call it' FROM pg_proc f
    WHERE f.pronamespace = 'app'::regnamespace AND f.prosecdef AND has_function_privilege('public', f.oid, 'EXECUTE')
    """,
)


def catalogue_findings(connection: psycopg.Connection) -> list[str]:
    """This will list every hole in the walls between tenants that the catalogue shows, in words; none is good."""
    found: list[str] = []
    for query in FINDINGS:
        statement = f"WITH tenant_tables AS ({TENANT_TABLES}) {query} ORDER BY 1"
        found.extend(str(row[0]) for row in connection.execute(statement.encode()).fetchall())
    return found
