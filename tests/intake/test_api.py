"""Uploading through the API: looked at, entered by the job, the bad rows given back, all of it gone."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.categories.models import Category
from app.intake import jobs
from app.intake.models import Import, ImportRow
from app.intake.service import uploading
from app.intake.states import MOST_WAITING
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.database import session, transaction
from app.notifications.models import OutboxMessage
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order
from tests.conftest import Clock, count
from tests.intake.conftest import Desk
from tests.intake.digest import digest
from tests.intake.invented import CITY, LEDGER, as_csv, as_excel, city_rows, ledger_row
from tests.orders.days import Day

SYSTEM = Actor.system("tests")


def send(
    desk: Desk, content: bytes, who: str = "dispatcher", *, key: str = "", **given: Any
) -> TestResponse:
    """An upload as that person, into the first community."""
    body = {"unit_id": str(desk.world.community.id)} | given
    headers = desk.world.login(who) | ({"Idempotency-Key": key} if key else {})
    data = {**body, "file": (io.BytesIO(content), "台账.xlsx")}
    return desk.app.test_client().post("/api/v1/imports", data=data, headers=headers)


def uploaded(desk: Desk, content: bytes, **given: Any) -> dict[str, Any]:
    """The preview of an upload that must succeed."""
    answer = send(desk, content, **given)
    assert answer.status_code == 201, answer.json
    return dict(answer.json or {})


def apply(desk: Desk, import_id: int) -> dict[str, Any]:
    """Has it entered by the job; the import as it is then."""
    answer = desk.world.post("dispatcher", f"/imports/{import_id}/apply")
    assert answer.status_code == 200, answer.json
    assert (answer.json or {})["state"] == "applying"
    work()
    return dict(desk.world.get("dispatcher", f"/imports/{import_id}").json or {})


def work() -> None:
    """The job until it finds nothing more."""
    while True:
        with transaction():
            if not jobs.apply_imports():
                return


def ledger(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = LEDGER) -> bytes:
    """An Excel ledger with a title."""
    return as_excel(rows, columns, title="东风社区工单台账")


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem of an answer that must be that refusal."""
    problem = dict(answer.json or {})
    assert (answer.status_code, problem.get("code")) == (status, code), problem
    return problem


def test_a_file_is_looked_at_and_then_entered(desk: Desk) -> None:
    rows = [ledger_row(1), ledger_row(2, 状态="忘了", 类别="飞船"), ledger_row(3)]
    seen = uploaded(desk, ledger(rows))
    assert {key: seen[key] for key in ("state", "rows", "good", "bad", "added")} == {
        "state": "checked",
        "rows": 3,
        "good": 2,
        "bad": 1,
        "added": 0,
    }
    assert seen["unit"]["name"] == "东风社区"
    # The title is the first row, the headings the second.
    assert [(error["row"], error["column"]) for error in seen["errors"]] == [
        (4, "类别"),
        (4, "状态"),
    ]
    assert "“忘了”不认识，请填：待派单、待办" in seen["errors"][1]["message"]
    assert count(Order) == 0
    done = apply(desk, seen["id"])
    assert (done["state"], done["added"], done["known"], done["rejected"]) == ("done", 2, 0, 1)
    assert done["errors"] == seen["errors"]
    assert done["done_at"] is not None
    assert count(Order) == 2
    assert count(OutboxMessage) == 0
    assert not [verdict for verdict in verify_histories() if verdict.broken]
    # What has been entered is kept no longer; who did it is.
    assert count(ImportRow) == 1
    audit = session.scalars(select(AuditRow).where(AuditRow.action == "orders.imported")).one()
    assert audit.actor_id == desk.world.ids["dispatcher"]
    assert audit.reason == "ledger，2行"


