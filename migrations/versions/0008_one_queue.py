"""what jobs have given up is known by the same columns in every queue."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GIVEN_UP = sa.text("given_up_at IS NOT NULL")
TIMED = ("given_up_at", "lease_until")
# Table by table the columns that are new in it.
NEW = {
    "deadlines": ("lease_until",),
    "exports": ("given_up_at", "last_error", "attempts"),
    "file_removals": ("given_up_at", "lease_until", "last_error"),
    "imports": ("given_up_at", "lease_until", "last_error", "attempts"),
    "job_slots": ("given_up_at",),
    "outbox_messages": ("given_up_at",),
}


def upgrade() -> None:
    """Goes to this version."""
    for table, names in NEW.items():
        for name in names:
            op.add_column(table, _column(name))
    _drop_indexes("stuck_at")
    op.execute("ALTER TABLE deadlines RENAME COLUMN stuck_at TO given_up_at")
    _make_indexes("given_up_at", "next_at IS NOT NULL AND given_up_at IS NULL")
    # What has been given up keeps the moment of its rung from now on.
    op.execute(
        "UPDATE deadlines SET next_at = given_up_at"
        " WHERE given_up_at IS NOT NULL AND next_step IS NOT NULL"
    )
    op.execute(
        "UPDATE job_slots SET given_up_at = CURRENT_TIMESTAMP"
        " WHERE done_at IS NULL AND attempts >= 5"
    )
    op.execute(
        "UPDATE outbox_messages SET state = 'given_up', given_up_at = CURRENT_TIMESTAMP"
        " WHERE state = 'dead'"
    )
    op.create_index(
        "ix_outbox_messages_given_up",
        "outbox_messages",
        ["id"],
        unique=False,
        postgresql_where=GIVEN_UP,
        sqlite_where=GIVEN_UP,
    )
    op.drop_index("ix_file_removals_attempts", table_name="file_removals")
    op.execute("UPDATE file_removals SET attempts = 0")


def downgrade() -> None:
    """Goes back to the version before."""
    op.create_index(
        "ix_file_removals_attempts", "file_removals", ["attempts", "name"], unique=False
    )
    op.drop_index("ix_outbox_messages_given_up", table_name="outbox_messages")
    op.execute("UPDATE outbox_messages SET state = 'dead' WHERE state = 'given_up'")
    op.execute("UPDATE deadlines SET next_at = NULL WHERE given_up_at IS NOT NULL")
    _drop_indexes("given_up_at")
    op.execute("ALTER TABLE deadlines RENAME COLUMN given_up_at TO stuck_at")
    _make_indexes("stuck_at", "next_at IS NOT NULL")
    for table, names in NEW.items():
        for name in names:
            op.drop_column(table, name)


def _column(name: str) -> sa.Column[object]:
    if name == "attempts":
        return sa.Column(name, NUMBER, nullable=False, server_default="0")
    kind = sa.DateTime(timezone=True) if name in TIMED else sa.String()
    return sa.Column(name, kind, nullable=True)


def _drop_indexes(given_up: str) -> None:
    name = given_up.removesuffix("_at")
    op.drop_index("ix_deadlines_waiting", table_name="deadlines")
    op.drop_index(f"ix_deadlines_{name}", table_name="deadlines")


def _make_indexes(given_up: str, waiting: str) -> None:
    name = given_up.removesuffix("_at")
    is_given_up = sa.text(f"{given_up} IS NOT NULL")
    op.create_index(
        f"ix_deadlines_{name}",
        "deadlines",
        [given_up],
        unique=False,
        postgresql_where=is_given_up,
        sqlite_where=is_given_up,
    )
    op.create_index(
        "ix_deadlines_waiting",
        "deadlines",
        ["next_at", "id"],
        unique=False,
        postgresql_where=sa.text(waiting),
        sqlite_where=sa.text(waiting),
    )
