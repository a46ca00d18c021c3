"""Reads tables from Excel and CSV files cell by cell; each fault tells row, column and what to do."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from app.kernel.errors import Invalid
from app.organisation.states import PHONE
from app.organisation.workbooks import EXCEL_MARKS, first_sheet, unreadable

MOST_ROWS = 50_000
LONGEST = 100

_BLANKS = "\u3000\u00a0\ufeff"

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell and what would be right; row 1 holds the headings."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"第{self.row}行" + (f"“{self.column}”" if self.column else "")
        return f"{where}：{self.message}"


class CellError(Exception):
    """Raised for a wrong cell; `message` is Chinese, for the person who made the file."""

    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column, self.message = column, message


class Cells:
    """One row of a table; a cell is read by the heading of its column.

    Each method raises CellError for a cell that does not fit.
    """

    def __init__(self, row: int, cells: Mapping[str, str]) -> None:
        self.row = row
        self._cells = cells

    def text(self, column: str, longest: int = LONGEST) -> str | None:
        """Returns the text of the cell; None where the cell is empty or its column is missing.

        Raises CellError for more than `longest` characters, line breaks and invisible characters.
        """
        value = self._cells.get(column, "")
        if len(value) > longest:
            raise CellError(column, f"太长了，最多{longest}个字。")
        if not all(char.isprintable() for char in value):
            raise CellError(column, "含有换行或看不见的字符，请重新填写。")
        return value or None

    def needed(self, column: str, longest: int = LONGEST) -> str:
        """Returns the text of the cell; raises CellError as `text` does, and where it is empty."""
        value = self.text(column, longest)
        if value is None:
            raise CellError(column, "没有填写。")
        return value

    def phone(self, column: str) -> str | None:
        """Returns a phone number such as 110 or 0571-88880000转12; None where the cell is empty."""
        value = self.text(column)
        if value is not None and not PHONE.fullmatch(value):
            raise CellError(column, f"“{value}”不像电话号码，例如 0571-88880000。")
        return value

    def choice(self, column: str, words: Mapping[str, _Choice], names: Sequence[str]) -> _Choice:
        """Returns what `words` holds for the cell's text in lower case.

        Raises CellError where the cell is empty or its text is not in `words`; the message lists
        `names`.
        """
        found = self.maybe_choice(column, words, names)
        if found is None:
            raise CellError(column, f"没有填写，请填{'、'.join(names)}中的一个。")
        return found

    def maybe_choice(
        self, column: str, words: Mapping[str, _Choice], names: Sequence[str]
    ) -> _Choice | None:
        """Does what `choice` does, but returns None where the cell is empty."""
        value = self.text(column)
        if value is None:
            return None
        found = words.get(value.lower())
        if found is None:
            raise CellError(column, f"“{value}”不对，请填{'、'.join(names)}中的一个。")
        return found

    def number(self, column: str, least: float, most: float) -> float | None:
        """Returns a number from `least` to `most`; None where the cell is empty."""
        value = self.text(column)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise CellError(column, f"“{value}”不对，请填{least:g}到{most:g}之间的数字。")
        return number

    def whole(self, column: str) -> int | None:
        """Returns a whole number from 0 to 999,999, for sorting; None where the cell is empty."""
        number = self.number(column, 0, 999_999)
        if number is not None and number != int(number):
            raise CellError(column, f"“{number:g}”不对，请填整数。")
        return None if number is None else int(number)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows below the headings without blank rows, and the headings that are not used (`ignored`)."""

    rows: list[Cells]
    ignored: list[str]


def read_table(
    content: bytes, known: Sequence[str], needed: Sequence[str], most_rows: int = MOST_ROWS
) -> Table:
    """Reads the first sheet of an Excel file (.xlsx), or a CSV file.

    A CSV file is in UTF-8 or GB 18030, its columns are separated by commas or tabs. The first row
    holds the headings in any order. `known` are all headings that are used, `needed` those that
    must be there.

    Raises Invalid `import.unreadable`, `import.too_large`, `import.empty`,
    `import.headings_missing`, `import.heading_twice`, `import.too_many_rows` (more than
    `most_rows`).
    """
    lines = [[cell_text(value) for value in line] for line in _lines(content)]
    if len(lines) > most_rows + 1:
        raise Invalid("import.too_many_rows", f"行数太多，一次最多导入{most_rows}行。")
    headings = lines[0] if lines else []
    if not any(headings) or not any(any(line) for line in lines[1:]):
        raise Invalid("import.empty", "文件里没有内容：第一行要写列名，下面每行一条。")
    missing = [name for name in needed if name not in headings]
    if missing:
        raise Invalid("import.headings_missing", f"第一行缺少这些列：{'、'.join(missing)}。")
    for name in known:
        if headings.count(name) > 1:
            raise Invalid("import.heading_twice", f"“{name}”这一列出现了两次，请删掉一列。")
    rows = [
        Cells(number, dict(zip(headings, line, strict=False)))
        for number, line in enumerate(lines[1:], start=2)
        if any(line)
    ]
    return Table(rows, [name for name in headings if name and name not in known])


def cell_text(value: object) -> str:
    """Returns the text of a cell as people read it; the number 3.0 of an Excel file is "3"."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value)
    for blank in _BLANKS:
        text = text.replace(blank, " ")
    return text.strip()


def _lines(content: bytes) -> Iterator[Sequence[object]]:
    if content.startswith(EXCEL_MARKS):
        sheet = first_sheet(io.BytesIO(content))
        return iter(list[Sequence[object]](sheet.to_python(skip_empty_area=False)))
    text = _decoded(content)
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    try:
        return iter(list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    except csv.Error as broken:
        raise unreadable() from broken


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise unreadable()