def test_bad_rows_come_back_as_a_file(desk: Desk) -> None:
    """Mended by hand and sent again they go in; only who has sent them gets them."""
    seen = uploaded(desk, ledger([ledger_row(1), ledger_row(2, 电话="问门卫")]))
    path = f"/imports/{seen['id']}/rejected"
    refused(desk.world.get("leader", path), 403, "import.not_own")
    apply(desk, seen["id"])
    answer = desk.world.get("dispatcher", path)
    assert answer.status_code == 200
    assert "spreadsheetml" in answer.headers["Content-Type"]
    assert answer.headers["Cache-Control"] == "no-store"
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    headings, row = sheet.to_python()
    assert headings == [*LEDGER, "行号", "原因"]
    back = dict(zip(headings, row, strict=True))
    assert (back["编号"], back["电话"], back["行号"]) == ("2024-0002", "问门卫", "4")
    assert back["原因"] == "“电话”：不像电话号码，例如 13812345678 或 0571-88880000。"
    again = uploaded(desk, as_excel([back | {"电话": "13500000002"}], [*map(str, headings)]))
    assert apply(desk, again["id"])["added"] == 1
    refused(desk.world.get("dispatcher", f"/imports/{again['id']}/rejected"), 404,
            "import.no_rejected")  # fmt: skip


def test_the_same_file_again_adds_nothing(desk: Desk) -> None:
    """And the preview says so; under one key it is the same upload."""
    content = ledger([ledger_row(1), ledger_row(2)])
    first = send(desk, content, key="same")
    assert send(desk, content, key="same").json == first.json
    assert count(Import) == 1
    refused(send(desk, ledger([ledger_row(3)]), key="same"), 422, "idempotency.key_reused")
    apply(desk, (first.json or {})["id"])
    again = uploaded(desk, content)
    assert (again["good"], again["known"]) == (2, 2)
    done = apply(desk, again["id"])
    assert (done["added"], done["known"], done["rejected"]) == (0, 2, 0)
    assert count(Order) == 2


def test_applying_twice_enters_once(desk: Desk) -> None:
    seen = uploaded(desk, ledger([ledger_row(1)]))
    for _ in range(2):
        assert desk.world.post("dispatcher", f"/imports/{seen['id']}/apply").status_code == 200
    work()
    assert desk.world.post("dispatcher", f"/imports/{seen['id']}/apply").status_code == 200
    work()
    assert count(Order) == 1
    applied = select(func.count()).where(AuditRow.action == "orders.imported")
    assert session.scalar(applied) == 1


def test_what_changes_before_it_is_entered(desk: Desk) -> None:
    """A category that is gone by then rejects its rows, and they come back like the others."""
    seen = uploaded(desk, ledger([ledger_row(1), ledger_row(2, 类别="政策咨询")]))
    assert seen["bad"] == 0
    category = session.get_one(Category, desk.world.categories["政策咨询"])
    category.retire(desk.world.community.created_at)
    session.commit()
    done = apply(desk, seen["id"])
    assert (done["added"], done["rejected"]) == (1, 1)
    assert done["errors"][0]["message"].startswith("“政策咨询”不认识")


def test_another_mapping(desk: Desk) -> None:
    seen = uploaded(desk, as_csv(city_rows(30), CITY), mapping="la311")
    assert (seen["mapping"], seen["good"]) == ("la311", 30)
    assert apply(desk, seen["id"])["added"] == 30


def test_dropping(desk: Desk) -> None:
    """Nothing of it is left; while it is being entered it stays."""
    seen = uploaded(desk, ledger([ledger_row(1), ledger_row(2, 状态="")]))
    path = f"/imports/{seen['id']}"
    desk.world.post("dispatcher", f"{path}/apply")
    refused(desk.world.call("dispatcher", "DELETE", path), 409, "import.applying")
    work()
    assert desk.world.call("dispatcher", "DELETE", path).status_code == 204
    assert count(Import) == count(ImportRow) == 0
    refused(desk.world.get("dispatcher", path), 404, "not_found")
    assert count(Order) == 1


def test_after_a_day_it_is_gone(desk: Desk, clock: Clock) -> None:
    """What nobody had entered, and what was rejected; who sent how much stays known."""
    day = Day(clock)
    waiting = uploaded(desk, ledger([ledger_row(1)]))
    done = uploaded(desk, ledger([ledger_row(2), ledger_row(3, 状态="")]))
    apply(desk, done["id"])
    day.go(hours=23)
    forget()
    assert count(ImportRow) == 2
    day.go(hours=24)
    forget()
    assert count(ImportRow) == 0
    assert {row.headings for row in session.scalars(select(Import))} == {""}
    path = f"/imports/{waiting['id']}"
    assert (desk.world.get("dispatcher", path).json or {})["state"] == "expired"
    refused(desk.world.post("dispatcher", f"{path}/apply"), 409, "import.expired")
    refused(desk.world.get("dispatcher", f"/imports/{done['id']}/rejected"), 404,
            "import.no_rejected")  # fmt: skip
    shown = desk.world.get("dispatcher", f"/imports/{done['id']}").json or {}
    assert (shown["state"], shown["added"], shown["rejected"]) == ("done", 1, 1)


