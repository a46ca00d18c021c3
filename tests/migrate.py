"""Takes an empty database through all migrations, back and forth, and asks whether one is missing.

`python -m tests.migrate sqlite` or `postgresql`.
"""

import os
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

import flask_migrate

import config
from app import create_app
from app.kernel.database import db
from tests.postgres import new_database

MIGRATIONS = str(Path(__file__).resolve().parent.parent / "migrations")
STEPS = (
    (flask_migrate.upgrade, {}),
    (flask_migrate.check, {}),
    (flask_migrate.downgrade, {"revision": "base"}),
    (flask_migrate.upgrade, {}),
    (flask_migrate.check, {}),
)


def main(kind: str) -> None:
    """Goes through every step; one that does not hold says why, and ends the process."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-migrate-"))
        url = f"sqlite:///{Path(folder) / 'migrated.db'}"
        if kind == "postgresql":
            url = stack.enter_context(new_database(f"sandan_test_{uuid.uuid4().hex[:12]}"))
        environ = os.environ | {"APP_ENV": "testing", "DATA_DIR": folder, "DATABASE_URL": url}
        app = create_app(config.load(environ))
        with app.app_context():
            for step, options in STEPS:
                step(MIGRATIONS, **options)
            db.session.remove()
            db.engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
