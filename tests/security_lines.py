"""Reads the security log of the app under test."""

import json
from pathlib import Path
from typing import Any

from app.kernel.http import App


class SecurityLines:
    """The lines since the last look; `text` has those of the last look as they were written."""

    def __init__(self, app: App) -> None:
        self._folder = Path(str(app.config["DATA_DIR"])) / "security"
        self._read: dict[Path, int] = {}
        self.text = ""
        self.new()

    def new(self) -> list[dict[str, Any]]:
        """What has been written meanwhile."""
        self.text = ""
        for file in sorted(self._folder.glob("*.log")):
            whole = file.read_text(encoding="utf-8")
            self.text += whole[self._read.get(file, 0) :]
            self._read[file] = len(whole)
        return [json.loads(line) for line in self.text.splitlines()]