@pytest.mark.parametrize("broken", ["mapping", "headings", "cells"])
def test_what_cannot_be_read_lets_the_others_pass(desk: Desk, clock: Clock, broken: str) -> None:
    """It fails, says what to do, and is gone a day later."""
    day = Day(clock)
    first = uploaded(desk, ledger([ledger_row(1), ledger_row(2, 状态="")]))
    second = uploaded(desk, ledger([ledger_row(3)]))
    for seen in (first, second):
        desk.world.post("dispatcher", f"/imports/{seen['id']}/apply")
    kept = session.get_one(Import, first["id"])
    if broken == "cells":
        rows = select(ImportRow).where(ImportRow.import_id == kept.id)
        for row in session.scalars(rows):
            row.cells = "nothing of ours"
    else:
        setattr(kept, broken, "nothing of ours")
    session.commit()
    work()
    path = f"/imports/{first['id']}"
    shown = desk.world.get("dispatcher", path).json or {}
    assert (shown["state"], shown["added"], shown["errors"]) == ("failed", 0, [])
    assert "请重新上传" in shown["message"]
    refused(desk.world.get("dispatcher", f"{path}/rejected"), 404, "import.no_rejected")
    other = desk.world.get("dispatcher", f"/imports/{second['id']}").json or {}
    assert (other["state"], other["added"], other["message"]) == ("done", 1, None)
    day.go(hours=25)
    forget()
    assert count(ImportRow) == 0
    assert desk.world.call("dispatcher", "DELETE", path).status_code == 204


def forget() -> None:
    """The job until it finds nothing more."""
    while True:
        with transaction():
            if not jobs.forget_imports():
                return


def test_a_few_may_wait(desk: Desk) -> None:
    for number in range(MOST_WAITING):
        uploaded(desk, ledger([ledger_row(number + 1)]))
    refused(send(desk, ledger([ledger_row(9)])), 409, "import.too_many_waiting")
    assert send(desk, ledger([ledger_row(9)]), "leader").status_code == 201


