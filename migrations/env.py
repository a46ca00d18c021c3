"""Runs the migrations on the app's own database."""

import re
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


# What SQLite's full-text indexes consist of: made by statements of their own, in no model.
FULL_TEXT = re.compile(r"_fts(_data|_idx|_content|_docsize|_config)?$")


def include_object(item: Any, name: str | None, kind: str, reflected: bool, _: Any) -> bool:
    """Leaves out what the other database alone has, and SQLite's full-text indexes, kept by hand."""
    if kind == "table" and reflected and name:
        return not FULL_TEXT.search(name)
    if kind == "index" and not reflected and db.engine.dialect.name == "sqlite":
        return not item.dialect_options["postgresql"]["using"]
    return True


with db.engine.connect() as connection:
    # SQLite begins its transactions by hand, so that tables are made or unmade as a whole.
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        include_object=include_object,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
