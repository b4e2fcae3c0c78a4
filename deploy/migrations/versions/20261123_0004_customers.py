"""Accounts, contacts, who belongs where, and the one door to text search."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Row-level security keeps LIKE and trigrams from an index, because their operators are not leakproof. This function
# runs past it, so it looks at the tenant itself: it must be the one that the transaction was opened for. A table can be
# searched when it has a column "search", in folded form. Every word must occur; if that finds nothing, whatever
# resembles the words is found, the most similar first. The words are put into the statement as literals so that the
# planner sees them, which makes it choose between the trigrams and the tenant.
SEARCH = """
DECLARE
    conditions text;
BEGIN
    IF tenant IS DISTINCT FROM nullif(current_setting('app.tenant_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a search in another tenant than that of the transaction';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass(format('public.%I', kind)) AND attname = 'search' AND NOT attisdropped
    ) THEN
        RAISE undefined_table USING MESSAGE = format('%I cannot be searched', kind);
    END IF;
    SELECT string_agg(format('search LIKE %L', '%' || escaped || '%'), ' AND ') INTO conditions
        FROM unnest(string_to_array(regexp_replace(query, '([\\\\%_])', '\\\\\\1', 'g'), ' ')) AS escaped
        WHERE escaped <> '';
    IF conditions IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT id FROM public.%I WHERE tenant_id = %L AND %s ORDER BY id DESC LIMIT %s', kind, tenant, conditions, max
    );
    IF NOT FOUND THEN
        RETURN QUERY EXECUTE format(
            'SELECT id FROM public.%I WHERE tenant_id = %L AND %L <%% search '
            'ORDER BY word_similarity(%L, search) DESC, id DESC LIMIT %s', kind, tenant, query, query, max
        );
    END IF;
END
"""


def upgrade() -> None:
    op.create_table(
        "account",
        *ddl.key("account"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("name_sort", sa.Text(collation="C"), nullable=False),
        sa.Column("sector", sa.Text),
        sa.Column("sector_key", sa.Text),
        sa.Column("website", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("city", sa.Text),
        sa.Column("employees", sa.BigInteger),
        sa.Column("revenue_minor", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("founded_year", sa.Integer),
        sa.Column("parent_id", sa.Uuid),
        sa.Column("owner_id", sa.Uuid),
        sa.Column("external_source", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("search", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"], ["account.tenant_id", "account.id"], name="fk_account_tenant_id_parent_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["member.tenant_id", "member.id"], name="fk_account_tenant_id_owner_id"
        ),
        sa.UniqueConstraint("tenant_id", "name_key", name="uq_account_tenant_id_name_key"),
        sa.UniqueConstraint(
            "tenant_id",
            "external_source",
            "external_id",
            name="uq_account_tenant_id_external_source_external_id",
        ),
        sa.CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="ck_account_external_whole"),
        sa.CheckConstraint("(revenue_minor IS NULL) = (currency IS NULL)", name="ck_account_revenue_has_currency"),
        sa.CheckConstraint("parent_id <> id", name="ck_account_not_its_own_parent"),
    )
    op.create_index("ix_account_name_sort", "account", ["tenant_id", "name_sort", "id"])
    op.create_index("ix_account_sector", "account", ["tenant_id", "sector_key"])
    op.create_index("ix_account_owner", "account", ["tenant_id", "owner_id"])
    op.create_index("ix_account_parent", "account", ["tenant_id", "parent_id"])
    ddl.searchable("account")
    ddl.protect("account")

    op.create_table(
        "contact",
        *ddl.key("contact"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("name_sort", sa.Text(collation="C"), nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("phone", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("owner_id", sa.Uuid),
        sa.Column("external_source", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("search", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"], ["member.tenant_id", "member.id"], name="fk_contact_tenant_id_owner_id"
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "external_source",
            "external_id",
            name="uq_contact_tenant_id_external_source_external_id",
        ),
        sa.CheckConstraint("(external_source IS NULL) = (external_id IS NULL)", name="ck_contact_external_whole"),
    )
    op.create_index("ix_contact_name_sort", "contact", ["tenant_id", "name_sort", "id"])
    op.create_index("ix_contact_email_key", "contact", ["tenant_id", "email_key"])
    op.create_index("ix_contact_phone", "contact", ["tenant_id", "phone"])
    op.create_index("ix_contact_owner", "contact", ["tenant_id", "owner_id"])
    ddl.searchable("contact")
    ddl.protect("contact")

    op.create_table(
        "account_contact",
        *ddl.key("account_contact"),
        *ddl.record(),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("contact_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["account.tenant_id", "account.id"],
            name="fk_account_contact_tenant_id_account_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["contact.tenant_id", "contact.id"],
            name="fk_account_contact_tenant_id_contact_id",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "account_id",
            "contact_id",
            name="uq_account_contact_tenant_id_account_id_contact_id",
        ),
    )
    op.create_index("ix_account_contact_contact", "account_contact", ["tenant_id", "contact_id"])
    ddl.protect("account_contact")

    ddl.door(
        "search(tenant uuid, kind text, query text, max integer)",
        SEARCH,
        returns="SETOF uuid",
        volatility="STABLE",
    )
