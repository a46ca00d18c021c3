"""The security log: what is a line, when it is written, where it goes, and how long it stays."""

import ast
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask, g
from sqlalchemy import text

from app.kernel import audit, security
from app.kernel.actor import Actor
from app.kernel.database import session, transaction
from app.kernel.http import App
from tests.conftest import Clock

ROOT = Path(__file__).resolve().parents[2]
PERSON = Actor(7, "王小明")


def audited() -> Iterator[str]:
    """Every act that stands in a call that audits it."""
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in AUDITS:
                for given in node.args:
                    if isinstance(given, ast.Constant) and "." in str(given.value):
                        yield str(given.value)


AUDITS = ("record", "_record", "audit.record", "audit_values", "audit.audit_values")
ACTIONS = sorted(set(audited()))


@pytest.fixture
def lines(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for the log."""
    monkeypatch.setitem(app.config, "SECURITY_LOG", "file")
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    before = {name: app.extensions[name] for name in ("security_lines", "security_log")}
    security.set_up(app)
    for name, kept in before.items():
        now, app.extensions[name] = app.extensions[name], kept
        monkeypatch.setitem(app.extensions, name, now)
    return tmp_path / "security"


def read(folder: Path) -> list[dict[str, Any]]:
    """All lines of all days."""
    files = sorted(folder.glob("*.log"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_audited_act_is_a_line_without_its_reason(lines: Path, action: str) -> None:
    with transaction():
        audit.record(PERSON, action, "unit", 5, reason="王小明13800001111", unit_id=3)
        assert read(lines) == []
    (line,) = read(lines)
    assert (line["event"], line["person"], line["subject"]) == (action, 7, "unit:5")
    assert line["logger"] == "security"
    assert "王小明" not in json.dumps(line, ensure_ascii=False)


def test_there_are_acts() -> None:
    known = {"role.granted", "person.revealed", "orders.exported", "setting.changed"}
    assert known | {"account.unlocked"} <= {*ACTIONS}
    assert len(ACTIONS) > 40


def test_what_is_rolled_back_leaves_no_line(lines: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        audit.record(PERSON, "unit.changed", "unit", 1)
        raise ZeroDivisionError
    assert read(lines) == []


def test_what_a_savepoint_undoes_leaves_no_line(lines: Path) -> None:
    with transaction():
        audit.record(PERSON, "unit.changed", "unit", 1)
        outer = session.begin_nested()
        audit.record(PERSON, "unit.changed", "unit", 2)
        with session.begin_nested():
            audit.record(PERSON, "unit.changed", "unit", 3)
        outer.rollback()
        with session.begin_nested():
            audit.record(PERSON, "unit.changed", "unit", 4)
        assert read(lines) == []
    assert [line["subject"] for line in read(lines)] == ["unit:1", "unit:4"]


def test_a_job_signs_with_its_name(lines: Path) -> None:
    with transaction():
        audit.record(Actor.system("people.end"), "unit.changed", "unit", 1)
    (line,) = read(lines)
    assert line["system"] == "people.end"
    assert "person" not in line


def test_a_file_a_day_which_only_the_program_reads(lines: Path, clock: Clock) -> None:
    for day in ("2026-03-01T23:59:59+08:00", "2026-03-02T00:00:01+08:00"):
        clock.set(day)
        with transaction():
            audit.record(PERSON, "unit.changed", "unit", 1)
    files = sorted(lines.iterdir())
    assert [file.name for file in files] == ["2026-03-01.log", "2026-03-02.log"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert [line["time"] for line in read(lines)] == [
        "2026-03-01T23:59:59.000+08:00",
        "2026-03-02T00:00:01.000+08:00",
    ]


def test_after_six_months_the_lines_are_gone(app: App, lines: Path, clock: Clock) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-08-31"):
        clock.set(f"{day}T12:00:00+08:00")
        with transaction():
            audit.record(PERSON, "unit.changed", "unit", 1)
    clock.set("2026-09-01T12:00:00+08:00")
    assert [security.forget_old() for _ in range(2)] == [1, 0]
    assert [file.stem for file in sorted(lines.iterdir())] == ["2026-03-02", "2026-08-31"]


def test_a_file_of_another_name_stays_and_stops_nothing(lines: Path, clock: Clock) -> None:
    """An operator may put a copy beside the days; the old days go all the same."""
    lines.mkdir()
    names = ["2026-01-01-copy.log", "20260101.log", "2026-W01-1.log", "notes.log", "2026-01-02.log"]
    for name in names:
        (lines / name).touch()
    clock.set("2026-09-01T12:00:00+08:00")
    assert security.forget_old() == 1
    assert {file.name for file in lines.iterdir()} == {*names[:-1]}


def test_a_refusal_does_not_name_the_order(lines: Path, app: App) -> None:
    """The line names the person who asked, and the order may be anonymous; other ids are told."""
    answers = {
        "/api/v1/orders/41": {},
        "/api/v1/orders/41/requests/42/agree": {},
        "/api/v1/units/43": {"unit_id": 43},
    }
    for path, ids in answers.items():
        with app.test_request_context(path, method="POST" if "agree" in path else "GET"):
            g.concerned = 7
            security.note_answer(403)
        line = read(lines)[-1]
        known = ("time", "logger", "event", "person", "address", "request_id", "status", "code")
        assert {name: line[name] for name in line.keys() - {*known, "endpoint"}} == ids
        assert (line["person"], line["status"]) == (7, 403)


def test_on_standard_output_there_is_no_file(
    lines: Path, app: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = Flask("bare")
    bare.config.update(SECURITY_LOG="stdout", DATA_DIR=str(lines.parent))
    security.set_up(bare)
    monkeypatch.setitem(app.extensions, "security_log", bare.extensions["security_log"])
    monkeypatch.setitem(app.extensions, "security_lines", bare.extensions["security_lines"])
    with transaction():
        audit.record(PERSON, "unit.changed", "unit", 1)
    assert json.loads(capsys.readouterr().out)["event"] == "unit.changed"
    assert not lines.exists()
    assert security.forget_old() == 0


def test_a_full_disk_refuses_nothing(
    lines: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act is done; the program's own log says that the line is missing."""
    lines.write_text("no folder can be made here")
    with structlog.testing.capture_logs() as told, transaction():
        audit.record(PERSON, "unit.changed", "unit", 1)
        session.execute(text("SELECT 1"))
    assert [entry["event"] for entry in told] == ["security.not_written"]
