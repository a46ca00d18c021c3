"""Reads one row of another system's file by its mapping: an order with its past, or the faults."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.categories.models import Category
from app.intake.mappings import Choice, ImportMapping, Position
from app.intake.mappings.chains import Step
from app.intake.mappings.templates import Template
from app.intake.sheets import Line
from app.kernel.crypto import normalise_phone
from app.kernel.errors import Invalid, Refusal
from app.orders.ticket.models import Contact, Placement, from_category
from app.orders.ticket.states import Action, Source
from app.organisation.geometry import in_gcj02
from app.organisation.models import Place, Unit
from app.organisation.queries import Located
from app.organisation.tables import CellError, Fault
from app.pasts.acts import PastEvent

LONGEST_TEXT, LONGEST_NUMBER, LONGEST_NAME, LONGEST_ADDRESS = 2000, 100, 50, 200
_DIGITS = re.compile(r"\d{5,}")
# Control characters without tab and line feed, lone surrogates, and characters for private use.
_HIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff]")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Ground:
    """The rows of the database that a batch refers to, as they are now.

    - `above`: the unit directly above; it handles complaints about the unit's own staff.
    - `categories`: by code and by name.
    - `places`: by full name and by code, with the place's unit; None if two places have this name.
    - `locate`: finds the units at a point in GCJ-02 degrees.
    """

    unit: Unit
    above: Unit
    categories: Mapping[str, Category]
    places: Mapping[str, tuple[Place, Unit] | None]
    locate: Callable[[float, float], Located | None]
    now: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An order that can be written, with its columns, its contact and all events of its past."""

    line: Line
    number: str
    placement: Placement
    submitted_at: datetime
    events: tuple[PastEvent, ...]


class RowFaults(Exception):
    """One row cannot be read; `faults` are all faults in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class _Spot:
    grid_id: int | None = None
    place_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None


def read_row(mapping: ImportMapping, ground: Ground, headings: list[str], line: Line) -> Entry:
    """The order of one row; raises RowFaults with all faults of the row."""
    reader = _Reader(mapping, ground, line, dict(zip(headings, line.cells, strict=False)))
    entry = reader.read(len(headings))
    if entry is None or reader.faults:
        raise RowFaults(reader.faults)
    return entry


def number_in(mapping: ImportMapping, headings: list[str], line: Line) -> str:
    """The order's number in the other system; "" if the cell is empty or missing."""
    return dict(zip(headings, line.cells, strict=False)).get(mapping.number, "")


