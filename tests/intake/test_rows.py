"""Each kind of bad row: rejected alone, with its column and a sentence that says what to do."""

import pytest

from app.kernel.database import session
from app.orders.ticket.models import Order
from app.organisation.models import Place
from tests.conftest import count
from tests.intake.conftest import Desk, counts
from tests.intake.invented import city_row, ledger_row

CITY_FAULTS = [
    ({"srnumber": ""}, "“srnumber”：没有填写。"),
    ({"srnumber": "9" * 101}, "“srnumber”：太长了，最多100个字。"),
    ({"srnumber": "1-2\n3"}, "“srnumber”：含有换行或看不见的字符"),
    ({"requesttype": "Spaceships"}, "“requesttype”：“Spaceships”不认识，请填现有分类的名称。"),
    ({"requesttype": ""}, "“requesttype”：没有填写"),
    ({"status": "Lost"}, "“status”：“Lost”不认识，请填：Open、Pending、Closed"),
    ({"status": ""}, "“status”：没有填写"),
    ({"requestsource": "Pigeon"}, "“requestsource”：“Pigeon”不认识，请填：Call"),
    ({"requestsource": ""}, "“requestsource”：没有填写"),
    ({"anonymous": "?"}, "“anonymous”：“?”不认识，请填：Y、N。"),
    ({"createddate": ""}, "“createddate”：没有填写，“Closed”的要写时间。"),
    ({"createddate": "2.1."}, "“createddate”：“2.1.”不是时间，例如 01/31/26 09:30。"),
    ({"createddate": "13/1/20 0:05"}, "“createddate”：“13/1/20 0:05”不是时间"),
    ({"closeddate": "1/1/20 0:05"}, "“closeddate”：早于“createddate”，请检查。"),
    ({"closeddate": "1/1/68 0:05"}, "“closeddate”：时间还没有到，请检查。"),
    ({"closeddate": "", "updateddate": ""}, "“closeddate”：没有填写，“Closed”的要写时间。"),
    ({"latitude": "north"}, "“latitude”：“north”不对，请填-90到90之间的数字。"),
    ({"latitude": "nan"}, "“latitude”：“nan”不对"),
    ({"longitude": "-181"}, "“longitude”：“-181”不对，请填-180到180之间的数字。"),
    ({"longitude": ""}, "“longitude”：没有填写，纬度和经度要一起填。"),
    ({"address": "a" * 201}, "“address”：太长了，最多200个字。"),
    ({"ncname": "n" * 2001}, "“requesttype、ncname”：太长了，最多2000个字。"),
    ({"ncname": "bell\a"}, "“requesttype、ncname”：含有看不见的字符"),
    ({"owner": "o" * 2001}, "“owner、assignto”：太长了"),
]
LEDGER_FAULTS = [
    ({"内容": ""}, "“内容”：没有填写。"),
    ({"电话": "1350000"}, "“电话”：不像电话号码"),
    ({"诉求人": "长" * 51}, "“诉求人”：太长了，最多50个字。"),
    ({"小区楼栋": "无名小区"}, "“小区楼栋”：没有这个小区或楼栋"),
    ({"小区楼栋": "西园社区小区3号楼"}, "“小区楼栋”：没有这个小区或楼栋"),
    ({"匿名": "也许"}, "“匿名”：“也许”不认识，请填：是、匿名、否、实名。"),
    ({"状态": "不予受理", "办理结果": ""}, "“办理结果”：没有填写。"),
    ({"状态": "暂缓"}, "“暂缓至”：没有填写，暂缓的要写到哪一天。"),
    ({"状态": "暂缓", "暂缓至": "2024-04-01"}, "“暂缓至”：已经过了，暂缓要到以后的一天。"),
    ({"状态": "待回访", "办结时间": ""}, "“办结时间”：没有填写，“待回访”的要写时间。"),
    ({"受理时间": "2024-02-30"}, "“受理时间”：“2024-02-30”不是时间，例如 2026-01-31 09:30:00。"),
]


