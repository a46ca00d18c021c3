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
from app.kernel.errors import Forbidden, Refusal
from app.kernel.queue import work_together
from app.organisation.queries import hold_unit, is_open
from app.organisation.tables import Fault
from app.pasts.service import Past

_FAULTS = (Refusal, ValueError, OverflowError, StatementError)
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
    entered = Entered(0, len(checked.entries) - len(fresh), checked.rejected)

    def reject(entry: Entry, broken: Exception) -> None:
        reason = _reason(entry, broken)
        if known_numbers(system, [entry.number]):
            # Somebody else has entered it meanwhile.
            entered.known += 1
        else:
            entered.rejected.append((entry.line, [Fault(entry.line.row, "", reason)]))

    entered.added = work_together(fresh, _write, reject)
    return entered


def _reason(entry: Entry, broken: Exception) -> str:
    """Why a row cannot be entered; raises what is not the row's own fault.

    The database's trouble is not: the next call tries the whole batch again.
    """
    is_trouble = isinstance(broken, DBAPIError) and not isinstance(broken, _OF_A_ROW)
    if is_trouble or not isinstance(broken, _FAULTS):
        raise broken
    log.warning("import.row_rejected", row=entry.line.row, error=type(broken).__name__)
    return broken.message if isinstance(broken, Refusal) else _CANNOT_BE_KEPT


def _write(entries: Sequence[Entry]) -> int:
    past = Past()
    orders = past.enter([(entry.placement, entry.submitted_at) for entry in entries])
    for order, entry in zip(orders, entries, strict=True):
        past.tell(order, entry.events)
    past.write()
    return len(entries)
