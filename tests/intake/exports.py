"""What tests of exports ask, and how they read the file."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import current_app
from python_calamine import CalamineWorkbook

from app.jobs import TIMETABLE, run_job
from app.kernel.http import App
from tests.intake.conftest import Desk
from tests.intake.invented import ledger_row
from tests.world import World

Rows = list[list[Any]]


def ask(world: World, who: str = "dispatcher", **given: Any) -> dict[str, Any]:
    """An export that must be taken on."""
    answer = world.post(who, "/exports", **({"template": "ledger"} | given))
    assert answer.status_code == 201, answer.json
    return dict(answer.json or {})


def look(world: World, export_id: int, who: str = "dispatcher") -> dict[str, Any]:
    """The export as its owner sees it."""
    return dict(world.get(who, f"/exports/{export_id}").json or {})


def fetch(world: World, export: Mapping[str, Any]) -> bytes:
    """The file behind its address, by whoever has it."""
    assert world.client is not None
    answer = world.client.get(export["url"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    return bytes(answer.data)


def rows_of(content: bytes) -> Rows:
    """The sheet with its headings."""
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


def exported(world: World, who: str = "dispatcher", **given: Any) -> Rows:
    """The rows of an export that is made at once, without headings."""
    export = ask(world, who, **given)
    assert (export["state"], export["done"]) == ("done", export["total"])
    found = rows_of(fetch(world, export))
    assert len(found) == export["total"] + 1 + bool(given.get("unmasked"))
    return found[1:]


def listed(world: World, who: str = "dispatcher", **query: Any) -> list[str]:
    """Numbers of the orders that the API lists."""
    path = f"/orders?{urlencode({'limit': 100, **query}, doseq=True)}"
    return [item["number"] for item in (world.get(who, path).json or {})["items"]]


def refused(world: World, who: str = "dispatcher", **given: Any) -> tuple[int, str]:
    """Status and code of an export that must not be taken on."""
    answer = world.post(who, "/exports", **({"template": "ledger"} | given))
    return answer.status_code, (answer.json or {})["code"]


def many(world: World, rows: int, desk: Desk) -> None:
    """That many orders from elsewhere, quickly."""
    result = desk.ledger(ledger_row(number) for number in range(1, rows + 1))
    assert result.exit_code == 0, result.output
    assert len(listed(world)) == 100


def run(app: App) -> int:
    """The timetable's round."""
    (job,) = (job for job in TIMETABLE if job.name == "intake.make_exports")
    return run_job(app, job)


def files_in(folder: Path) -> list[Path]:
    """Every file that lies there."""
    return [path for path in folder.rglob("*") if path.is_file()]


def without(permission: str, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes a permission from a role, as a version that declares it otherwise does."""
    by_role = current_app.extensions["permissions"].by_role
    monkeypatch.setitem(by_role, role, by_role[role] - {permission})
