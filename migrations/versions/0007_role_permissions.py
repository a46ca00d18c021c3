"""the permissions of a role are declared in the program."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")
ROLES = sa.table("roles", sa.column("code", sa.String()), sa.column("permissions", JSON))

# What each shipped role held in the version before, which reads it from the column.
CLAIM = ("orders.claim",)
GRID = (
    *("orders.enter", "orders.follow_up", "orders.handle", "orders.see", "orders.settle"),
    "places.rooms",
)
DUTY = (
    *("deadlines.see", "orders.acknowledge", "orders.dispatch", "orders.enter", "orders.handle"),
    *("orders.reveal", "orders.see", "orders.settle", "places.rooms"),
)
DISPATCHER = (
    *DUTY,
    *("orders.export", "orders.follow_up", "orders.import", "orders.manage"),
    *("orders.see_sensitive", "people.edit", "people.see", "phonebook.edit", "providers.edit"),
    "registrations.approve",
)
LEADER = (
    *DISPATCHER,
    *("audit.see", "deadlines.edit", "orders.lead", "orders.supervise", "people.remove"),
    *("roles.grant", "settings.edit"),
)
OFFICER = (*LEADER, "orders.appeal")
ADMIN = (
    *("accounts.edit", "audit.see", "calendar.edit", "categories.edit", "deadlines.repair"),
    *("messages.resend", "organisation.edit", "people.edit", "people.remove", "people.see"),
    *("phonebook.edit", "places.edit", "providers.edit", "registrations.approve"),
    *("roles.grant", "settings.edit"),
)
BEFORE = {
    "member": CLAIM,
    "volunteer": CLAIM,
    "building_leader": ("orders.enter",),
    "grid_worker": GRID,
    "duty": DUTY,
    "dispatcher": DISPATCHER,
    "leader": LEADER,
    "street_officer": OFFICER,
    "district_officer": (*OFFICER, "calendar.edit"),
    "admin": ADMIN,
    "provider": ("orders.handle",),
}


def upgrade() -> None:
    """Goes to this version."""
    op.drop_column("roles", "permissions")


def downgrade() -> None:
    """Goes back to the version before."""
    op.add_column("roles", sa.Column("permissions", JSON, server_default="[]", nullable=False))
    for code, held in BEFORE.items():
        given = sa.update(ROLES).where(ROLES.c.code == code)
        op.execute(given.values(permissions=sorted(held)))
