"""deadlines, jobs, bulletins."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What these versions have brought along, by role.
NEW = {
    "duty": ("deadlines.see",),
    "dispatcher": ("deadlines.see",),
    "leader": ("deadlines.see", "deadlines.edit"),
    "street_officer": ("deadlines.see", "deadlines.edit"),
    "district_officer": ("deadlines.see", "deadlines.edit", "calendar.edit"),
    "admin": ("calendar.edit", "deadlines.repair"),
}
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
ROLES = sa.table("roles", sa.column("code", sa.String()), sa.column("permissions", JSON))


def upgrade() -> None:
    """Goes to this version."""
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("holiday", "workday", name="daykind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "deadline_facts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "started",
                "met",
                "revived",
                "dropped",
                "paused",
                "resumed",
                "extended",
                "chosen",
                name="factkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "stages",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "details",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_facts")),
    )
    op.create_index(
        "ix_deadline_facts_subject",
        "deadline_facts",
        ["subject_kind", "subject_id", "id"],
        unique=False,
    )
    op.create_table(
        "job_processes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_processes")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "job_rounds",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rounds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "last_done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_rounds")),
    )
    op.create_table(
        "job_slots",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_job_slots")),
    )
    op.create_index(op.f("ix_job_slots_done_at"), "job_slots", ["done_at"], unique=False)
    op.create_table(
        "bulletins",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("weekly", "monthly", name="bulletinkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column(
            "content",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_bulletins_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletins")),
        sa.UniqueConstraint(
            "unit_id", "kind", "since", name=op.f("uq_bulletins_unit_id_kind_since")
        ),
    )
    op.create_table(
        "deadline_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "stages",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["people.id"], name=op.f("fk_deadline_policies_created_by_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_deadline_policies_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_policies")),
    )
    op.create_index(
        "ix_deadline_policies_code", "deadline_policies", ["code", "unit_id"], unique=False
    )
    op.create_table(
        "deadline_recomputations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("unit_path", sa.String(), nullable=True),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["people.id"],
            name=op.f("fk_deadline_recomputations_created_by_id_people"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_recomputations")),
    )
    op.create_table(
        "deadlines",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column(
            "subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "acknowledge",
                "arrange",
                "accept",
                "contact",
                "report",
                "solve",
                "monthly",
                "zero",
                name="stage",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("turn", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column(
            "calendar",
            sa.Enum("every_day", "working", name="calendarkind", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_path", sa.String(), nullable=False),
        sa.Column("topic", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "versions",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "paused",
                "met",
                "dropped",
                name="deadlinestate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "target_minutes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("basis", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stuck_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column(
            "late_reason",
            sa.Enum(
                "nobody",
                "no_contact",
                "third_party",
                "material",
                "misdirected",
                "short_handed",
                "not_entered",
                "other",
                name="latereason",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("late_note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_deadlines_person_id_people")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_deadlines_unit_id_units")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadlines")),
        sa.UniqueConstraint(
            "subject_kind",
            "subject_id",
            "round",
            "stage",
            "turn",
            name=op.f("uq_deadlines_subject_kind_subject_id_round_stage_turn"),
        ),
    )
    op.create_index(
        "ix_deadlines_behind",
        "deadlines",
        ["basis", "policy"],
        unique=False,
        postgresql_where=sa.text("state IN ('open', 'paused')"),
        sqlite_where=sa.text("state IN ('open', 'paused')"),
    )
    op.create_index("ix_deadlines_due", "deadlines", ["stage", "due_at"], unique=False)
    op.create_index(
        "ix_deadlines_figures",
        "deadlines",
        ["unit_path", "due_at"],
        unique=False,
        postgresql_ops={"unit_path": "text_pattern_ops"},
    )
    op.create_index(op.f("ix_deadlines_person_id"), "deadlines", ["person_id"], unique=False)
    op.create_index(
        "ix_deadlines_stuck",
        "deadlines",
        ["stuck_at"],
        unique=False,
        postgresql_where=sa.text("stuck_at IS NOT NULL"),
        sqlite_where=sa.text("stuck_at IS NOT NULL"),
    )
    op.create_index(
        "ix_deadlines_waiting",
        "deadlines",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "deadline_steps",
        sa.Column(
            "deadline_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "generation", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "handler",
                "desk",
                "leader",
                "up_1",
                "up_2",
                name="level",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deadline_id"], ["deadlines.id"], name=op.f("fk_deadline_steps_deadline_id_deadlines")
        ),
        sa.PrimaryKeyConstraint(
            "deadline_id", "generation", "step", name=op.f("pk_deadline_steps")
        ),
    )
    op.add_column("files", sa.Column("title", sa.String(), nullable=True))
    op.add_column("orders", sa.Column("helper_ids", JSON, nullable=True))
    helpers = sa.table("orders", sa.column("helper_ids", JSON))
    op.execute(sa.update(helpers).values(helper_ids=[]))
    with op.batch_alter_table("orders") as orders:
        orders.alter_column("helper_ids", existing_type=JSON, nullable=False)
    op.add_column("orders", sa.Column("planned_until", sa.DateTime(timezone=True), nullable=True))
    _change_roles(lambda held, new: [*held, *(one for one in new if one not in held)])


def downgrade() -> None:
    """Goes back to the version before."""
    _change_roles(lambda held, new: [one for one in held if one not in new])
    op.drop_column("orders", "planned_until")
    op.drop_column("orders", "helper_ids")
    op.drop_column("files", "title")
    op.drop_table("deadline_steps")
    op.drop_index(
        "ix_deadlines_waiting",
        table_name="deadlines",
        postgresql_where=sa.text("next_at IS NOT NULL"),
        sqlite_where=sa.text("next_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_deadlines_stuck",
        table_name="deadlines",
        postgresql_where=sa.text("stuck_at IS NOT NULL"),
        sqlite_where=sa.text("stuck_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_deadlines_person_id"), table_name="deadlines")
    op.drop_index(
        "ix_deadlines_figures",
        table_name="deadlines",
        postgresql_ops={"unit_path": "text_pattern_ops"},
    )
    op.drop_index("ix_deadlines_due", table_name="deadlines")
    op.drop_index(
        "ix_deadlines_behind",
        table_name="deadlines",
        postgresql_where=sa.text("state IN ('open', 'paused')"),
        sqlite_where=sa.text("state IN ('open', 'paused')"),
    )
    op.drop_table("deadlines")
    op.drop_table("deadline_recomputations")
    op.drop_index("ix_deadline_policies_code", table_name="deadline_policies")
    op.drop_table("deadline_policies")
    op.drop_table("bulletins")
    op.drop_index(op.f("ix_job_slots_done_at"), table_name="job_slots")
    op.drop_table("job_slots")
    op.drop_table("job_rounds")
    op.drop_table("job_processes")
    op.drop_index("ix_deadline_facts_subject", table_name="deadline_facts")
    op.drop_table("deadline_facts")
    op.drop_table("calendar_days")


def _change_roles(change: Callable[[list[str], tuple[str, ...]], list[str]]) -> None:
    """Takes the permissions of the roles that ship to what they are now, or were before."""
    bind = op.get_bind()
    for code, held in bind.execute(sa.select(ROLES.c.code, ROLES.c.permissions)).all():
        if code in NEW:
            values = {"permissions": change(held, NEW[code])}
            bind.execute(sa.update(ROLES).where(ROLES.c.code == code).values(values))
