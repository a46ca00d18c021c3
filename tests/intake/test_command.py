"""`flask orders import`: every row ends somewhere, times are the file's own, a second run adds nothing."""

import csv
from datetime import datetime

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from app.categories.models import Category
from app.intake.sheets import read_sheet, with_quote, without_quote
from app.kernel.database import session
from app.orders.record.verifying import verify_histories
from app.orders.ticket.models import Order, OrderContact, OrderEvent, OrderEventContent
from app.orders.ticket.states import Action, CloseKind, OrderStatus, Source
from app.orders.views.lists import OrderFilter, page_of_orders
from app.orders.views.one import view_of
from app.pasts import service as importing
from tests.intake.conftest import Desk, counts
from tests.intake.invented import CITY, LEDGER, as_csv, as_excel, city_row, city_rows, ledger_row


def test_a_citys_rows_come_in_with_their_histories(desk: Desk) -> None:
    done = desk.city(
        [
            city_row(1),
            city_row(2, status="Cancelled", requestsource="Mobile App"),
            city_row(3, status="Open", closeddate="", requestsource="Driver Self Report"),
            city_row(4, status="Pending", closeddate=""),
            city_row(5, status="Referred Out", assignto="LACC"),
            city_row(6, closeddate=""),
        ]
    )
    assert done.exit_code == 0, done.output
    assert counts(done.output) == (6, 6, 0, 0)
    stands = {number: desk.order(f"1-{number:06d}") for number in range(1, 7)}
    assert {number: order.status.value for number, order in stands.items()} == {
        1: "closed",
        2: "cancelled",
        3: "submitted",
        4: "in_progress",
        5: "rejected",
        6: "closed",
    }
    assert {number: order.source.value for number, order in stands.items()} == {
        **dict.fromkeys((1, 4, 5, 6), "phone"),
        2: "open311",
        3: "patrol",
    }
    closed = stands[1]
    assert [act.action.value for act in desk.acts(closed)] == [
        *("submit", "dispatch", "complete", "close_unanswered")
    ]
    assert closed.close_kind is CloseKind.UNANSWERED
    assert [act.to_status.value for act in desk.acts(stands[4])] == [
        *("submitted", "claimed", "in_progress")
    ]
    verdicts = verify_histories()
    assert len(verdicts) == 6
    assert not [verdict for verdict in verdicts if verdict.broken]


def test_times_are_the_citys_own(desk: Desk) -> None:
    """Eight hours behind Greenwich in winter, seven in summer; recorded now."""
    desk.city(
        [
            city_row(1),
            city_row(2, createddate="7/2/20 23:30", updateddate="", closeddate="7/3/20 0:10"),
        ]
    )
    winter, summer = desk.order("1-000001"), desk.order("1-000002")
    assert winter.submitted_at == datetime.fromisoformat("2020-01-02T18:15:00+00:00")
    assert winter.closed_at == datetime.fromisoformat("2020-01-03T16:43:00+00:00")
    assert summer.submitted_at == datetime.fromisoformat("2020-07-03T06:30:00+00:00")
    assert winter.number.startswith("200103")
    for act in desk.acts(winter):
        assert act.happened_at in (winter.submitted_at, winter.closed_at)
        assert act.recorded_at >= (winter.imported_at or winter.submitted_at) > winter.closed_at
        assert act.actor_id is None
        assert act.actor_name == "la311"


def test_place_and_words(desk: Desk) -> None:
    """The point is kept where it lies; the address is sealed and stands in no word of the order."""
    desk.city([city_row(1), city_row(2, latitude="", longitude="", ncname="")])
    here, nowhere = desk.order("1-000001"), desk.order("1-000002")
    assert (here.latitude, here.longitude) == (34.19402846, -118.4994716)
    assert here.description == "Bulky Items，LAKE BALBOA NC"
    assert nowhere.description == "Bulky Items"
    assert nowhere.latitude is None
    contact = session.get_one(OrderContact, here.id)
    assert OrderContact.opened(contact, "address") == "16001 W INVENTED ST, 91406"
    assert contact.name is contact.phone is None
    assert here.category_id == desk.world.categories["大件装修垃圾"]
    found = page_of_orders(
        desk.world.actor("dispatcher"), OrderFilter(q="balboa"), cursor=None, limit=10
    )
    assert [order.id for order in found.items] == [here.id]


