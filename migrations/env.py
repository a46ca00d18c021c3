"""Runs the migrations on the app's own database."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from app.kernel.database import UTCDateTime, db

config = context.config
options = current_app.extensions["migrate"].configure_args


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Keeps the program's own types out of the migrations, which must outlive them."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


with db.engine.connect() as connection:
    # SQLite begins its transactions by hand, so that tables are made or unmade as a whole.
    context.configure(
        connection=connection, target_metadata=db.metadata, render_item=render_item, **options
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
