"""Known addresses instead of locks, fresh proofs on sessions, roles of a unit's own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Goes to this version."""
    op.add_column(
        "login_sessions",
        sa.Column(
            "proved_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'2000-01-01 00:00:00.000000'"),
            nullable=False,
        ),
    )
    op.execute("UPDATE login_sessions SET proved_at = created_at")
    # From where a person usually logs in is not known of the past, so its failures say nothing.
    op.execute("DELETE FROM login_failures")
    op.add_column(
        "login_failures",
        sa.Column("familiar", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.drop_column("accounts", "forgiven_failure_id")
    op.create_table(
        "known_addresses",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("address_index", sa.String(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_known_addresses_person_id_people")
        ),
        sa.PrimaryKeyConstraint("person_id", "address_index", name=op.f("pk_known_addresses")),
    )
    op.create_index(
        op.f("ix_known_addresses_last_at"), "known_addresses", ["last_at"], unique=False
    )
    op.create_table(
        "unit_roles",
        sa.Column("role_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["role_id"], ["roles.id"], name=op.f("fk_unit_roles_role_id_roles")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_roles_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("role_id", name=op.f("pk_unit_roles")),
    )
    op.create_index(op.f("ix_unit_roles_unit_id"), "unit_roles", ["unit_id"], unique=False)


def downgrade() -> None:
    """Goes back to the version before; grants of a unit's own roles end with the roles."""
    own = "SELECT code FROM roles WHERE id IN (SELECT role_id FROM unit_roles)"
    op.execute(f"DELETE FROM role_grants WHERE role_code IN ({own})")  # noqa: S608  # our own text
    op.execute("CREATE TEMPORARY TABLE gone_roles AS SELECT role_id FROM unit_roles")
    op.drop_table("unit_roles")
    op.execute("DELETE FROM roles WHERE id IN (SELECT role_id FROM gone_roles)")
    op.execute("DROP TABLE gone_roles")
    op.drop_table("known_addresses")
    op.add_column(
        "accounts", sa.Column("forgiven_failure_id", ID, server_default="0", nullable=False)
    )
    op.drop_column("login_failures", "familiar")
    op.drop_column("login_sessions", "proved_at")