@dataclass(slots=True)
class _Reader:
    """Reads field after field; notes a fault and goes on, so that all faults are found."""

    mapping: ImportMapping
    ground: Ground
    line: Line
    record: Mapping[str, str]
    faults: list[Fault] = field(default_factory=list)
    moments: dict[str, datetime] = field(default_factory=dict)

    def read(self, width: int) -> Entry | None:
        """The order, or None if there are faults; `width` is the number of headings."""
        mapping = self.mapping
        if any(self.line.cells[width:]):
            # After one comma too many all cells stand under the wrong headings.
            self.faults.append(Fault(self.line.row, "", "比列名多出几格，请检查有没有多余的逗号。"))
            return None
        number, description, phone = "", "", None
        category: Category | None = None
        source, anonymous, spot = Source.IMPORT, False, _Spot()
        contact = Contact()
        events: tuple[PastEvent, ...] = ()
        with self._noting():
            number = self._number()
        with self._noting():
            description = self._filled(mapping.description, needed=True)
        with self._noting():
            category = self._category()
        with self._noting():
            source = self._source()
        with self._noting():
            anonymous = self._is_anonymous()
        with self._noting():
            phone = self._phone()
        with self._noting():
            contact = self._contact(phone)
        with self._noting():
            spot = self._spot(mapping.position)
        with self._noting():
            events = tuple(self._events(description))
        if self.faults:
            return None
        unit = self.ground.above if category and category.to_unit_above else self.ground.unit
        placement = Placement(
            **from_category(category),
            unit_id=unit.id,
            unit_path=unit.path,
            grid_id=spot.grid_id,
            place_id=spot.place_id,
            latitude=spot.latitude,
            longitude=spot.longitude,
            anonymous=anonymous,
            source=source,
            external_system=mapping.system_at(self.ground.unit.id),
            external_number=number,
            imported_at=self.ground.now,
            description=description,
            contact=contact,
        )
        return Entry(self.line, number, placement, events[0].at, events)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except CellError as wrong:
            self.faults.append(Fault(self.line.row, wrong.column, wrong.message))

    def _cell(self, column: str | None) -> str:
        return self.record.get(column, "") if column else ""

    def _number(self) -> str:
        column = self.mapping.number
        number = self._words(self._cell(column), column, needed=True, longest=LONGEST_NUMBER)
        if not number.isprintable():
            raise CellError(column, "含有换行或看不见的字符，请重新填写。")
        return number

    def _words(self, text: str, column: str, *, needed: bool, longest: int = LONGEST_TEXT) -> str:
        if needed and not text:
            raise CellError(column, "没有填写。")
        if len(text) > longest:
            raise CellError(column, f"太长了，最多{longest}个字。")
        if not text.isprintable() and _HIDDEN.search(text):
            raise CellError(column, "含有看不见的字符，请重新填写。")
        return text

    def _filled(
        self, template: Template | None, *, needed: bool = False, longest: int = LONGEST_TEXT
    ) -> str:
        if template is None:
            return ""
        columns = "、".join(dict.fromkeys(template.columns))
        return self._words(template.fill(self.record), columns, needed=needed, longest=longest)

    def _chosen(self, choice: Choice, known: Callable[[str], bool], wanted: str) -> str:
        """The word to which the mapping translates the cell."""
        if choice.column is None:
            return choice.default or ""
        given = self._cell(choice.column)
        if not given:
            if choice.default is None:
                raise CellError(choice.column, f"没有填写，{wanted}。")
            return choice.default
        target = choice.values.get(given, given if known(given) else choice.otherwise)
        if target is None:
            raise CellError(choice.column, f"“{shown(given)}”不认识，{wanted}。")
        return target

    def _category(self) -> Category | None:
        choice, categories = self.mapping.category, self.ground.categories
        named = self._chosen(choice, categories.__contains__, "请填现有分类的名称")
        return categories[named] if named else None

    def _source(self) -> Source:
        known = [source.value for source in Source]
        choice = self.mapping.source
        words = "、".join(dict.fromkeys([*choice.values])) or "、".join(known)
        return Source(self._chosen(choice, known.__contains__, f"请填：{words}"))

    def _is_anonymous(self) -> bool:
        about = self.mapping.anonymous
        given = self._cell(about.column)
        if about.column is None or given in about.no:
            return False
        if given in about.yes:
            return True
        words = "、".join(word for word in (*about.yes, *about.no) if word)
        raise CellError(about.column, f"“{shown(given)}”不认识，请填：{words}。")

    def _phone(self) -> str | None:
        column = self.mapping.contact.phone
        given = self._cell(column)
        if not given or column is None:
            return None
        try:
            return normalise_phone(given)
        except Invalid as wrong:
            # The cell is not quoted: with one other digit it is the number of a person.
            raise CellError(column, "不像电话号码，例如 13812345678 或 0571-88880000。") from wrong

    def _contact(self, phone: str | None) -> Contact:
        about = self.mapping.contact
        name = self._cell(about.name)
        return Contact(
            self._words(name, about.name or "", needed=False, longest=LONGEST_NAME) or None,
            phone,
            self._filled(about.address, longest=LONGEST_ADDRESS) or None,
        )

    def _spot(self, position: Position) -> _Spot:
        place, place_unit = self._place(position.place)
        latitude, longitude = self._point(position)
        if latitude is None and place is not None:
            latitude, longitude = place.latitude, place.longitude
        elif latitude is not None and longitude is not None:
            latitude, longitude = in_gcj02(latitude, longitude, position.system)
        grid = None
        if latitude is not None and longitude is not None:
            found = self.ground.locate(latitude, longitude)
            grid = found.grid if found else None
        grid, unit = grid or place_unit, self.ground.unit
        inside = grid is not None and grid.path.startswith(unit.path) and grid.id != unit.id
        return _Spot(
            grid.id if grid and inside else None,
            place.id if place else None,
            latitude,
            longitude,
        )

    def _place(self, column: str | None) -> tuple[Place, Unit] | tuple[None, None]:
        given = self._cell(column)
        if not given or column is None:
            return None, None
        if given not in self.ground.places:
            raise CellError(column, "没有这个小区或楼栋，请填登记的全名或编号，或空着。")
        found = self.ground.places[given]
        if found is None:
            raise CellError(column, "有几个地方叫这个名字，请填它的编号。")
        return found

    def _point(self, position: Position) -> tuple[float, float] | tuple[None, None]:
        if position.latitude is None or position.longitude is None:
            return None, None
        latitude = self._degrees(position.latitude, 90)
        longitude = self._degrees(position.longitude, 180)
        if latitude is None and longitude is None:
            return None, None
        if latitude is None or longitude is None:
            empty = position.latitude if latitude is None else position.longitude
            raise CellError(empty, "没有填写，纬度和经度要一起填。")
        return latitude, longitude

    def _degrees(self, column: str, most: int) -> float | None:
        given = self._cell(column)
        if not given:
            return None
        try:
            degrees = float(given)
        except ValueError:
            degrees = float("nan")
        if not -most <= degrees <= most:
            raise CellError(column, f"“{shown(given)}”不对，请填-{most}到{most}之间的数字。")
        return degrees

    def _events(self, description: str) -> Iterator[PastEvent]:
        chain = self.mapping.status
        known = self.mapping.chains
        words = "、".join(dict.fromkeys(chain.values)) or "、".join(known)
        named = self._chosen(chain, known.__contains__, f"请填：{words}")
        before: tuple[datetime, str] | None = None
        for step in known[named]:
            at, column = self._time(step)
            if before is not None and at < before[0]:
                raise CellError(column, f"早于“{before[1]}”，请检查。")
            before = at, column
            note = description
            if step.action is not Action.SUBMIT:
                note = self._filled(step.note, needed=step.action is Action.REJECT)
            yield PastEvent(
                action=step.action,
                at=at,
                actor_id=None,
                by=self.mapping.system,
                to=step.to,
                note=note,
                visible=step.visible,
                facts={**step.facts, **self._until(step)},
            )

    def _time(self, step: Step) -> tuple[datetime, str]:
        """The first of the step's times that is filled in the row, and its column."""
        columns = [self.mapping.times.columns[name] for name in step.at]
        column = next((name for name in columns if self._cell(name)), None)
        if column is None:
            state = self._cell(self.mapping.status.column)
            raise CellError(columns[0], f"没有填写，“{shown(state)}”的要写时间。")
        at = self._moment(column)
        if at > self.ground.now:
            raise CellError(column, "时间还没有到，请检查。")
        return at, column

    def _until(self, step: Step) -> dict[str, Any]:
        if step.until is None:
            return {}
        column = self.mapping.times.columns[step.until]
        if not self._cell(column):
            raise CellError(column, "没有填写，暂缓的要写到哪一天。")
        until = self._moment(column)
        if until <= self.ground.now:
            raise CellError(column, "已经过了，暂缓要到以后的一天。")
        return {"until": until}

    def _moment(self, column: str) -> datetime:
        if column not in self.moments:
            given, times = self._cell(column), self.mapping.times
            moment = times.read(given)
            if moment is None:
                raise CellError(column, f"“{shown(given)}”不是时间，例如 {times.example}。")
            self.moments[column] = moment
        return self.moments[column]


def shown(value: str) -> str:
    """A value for the text of a fault: at most 20 characters, and long numbers hidden."""
    short = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return _DIGITS.sub(lambda found: found[0][:3] + "****", short)


def rejected_cells(headings: list[str], line: Line, faults: Iterable[Fault]) -> list[str]:
    """The rejected row for the person: its own cells, its row number, and its faults in Chinese."""
    cells = [*line.cells[: len(headings)], *[""] * (len(headings) - len(line.cells))]
    rest = [cell for cell in line.cells[len(headings) :] if cell]
    reasons = (f"“{f.column}”：{f.message}" if f.column else f.message for f in faults)
    told = "".join(reasons) + (f"多出的是：{'、'.join(rest)}" if rest else "")
    return [*cells, str(line.row), told]


def refused(line: Line, refusal: Refusal) -> list[Fault]:
    """The fault of a row that was refused as a whole, with the message of the refusal."""
    return [Fault(line.row, "", refusal.message)]
