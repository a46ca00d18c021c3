"""the few parts among all orders, the missed visits of one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PARTS = sa.text("parent_id IS NOT NULL")


def upgrade() -> None:
    """Goes to this version."""
    op.create_index(op.f("ix_no_shows_order_id"), "no_shows", ["order_id"], unique=False)
    op.drop_index(op.f("ix_orders_parent_id"), table_name="orders")
    op.create_index(
        "ix_orders_parts",
        "orders",
        ["parent_id"],
        unique=False,
        postgresql_where=PARTS,
        sqlite_where=PARTS,
    )


def downgrade() -> None:
    """Goes back to the version before."""
    op.drop_index(
        "ix_orders_parts", table_name="orders", postgresql_where=PARTS, sqlite_where=PARTS
    )
    op.create_index(op.f("ix_orders_parent_id"), "orders", ["parent_id"], unique=False)
    op.drop_index(op.f("ix_no_shows_order_id"), table_name="no_shows")
