"""Workspaces, their members, how they get in, and the directory of what is unique in the whole installation."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workspace",
        *ddl.key("workspace"),
        *ddl.record(),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = tenant_id", name="ck_workspace_one_per_tenant"),
        sa.CheckConstraint("state IN ('TRIAL', 'ACTIVE', 'READ_ONLY', 'CLOSED')", name="ck_workspace_state_known"),
        sa.CheckConstraint("locale IN ('fa', 'en')", name="ck_workspace_locale_known"),
    )
    ddl.protect("workspace")
    op.create_table(
        "member",
        *ddl.key("member"),
        *ddl.record(),
        sa.Column("login_id", sa.Uuid),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("email_key", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("locale", sa.Text),
        sa.Column("manager_id", sa.Uuid),
        sa.Column("region", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant_id", "manager_id"], ["member.tenant_id", "member.id"], name="fk_member_tenant_id_manager_id"
        ),
        sa.UniqueConstraint("tenant_id", "login_id", name="uq_member_tenant_id_login_id"),
        sa.UniqueConstraint("tenant_id", "email_key", name="uq_member_tenant_id_email_key"),
        sa.CheckConstraint("state IN ('ACTIVE', 'RECORDED', 'SUSPENDED')", name="ck_member_state_known"),
        sa.CheckConstraint(
            "role IN ('OWNER', 'ADMIN', 'MANAGER', 'REPRESENTATIVE', 'SUPPORT_AGENT', 'VIEWER')",
            name="ck_member_role_known",
        ),
        sa.CheckConstraint("locale IN ('fa', 'en')", name="ck_member_locale_known"),
    )
    op.create_index("ix_member_name_key", "member", ["tenant_id", "name_key"])
    ddl.protect("member")
    op.create_table(
        "login_session",
        *ddl.key("login_session"),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_because", sa.Text),
        sa.Column("refresh_digest", sa.Text),
        sa.CheckConstraint(
            "revoked_because IN ('LOGGED_OUT', 'REFRESH_TOKEN_REUSED', 'MEMBER_SUSPENDED')",
            name="ck_login_session_revoked_because_known",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["member.tenant_id", "member.id"],
            name="fk_login_session_tenant_id_member_id",
        ),
    )
    op.create_index("ix_login_session_member", "login_session", ["tenant_id", "member_id"])
    ddl.protect("login_session")
    op.create_table(
        "invitation",
        *ddl.key("invitation"),
        *ddl.record(),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("locale", sa.Text),
        sa.Column("invited_by_id", sa.Uuid),
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invited_by_id"],
            ["member.tenant_id", "member.id"],
            name="fk_invitation_tenant_id_invited_by_id",
        ),
        sa.CheckConstraint("state IN ('OPEN', 'ACCEPTED', 'REVOKED')", name="ck_invitation_state_known"),
        sa.CheckConstraint(
            "role IN ('OWNER', 'ADMIN', 'MANAGER', 'REPRESENTATIVE', 'SUPPORT_AGENT', 'VIEWER')",
            name="ck_invitation_role_known",
        ),
        sa.CheckConstraint("locale IN ('fa', 'en')", name="ck_invitation_locale_known"),
    )
    op.create_index(
        "uq_invitation_open",
        "invitation",
        ["tenant_id", "email_key"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    ddl.protect("invitation")
    directory_tables()
    sign_up_doors()
    log_in_doors()


def directory_tables() -> None:
    op.create_table(
        "login",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
        sa.UniqueConstraint("email_key", name="uq_login_email_key"),
    )
    op.create_table(
        "sign_up",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("workspace_name", sa.Text),
        sa.Column("password_hash", sa.Text),
        sa.Column("token_digest", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_sign_up"),
        sa.UniqueConstraint("token_digest", name="uq_sign_up_token_digest"),
        sa.CheckConstraint("locale IN ('fa', 'en')", name="ck_sign_up_locale_known"),
    )
    op.create_index("ix_sign_up_expires_at", "sign_up", ["expires_at"])
    op.create_table(
        "workspace_slug",
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_workspace_slug"),
        sa.UniqueConstraint("workspace_id", name="uq_workspace_slug_workspace_id"),
    )
    op.create_table(
        "membership",
        sa.Column("login_id", sa.Uuid, nullable=False),
        sa.Column("workspace_id", sa.Uuid, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("login_id", "workspace_id", name="pk_membership"),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name="fk_membership_login_id"),
    )
    for table in ("login", "sign_up", "workspace_slug", "membership"):
        ddl.directory(table)


def sign_up_doors() -> None:
    # Rows nobody needs any more go a hundred at a time, with each new one, whoever signs up.
    ddl.door(
        "sign_up(p_id uuid, p_email text, p_email_key text, p_locale text, p_name text, p_workspace_name text,"
        " p_password_hash text, p_token_digest text, p_at timestamptz, p_expires_at timestamptz)",
        """
        DECLARE
            known boolean := EXISTS (SELECT FROM login l WHERE l.email_key = p_email_key);
        BEGIN
            DELETE FROM sign_up WHERE id IN (
                SELECT s.id FROM sign_up s WHERE s.expires_at < p_at - interval '7 days'
                ORDER BY s.expires_at LIMIT 100 FOR UPDATE SKIP LOCKED);
            INSERT INTO sign_up (id, email, email_key, locale, name, workspace_name, password_hash, token_digest,
                created_at, expires_at)
            VALUES (p_id, p_email, p_email_key, p_locale,
                CASE WHEN known THEN NULL ELSE p_name END, CASE WHEN known THEN NULL ELSE p_workspace_name END,
                CASE WHEN known THEN NULL ELSE p_password_hash END, CASE WHEN known THEN NULL ELSE p_token_digest END,
                p_at, p_expires_at);
        END
        """,
        returns="void",
    )
    ddl.door(
        "sign_up_mail(p_id uuid)",
        """
        BEGIN
            RETURN QUERY SELECT s.email, s.locale, s.token_digest IS NULL, s.used_at IS NOT NULL, s.expires_at
            FROM sign_up s WHERE s.id = p_id;
        END
        """,
        returns="TABLE (email text, locale text, known boolean, used boolean, expires_at timestamptz)",
        volatility="STABLE",
    )
    ddl.door(
        "verify_sign_up(p_token_digest text, p_login_id uuid, p_at timestamptz)",
        """
        DECLARE
            found_row sign_up%ROWTYPE;
        BEGIN
            SELECT s.* INTO found_row FROM sign_up s WHERE s.token_digest = p_token_digest FOR UPDATE;
            IF NOT FOUND THEN
                outcome := 'UNKNOWN';
            ELSIF found_row.used_at IS NOT NULL THEN
                outcome := 'USED';
            ELSIF found_row.expires_at <= p_at THEN
                outcome := 'EXPIRED';
            ELSE
                INSERT INTO login AS l (id, email, email_key, password_hash, created_at)
                VALUES (p_login_id, found_row.email, found_row.email_key, found_row.password_hash, p_at)
                ON CONFLICT ON CONSTRAINT uq_login_email_key DO NOTHING;
                IF FOUND THEN
                    outcome := 'VERIFIED';
                ELSE
                    outcome := 'TAKEN';
                END IF;
            END IF;
            IF outcome = 'VERIFIED' THEN
                UPDATE sign_up s SET used_at = p_at, password_hash = NULL WHERE s.id = found_row.id;
                email := found_row.email;
                email_key := found_row.email_key;
                name := found_row.name;
                workspace_name := found_row.workspace_name;
                locale := found_row.locale;
            END IF;
            RETURN NEXT;
        END
        """,
        returns="TABLE (outcome text, email text, email_key text, name text, workspace_name text, locale text)",
    )
    ddl.door(
        "take_slug(p_slug text, p_name text, p_at timestamptz)",
        """
        BEGIN
            INSERT INTO workspace_slug (slug, workspace_id, name, created_at)
            VALUES (p_slug, nullif(current_setting('app.tenant_id', true), '')::uuid, p_name, p_at)
            ON CONFLICT ON CONSTRAINT pk_workspace_slug DO NOTHING;
            RETURN FOUND;
        END
        """,
        returns="boolean",
    )


def log_in_doors() -> None:
    ddl.door(
        "find_login(p_email_key text)",
        """
        BEGIN
            RETURN QUERY SELECT l.id, l.password_hash, m.workspace_id, m.member_id, w.slug, w.name
            FROM login l
            LEFT JOIN (membership m JOIN workspace_slug w ON w.workspace_id = m.workspace_id)
                ON m.login_id = l.id AND m.active
            WHERE l.email_key = p_email_key ORDER BY m.last_used_at DESC NULLS LAST, m.workspace_id LIMIT 100;
        END
        """,
        returns="TABLE (login_id uuid, password_hash text, workspace_id uuid, member_id uuid, slug text, name text)",
        volatility="STABLE",
    )
    ddl.door(
        "add_login(p_id uuid, p_email text, p_email_key text, p_password_hash text, p_at timestamptz)",
        """
        BEGIN
            INSERT INTO login (id, email, email_key, password_hash, created_at)
            VALUES (p_id, p_email, p_email_key, p_password_hash, p_at)
            ON CONFLICT ON CONSTRAINT uq_login_email_key DO NOTHING;
            RETURN FOUND;
        END
        """,
        returns="boolean",
    )
    ddl.door(
        "join_workspace(p_login_id uuid, p_member_id uuid, p_at timestamptz)",
        """
        BEGIN
            INSERT INTO membership (login_id, workspace_id, member_id, active, last_used_at)
            VALUES (p_login_id, nullif(current_setting('app.tenant_id', true), '')::uuid, p_member_id, true, p_at)
            ON CONFLICT ON CONSTRAINT pk_membership DO UPDATE
            SET member_id = excluded.member_id, active = excluded.active, last_used_at = excluded.last_used_at;
        END
        """,
        returns="void",
    )
    ddl.door(
        "leave_workspace(p_login_id uuid)",
        """
        BEGIN
            UPDATE membership m SET active = false
            WHERE m.login_id = p_login_id
                AND m.workspace_id = nullif(current_setting('app.tenant_id', true), '')::uuid;
        END
        """,
        returns="void",
    )
