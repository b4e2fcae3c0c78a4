"""Processes with their versions, and the path of every record through them: the door is in these keys."""

import sqlalchemy as sa
from alembic import op

from services.kit import ddl

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    definitions()
    stages()
    runtime()


def definitions() -> None:
    op.create_table(
        "process",
        *ddl.key("process"),
        *ddl.record(),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("name_fa", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("active_version_id", sa.Uuid),
        sa.UniqueConstraint("tenant_id", "key", name="uq_process_tenant_id_key"),
        sa.UniqueConstraint("tenant_id", "id", "record_type", name="uq_process_tenant_id_id_record_type"),
        sa.CheckConstraint("record_type IN ('LEAD', 'OPPORTUNITY', 'TICKET')", name="ck_process_record_type_known"),
    )
    op.create_index(
        "uq_process_default",
        "process",
        ["tenant_id", "record_type"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    ddl.protect("process", writes="INSERT, UPDATE")
    op.create_table(
        "process_version",
        *ddl.key("process_version"),
        *ddl.record(),
        sa.Column("process_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("base_version_id", sa.Uuid),
        sa.Column("checksum", sa.Text),
        sa.Column("change_note", sa.Text),
        sa.Column("published_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["tenant_id", "process_id"],
            ["process.tenant_id", "process.id"],
            name="fk_process_version_tenant_id_process_id",
        ),
        sa.UniqueConstraint("tenant_id", "process_id", "number", name="uq_process_version_tenant_id_process_id_number"),
        sa.UniqueConstraint("tenant_id", "process_id", "id", name="uq_process_version_tenant_id_process_id_id"),
        sa.CheckConstraint("number > 0", name="ck_process_version_number_counts"),
        sa.CheckConstraint(
            "(state = 'DRAFT') = (checksum IS NULL) AND (state = 'DRAFT') = (published_at IS NULL)",
            name="ck_process_version_published_is_sealed",
        ),
        sa.CheckConstraint("state IN ('DRAFT', 'PUBLISHED', 'RETIRED')", name="ck_process_version_state_known"),
    )
    op.create_foreign_key(
        "fk_process_version_base",
        "process_version",
        "process_version",
        ["tenant_id", "process_id", "base_version_id"],
        ["tenant_id", "process_id", "id"],
    )
    op.create_foreign_key(
        "fk_process_active_version",
        "process",
        "process_version",
        ["tenant_id", "id", "active_version_id"],
        ["tenant_id", "process_id", "id"],
    )
    ddl.protect(
        "process_version",
        writes="INSERT, UPDATE (version, updated_at, state, checksum, change_note, published_at)",
    )


def stages() -> None:
    op.create_table(
        "stage",
        *ddl.key("stage"),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name_fa", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("archetype", sa.Text),
        sa.Column("buyer_stage", sa.Text),
        sa.Column("probability", sa.SmallInteger, nullable=False),
        sa.Column("forecast_category", sa.Text, nullable=False),
        sa.Column("guidance_fa", sa.Text),
        sa.Column("guidance_en", sa.Text),
        sa.Column("target_working_minutes", sa.Integer),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id"],
            ["process_version.tenant_id", "process_version.id"],
            name="fk_stage_tenant_id_version_id",
        ),
        sa.UniqueConstraint("tenant_id", "version_id", "key", name="uq_stage_tenant_id_version_id_key"),
        sa.UniqueConstraint("tenant_id", "version_id", "position", name="uq_stage_tenant_id_version_id_position"),
        sa.UniqueConstraint("tenant_id", "version_id", "id", name="uq_stage_tenant_id_version_id_id"),
        sa.UniqueConstraint("tenant_id", "version_id", "id", "kind", name="uq_stage_tenant_id_version_id_id_kind"),
        sa.CheckConstraint("position > 0", name="ck_stage_position_counts"),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name="ck_stage_probability_is_percent"),
        sa.CheckConstraint(
            "(kind <> 'WON' OR probability = 100) AND (kind <> 'LOST' OR probability = 0)",
            name="ck_stage_outcome_is_certain",
        ),
        sa.CheckConstraint("target_working_minutes > 0", name="ck_stage_target_counts"),
        sa.CheckConstraint("kind IN ('OPEN', 'WON', 'LOST', 'PARKED')", name="ck_stage_kind_known"),
        sa.CheckConstraint(
            "archetype IN ('LEAD_GENERATION', 'QUALIFICATION', 'CONTACT', 'PRESENTATION', 'OBJECTION_HANDLING', "
            "'CLOSING', 'FOLLOW_UP')",
            name="ck_stage_archetype_known",
        ),
        sa.CheckConstraint(
            "buyer_stage IN ('NEED_RECOGNITION', 'EVALUATION', 'CHOICE', 'NEGOTIATION_AND_PURCHASE', 'AFTER_PURCHASE')",
            name="ck_stage_buyer_stage_known",
        ),
        sa.CheckConstraint(
            "forecast_category IN ('OMITTED', 'PIPELINE', 'BEST_CASE', 'COMMIT', 'CLOSED')",
            name="ck_stage_forecast_category_known",
        ),
    )
    ddl.protect("stage", writes="INSERT")
    op.create_table(
        "transition",
        *ddl.key("transition"),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name_fa", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False),
        sa.Column("from_stage_id", sa.Uuid),
        sa.Column("to_stage_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id"],
            ["process_version.tenant_id", "process_version.id"],
            name="fk_transition_tenant_id_version_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id", "from_stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_transition_from",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id", "to_stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_transition_to",
        ),
        sa.UniqueConstraint("tenant_id", "version_id", "key", name="uq_transition_tenant_id_version_id_key"),
        sa.UniqueConstraint("tenant_id", "version_id", "id", "to_stage_id", name="uq_transition_destination"),
        sa.CheckConstraint("from_stage_id <> to_stage_id", name="ck_transition_goes_somewhere"),
        sa.CheckConstraint(
            "kind IN ('FORWARD', 'SKIP', 'BACK', 'REOPEN', 'CLOSE_WON', 'CLOSE_LOST')", name="ck_transition_kind_known"
        ),
        sa.CheckConstraint("trigger IN ('MANUAL', 'AUTO', 'TIMER')", name="ck_transition_trigger_known"),
    )
    ddl.protect("transition", writes="INSERT")


def runtime() -> None:
    op.create_table(
        "process_instance",
        *ddl.key("process_instance"),
        *ddl.record(),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("process_id", sa.Uuid, nullable=False),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("stage_id", sa.Uuid, nullable=False),
        sa.Column("visit_seq", sa.Integer, nullable=False),
        sa.Column("visit_open", sa.Boolean, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "process_id", "record_type"],
            ["process.tenant_id", "process.id", "process.record_type"],
            name="fk_process_instance_process",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "process_id", "version_id"],
            ["process_version.tenant_id", "process_version.process_id", "process_version.id"],
            name="fk_process_instance_version",
        ),
        sa.UniqueConstraint("tenant_id", "id", "version_id", "stage_id", name="uq_process_instance_position"),
        sa.CheckConstraint("visit_open", name="ck_process_instance_stands_in_the_open_visit"),
        sa.CheckConstraint(
            "record_type IN ('LEAD', 'OPPORTUNITY', 'TICKET')", name="ck_process_instance_record_type_known"
        ),
    )
    ddl.protect("process_instance", writes="INSERT, UPDATE (version, updated_at, version_id, stage_id, visit_seq)")
    op.create_table(
        "stage_visit",
        *ddl.key("stage_visit"),
        sa.Column("instance_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("previous_seq", sa.Integer),
        sa.Column("version_id", sa.Uuid, nullable=False),
        sa.Column("stage_id", sa.Uuid, nullable=False),
        sa.Column("transition_id", sa.Uuid),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.ForeignKeyConstraint(
            ["tenant_id", "instance_id"],
            ["process_instance.tenant_id", "process_instance.id"],
            name="fk_stage_visit_tenant_id_instance_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id", "stage_id"],
            ["stage.tenant_id", "stage.version_id", "stage.id"],
            name="fk_stage_visit_stage",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "version_id", "transition_id", "stage_id"],
            ["transition.tenant_id", "transition.version_id", "transition.id", "transition.to_stage_id"],
            name="fk_stage_visit_transition",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "actor_id"], ["member.tenant_id", "member.id"], name="fk_stage_visit_tenant_id_actor_id"
        ),
        sa.UniqueConstraint("tenant_id", "instance_id", "seq", name="uq_stage_visit_tenant_id_instance_id_seq"),
        sa.UniqueConstraint("tenant_id", "instance_id", "seq", "left_at", name="uq_stage_visit_end"),
        sa.UniqueConstraint(
            "tenant_id", "instance_id", "seq", "version_id", "stage_id", "is_open", name="uq_stage_visit_position"
        ),
        sa.CheckConstraint(
            "CASE WHEN seq = 1 THEN previous_seq IS NULL ELSE seq > 1 AND previous_seq IS NOT NULL "
            "AND previous_seq = seq - 1 END",
            name="ck_stage_visit_follows_the_one_before",
        ),
        sa.CheckConstraint("is_open = (left_at IS NULL)", name="ck_stage_visit_open_until_left"),
        sa.CheckConstraint("left_at >= entered_at", name="ck_stage_visit_ends_after_it_began"),
        sa.CheckConstraint(
            "CASE WHEN seq = 1 THEN transition_id IS NULL "
            "ELSE transition_id IS NOT NULL OR channel IN ('IMPORT', 'MIGRATION') END",
            name="ck_stage_visit_came_by_a_transition",
        ),
        sa.CheckConstraint(
            "channel IN ('GRAPHQL', 'BULK', 'IMPORT', 'AUTOMATION', 'TIMER', 'WORKER', 'MIGRATION')",
            name="ck_stage_visit_channel_known",
        ),
    )
    # A visit begins at the very moment at which the one before it ended: no gap in number, no gap in time, and no
    # visit but the last can be open or be opened again.
    op.create_foreign_key(
        "fk_stage_visit_previous",
        "stage_visit",
        "stage_visit",
        ["tenant_id", "instance_id", "previous_seq", "entered_at"],
        ["tenant_id", "instance_id", "seq", "left_at"],
    )
    # Checked at commit, because a record and its first visit name each other.
    op.create_foreign_key(
        "fk_process_instance_visit",
        "process_instance",
        "stage_visit",
        ["tenant_id", "id", "visit_seq", "version_id", "stage_id", "visit_open"],
        ["tenant_id", "instance_id", "seq", "version_id", "stage_id", "is_open"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_index("ix_stage_visit_stage", "stage_visit", ["tenant_id", "stage_id", "entered_at"])
    ddl.protect("stage_visit", writes="INSERT, UPDATE (left_at, is_open)")