def test_a_second_run_adds_nothing(desk: Desk) -> None:
    rows = city_rows(40)
    assert counts(desk.city(rows).output) == (40, 40, 0, 0)
    before = session.scalar(select(func.count()).select_from(OrderEvent))
    again = desk.city([*rows, city_row(90)])
    assert counts(again.output) == (41, 1, 40, 0)
    after = session.scalar(select(func.count()).select_from(OrderEvent))
    assert after == (before or 0) + 4


def test_each_community_counts_its_own_ledger(desk: Desk) -> None:
    """Two communities may both have a 2024-0001; a city's numbers are the same everywhere."""
    assert counts(desk.ledger([ledger_row()]).output) == (1, 1, 0, 0)
    elsewhere = desk.world.other_community.id
    assert counts(desk.ledger([ledger_row()], unit=elsewhere).output) == (1, 1, 0, 0)
    assert counts(desk.ledger([ledger_row()], unit=elsewhere).output) == (1, 0, 1, 0)
    assert counts(desk.city([city_row()]).output) == (1, 1, 0, 0)
    assert counts(desk.city([city_row()], unit=elsewhere).output) == (1, 0, 1, 0)


def test_rejected_rows_go_back_as_they_came(desk: Desk) -> None:
    """Same columns, the row's number and the reasons behind; mended they go in."""
    done = desk.city(
        [city_row(1), city_row(2, status="Lost", createddate="yesterday"), city_row(3)]
    )
    assert done.exit_code == 1
    assert counts(done.output) == (3, 2, 0, 1)
    headings, quoted = csv.reader(desk.reasons().splitlines())
    # A longitude west of Greenwich begins like a formula.
    back = [cell.removeprefix("'") for cell in quoted]
    assert headings == [*CITY, "行号", "原因"]
    sent = city_row(2, status="Lost", createddate="yesterday")
    assert back[: len(CITY)] == [sent[column] for column in CITY]
    assert back[len(CITY)] == "3"
    assert "“status”：“Lost”不认识" in back[-1]
    assert desk.rejected.stat().st_mode & 0o077 == 0
    mended = desk.write("mended.csv", desk.reasons().replace("yesterday", "1/2/20 10:15"))
    mended.write_text(mended.read_text(encoding="utf-8").replace("Lost", "Open"), encoding="utf-8")
    assert counts(desk.run(mended).output) == (1, 1, 0, 0)


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1 楼", "@SUM(A1)", "'=1", "''-1", "'quoted'"])
def test_no_rejected_cell_is_a_formula(desk: Desk, text: str) -> None:
    """A quote goes before it, and comes off again when the mended file is read."""
    row = city_row(1, status="Lost", assignto=text, requesttype="Other")
    assert desk.city([{name: with_quote(cell) for name, cell in row.items()}]).exit_code == 1
    _, back = csv.reader(desk.reasons().splitlines())
    assert not [cell for cell in back if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    with desk.rejected.open("rb") as file:
        (line,) = read_sheet(file, CITY).lines
    assert line.cells[: len(CITY)] == [row[column] for column in CITY]
    assert with_quote("\t=1") == "'\t=1"
    assert without_quote("'\r1") == "\r1"


def test_an_old_draft_is_nobodys_to_read(desk: Desk) -> None:
    """What a killed run has left goes, with whatever rights it had."""
    draft = desk.write(".rejected.csv.part", "old")
    draft.chmod(0o644)
    assert desk.city([city_row(1, status="Lost")]).exit_code == 1
    assert desk.rejected.stat().st_mode & 0o777 == 0o600
    assert "old" not in desk.reasons()


def test_rejected_rows_as_excel(desk: Desk) -> None:
    """What looks like a number or a formula stays the text that it is."""
    out = desk.folder / "back.xlsx"
    row = city_row(7, status="=1+1", address="007")
    assert desk.city([row], rejected=out).exit_code == 1
    sheet = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert sheet[0] == [*CITY, "行号", "原因"]
    assert (sheet[1][CITY.index("status")], sheet[1][CITY.index("address")]) == ("=1+1", "007")


def test_without_a_rejected_row_there_is_no_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it was asked for; where it was not, it lies in the folder of the caller."""
    monkeypatch.chdir(desk.folder)
    file = desk.write("city.csv", as_csv([city_row()], CITY))
    command = ["orders", "import", str(file), "--mapping", "la311"]
    command += ["--unit", str(desk.world.community.id)]
    runner = desk.app.test_cli_runner()
    assert runner.invoke(args=command).exit_code == 0
    assert sorted(path.name for path in desk.folder.iterdir()) == ["city.csv"]
    file.write_bytes(as_csv([city_row(2, status="Lost")], CITY))
    assert runner.invoke(args=command).exit_code == 1
    assert (desk.folder / "city.rejected.csv").is_file()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_files_as_offices_save_them(desk: Desk, encoding: str, delimiter: str) -> None:
    content = as_csv([ledger_row()], LEDGER, encoding=encoding, delimiter=delimiter)
    assert counts(desk.run(desk.write("a.csv", content), "ledger").output) == (1, 1, 0, 0)


def test_excel_with_a_title_and_its_own_times(desk: Desk) -> None:
    row = dict[str, object](ledger_row()) | {
        "受理时间": datetime.fromisoformat("2024-03-02T09:15"),
        "编号": 20240001,
        "电话": 13500000001,
        "办结时间": datetime.fromisoformat("2024-03-03T00:00"),
    }
    content = as_excel([row], LEDGER, title="东风社区2024年工单台账")
    done = desk.run(desk.write("ledger.xlsx", content), "ledger")
    assert counts(done.output) == (1, 1, 0, 0), desk.reasons()
    order = desk.order("20240001")
    assert order.submitted_at == datetime.fromisoformat("2024-03-02T09:15:00+08:00")
    assert order.closed_at == datetime.fromisoformat("2024-03-03T00:00:00+08:00")


def test_the_ledgers_states(desk: Desk) -> None:
    """Each state of the community's table, and what the next one may do."""
    done = desk.ledger(
        [
            ledger_row(1, 状态="待派单"),
            ledger_row(2, 状态="待接单", 类别="政策咨询"),
            ledger_row(3, 状态="办理中", 类别="政策咨询"),
            ledger_row(4, 状态="暂缓", 暂缓至="2099-01-01"),
            ledger_row(5, 状态="待回访"),
            ledger_row(6, 状态="已办结"),
            ledger_row(7, 状态="不予受理", 办理结果="不属社区，请找供电公司。"),
            ledger_row(8, 状态="已撤单"),
        ]
    )
    assert counts(done.output) == (8, 8, 0, 0), desk.reasons()
    stands = [desk.order(f"2024-{number:04d}") for number in range(1, 9)]
    assert [order.status for order in stands] == [
        OrderStatus.SUBMITTED,
        OrderStatus.DISPATCHED,
        OrderStatus.IN_PROGRESS,
        OrderStatus.SUSPENDED,
        OrderStatus.COMPLETED,
        OrderStatus.CLOSED,
        OrderStatus.REJECTED,
        OrderStatus.CANCELLED,
    ]
    assert all(order.source is Source.PHONE for order in stands)
    # The unit's staff go on with what is under way.
    assert {"progress", "complete"} <= set(view_of(desk.world.actor("duty"), stands[2]).actions)
    assert "resume" in view_of(desk.world.actor("dispatcher"), stands[3]).actions
    desk.world.act("dispatcher", stands[2].id, "complete", note="修好了，已经试过。")
    desk.world.act("member", stands[1].id, "claim")
    rejected = next(act for act in desk.acts(stands[6]) if act.action is Action.REJECT)
    assert session.get_one(OrderEventContent, rejected.id).note == "不属社区，请找供电公司。"
    assert not [verdict for verdict in verify_histories() if verdict.broken]


def test_places_and_points_of_the_community(desk: Desk) -> None:
    """A building by its full name brings its point and its grid."""
    done = desk.ledger([ledger_row(1, 小区楼栋=desk.world.place.full_name)])
    assert counts(done.output) == (1, 1, 0, 0), desk.reasons()
    order = desk.order("2024-0001")
    assert order.place_id == desk.world.place.id
    assert order.grid_id == desk.world.grid.id
    assert order.latitude == desk.world.place.latitude


def test_what_the_category_says_holds(desk: Desk) -> None:
    """A complaint about staff goes to the unit above and is confidential."""
    desk.ledger([ledger_row(1, 类别="投诉工作人员"), ledger_row(2, 类别="")])
    complaint, unnamed = desk.order("2024-0001"), desk.order("2024-0002")
    assert complaint.handling_unit_id == desk.world.street.id
    assert complaint.sensitive
    assert unnamed.category_id is None
    assert unnamed.handling_unit_id == desk.world.community.id


def test_a_bad_row_is_found_in_its_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database refuses is split down to; its neighbours go in, each once."""
    tried: list[int] = []
    inner = importing.Past.write

    def refusing(past: importing.Past) -> None:
        orders = past._orders
        tried.append(len(orders))
        for order in orders:
            if order.external_number in ("1-000007", "1-000030"):
                order.description = "\0"
        inner(past)
        if any(order.description == "\0" for order in orders):
            # What PostgreSQL says of such a character; SQLite would keep it.
            raise ValueError("NUL")

    monkeypatch.setattr(importing.Past, "write", refusing)
    done = desk.city(city_rows(40), batch=40)
    assert counts(done.output) == (40, 38, 0, 2)
    assert sorted(line.split(",")[0] for line in desk.reasons().splitlines()[1:]) == [
        *("1-000007", "1-000030")
    ]
    assert "存不进数据库" in desk.reasons()
    assert tried[0] == 40
    assert tried.count(1) >= 2
    assert session.scalar(select(func.count()).select_from(Order)) == 38
    assert not [verdict for verdict in verify_histories() if verdict.broken]


def test_trouble_of_the_database_rejects_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that is no row's fault ends the run; what was entered stays, the rest comes later."""

    def broken(_: importing.Past) -> None:
        raise RuntimeError("no row's fault")

    with monkeypatch.context() as patch:
        patch.setattr(importing.Past, "write", broken)
        done = desk.city(city_rows(10))
    assert done.exit_code == 1
    assert isinstance(done.exception, RuntimeError)
    assert not desk.rejected.exists()
    assert not list(desk.folder.glob(".*"))
    assert counts(desk.city(city_rows(10)).output) == (10, 10, 0, 0)


def test_what_cannot_begin_says_so(desk: Desk) -> None:
    """In words, and nothing is entered."""
    empty = desk.write("empty.csv", b"")
    file = desk.write("city.csv", as_csv([city_row()], CITY))
    short = desk.write("short.csv", as_csv([city_row()], CITY[2:]))
    twice = desk.write(
        "twice.csv", as_csv([city_row()], CITY).replace(b"requesttype", b"status", 1)
    )
    for said, done in (
        ("文件里没有内容", desk.run(empty)),
        ("缺少这些列：srnumber、requesttype", desk.run(short)),
        ("缺少这些列：requesttype", desk.run(twice)),
        ("没有叫“nowhere”的映射", desk.run(file, "nowhere")),
        ("没有编号是“X-9”的单位", desk.run(file, unit="X-9")),
        ("文件读不出来", desk.run(desk.write("a.csv", b"\xff\xff\xff\x00"))),
        ("文件读不出来", desk.run(desk.write("b.xlsx", b"PK\x03\x04 and nothing more"))),
    ):
        assert done.exit_code == 1
        assert said in done.output
    assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_a_mapping_of_ones_own(desk: Desk) -> None:
    """As a file; a category that the unit does not have is said before anything is entered."""
    text = """
system = "old"
number = "no"
description = "{what}"
[category]
default = "garbage"
[times]
zone = "Asia/Shanghai"
[times.columns]
submitted = "at"
[status]
default = "open"
[chains]
open = [{ action = "submit", at = "submitted" }]
"""
    mapping = desk.write("own.toml", text)
    file = desk.write("own.csv", "no,what,at\n1,垃圾满了,2024-01-02\n")
    assert counts(desk.run(file, mapping).output) == (1, 1, 0, 0)
    order = desk.order("1")
    assert order.category_id == desk.world.categories["垃圾清运"]
    assert order.external_system == "old"
    mapping.write_text(text.replace("garbage", "spaceships"), encoding="utf-8")
    done = desk.run(file, mapping)
    assert "没有“spaceships”这个分类" in done.output


def test_a_retired_category_is_no_category(desk: Desk) -> None:
    category = session.get_one(Category, desk.world.categories["路灯楼道灯"])
    category.retire(category.retired_at or datetime.fromisoformat("2024-01-01T00:00:00+08:00"))
    session.commit()
    assert counts(desk.ledger([ledger_row()]).output) == (1, 0, 0, 1)
    assert "“路灯楼道灯”不认识" in desk.reasons()
