"""Writes long Excel files row by row, with only one row in memory at a time."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.format import Format

Cell = str | int | None
# The most characters in a cell of Excel, and in the header of a page.
_LONGEST_CELL = 32_767
_LONGEST_HEADER = 255
# If the cell is copied into a CSV file or typed in again, a program would take it for a formula.
_RISKY = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A heading and the width of its column in characters."""

    heading: str
    width: int


class Book:
    """An Excel file with one sheet, written in `folder`.

    Use it as a context manager and read `content` afterwards. `mark` is printed at the top and the
    bottom of each page and stands in the last row; None means no mark.
    """

    def __init__(
        self, folder: Path, title: str, columns: Sequence[Column], mark: str | None
    ) -> None:
        self._path, self._columns, self._mark = folder / "book.xlsx", columns, mark
        options = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(str(self._path), options)
        self._bold = self._book.add_format({"bold": True, "bottom": 1, "valign": "vcenter"})
        self._plain = self._book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        self._quoted = self._book.add_format(
            {"num_format": "@", "valign": "top", "text_wrap": True, "quote_prefix": True}
        )
        self._number = self._book.add_format({"valign": "top"})
        self._sheet = self._book.add_worksheet(title)
        self._next = 0
        self._begin()

    def _begin(self) -> None:
        sheet = self._sheet
        for at, column in enumerate(self._columns):
            sheet.set_column(at, at, column.width)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        if self._mark is not None:
            printed = self._mark.replace("&", "&&")[: _LONGEST_HEADER - 12]
            sheet.set_header(f"&C{printed}")
            sheet.set_footer(f"&C{printed}&R&P/&N")
        self._write([column.heading for column in self._columns], self._bold)

    def add(self, cells: Sequence[Cell]) -> None:
        """Writes the next row; texts stay texts, also if they look like formulas."""
        self._write(cells, None)

    def _write(self, cells: Sequence[Cell], style: Format | None) -> None:
        for at, cell in enumerate(cells):
            if isinstance(cell, int):
                self._sheet.write_number(self._next, at, cell, style or self._number)
            elif cell:
                looks = self._quoted if cell.startswith(_RISKY) else self._plain
                # As a text, also if it begins like a formula.
                text = cell[:_LONGEST_CELL]
                self._sheet.write_string(self._next, at, text, style or looks)
        self._next += 1

    def __enter__(self) -> "Book":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if failure is None and self._mark is not None:
            self._write([self._mark], self._bold)
        # Also after a failure, so that xlsxwriter closes its temporary files.
        self._book.close()

    @property
    def content(self) -> bytes:
        """The bytes of the finished file; only there after the context has ended."""
        return self._path.read_bytes()