def test_what_is_not_taken(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its code, and nothing is kept."""
    good = ledger([ledger_row(1)])
    refused(send(desk, b""), 422, "import.empty")
    far = as_excel([ledger_row(1)], [*LEDGER, *[""] * 16_000, "备注"])
    monkeypatch.setattr("app.organisation.workbooks.MOST_CELLS", 30_000)
    refused(send(desk, far), 422, "import.too_large")
    monkeypatch.undo()
    refused(send(desk, b"\xd0\xcf\x11\xe0" + bytes(600)), 422, "import.unreadable")
    refused(send(desk, b"\x89PNG\r\n\x1a\n\xff\xff\x00"), 422, "import.unreadable")
    for prose in ("请大家今天之前交表。", "%PDF-1.4", "你好\n\n世界\n", "{\n}\n"):
        refused(send(desk, prose.encode()), 422, "import.unreadable")
    refused(send(desk, "编号\n".encode()), 422, "import.empty")
    refused(send(desk, ledger([ledger_row(1)], LEDGER[3:])), 422, "import.headings_missing")
    twice = as_csv([ledger_row(1)], LEDGER).replace("来源".encode(), "编号".encode(), 1)
    refused(send(desk, twice), 422, "import.heading_twice")
    refused(send(desk, good, mapping="nowhere"), 422, "body.invalid")
    refused(send(desk, good, unit_id="first"), 422, "body.invalid")
    refused(send(desk, good, unit_id="9" * 30), 422, "body.invalid")
    refused(send(desk, good, colour="red"), 422, "field.unknown")
    client, headers = desk.app.test_client(), desk.world.login("dispatcher")
    unit = {"unit_id": str(desk.world.community.id)}
    refused(client.post("/api/v1/imports", data=unit, headers=headers), 422, "file.missing")
    refused(client.post("/api/v1/imports", json=unit, headers=headers), 422, "body.invalid")
    monkeypatch.setattr("app.intake.queries.importing.MOST_ROWS", 2)
    many = ledger(ledger_row(number) for number in range(3))
    refused(send(desk, many), 422, "import.too_many_rows")
    monkeypatch.setattr("app.organisation.workbooks.LARGEST_UNPACKED", 100)
    refused(send(desk, good), 422, "import.too_large")
    monkeypatch.setattr("app.intake.api.importing.LARGEST_FILE", 10)
    monkeypatch.setattr("app.intake.api.importing._FRAME", 10)
    refused(send(desk, good), 413, "file.too_large")
    assert count(Import) == count(ImportRow) == count(Order) == 0


def test_the_template_can_be_filled_in(desk: Desk) -> None:
    """Its headings are taken, and every column is explained."""
    answer = desk.world.get("dispatcher", "/imports/template")
    assert answer.status_code == 200
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    assert book.sheet_names == ["社区工单台账", "填写说明"]
    (headings,) = book.get_sheet_by_index(0).to_python()
    columns = [str(name) for name in headings]
    told = book.get_sheet_by_index(1).to_python()
    assert [row[0] for row in told[1:]] == columns
    assert {row[0] for row in told[1:] if row[1] == "必填"} == {"编号", "受理时间", "内容", "状态"}
    assert "路灯楼道灯" in next(row[2] for row in told if row[0] == "类别")
    assert uploaded(desk, as_excel([ledger_row(1)], columns))["good"] == 1
    empty = send(desk, answer.data)
    refused(empty, 422, "import.empty")
    assert desk.world.get("dispatcher", "/imports/template?mapping=la311").status_code == 200


def test_who_is_killed_begins_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch counts wholly or not at all; the end is that of the command."""
    rows = city_rows(60)
    desk.city(rows)
    wanted = digest()
    with transaction():
        forget_orders()
    seen = uploaded(desk, as_csv(rows, CITY), mapping="la311")
    desk.world.post("dispatcher", f"/imports/{seen['id']}/apply")
    for _ in range(6):
        with transaction():
            assert uploading.apply_next(SYSTEM, limit=10) == 10
        with pytest.raises(KeyboardInterrupt), transaction():
            uploading.apply_next(SYSTEM, limit=10)
            raise KeyboardInterrupt
    work()
    assert digest() == wanted
    shown = desk.world.get("dispatcher", f"/imports/{seen['id']}").json or {}
    assert (shown["state"], shown["added"], shown["known"]) == ("done", 60, 0)


def forget_orders() -> None:
    """As if they had never been imported: under another name."""
    for order in session.scalars(select(Order)):
        order.external_system = None


@pytest.mark.slow
def test_five_thousand_rows_with_fifty_bad_ones(desk: Desk) -> None:
    """Preview, errors by row, good rows in, bad rows back as a file."""
    wrong: dict[int, Mapping[str, str]] = {
        **{100 * at: {"电话": "12345"} for at in range(1, 11)},
        **{100 * at: {"类别": "飞船"} for at in range(11, 21)},
        **{100 * at: {"受理时间": "昨天"} for at in range(21, 31)},
        **{100 * at: {"状态": "忘了"} for at in range(31, 41)},
        **{100 * at: {"内容": ""} for at in range(41, 51)},
    }
    rows = [ledger_row(number, **wrong.get(number, {})) for number in range(1, 5001)]
    seen = uploaded(desk, as_excel(rows, LEDGER))
    assert (seen["rows"], seen["good"], seen["bad"]) == (5000, 4950, 50)
    # The heading is the first row.
    assert [error["row"] for error in seen["errors"]] == [100 * at + 1 for at in range(1, 51)]
    assert {error["column"] for error in seen["errors"]} == {
        *("电话", "类别", "受理时间", "状态", "内容")
    }
    done = apply(desk, seen["id"])
    assert (done["added"], done["known"], done["rejected"]) == (4950, 0, 50)
    assert count(Order) == 4950
    assert count(OutboxMessage) == 0
    answer = desk.world.get("dispatcher", f"/imports/{seen['id']}/rejected")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
    headings, *back = sheet.to_python()
    at = {name: headings.index(name) for name in ("编号", "行号", "原因")}
    assert [row[at["编号"]] for row in back] == [f"2024-{number:04d}" for number in sorted(wrong)]
    assert all(str(row[at["原因"]]).startswith("“") for row in back)
    assert not [verdict for verdict in verify_histories() if verdict.broken]
