"""Orders know by which ground they are held and whose parts they are; exports the rights they need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ORDERS = sa.table(
    "orders",
    sa.column("id", sa.BigInteger),
    sa.column("holder_id", sa.BigInteger),
    sa.column("parent_id", sa.BigInteger),
    sa.column("handling_path", sa.String),
    sa.column("by_support", sa.Boolean),
    sa.column("parent_path", sa.String),
)
REQUESTS = sa.table(
    "order_requests",
    sa.column("order_id", sa.BigInteger),
    sa.column("kind", sa.String),
    sa.column("state", sa.String),
    sa.column("asked_by_id", sa.BigInteger),
)


_SUPPORTED = sa.exists().where(
    REQUESTS.c.order_id == ORDERS.c.id,
    REQUESTS.c.asked_by_id == ORDERS.c.holder_id,
    REQUESTS.c.kind == "support",
    REQUESTS.c.state == "agreed",
)
_PARENT = ORDERS.alias("parent")
_PATH = sa.select(_PARENT.c.handling_path).where(_PARENT.c.id == ORDERS.c.parent_id)
# What the orders that are there get: which were got by support, and whose parts they are.
FILLING = (
    ORDERS.update().where(_SUPPORTED).values(by_support=sa.true()),
    ORDERS.update()
    .where(ORDERS.c.parent_id.is_not(None))
    .values(parent_path=_PATH.scalar_subquery()),
)


def upgrade() -> None:
    """Goes to this version; an export of before must be made anew, because its rights are unknown."""
    op.add_column(
        "orders", sa.Column("by_support", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("orders", sa.Column("parent_path", sa.String(), nullable=True))
    op.add_column("exports", sa.Column("rights", JSON, nullable=True))
    for statement in FILLING:
        op.execute(statement)


def downgrade() -> None:
    """Goes back to the version before."""
    op.drop_column("exports", "rights")
    op.drop_column("orders", "parent_path")
    op.drop_column("orders", "by_support")
