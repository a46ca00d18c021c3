"""Checks the rows of a file against the database: new rows, known rows and rows with faults."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import IO

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import aliased, defer

from app.categories.models import Category
from app.intake.mappings import ImportMapping, shipped_mapping
from app.intake.mappings.parts import wrong
from app.intake.models import Import, ImportRow
from app.intake.policy import may_fetch_rejected, may_import
from app.intake.rows import Entry, Ground, RowFaults, number_in, read_row, rejected_cells
from app.intake.sheets import Line, read_sheet
from app.intake.states import (
    MOST_ROWS,
    REASON_HEADING,
    ROW_HEADING,
    SHOWN_FAULTS,
    ImportState,
)
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import unseal
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid, NotFound, not_found
from app.kernel.given_up import Kind
from app.orders.ticket.models import Order
from app.organisation.models import Place, Unit
from app.organisation.queries import (
    ancestors,
    community_of,
    get_unit,
    locate,
    subtree_ids,
    unit_called,
)
from app.organisation.tables import Fault

GIVEN_UP = Kind(
    "import",
    "多次没有导入、已停下的文件（个）",
    Import,
    lambda row: {"uploaded_by_id": row.uploaded_by_id, "mapping": row.mapping, "rows": row.rows},
    unit_of=lambda row: row.unit_id,
)
_PIECE = 500
_FAILED = "这个文件没能导入完，请重新上传一次；已导入的不会重复。"


@dataclass(slots=True)
class Checked:
    """The rows that can be entered, and the rejected rows with their faults."""

    entries: list[Entry] = field(default_factory=list)
    rejected: list[tuple[Line, list[Fault]]] = field(default_factory=list)


@dataclass(slots=True)
class Preview:
    """A whole file that has been read: rows that can be entered at the unit, and rejected rows.

    `known` counts the good rows that came in before; `digest` is the SHA-256 of the file.
    """

    unit_id: int
    mapping: str
    headings: list[str]
    good: list[Line] = field(default_factory=list)
    rejected: list[tuple[Line, list[Fault]]] = field(default_factory=list)
    known: int = 0
    digest: str = ""

    def __str__(self) -> str:
        # A repeated request is recognised by this text: same unit, mapping and file.
        return f"{self.unit_id} {self.mapping} {self.digest}"


def preview(actor: Actor, file: IO[bytes], unit_id: int, mapping_name: str) -> Preview:
    """Reads a file and checks all its rows; changes nothing.

    Raises what `unit_for`, `shipped_mapping`, `read_sheet` and `ground_of` raise, and Invalid
    `import.too_many_rows` for more than 20,000 rows.
    """
    unit = unit_for(actor, unit_id)
    mapping = shipped_mapping(mapping_name)
    digest = hashlib.sha256(file.read()).hexdigest()
    file.seek(0)
    sheet = read_sheet(file, mapping.needed)
    found = Preview(unit.id, mapping.name, sheet.headings, digest=digest)
    seen: dict[str, int] = {}
    while lines := list(islice(sheet.lines, _PIECE)):
        ground = ground_of(mapping, unit, sheet.headings, lines)
        checked = check_lines(mapping, ground, sheet.headings, lines, seen)
        numbers = [entry.number for entry in checked.entries]
        found.good += [entry.line for entry in checked.entries]
        found.rejected += checked.rejected
        found.known += len(known_numbers(mapping.system_at(unit.id), numbers))
        if len(found.good) + len(found.rejected) > MOST_ROWS:
            raise Invalid("import.too_many_rows", f"行数太多，一次最多导入{MOST_ROWS}行。")
    return found


def unit_for(actor: Actor, unit_id: int) -> Unit:
    """The unit that gets the orders: the community of the named unit, or a street or district itself.

    Raises NotFound `not_found` for an unknown unit or one whose orders the actor cannot see,
    Forbidden `import.not_allowed`, Invalid `unit.closed`.
    """
    named = get_unit(unit_id)
    unit = community_of(named) or named
    if not may_import(actor, unit.path):
        if not actor.may("orders.see", unit.path):
            raise not_found()
        raise Forbidden("import.not_allowed", "您没有导入工单的权限。")
    if not (named.is_open and unit.is_open):
        raise Invalid("unit.closed", "这个单位已撤并，请选择现在的社区。")
    return unit


def ground_of(
    mapping: ImportMapping, unit: Unit, headings: Sequence[str], lines: Iterable[Line]
) -> Ground:
    """The units, categories and places that these rows can refer to.

    Raises Invalid `import.mapping` if the mapping names a category that the unit does not have.
    """
    categories = _categories(unit)
    for target in mapping.category.targets():
        if target and target not in categories:
            raise wrong("category", f"“{unit.name}”没有“{target}”这个分类，请检查。")
    above = ancestors(unit)
    return Ground(
        unit=unit,
        above=above[0] if above else unit,
        categories=categories,
        places=_places(mapping, unit, headings, lines),
        locate=locate,
        now=now(),
    )


def _categories(unit: Unit) -> dict[str, Category]:
    """The leaves that take new orders of the unit, by code and by name.

    If two leaves have one name, the unit's own leaf goes before the leaf of all units.
    """
    group = aliased(Category)
    leaves = session.scalars(
        select(Category)
        .join(group, group.id == Category.parent_id)
        .where(Category.retired_at.is_(None), group.retired_at.is_(None))
        .order_by(Category.unit_id.is_(None), Category.sort, Category.id)
        # A past order is not asked any questions, so these large columns are not needed.
        .options(defer(Category.questions), defer(Category.skills))
    )
    found: dict[str, Category] = {}
    for leaf in leaves:
        if leaf.serves(unit.path):
            found.setdefault(leaf.code, leaf)
            found.setdefault(leaf.name, leaf)
    return found


def _places(
    mapping: ImportMapping, unit: Unit, headings: Sequence[str], lines: Iterable[Line]
) -> dict[str, tuple[Place, Unit] | None]:
    column = mapping.position.place
    if column is None or column not in headings:
        return {}
    at = headings.index(column)
    named = {line.cells[at] for line in lines if len(line.cells) > at and line.cells[at]}
    if not named:
        return {}
    rows = session.execute(
        select(Place, Unit)
        .join(Unit, Unit.id == Place.unit_id)
        .where(
            Place.unit_id.in_(subtree_ids(unit.path)),
            Place.closed_at.is_(None),
            or_(Place.full_name.in_(named), Place.code.in_(named)),
        )
    )
    found: dict[str, tuple[Place, Unit] | None] = {}
    for place, around in rows:
        found[place.full_name] = None if place.full_name in found else (place, around)
        if place.code is not None:
            found[place.code] = (place, around)
    return found


def check_lines(
    mapping: ImportMapping,
    ground: Ground,
    headings: list[str],
    lines: Iterable[Line],
    seen: dict[str, int],
) -> Checked:
    """Reads the rows; a number that comes twice is a fault.

    `seen` maps the numbers of earlier rows of the file to their row; the numbers of these rows are
    added to it.
    """
    checked = Checked()
    for line in lines:
        number = number_in(mapping, headings, line)
        if number in seen:
            told = f"与第{seen[number]}行的编号相同，一个编号只能有一行。"
            checked.rejected.append((line, [Fault(line.row, mapping.number, told)]))
            continue
        if number:
            seen[number] = line.row
        try:
            checked.entries.append(read_row(mapping, ground, headings, line))
        except RowFaults as bad:
            checked.rejected.append((line, bad.faults))
    return checked


def known_numbers(system: str, numbers: Iterable[str]) -> set[str]:
    """The external numbers that orders of this system already have, out of `numbers`."""
    wanted = list(numbers)
    if not wanted:
        return set()
    statement = select(Order.external_number).where(
        Order.external_system == system, Order.external_number.in_(wanted)
    )
    return {number for number in session.scalars(statement) if number is not None}


def imports_visible_to(actor: Actor) -> Select[Import]:
    """The imports for units where the actor may import."""
    ways: list[ColumnElement[bool]] = [
        Import.unit_id.in_(subtree_ids(path)) for path in actor.paths("orders.import")
    ]
    return select(Import).where(or_(false(), *ways))


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import for its reader, with its first 100 faults."""

    id: int
    row: Import
    unit: Unit
    errors: list[Fault]
    message: str | None


