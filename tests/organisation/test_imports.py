"""Lists out of offices: Excel and CSV as they come, faults by row, the same file twice."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # comes without types
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.http import App
from app.organisation import commands, queries, service
from app.organisation.geometry import CoordinateSystem
from app.organisation.imports import parse_areas, parse_places, parse_units
from app.organisation.models import Place, Unit, UnitArea
from app.organisation.states import ProviderKind
from app.organisation.tables import read_table
from tests.organisation.conftest import SYSTEM, Tree, refused, square

UNITS = """编号,名称,类别,上级编号,电话,排序
N-G2,第2网格,网格,N-C,,
N-C,东风社区,社区,N-S,0571-88881111,3
N-G1,第1网格,网格,N-C,,
N-S,文化街道,街道,N-D,,
N-D,新区,区,,,
"""


def csv(text: str, encoding: str = "utf-8-sig") -> bytes:
    """A CSV file."""
    return text.encode(encoding)


def excel(rows: list[list[Any]]) -> bytes:
    """An Excel file."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return target.getvalue()


def outcome(report: service.ImportReport) -> tuple[int, int, int, list[str]]:
    """Created, changed, unchanged, faults."""
    faults = [str(fault) for fault in report.faults]
    return report.created, report.changed, report.unchanged, faults


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_a_tree_in_any_order(app: App, encoding: str) -> None:
    """From the top down; the second time nothing changes."""
    content = csv(UNITS, encoding)
    assert outcome(service.import_units(SYSTEM, content)) == (5, 0, 0, [])
    grid = session.query(Unit).filter_by(code="N-G1").one()
    assert [above.name for above in queries.ancestors(grid)] == ["东风社区", "文化街道", "新区"]
    versions = {row.code: row.version for row in session.query(Unit)}
    assert outcome(service.import_units(SYSTEM, content)) == (0, 0, 5, [])
    assert {row.code: row.version for row in session.query(Unit)} == versions


def test_an_excel_file_is_as_good(app: App) -> None:
    """Numbers as codes, columns in another order, blank rows, a column of their own."""
    rows: list[list[Any]] = [
        ["名称", "类别", "编号", "上级编号", "备注", "排序"],
        ["新区", "区", 900, "", "x", 1],
        ["", "", "", "", "", ""],
        [" 文化街道 ", "街道", 901, 900.0, "", ""],
    ]
    report = service.import_units(SYSTEM, excel(rows))
    assert outcome(report) == (2, 0, 0, [])
    assert report.ignored == ["备注"]
    assert session.query(Unit).filter_by(code="901").one().name == "文化街道"


def test_a_changed_row_changes_and_an_empty_cell_does_not(tree: Tree) -> None:
    """Renamed and moved; the phone stays."""
    district = queries.get_unit(tree.other_street.id)
    district.code = "S2"
    session.flush()
    text = "编号,名称,类别,上级编号,电话\nC1,甲甲社区,社区,S2,\n"
    assert outcome(service.import_units(SYSTEM, csv(text))) == (0, 1, 0, [])
    changed = queries.get_unit(tree.community.id)
    assert (changed.name, changed.phone) == ("甲甲社区", "0571-88880000")
    assert changed.path == f"{tree.other_street.path}{changed.id}/"


BAD_UNITS = """编号,名称,类别,上级编号,电话,排序
,无号,网格,C1,,
B2,,网格,C1,,
B3,怪,部落,C1,,
B4,第9网格,网格,NOPE,,
B5,第1网格,网格,C1,,
B6,第6网格,网格,C1,打给我,
B7,第7网格,网格,C1,,一
B8,街,街道,C1,,
B9,好网格,网格,C1,110,7
B9,又一个,网格,C1,,
C1,甲,网格,,,
B12,孤儿,网格,,,
"""


def test_faults_are_told_by_row_and_good_rows_go_in(tree: Tree) -> None:
    """Row, column, what is wrong, what would be right."""
    report = service.import_units(SYSTEM, csv(BAD_UNITS))
    assert outcome(report)[:3] == (1, 0, 0)
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (2, "编号"), (3, "名称"), (4, "类别"), (5, "上级编号"), (6, "名称"), (7, "电话"),
        (8, "排序"), (9, "类别"), (11, "编号"), (12, "类别"), (13, "上级编号"),
    ]  # fmt: skip
    texts = [str(fault) for fault in report.faults]
    assert (
        texts[2] == "第4行“类别”：“部落”不对，请填区、街道、社区、网格、楼组、党员中心户中的一个。"
    )
    assert texts[3] == "第5行“上级编号”：没有编号是“NOPE”的单位，请先导入它，或改正编号。"
    assert texts[8] == "第11行“编号”：“B9”与第10行重复，每行的编号要不同。"
    assert all(text.endswith("。") for text in texts)
    assert session.query(Unit).filter_by(code="B9").one().phone == "110"


