"""Excel files made to fill the memory are refused before anything unfolds them; honest ones are read."""

import io
from collections.abc import Callable, Iterable
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter  # type: ignore[import-untyped]  # comes without types

from app.kernel.errors import Invalid
from app.organisation import workbooks
from app.organisation.tables import read_table
from app.organisation.workbooks import OLD_EXCEL, first_sheet
from tests.organisation.conftest import refused

SHEET, SHARED = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def book(cells: Iterable[tuple[int, int, str]]) -> bytes:
    """A file with these cells: row, column (from 0), text."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for cell in cells:
            sheet.write_string(*cell)
    return target.getvalue()


def changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The file with one part changed, or made out of nothing."""
    target = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        new.writestr(name, change(old.read(name) if name in old.namelist() else b""))
    return target.getvalue()


def cells_of(content: bytes) -> list[list[object]]:
    """The first sheet from its upper left corner."""
    return list(first_sheet(io.BytesIO(content)).to_python(skip_empty_area=False))


SMALL = book([(0, 0, "编号"), (1, 1, "名称")])
FAR = book([(0, 0, "编号"), (1_048_575, 16_383, "名称")])


def test_a_cell_in_the_farthest_corner() -> None:
    """Six kilobytes, seventeen thousand million cells."""
    assert len(FAR) < 10_000
    with refused(Invalid, "import.too_large"):
        cells_of(FAR)
    with refused(Invalid, "import.too_large"):
        read_table(FAR, ("编号",), ("编号",))


def test_counted_without_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell that does not say where it stands is the next one."""
    monkeypatch.setattr(workbooks, "MOST_CELLS", 8)
    bare = b"<row>" + b'<c t="n"><v>1</v></c>' * 3 + b"</row>"

    def rows(count: int) -> bytes:
        return changed(
            SMALL,
            SHEET,
            lambda _: (
                b'<x:w xmlns:x="y" xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/'
                b'main"><sheetData>' + bare * count + b"</sheetData></x:w>"
            ),
        )

    assert first_sheet(io.BytesIO(rows(2))) is not None
    with refused(Invalid, "import.too_large"):
        first_sheet(io.BytesIO(rows(3)))


def test_one_long_text_in_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell gets a copy of its own; a long text that stands once harms nobody."""
    monkeypatch.setattr(workbooks, "MOST_TEXT", 50_000)
    once = book([(0, 0, "长" * 10_000), *((row, 0, "短") for row in range(1, 200))])
    assert len(cells_of(once)) == 200
    with refused(Invalid, "import.too_large"):
        cells_of(book((row, 0, "长" * 10_000) for row in range(2)))


@pytest.mark.parametrize("limit", ["LARGEST_UNPACKED", "MOST_ELEMENTS"])
def test_too_much_of_it(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(workbooks, limit, 30)
    with refused(Invalid, "import.too_large"):
        cells_of(SMALL)


def test_old_excel_is_told_what_to_do() -> None:
    with pytest.raises(Invalid) as refusal:
        read_table(OLD_EXCEL + bytes(2000), ("编号",), ("编号",))
    assert refusal.value.code == "import.unreadable"
    assert "另存为 xlsx" in refusal.value.message


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"<a/>"),
        ("xl/workbook.bin", b"\0"),
        ("XL/workbook.xml", b"<a/>"),
        (SHEET, b"<worksheet><sheetData><row>"),
        (SHEET, b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'),
        (SHEET, "<worksheet/>".encode("utf-16")),
        (SHEET, b'<worksheet><c r="A99999999999"><v>1</v></c></worksheet>'),
        (SHEET, b'<worksheet><row r="x"/></worksheet>'),
    ],
)
def test_what_is_no_sheet_of_ours(name: str, part: bytes) -> None:
    """Another format in the same wrapping, or a part that two readers may read differently."""
    with refused(Invalid, "import.unreadable"):
        cells_of(changed(SMALL, name, lambda _: part))


def test_what_honest_files_hold() -> None:
    """A claim of a larger sheet, a coloured cell far out, parts that nobody needs."""
    claimed = changed(SMALL, SHEET, lambda part: part.replace(b"A1:B2", b"A1:XFD1048576"))
    coloured = changed(
        claimed,
        SHEET,
        lambda part: part.replace(
            b"</sheetData>", b'<row r="9"><c r="XFD9" s="0"/></row></sheetData>'
        ),
    )
    whole = changed(coloured, "customXml/item1.xml", lambda _: "<a/>".encode("utf-16"))
    for content in (SMALL, claimed, coloured, whole):
        assert cells_of(content) == [["编号", ""], ["", "名称"]]
