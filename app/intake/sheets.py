"""Reads CSV and Excel files row by row, and writes small Excel files."""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, NamedTuple

import xlsxwriter

from app.kernel.errors import Invalid
from app.organisation.tables import cell_text
from app.organisation.workbooks import EXCEL_MARKS, first_sheet, unreadable

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 1 << 16
# The lists of offices often begin with a title over all columns, so the headings may come later.
_HEAD = 10
# A table program takes such a cell of a CSV file for a formula; a quote before it makes it a text.
_FORMULA = re.compile("'*[=+\\-@\t\r]")


class Line(NamedTuple):
    """A row of a file that is not blank; `row` is its number in the file, from 1."""

    row: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table that is being read: `lines` can be read once; `total` is about how many there are."""

    headings: list[str]
    lines: Iterator[Line]
    total: int


def read_sheet(file: IO[bytes], needed: Collection[str]) -> Sheet:
    """Reads the first sheet of an Excel file, or a CSV file in UTF-8 or GB 18030 with commas or tabs.

    The headings are the first of the first ten rows that holds all names of `needed`. `file` stays
    open, because the lines are read later.

    Raises Invalid `import.unreadable`, `import.too_large`, `import.empty`, `import.headings_missing`,
    `import.heading_twice`.
    """
    start = file.read(4)
    file.seek(0)
    rows, total = _excel(file) if start in EXCEL_MARKS else _csv(file)
    lines = (Line(number, cells) for number, cells in enumerate(rows, start=1) if any(cells))
    head = list(islice(lines, _HEAD))
    if head and all(_is_prose(line, needed) for line in head):
        raise unreadable()
    if len(head) < 2:
        raise Invalid("import.empty", "文件里没有内容：要有一行列名，下面每行一条。")
    missing = [_missing(line, needed) for line in head]
    at = min(range(len(head)), key=lambda number: len(missing[number]))
    if missing[at]:
        raise Invalid("import.headings_missing", f"文件里缺少这些列：{'、'.join(missing[at])}。")
    headings = head[at].cells
    for name in needed:
        if headings.count(name) > 1:
            raise Invalid("import.heading_twice", f"“{name}”这一列出现了两次，请删掉一列。")
    return Sheet(_trimmed(headings), chain(head[at + 1 :], lines), max(total - head[at].row, 0))


def _is_prose(line: Line, needed: Collection[str]) -> bool:
    """A line of running text: it has at most one filled cell, and this is no heading."""
    return sum(map(bool, line.cells)) < 2 and not any(name in needed for name in line.cells)


def _missing(line: Line, needed: Iterable[str]) -> list[str]:
    return [name for name in needed if name not in line.cells]


def _trimmed(headings: Sequence[str]) -> list[str]:
    """The headings without the empty ones at the end."""
    last = max((at for at, name in enumerate(headings, start=1) if name), default=0)
    return list(headings[:last])


def _excel(file: IO[bytes]) -> tuple[Iterator[list[str]], int]:
    sheet = first_sheet(file)
    return ([cell_text(cell) for cell in row] for row in sheet.iter_rows()), sheet.total_height


def _csv(file: IO[bytes]) -> tuple[Iterator[list[str]], int]:
    encoding = _encoding(file)
    # The file is read to the end first, so that no row is entered of a file that breaks off.
    try:
        total = sum(1 for _ in _records(file, encoding))
    except csv.Error as broken:
        raise unreadable() from broken
    records = _records(file, encoding)
    return ([cell_text(without_quote(cell)) for cell in record] for record in records), total


def with_quote(cell: str) -> str:
    """The cell for a CSV file: a text that could be a formula gets a quote (') in front."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def without_quote(cell: str) -> str:
    """The cell without the quote that `with_quote` has put in front."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _records(file: IO[bytes], encoding: str) -> Iterator[list[str]]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        first = text.readline()
        delimiter = "\t" if "\t" in first else ","
        yield from csv.reader(chain([first], text), delimiter=delimiter)
    finally:
        # The caller has opened the file and closes it; the wrapper must not.
        if not file.closed:
            text.detach()


def _encoding(file: IO[bytes]) -> str:
    for encoding in _ENCODINGS:
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while piece := file.read(_CHUNK):
                if "\0" in decoder.decode(piece):
                    raise unreadable()
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise unreadable()


def workbook(sheets: Sequence[tuple[str, Iterable[Sequence[str]]]]) -> bytes:
    """The bytes of an Excel file; `sheets` are pairs of a name and rows of texts, headings first."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for number, cells in enumerate(rows):
                for at, cell in enumerate(cells):
                    # As a text a number keeps its leading zeros, and no cell becomes a formula.
                    sheet.write_string(number, at, cell, *([] if number else [bold]))
            sheet.autofit()
    return packed.getvalue()