def test_strict_takes_all_or_nothing(tree: Tree) -> None:
    """And says why."""
    before = session.query(Unit).count()
    with refused(Invalid, "import.faults") as all_or_nothing, session.begin_nested():
        service.import_units(SYSTEM, csv(BAD_UNITS), strict=True)
    assert all_or_nothing.value.errors is not None
    assert len(all_or_nothing.value.errors) == 11
    session.expire_all()
    assert session.query(Unit).count() == before


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.empty"),
        (csv("编号,名称,类别\n"), "import.empty"),
        (csv("\n\n\n"), "import.empty"),
        (csv("编号,名称\n1,甲\n"), "import.headings_missing"),
        (csv("编号,名称,类别,编号\n1,甲,区,2\n"), "import.heading_twice"),
        (b"PK\x03\x04 not a zip", "import.unreadable"),
        (b"\xd0\xcf\x11\xe0 not ole", "import.unreadable"),
        (b"\xff\xfe\x00\x00\x00", "import.unreadable"),
        (csv('编号,名称,类别\n1,"' + "甲" * 200_000 + '",区\n'), "import.unreadable"),
        (csv("编号,名称,类别\n" + "1,甲,区\n" * 3), "import.too_many_rows"),
    ],
)
def test_files_that_are_none(content: bytes, code: str) -> None:
    """Each with its own code."""
    with refused(Invalid, code):
        parse_units(content, most_rows=2)


@given(st.binary(max_size=200))
def test_no_file_crashes_the_reader(content: bytes) -> None:
    """Whatever is sent."""
    for prefix in (b"", b"PK\x03\x04", "编号,名称,类别\n".encode()):
        try:
            parse_units(prefix + content)
        except Invalid as refusal:
            assert refusal.code.startswith("import.")


def test_tabs_and_odd_blanks() -> None:
    """As pasted out of a sheet."""
    table = read_table("编号\t名称\n\u3000甲1\u00a0\t 乙 \n".encode(), ("编号", "名称"), ("编号",))
    assert table.rows[0].text("编号") == "甲1"
    assert table.rows[0].text("名称") == "乙"


PLACES = """编号,名称,类别,上级编号,单位编号,物业管理,物业单位,纬度,经度,坐标系
R,501室,室,D,,,,,,
D,2单元,单元,B,,,,,,
B,3号楼,楼栋,E,,,,,,
E,幸福小区,小区,,C1,专业物业,安心物业,30.005,120.005,WGS84
"""


def test_places_in_any_order(tree: Tree) -> None:
    """From the outside in; the second time nothing changes."""
    firm = service.create_provider(
        SYSTEM, unit_id=tree.street.id, name="安心物业", kind=ProviderKind.PROPERTY
    )
    assert outcome(service.import_places(SYSTEM, csv(PLACES))) == (4, 0, 0, [])
    room = session.query(Place).filter_by(code="R").one()
    assert room.full_name == "幸福小区 3号楼 2单元 501室"
    assert room.provider_id == firm.id
    assert outcome(service.import_places(SYSTEM, csv(PLACES))) == (0, 0, 4, [])
    renamed = PLACES.replace("幸福小区", "和美小区")
    assert outcome(service.import_places(SYSTEM, csv(renamed))) == (0, 1, 3, [])
    session.expire_all()
    assert session.query(Place).filter_by(code="R").one().full_name.startswith("和美小区 3号楼")


BAD_PLACES = """编号,名称,类别,上级编号,单位编号,物业管理,物业单位,纬度,经度,坐标系
P1,甲,小区,,,,,,,
P2,乙,小区,,NOPE,,,,,
P3,丙,小区,,C1,随便,,,,
P4,丁,小区,,C1,,没听说过,,,
P5,戊,小区,,C1,,,95,120,
P6,己,小区,,C1,,,30,,
P7,庚,小区,,C1,,,30,120,火星
P8,辛,楼栋,,C1,,,,,
P9,壬,楼栋,NOPE,,,,,,
"""


def test_bad_places_are_told_by_row(tree: Tree) -> None:
    """Nothing goes in here."""
    report = service.import_places(SYSTEM, csv(BAD_PLACES))
    assert outcome(report)[:3] == (0, 0, 0)
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (2, "单位编号"), (3, "单位编号"), (4, "物业管理"), (5, "物业单位"), (6, "纬度"),
        (7, "经度"), (8, "坐标系"), (9, "类别"), (10, "上级编号"),
    ]  # fmt: skip


def test_rows_of_foreign_units_are_refused_one_by_one(tree: Tree) -> None:
    """One's own go in."""
    mine = tree.actor(tree.grid)
    queries.get_unit(tree.grid.id).code = "G1"
    session.flush()
    text = "编号,名称,类别,单位编号\nX,甲,小区,G1\nY,乙,小区,C1\n"
    report = service.import_places(mine, csv(text))
    assert outcome(report)[:3] == (1, 0, 0)
    assert [fault.row for fault in report.faults] == [3]


