"""Asking for the rows of a list, and what lies between SQLAlchemy and the driver."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.kernel.clock import now
from app.kernel.database import db, session
from app.kernel.database.fast.among import among
from app.kernel.database.fast.plumbing import read_json
from app.kernel.database.fast.rows import fetch, known, table_of
from app.kernel.http import App
from app.organisation.models import Unit
from app.organisation.states import UnitKind
from tests.statements import sent


def _units(*names: str) -> list[Unit]:
    units = [
        Unit(kind=UnitKind.DISTRICT, name=name, code=name, path="/0/", created_at=now())
        for name in names
    ]
    session.add_all(units)
    session.commit()
    return units


def test_ids_and_words_of_a_list(app: App) -> None:
    """Of many, of one, of none, and of those that nobody has."""
    one, two, three = _units("甲'区", '乙"区', "丙,区")
    units = table_of(Unit).c
    by_id = sa.select(units.name).where(among(units.id, "ids")).order_by(units.id)
    by_name = sa.select(units.id).where(among(units.name, "names")).order_by(units.id)
    assert [row.name for row in fetch(by_id, {"ids": [one.id, two.id]})] == ["甲'区", '乙"区']
    assert [row.name for row in fetch(by_id, {"ids": [three.id, 2**62]})] == ["丙,区"]
    assert not fetch(by_id, {"ids": []})
    found = fetch(by_name, {"names": ["甲'区", "丙,区", "丁区"]})
    assert [row.id for row in found] == [one.id, three.id]
    assert not fetch(by_name, {"names": []})


def test_lists_of_all_lengths_are_one_statement(app: App) -> None:
    """So that the database keeps its plan."""
    units = _units("一区", "二区", "三区")
    session.expunge_all()
    with sent() as heard:
        for count in (1, 2, 3):
            known(Unit, [unit.id for unit in units[:count]])
            session.expunge_all()
    asked = heard.about("units")
    assert len(asked) == 3 and len(set(asked)) == 1


def test_what_waits_is_written_before_it_is_read(app: App) -> None:
    """A statement past the ORM sees what the session has changed, unless it is told not to write."""
    (unit,) = _units("旧名")
    units = table_of(Unit).c
    name = sa.select(units.name).where(units.id == unit.id)
    unit.name = "新名"
    with session.no_autoflush:
        assert fetch(name, {})[0].name == "旧名"
    assert fetch(name, {})[0].name == "新名"


@pytest.mark.parametrize("text", ["[]", "{}", "null", "[1]", '{"甲": [2, {}]}', " []", '"[]"'])
def test_json_is_read_as_it_is(text: str) -> None:
    """The short cut for what is empty gives a new one each time."""
    expected: dict[str, Any] = {
        "[]": [],
        "{}": {},
        "null": None,
        "[1]": [1],
        '{"甲": [2, {}]}': {"甲": [2, {}]},
        " []": [],
        '"[]"': "[]",
    }
    for given in (text, text.encode()):
        found = read_json(given)
        assert found == expected[text]
        assert not isinstance(found, list | dict) or found is not read_json(given)


def test_columns_are_described_to_who_looks(app: App) -> None:
    """A text's result has names though nobody has compiled it."""
    _units("描述区")
    named = sa.text("SELECT name, code FROM units WHERE name = '描述区'")
    row = session.execute(named).one()
    assert (row.name, row.code) == ("描述区", "描述区")
    if db.engine.dialect.name == "postgresql":
        connection = session.connection().connection
        cursor = connection.cursor()
        cursor.execute("SELECT id, name FROM units WHERE name = $1", ("描述区",))
        columns = cursor.description
        assert columns is not None and len(columns) == 2
        assert [column.name for column in columns] == ["id", "name"] and columns[1].name == "name"
        cursor.execute("SET LOCAL statement_timeout = 0")
        assert cursor.description is None
