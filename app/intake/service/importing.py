"""导入工单: a batch of another system's rows becomes orders with their pasts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from app.intake.mappings import ImportMapping
from app.intake.policy import may_import
from app.intake.queries.importing import check_lines, ground_of, known_numbers
from app.intake.rows import Entry, refused
from app.intake.sheets import Line
from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.errors import Forbidden, Refusal
from app.organisation.queries import hold_unit, is_open
from app.organisation.tables import Fault
from app.pasts.service import Past

_OF_A_ROW = (DataError, IntegrityError)
_CANNOT_BE_KEPT = "存不进数据库，请检查有没有特别的字符或过大的数。"

log = structlog.get_logger("intake")


@dataclass(slots=True)
class Entered:
    """What has become of a batch: none of its rows is lost."""

    added: int = 0
    known: int = 0
    rejected: list[tuple[Line, list[Fault]]] = field(default_factory=list)


def enter_lines(
    actor: Actor,
    mapping: ImportMapping,
    unit_id: int,
    headings: list[str],
    lines: Sequence[Line],
    seen: dict[str, int],
) -> Entered:
    """Enters what is good and not there yet; tells nobody, and wakes no job for what has been.

    `seen` holds the numbers of earlier rows of the file. Raises Forbidden `import.not_allowed`; a
    closed unit and a mapping without its categories reject every row.
    """
    unit = hold_unit(unit_id)
    if not may_import(actor, unit.path):
        raise Forbidden("import.not_allowed", "您没有导入工单的权限。")
    if not is_open(unit):
        told = "这个单位已撤并，不能再导入。"
        return Entered(rejected=[(line, [Fault(line.row, "", told)]) for line in lines])
    try:
        ground = ground_of(mapping, unit, headings, lines)
    except Refusal as unfit:
        return Entered(rejected=[(line, refused(line, unfit)) for line in lines])
    checked = check_lines(mapping, ground, headings, lines, seen)
    system = mapping.system_at(unit.id)
    known = known_numbers(system, [entry.number for entry in checked.entries])
    fresh = [entry for entry in checked.entries if entry.number not in known]
    entered = Entered(len(fresh), len(checked.entries) - len(fresh), checked.rejected)
    for entry, reason in _store(fresh):
        entered.added -= 1
        if known_numbers(system, [entry.number]):
            # Somebody else has entered it meanwhile.
            entered.known += 1
        else:
            line = entry.line
            entered.rejected.append((line, [Fault(line.row, "", reason)]))
    return entered


def _store(entries: list[Entry]) -> list[tuple[Entry, str]]:
    """Writes them all; where that fails each half by itself, until the bad row stands alone."""
    if not entries:
        return []
    try:
        with session.begin_nested():
            _write(entries)
    except (Refusal, ValueError, OverflowError, StatementError) as broken:
        if isinstance(broken, DBAPIError) and not isinstance(broken, _OF_A_ROW):
            # The database's trouble, not the rows': whoever comes next tries the whole batch again.
            raise
        if len(entries) == 1:
            log.warning("import.row_rejected", row=entries[0].line.row, error=type(broken).__name__)
            reason = broken.message if isinstance(broken, Refusal) else _CANNOT_BE_KEPT
            return [(entries[0], reason)]
        half = len(entries) // 2
        return _store(entries[:half]) + _store(entries[half:])
    return []


def _write(entries: list[Entry]) -> None:
    past = Past()
    orders = past.enter([(entry.placement, entry.submitted_at) for entry in entries])
    for order, entry in zip(orders, entries, strict=True):
        past.tell(order, entry.events)
    past.write()
