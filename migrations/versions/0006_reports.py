"""bulletins are made by the job `reports.make_bulletins`."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes to this version."""
    _rename("orders.make_bulletins", "reports.make_bulletins")


def downgrade() -> None:
    """Goes back to the version before."""
    _rename("reports.make_bulletins", "orders.make_bulletins")


def _rename(old: str, new: str) -> None:
    """The slots that are done stay done under the new name."""
    for table in ("job_slots", "job_rounds"):
        op.execute(f"UPDATE {table} SET name = '{new}' WHERE name = '{old}'")  # noqa: S608  # constants
