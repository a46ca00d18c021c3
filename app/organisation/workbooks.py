"""Opens Excel files from outside after checking how much memory they would need.

The reader (calamine) lays a sheet out as a full rectangle and copies a shared text into each cell
that names it. So a file of a few kilobytes can need more memory than the machine has, and that ends
the process. Therefore the parts of the file are read piece by piece first.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from app.kernel.errors import Invalid

ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
EXCEL_MARKS = (ZIP, OLD_EXCEL)
LARGEST_UNPACKED = 200 * 2**20
# Rows times columns of the rectangle around all filled cells.
MOST_CELLS = 2_000_000
# XML elements: a filled cell has up to four of them.
MOST_ELEMENTS = 5 * MOST_CELLS
# Bytes of the shared texts, each counted as often as cells name it.
MOST_TEXT = 200 * 2**20

_CHUNK = 1 << 16
_REFERENCE = re.compile("([A-Z]{1,3})([0-9]{1,7})", re.IGNORECASE)
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_NEEDED = ("xl/", "_rels/", "[content_types]")
_BOOK, _SHARED = "xl/workbook.xml", "xl/sharedstrings.xml"
# With one of these parts the reader would read the file as another format, which is not checked here.
_OTHERS = {"xl/workbook.bin", "mimetype", "content.xml"}
_BROKEN = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, expat.ExpatError),
    *(EOFError, IndexError, OSError, RuntimeError, ValueError),
)


def first_sheet(file: IO[bytes]) -> CalamineSheet:
    """Returns the first sheet of an .xlsx file.

    Raises Invalid `import.unreadable` (also for .xls files and files with a password) and
    `import.too_large`.
    """
    start = file.read(4)
    file.seek(0)
    if start == OLD_EXCEL:
        told = "这是旧格式（xls）或加了密码的 Excel 文件，请另存为 xlsx、不加密码，再传一次。"
        raise Invalid("import.unreadable", told)
    try:
        return CalamineWorkbook.from_filelike(_checked(file)).get_sheet_by_index(0)
    except _BROKEN as broken:
        raise unreadable() from broken


def unreadable() -> Invalid:
    """Returns the Invalid `import.unreadable` for a file that is not a table."""
    return Invalid("import.unreadable", "文件读不出来，请用 Excel 或 CSV 表格。")


def _too_large() -> Invalid:
    told = "表格太大了。请只留要导入的一页，删掉远处多余的格子，或分成几个文件。"
    return Invalid("import.too_large", told)


def _checked(file: IO[bytes]) -> IO[bytes]:
    """Returns a new file with only the parts that hold cells and texts, each of them checked.

    It is packed anew because two programs may unpack one zip file differently: the reader must get
    exactly what was checked.
    """
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(file) as parts,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as safe,
    ):
        look = _Look()
        for name, part in _wanted(parts):
            with parts.open(part) as source, safe.open(name, "w") as target:
                look.through(source, target.write)
    packed.seek(0)
    return packed


def _wanted(parts: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    if sum(part.file_size for part in parts.infolist()) > LARGEST_UNPACKED:
        raise _too_large()
    named = [(part.filename.replace("\\", "/"), part) for part in parts.infolist()]
    names = [name.lower() for name, _ in named]
    if _BOOK not in names or len(set(names)) < len(names) or _OTHERS & set(names):
        raise unreadable()
    wanted = [
        (name, part)
        for name, part in named
        if name.lower().startswith(_NEEDED) and name.lower().endswith((".xml", ".rels"))
    ]
    if any(part.compress_type not in _PACKINGS for _, part in wanted):
        raise unreadable()
    # The shared texts come first, because `_Look` needs their lengths for the sheets.
    return sorted(wanted, key=lambda pair: pair[0].lower() != _SHARED)


class _Look:
    """Counts what the reader would lay out; raises Invalid `import.too_large` at the first limit passed."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._longest = self._elements = 0

    def through(self, source: IO[bytes], keep: Callable[[bytes], object]) -> None:
        """Reads a part of the file to its end and gives each piece to `keep`.

        Raises ExpatError or ValueError for a broken part.
        """
        self._row = self._column = self._last_row = self._last_column = self._text = 0
        self._cell: tuple[int, int] | None = None
        self._shared = self._in_text = False
        self._index: str | None = None
        # The reader reads every part as UTF-8, whatever encoding the part declares.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._read
        parser.StartDoctypeDeclHandler = self._refuse
        while piece := source.read(_CHUNK):
            if b"\0" in piece:
                raise ValueError("the part holds NUL bytes: it is not UTF-8")
            parser.Parse(piece, False)
            keep(piece)
        parser.Parse(b"", True)

    def _refuse(self, *_: object) -> None:
        raise ValueError("the part declares a document type, which is not allowed")

    def _begin(self, named: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise _too_large()
        name = named.rpartition(":")[2]
        if name == "c":
            self._cell = self._place(attributes.get("r"))
            self._shared = attributes.get("t") == "s"
        elif self._cell is not None:
            # The reader lays out filled cells alone; an empty cell with a colour does not count.
            self._fill(*self._cell)
            if name == "v" and self._shared:
                self._index = ""
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif name == "si":
            self._lengths.append(0)
            self._in_text = True
            if len(self._lengths) > MOST_CELLS:
                raise _too_large()

    def _place(self, reference: str | None) -> tuple[int, int]:
        if reference is None:
            self._column += 1
            return self._row, self._column
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise ValueError("this is not the reference of a cell")
        self._column = 0
        for letter in found[1].upper():
            self._column = self._column * 26 + ord(letter) - ord("A") + 1
        return int(found[2]), self._column

    def _fill(self, row: int, column: int) -> None:
        self._last_row = max(self._last_row, row)
        self._last_column = max(self._last_column, column)
        if self._last_row * self._last_column > MOST_CELLS:
            raise _too_large()

    def _end(self, named: str) -> None:
        name = named.rpartition(":")[2]
        if name == "c":
            self._cell = None
        elif name == "si":
            self._in_text = False
            self._longest = max(self._longest, *self._lengths[-1:])
        elif name == "v" and self._index is not None:
            self._text += self._length(self._index)
            self._index = None
            if self._text > MOST_TEXT:
                raise _too_large()

    def _length(self, index: str) -> int:
        if index.isascii() and index.isdigit() and int(index) < len(self._lengths):
            return self._lengths[int(index)]
        return self._longest

    def _read(self, text: str) -> None:
        if self._in_text:
            self._lengths[-1] += len(text.encode())
        elif self._index is not None:
            self._index += text