def get_visible_import(actor: Actor, import_id: int) -> Import:
    """The import with this id; raises NotFound `not_found`."""
    found = session.scalar(imports_visible_to(actor).where(Import.id == import_id))
    if found is None:
        raise not_found()
    return found


def view_import(actor: Actor, import_id: int) -> ImportView:
    """The view of the import with this id; raises NotFound `not_found`."""
    return view_of(get_visible_import(actor, import_id))


def view_of(row: Import) -> ImportView:
    """The view of a loaded import; without faults if it has failed, since its rows are unreadable."""
    unit = get_unit(row.unit_id)
    if row.state is ImportState.FAILED:
        return ImportView(row.id, row, unit, [], _FAILED)
    bad = session.scalars(_rejected(row).limit(SHOWN_FAULTS))
    faults = [fault for line in bad for fault in faults_of(line)]
    return ImportView(row.id, row, unit, faults[:SHOWN_FAULTS], None)


def _rejected(row: Import) -> Select[ImportRow]:
    return (
        select(ImportRow)
        .where(ImportRow.import_id == row.id, ImportRow.faults.is_not(None))
        .order_by(ImportRow.row)
    )


def rejected_table(actor: Actor, import_id: int) -> list[list[str]]:
    """The rejected rows as a table: headings first, each row with its row number and its reasons.

    Raises NotFound `not_found`, NotFound `import.no_rejected` if there are no such rows (any more),
    and Forbidden `import.not_own` if another person uploaded the file.
    """
    row = get_visible_import(actor, import_id)
    if not may_fetch_rejected(actor, row.uploaded_by_id):
        raise Forbidden("import.not_own", "里面有姓名和电话，只有上传的人可以下载。")
    if row.state is ImportState.FAILED:
        raise NotFound("import.no_rejected", _FAILED)
    rejected = session.scalars(_rejected(row)).all()
    if not rejected:
        raise NotFound("import.no_rejected", "没有被退回的行，或者已经过了一天，删除了。")
    headings = headings_of(row)
    return [
        [*headings, ROW_HEADING, REASON_HEADING],
        *(rejected_cells(headings, line_of(bad), faults_of(bad)) for bad in rejected),
    ]


def headings_of(row: Import) -> list[str]:
    """The column names of the uploaded file, unsealed."""
    return list(json.loads(unseal(row.headings, f"imports.headings:{row.id}")))


def line_of(row: ImportRow) -> Line:
    """The row as it stood in the uploaded file, unsealed."""
    return Line(row.row, list(json.loads(unseal(row.cells, f"import_rows.cells:{row.id}"))))


def faults_of(row: ImportRow) -> list[Fault]:
    """The faults of the row, unsealed; empty if it was not rejected."""
    if row.faults is None:
        return []
    told = json.loads(unseal(row.faults, f"import_rows.faults:{row.id}"))
    return [Fault(row.row, column, message) for column, message in told]


def waiting_of(person_id: int, states: Iterable[str]) -> int:
    """The number of imports of this person that are in one of the states."""
    statement = select(func.count()).where(
        Import.uploaded_by_id == person_id, Import.state.in_(list(states))
    )
    return session.scalar(statement) or 0


def unit_by(actor: Actor, named: str) -> Unit:
    """The unit that gets the orders, by a code or an id; raises Invalid `unit.unknown`.

    Also raises what `unit_for` raises.
    """
    return unit_for(actor, unit_called(named).id)
