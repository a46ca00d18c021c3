"""Excel files of any length, written row by row: only one row is in memory at a time."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import xlsxwriter
from xlsxwriter.format import Format

Cell = str | int | None
# What one cell of Excel holds, and a header of a page.
_LONGEST_CELL = 32_767
_LONGEST_HEADER = 255
# Programs that read the file as CSV or have it typed in again would take these for formulas.
_RISKY = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """A heading and the width of its column in characters."""

    heading: str
    width: int


class Book:
    """One sheet under headings; to be used as a context, `content` is there afterwards.

    `mark` stands at the top and bottom of each printed page, and in a last row.
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
        """The next row."""
        self._write(cells, None)

    def _write(self, cells: Sequence[Cell], style: Format | None) -> None:
        for at, cell in enumerate(cells):
            if isinstance(cell, int):
                self._sheet.write_number(self._next, at, cell, style or self._number)
            elif cell:
                looks = self._quoted if cell.startswith(_RISKY) else self._plain
                # As text, whatever it begins with.
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
        # Also after a failure, so that its own files are closed.
        self._book.close()

    @property
    def content(self) -> bytes:
        """The finished file."""
        return self._path.read_bytes()
