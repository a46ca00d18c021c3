"""Deadlines keep how much of their time was used and left when they were met."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SECONDS = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Goes to this version."""
    op.add_column("deadlines", sa.Column("used_seconds", SECONDS, nullable=True))
    op.add_column("deadlines", sa.Column("left_seconds", SECONDS, nullable=True))


def downgrade() -> None:
    """Goes back to the version before."""
    op.drop_column("deadlines", "left_seconds")
    op.drop_column("deadlines", "used_seconds")