def test_strangers_import_nothing(app: App) -> None:
    """Not even a faulty file is read for them."""
    with refused(Forbidden, "unit.not_allowed"):
        service.import_units(Actor(1, "路人"), b"")
    with refused(Forbidden, "place.not_allowed"):
        service.import_places(Actor(1, "路人"), b"")
    with refused(Forbidden, "unit.not_allowed"):
        service.import_areas(Actor(1, "路人"), b"", coordinate_system=CoordinateSystem.GCJ02)


def features(*pairs: tuple[dict[str, Any] | None, Any]) -> bytes:
    """A GeoJSON file."""
    found = [
        {"type": "Feature", "properties": properties, "geometry": geometry}
        for properties, geometry in pairs
    ]
    return json.dumps({"type": "FeatureCollection", "features": found}).encode()


def test_areas(tree: Tree) -> None:
    """By the code of their unit; faults by number; the second time nothing changes."""
    content = features(
        ({"编号": "C1"}, square(121, 31)),
        ({"code": "NOPE"}, square(121, 31)),
        ({}, square(121, 31)),
        ({"code": "C1"}, square(122, 32)),
        ({"code": "C2"}, {"type": "Point", "coordinates": [1, 2]}),
        (None, None),
        ({"code": "C3", "coordinate_system": "mars"}, square(121, 31)),
    )
    report = service.import_areas(SYSTEM, content, coordinate_system=CoordinateSystem.GCJ02)
    assert outcome(report)[:3] == (0, 1, 0)
    assert [(fault.row, fault.column) for fault in report.faults] == [
        (2, "编号"), (3, "编号"), (4, "编号"), (5, "边界"), (6, "编号"), (7, "坐标系"),
    ]  # fmt: skip
    located = queries.locate(31.005, 121.005)
    assert located is not None
    assert located.community.id == tree.community.id
    again = features(({"编号": "C1"}, square(121, 31)))
    report = service.import_areas(SYSTEM, again, coordinate_system=CoordinateSystem.GCJ02)
    assert outcome(report) == (0, 0, 1, [])


def test_a_feature_may_name_its_own_system() -> None:
    """Else the file's holds."""
    own = features(({"code": "A", "坐标系": "GCJ-02"}, square(121, 31)))
    assert parse_areas(own, CoordinateSystem.WGS84).rows[0].geojson == square(121, 31)
    none = features(({"code": "A"}, square(121, 31)))
    assert parse_areas(none, CoordinateSystem.WGS84).rows[0].geojson != square(121, 31)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no json", "import.unreadable"),
        (b"[1]", "import.unreadable"),
        (b'{"features": {}}', "import.empty"),
        (b'{"features": []}', "import.empty"),
    ],
)
def test_files_without_areas(content: bytes, code: str) -> None:
    """Each with its own code."""
    with refused(Invalid, code):
        parse_areas(content, CoordinateSystem.GCJ02)


def test_places_parse_without_a_database() -> None:
    """Pure: words of offices become kinds."""
    parsed = parse_places(csv("编号,名称,类别\n1,501,户\n2,甲村,小区\n"))
    assert [row.kind.value for row in parsed.rows] == ["estate", "room"]


def test_the_commands(tree: Tree, tmp_path: Path) -> None:
    """They tell what was done, faults on the other channel, and end with 1 where there are any."""

    def runner(command: str, content: bytes, *options: str) -> Result:
        file = tmp_path / "file"
        file.write_bytes(content)
        return CliRunner().invoke(commands.group, [command, str(file), *options])

    done = runner("import-units", csv("编号,名称,类别,上级编号\nG9,第9网格,网格,C1\n"))
    assert (done.exit_code, done.stdout) == (0, "新增1条，修改0条，没有变化0条，有问题0处。\n")
    bad = runner("import-units", csv(BAD_UNITS))
    assert bad.exit_code == 1
    assert bad.stderr.splitlines()[0].startswith("第2行“编号”")
    strict = runner("import-units", csv(BAD_UNITS.replace("好网格", "更好网格")), "--strict")
    assert strict.exit_code == 1
    assert "一条也没有导入" in strict.stderr
    assert "第4行" in strict.stderr
    placed = runner("import-places", csv("编号,名称,类别,单位编号\nE,幸福小区,小区,C1\n"))
    assert placed.stdout.startswith("新增1条")
    drawn = runner(
        "import-areas", features(({"code": "C1"}, square(121, 31))), "--coordinate-system", "gcj02"
    )
    assert drawn.stdout.startswith("新增0条，修改1条")
    assert session.get(UnitArea, tree.community.id) is not None
    assert runner("import-areas", b"{}", "--coordinate-system", "gcj02").exit_code == 1
    assert runner("import-areas", b"{}").exit_code == 2
