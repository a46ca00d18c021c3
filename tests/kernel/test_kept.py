"""What a process keeps of slowly changing tables is never older than its transaction."""

import sqlalchemy as sa

from app.kernel.clock import now
from app.kernel.database import notes, session
from app.kernel.database.fast.kept import ChangeStamp, Kept, KeptColumn, KeptRows, mark_changed
from app.kernel.database.fast.rows import table_of
from app.kernel.http import App
from app.organisation.models import Unit
from app.organisation.states import UnitKind
from tests.statements import sent


def _unit(name: str) -> Unit:
    unit = Unit(kind=UnitKind.DISTRICT, name=name, path="/0/", created_at=now())
    session.add(unit)
    session.commit()
    return unit


def _rename_elsewhere(unit_id: int, name: str) -> None:
    """As another process does it: past this session, with a new stamp."""
    units, stamps = table_of(Unit), table_of(ChangeStamp)
    session.execute(sa.update(units).where(units.c.id == unit_id).values(name=name))
    session.execute(sa.update(stamps).where(stamps.c.name == "units").values(stamp=name))
    session.commit()


def test_rows_are_read_once(app: App) -> None:
    """Under one stamp the second transaction asks for the stamps alone."""
    rows, unit_id = KeptRows(Unit), _unit("留存区").id
    assert rows.get(unit_id) is not None
    session.commit()
    session.expunge_all()
    units = table_of(Unit)
    session.execute(sa.update(units).where(units.c.id == unit_id).values(name="悄悄改名"))
    found = rows.get(unit_id)
    assert found is not None and found.name == "留存区"
    assert found in session
    assert rows.get(10**9) is None


def test_a_new_stamp_is_heeded(app: App) -> None:
    """From the next transaction on."""
    rows, unit_id = KeptRows(Unit), _unit("留存区").id
    rows.get(unit_id)
    session.commit()
    session.expunge_all()
    _rename_elsewhere(unit_id, "新名区")
    found = rows.get(unit_id)
    assert found is not None and found.name == "新名区"


def test_one_column_is_read_once(app: App) -> None:
    """Each value when it is first asked for, anew under a new stamp; unknown ids are missing."""
    names, unit_id = KeptColumn(Unit.name), _unit("留存区").id
    second_id = _unit("第二区").id
    assert names.of([unit_id, 10**9]) == {unit_id: "留存区"}
    with sent() as heard:
        assert names.of([unit_id, second_id]) == {unit_id: "留存区", second_id: "第二区"}
        assert names.of([second_id, unit_id]) == {unit_id: "留存区", second_id: "第二区"}
    assert len(heard.about("units")) == 1
    session.commit()
    _rename_elsewhere(unit_id, "新名区")
    assert names.of([unit_id]) == {unit_id: "新名区"}


def test_one_column_as_this_transaction_has_changed_it(app: App) -> None:
    """What is rolled back was never there."""
    names, unit = KeptColumn(Unit.name), _unit("留存区")
    assert names.of([unit.id]) == {unit.id: "留存区"}
    unit.name = "改了"
    session.flush()
    assert names.of([unit.id]) == {unit.id: "改了"}
    session.rollback()
    assert names.of([unit.id]) == {unit.id: "留存区"}


def test_own_changes_are_seen_at_once_and_never_kept(app: App) -> None:
    """What is rolled back was never there."""
    unit = _unit("留存区")
    made: list[int] = []
    kept = Kept("units", lambda: made.append(1) or len(made))
    first = kept.value()
    assert kept.value() == first
    unit.name = "改了"
    session.flush()
    assert kept.value() > first
    session.rollback()
    assert kept.value() == first


def test_statements_give_a_new_stamp_too(app: App) -> None:
    """Whoever changes rows by a statement about the model need not think of it."""
    _unit("留存区")
    before = session.scalar(sa.select(ChangeStamp.stamp).where(ChangeStamp.name == "units"))
    session.commit()
    session.execute(sa.update(Unit).values(sort=7))
    session.commit()
    after = session.scalar(sa.select(ChangeStamp.stamp).where(ChangeStamp.name == "units"))
    assert before is not None and after not in (None, before)


def test_a_mark_by_hand(app: App) -> None:
    """For values that depend on a part of a table."""
    made: list[int] = []
    kept = Kept("by hand", lambda: made.append(1) or len(made))
    mark_changed("by hand")
    session.commit()
    assert (kept.value(), kept.value()) == (1, 1)
    mark_changed("by hand")
    session.commit()
    assert kept.value() == 2


def test_notes_end_with_the_transaction(app: App) -> None:
    """The next one begins with none."""
    notes()["here"] = 1
    session.commit()
    assert "here" not in notes()
