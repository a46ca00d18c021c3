"""intake and dispatching."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLACED = {
    "postgresql_where": sa.text("placer_id IS NOT NULL"),
    "sqlite_where": sa.text("placer_id IS NOT NULL"),
}


def upgrade() -> None:
    """Goes to this version."""
    op.create_table(
        "bulk_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "results",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["people.id"], name=op.f("fk_bulk_runs_actor_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_runs")),
    )
    op.create_index(op.f("ix_bulk_runs_actor_id"), "bulk_runs", ["actor_id"], unique=False)
    op.create_index(op.f("ix_bulk_runs_at"), "bulk_runs", ["at"], unique=False)
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "uploaded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mapping", sa.String(), nullable=False),
        sa.Column("headings", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "checked",
                "applying",
                "done",
                "expired",
                name="importstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rows", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("good", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bad", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("known", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rejected", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_imports_unit_id_units")),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["people.id"], name=op.f("fk_imports_uploaded_by_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_state", "imports", ["state", "applied_at", "id"], unique=False)
    op.create_index(op.f("ix_imports_unit_id"), "imports", ["unit_id"], unique=False)
    op.create_index("ix_imports_uploader", "imports", ["uploaded_by_id", "state"], unique=False)
    op.create_table(
        "import_rows",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cells", sa.String(), nullable=False),
        sa.Column("faults", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id_imports")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.UniqueConstraint("import_id", "row", name=op.f("uq_import_rows_import_id_row")),
    )
    op.add_column("orders", sa.Column("external_system", sa.String(), nullable=True))
    op.add_column("orders", sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_orders_external",
        "orders",
        ["external_system", "external_number"],
        unique=True,
        postgresql_where=sa.text("external_system IS NOT NULL"),
        sqlite_where=sa.text("external_system IS NOT NULL"),
    )
    op.drop_index("ix_orders_placer_id", table_name="orders")
    op.create_index("ix_orders_placer", "orders", ["placer_id"], **PLACED)


def downgrade() -> None:
    """Goes back to the version before."""
    op.drop_index("ix_orders_placer", table_name="orders", **PLACED)
    op.create_index("ix_orders_placer_id", "orders", ["placer_id"])
    op.drop_index(
        "uq_orders_external",
        table_name="orders",
        postgresql_where=sa.text("external_system IS NOT NULL"),
        sqlite_where=sa.text("external_system IS NOT NULL"),
    )
    op.drop_column("orders", "imported_at")
    op.drop_column("orders", "external_system")
    op.drop_table("import_rows")
    op.drop_index("ix_imports_uploader", table_name="imports")
    op.drop_index(op.f("ix_imports_unit_id"), table_name="imports")
    op.drop_index("ix_imports_state", table_name="imports")
    op.drop_table("imports")
    op.drop_index(op.f("ix_bulk_runs_at"), table_name="bulk_runs")
    op.drop_index(op.f("ix_bulk_runs_actor_id"), table_name="bulk_runs")
    op.drop_table("bulk_runs")
