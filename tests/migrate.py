"""Takes an empty database through all migrations, back and forth, and asks whether one is missing.

`python -m tests.migrate sqlite` or `postgresql`.
"""

import os
import subprocess
import sys
import tempfile
import uuid
from contextlib import ExitStack
from pathlib import Path

from tests.postgres import new_database

STEPS = (["upgrade"], ["check"], ["downgrade", "base"], ["upgrade"], ["check"])


def main(kind: str) -> int:
    """0 when every step holds; the steps' own words are shown."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sandan-migrate-"))
        url = f"sqlite:///{Path(folder) / 'migrated.db'}"
        if kind == "postgresql":
            url = stack.enter_context(new_database(f"sandan_test_{uuid.uuid4().hex[:12]}"))
        environ = os.environ | {"APP_ENV": "testing", "DATA_DIR": folder, "DATABASE_URL": url}
        for step in STEPS:
            command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", *step]
            code = subprocess.run(command, env=environ, check=False).returncode
            if code:
                sys.stderr.write(f"flask db {' '.join(step)}: {code}\n")
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
