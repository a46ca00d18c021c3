"""A mapping tells what the columns of another system's file mean; it is read from TOML and checked.

A cell that stands in `values` is translated; a cell that the program knows is taken as it is.
`default` is the word for an empty cell, `otherwise` the word for an unknown cell. Without `default` or
`otherwise` a row with such a cell is rejected.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.intake.mappings.chains import Step, read_chain
from app.intake.mappings.parts import Part, wrong
from app.intake.mappings.templates import Template
from app.intake.mappings.times import Times, read_times
from app.kernel.errors import Invalid
from app.orders.ticket.states import Source
from app.organisation.geometry import CoordinateSystem

MAPPINGS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Choice:
    """A column whose values are translated; without a column each row gets `default`."""

    column: str | None
    values: Mapping[str, str]
    default: str | None
    otherwise: str | None

    def targets(self) -> list[str]:
        """All words that a cell can be translated to."""
        others = (self.default, self.otherwise)
        return [*self.values.values(), *(word for word in others if word is not None)]


@dataclass(frozen=True, slots=True)
class YesNo:
    """A column that says yes or no, and the words for each; without a column it is always no."""

    column: str | None
    yes: tuple[str, ...]
    no: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """The columns of the requester's name and phone, and the template of the address."""

    name: str | None
    phone: str | None
    address: Template | None


@dataclass(frozen=True, slots=True)
class Position:
    """The columns of the order's point, and the column of its place (by full name or by code).

    `system` is the coordinate system of the point.
    """

    latitude: str | None
    longitude: str | None
    system: CoordinateSystem
    place: str | None


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """A mapping; with `per_unit` each unit numbers its orders for itself."""

    name: str
    system: str
    title: str
    per_unit: bool
    number: str
    description: Template
    optional: tuple[str, ...]
    category: Choice
    source: Choice
    anonymous: YesNo
    contact: Contact
    position: Position
    times: Times
    status: Choice
    chains: Mapping[str, tuple[Step, ...]]

    def system_at(self, unit_id: int) -> str:
        """The name of the other system, with the unit's id if each unit has its own numbers.

        External numbers are unique under this name.
        """
        return f"{self.system}@{unit_id}" if self.per_unit else self.system

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all columns that the mapping reads, each once, the number first."""
        notes = (step.note for chain in self.chains.values() for step in chain if step.note)
        templates = (self.description, self.contact.address, *notes)
        named = (
            self.number,
            self.times.columns["submitted"],
            *(column for template in templates if template for column in template.columns),
            self.category.column,
            self.status.column,
            self.source.column,
            self.contact.name,
            self.contact.phone,
            self.anonymous.column,
            self.position.latitude,
            self.position.longitude,
            self.position.place,
            *self.times.columns.values(),
        )
        return tuple(dict.fromkeys(column for column in named if column is not None))

    @property
    def needed(self) -> tuple[str, ...]:
        """The names of the columns that a file must have."""
        return tuple(column for column in self.columns if column not in self.optional)


def shipped_names() -> list[str]:
    """The names of the mappings that are shipped with the program, sorted."""
    return sorted(path.stem for path in MAPPINGS.glob("*.toml"))


def shipped_mapping(name: str) -> ImportMapping:
    """The shipped mapping with this name; raises Invalid `import.mapping_unknown`."""
    if name not in shipped_names():
        known = "、".join(shipped_names())
        raise Invalid("import.mapping_unknown", f"没有叫“{name}”的映射，现有：{known}。")
    return read_mapping(name, (MAPPINGS / f"{name}.toml").read_text(encoding="utf-8"))


def read_mapping(name: str, text: str) -> ImportMapping:
    """The mapping that the TOML text describes.

    Raises Invalid `import.mapping`; its message names the place in the text and what to write.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as broken:
        raise wrong("", f"不是正确的 TOML：{broken}") from broken
    part = Part(raw)
    system = part.text("system")
    times = read_times(part.part("times"))
    chains = _chains(part.part("chains"), times)
    found = ImportMapping(
        name=name,
        system=system,
        title=part.maybe("title") or system,
        per_unit=part.one_of("numbers", ("system", "unit"), "system") == "unit",
        number=part.text("number"),
        description=part.template("description"),
        optional=part.texts("optional"),
        category=_choice(part.maybe_part("category"), ""),
        source=_source(part.maybe_part("source")),
        anonymous=_yes_no(part.maybe_part("anonymous")),
        contact=_contact(part.maybe_part("contact")),
        position=_position(part.maybe_part("position")),
        times=times,
        status=_status(part.part("status"), chains),
        chains=chains,
    )
    part.end()
    _check_optional(found)
    return found


def _choice(part: Part, constant: str | None = None) -> Choice:
    default = part.maybe("default")
    found = Choice(
        part.maybe("column"), part.words("values"), default, otherwise=part.maybe("otherwise")
    )
    part.end()
    if found.column is None:
        if default is None and constant is None:
            raise wrong(part.where, "要写 column（哪一列），或写 default（每一行都是什么）。")
        return Choice(None, {}, constant if default is None else default, None)
    return found


def _source(part: Part) -> Choice:
    found = _choice(part, Source.IMPORT)
    known = [source.value for source in Source]
    for target in found.targets():
        if target not in known:
            raise wrong(part.where, f"没有“{target}”这个来源，可以用：{'、'.join(known)}。")
    return found


def _status(part: Part, chains: Mapping[str, tuple[Step, ...]]) -> Choice:
    found = _choice(part)
    for target in found.targets():
        if target not in chains:
            raise wrong(part.where, f"[chains] 里没有“{target}”，请写明这个状态是怎么来的。")
    return found


def _yes_no(part: Part) -> YesNo:
    found = YesNo(part.maybe("column"), part.texts("yes"), part.texts("no"))
    part.end()
    if found.column is not None and not (found.yes and found.no):
        raise wrong(part.where, "要写 yes（哪些词是匿名）和 no（哪些词不是）。")
    if both := set(found.yes) & set(found.no):
        raise wrong(part.where, f"“{both.pop()}”不能又是 yes 又是 no。")
    return found


def _contact(part: Part) -> Contact:
    found = Contact(part.maybe("name"), part.maybe("phone"), part.maybe_template("address"))
    part.end()
    return found


def _position(part: Part) -> Position:
    latitude, longitude = part.maybe("latitude"), part.maybe("longitude")
    systems = tuple(system.value for system in CoordinateSystem)
    system = part.one_of("coordinate_system", systems, "" if latitude else systems[0])
    place = part.maybe("place")
    part.end()
    if (latitude is None) != (longitude is None):
        raise wrong(part.where, "latitude 和 longitude 要一起写。")
    return Position(latitude, longitude, CoordinateSystem(system), place)


def _chains(part: Part, times: Times) -> dict[str, tuple[Step, ...]]:
    chains = {name: read_chain(part.steps(name), times.columns) for name in part.names()}
    part.end()
    if not chains:
        raise wrong(part.where, "一条也没有写。")
    return chains


def _check_optional(found: ImportMapping) -> None:
    needed = {found.number, found.times.columns["submitted"], *_asked_for(found.status)}
    for column in found.optional:
        if column in needed:
            raise wrong("optional", f"“{column}”这一列不能没有。")
        if column not in found.columns:
            raise wrong("optional", f"没有地方用到“{column}”这一列。")


def _asked_for(choice: Choice) -> list[str]:
    return [choice.column] if choice.column and choice.default is None else []
