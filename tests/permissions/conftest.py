"""Everybody, logged in once a test."""

from pathlib import Path

import pytest

from app.files.storage import LocalStorage
from app.kernel.http import App
from tests.permissions.actors import Cast, gather
from tests.world import World


@pytest.fixture
def cast(world: World, app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The people of the matrix, in this test's transaction."""
    monkeypatch.setitem(app.extensions, "storage", LocalStorage(tmp_path))
    return gather(world)