@pytest.mark.parametrize(("wrong", "said"), CITY_FAULTS)
def test_a_bad_row_of_a_city(desk: Desk, wrong: dict[str, str], said: str) -> None:
    """It alone is refused."""
    done = desk.city([city_row(1), city_row(2, **wrong), city_row(3)])
    assert counts(done.output) == (3, 2, 0, 1)
    assert said in desk.reasons()
    assert f"第3行{said}"[:20] in done.output.replace("\n", "")
    assert count(Order) == 2


@pytest.mark.parametrize(("wrong", "said"), LEDGER_FAULTS)
def test_a_bad_row_of_a_ledger(desk: Desk, wrong: dict[str, str], said: str) -> None:
    """It alone is refused."""
    done = desk.ledger([ledger_row(1), ledger_row(2, **wrong), ledger_row(3)])
    assert counts(done.output) == (3, 2, 0, 1)
    assert said in desk.reasons()
    assert count(Order) == 2


def test_a_number_twice_in_a_file(desk: Desk) -> None:
    """The second is not taken for one that is there already: it may say something else."""
    rows = [city_row(1), city_row(2), city_row(1, requesttype="Other")]
    assert counts(desk.city(rows, batch=2).output) == (3, 2, 0, 1)
    assert "与第2行的编号相同" in desk.reasons()
    assert counts(desk.city(rows, batch=2).output) == (3, 0, 2, 1)


def test_everything_wrong_is_said_at_once(desk: Desk) -> None:
    desk.city([city_row(1, status="Lost", requesttype="Spaceships", latitude="north")])
    (row,) = desk.reasons().splitlines()[1:]
    assert [part in row for part in ("“status”", "“requesttype”", "“latitude”")] == [True] * 3


def test_a_comma_too_many(desk: Desk) -> None:
    """What stands under the wrong headings is not guessed at; nothing of it is lost."""
    text = "编号,受理时间,内容,状态\n1,2024-03-02,灯,不亮,待派单\n2,2024-03-02,灯不亮,待派单,,\n"
    done = desk.run(desk.write("a.csv", text), "ledger")
    assert counts(done.output) == (2, 1, 0, 1)
    assert "比列名多出几格" in desk.reasons()
    assert "多出的是：待派单" in desk.reasons()


def test_blank_rows_and_short_rows(desk: Desk) -> None:
    """A blank row is none; what is missing at the end is empty; numbers are those of the file."""
    text = "编号,受理时间,状态,内容\n\n,,,\n1,2024-03-02,待派单\n2,2024-03-02,待派单,灯不亮\n"
    done = desk.run(desk.write("a.csv", text), "ledger")
    assert counts(done.output) == (2, 1, 0, 1)
    assert desk.reasons().splitlines()[1].split(",")[-2:] == ["4", "“内容”：没有填写。"]


def test_two_places_of_one_name(desk: Desk) -> None:
    """The code tells them apart."""
    known = session.get_one(Place, desk.world.place.id)
    twin = Place(
        kind=known.kind,
        name="三号",
        full_name=known.full_name,
        code="T-3",
        path="/9/",
        unit_id=known.unit_id,
        management=known.management,
        created_at=known.created_at,
    )
    session.add(twin)
    session.commit()
    rows = [ledger_row(1, 小区楼栋=known.full_name), ledger_row(2, 小区楼栋="T-3")]
    assert counts(desk.ledger(rows).output) == (2, 1, 0, 1)
    assert "有几个地方叫这个名字" in desk.reasons()
    assert desk.order("2024-0002").place_id == twin.id


def test_nothing_quoted_is_somebodys_number(desk: Desk) -> None:
    """A phone in the wrong column is not repeated in a reason; in its own it is not shown at all."""
    done = desk.ledger([ledger_row(1, 类别="13987654321", 电话="1398765432")])
    told = desk.reasons().splitlines()[1].split(",")[-1]
    assert "139****" in told
    assert "13987654321" not in told
    assert "1398765432" not in done.output
