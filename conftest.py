"""Keeps a developer's settings out of the tests, and lends PostgreSQL to all their processes."""

import gc
import os
import uuid
from contextlib import ExitStack

import hypothesis
import pytest

import config as settings
from tests import postgres

# A sixth of the tests' time went into looking for garbage.
gc.set_threshold(20_000, 20, 20)
for name in settings.NAMES:
    os.environ.pop(name, None)
os.environ["APP_ENV"] = "testing"
# A quarter of the generated examples; whoever asks for more than the default, asks for a multiple.
hypothesis.settings.register_profile("quick", max_examples=25)


def pytest_configure(config: pytest.Config) -> None:
    """Finds or starts the server once, in the main process; xdist's workers inherit its address."""
    if hasattr(config, "workerinput"):
        return
    os.environ[postgres.RUN] = f"sandan_run_{uuid.uuid4().hex[:12]}"
    if config.getoption("--database", default=None) != "postgresql":
        return
    # Figures are measured as an operator would see them.
    if not config.getoption("--figures"):
        os.environ[postgres.HASTY] = "1"
    lent = ExitStack()
    config.add_cleanup(lent.close)
    os.environ[postgres.VARIABLE] = lent.enter_context(postgres.server())
    lent.callback(postgres.drop_shared, os.environ[postgres.RUN])
