"""intake and dispatching."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Who keeps orders may do what these versions have taken apart or brought along.
DESK = ("dispatcher", "leader", "street_officer", "district_officer")
NEW = ("orders.manage", "orders.import", "orders.export")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
ROLES = sa.table("roles", sa.column("code", sa.String()), sa.column("permissions", JSON))


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
        "exports",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "template",
            sa.Enum("ledger", "orders", name="exporttemplate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("unmasked", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "running",
                "done",
                "failed",
                name="exportstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("failure", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["people.id"], name=op.f("fk_exports_owner_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_exports_expires_at"), "exports", ["expires_at"], unique=False)
    op.create_index("ix_exports_owner", "exports", ["owner_id", "state"], unique=False)
    op.create_index("ix_exports_state", "exports", ["state", "id"], unique=False)
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
        sqlite_autoincrement=True,
    )
    op.create_index("ix_imports_state", "imports", ["state", "applied_at", "id"], unique=False)
    op.create_index(op.f("ix_imports_unit_id"), "imports", ["unit_id"], unique=False)
    op.create_index("ix_imports_uploader", "imports", ["uploaded_by_id", "state"], unique=False)
    op.create_table(
        "intake_banners",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("place_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_intake_banners_category_id_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["people.id"], name=op.f("fk_intake_banners_created_by_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["place_id"], ["places.id"], name=op.f("fk_intake_banners_place_id_places")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_intake_banners_unit_id_units")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_banners")),
    )
    op.create_index(
        op.f("ix_intake_banners_place_id"), "intake_banners", ["place_id"], unique=False
    )
    op.create_index(
        "ix_intake_banners_running",
        "intake_banners",
        ["unit_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
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
    op.create_table(
        "intake_banner_me_toos",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "banner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["banner_id"],
            ["intake_banners.id"],
            name=op.f("fk_intake_banner_me_toos_banner_id_intake_banners"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_intake_banner_me_toos_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_banner_me_toos")),
        sa.UniqueConstraint(
            "banner_id", "person_id", name=op.f("uq_intake_banner_me_toos_banner_id_person_id")
        ),
    )
    op.create_index(
        op.f("ix_intake_banner_me_toos_person_id"),
        "intake_banner_me_toos",
        ["person_id"],
        unique=False,
    )
    op.add_column("orders", sa.Column("external_system", sa.String(), nullable=True))
    op.add_column("orders", sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index(op.f("ix_orders_placer_id"), table_name="orders")
    op.create_index(
        "ix_orders_placer",
        "orders",
        ["placer_id"],
        unique=False,
        postgresql_where=sa.text("placer_id IS NOT NULL"),
        sqlite_where=sa.text("placer_id IS NOT NULL"),
    )
    op.create_index(
        "uq_orders_external",
        "orders",
        ["external_system", "external_number"],
        unique=True,
        postgresql_where=sa.text("external_system IS NOT NULL"),
        sqlite_where=sa.text("external_system IS NOT NULL"),
    )
    _change_roles(lambda held: [*held, *(new for new in NEW if new not in held)])


def downgrade() -> None:
    """Goes back to the version before."""
    _change_roles(lambda held: [permission for permission in held if permission not in NEW])
    op.drop_index(
        "uq_orders_external",
        table_name="orders",
        postgresql_where=sa.text("external_system IS NOT NULL"),
        sqlite_where=sa.text("external_system IS NOT NULL"),
    )
    op.drop_index(
        "ix_orders_placer",
        table_name="orders",
        postgresql_where=sa.text("placer_id IS NOT NULL"),
        sqlite_where=sa.text("placer_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_orders_placer_id"), "orders", ["placer_id"], unique=False)
    op.drop_column("orders", "imported_at")
    op.drop_column("orders", "external_system")
    op.drop_index(op.f("ix_intake_banner_me_toos_person_id"), table_name="intake_banner_me_toos")
    op.drop_table("intake_banner_me_toos")
    op.drop_table("import_rows")
    op.drop_index(
        "ix_intake_banners_running",
        table_name="intake_banners",
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_intake_banners_place_id"), table_name="intake_banners")
    op.drop_table("intake_banners")
    op.drop_index("ix_imports_uploader", table_name="imports")
    op.drop_index(op.f("ix_imports_unit_id"), table_name="imports")
    op.drop_index("ix_imports_state", table_name="imports")
    op.drop_table("imports")
    op.drop_index("ix_exports_state", table_name="exports")
    op.drop_index("ix_exports_owner", table_name="exports")
    op.drop_index(op.f("ix_exports_expires_at"), table_name="exports")
    op.drop_table("exports")
    op.drop_index(op.f("ix_bulk_runs_at"), table_name="bulk_runs")
    op.drop_index(op.f("ix_bulk_runs_actor_id"), table_name="bulk_runs")
    op.drop_table("bulk_runs")


def _change_roles(change: Callable[[list[str]], list[str]]) -> None:
    bind = op.get_bind()
    for code, held in bind.execute(sa.select(ROLES.c.code, ROLES.c.permissions)).all():
        if code in DESK:
            values = {"permissions": change(held)}
            bind.execute(sa.update(ROLES).where(ROLES.c.code == code).values(values))
