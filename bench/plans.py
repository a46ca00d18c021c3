"""Finds the indexes by which a list is read: the floor must use the same one as the real program."""

import json
import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from sqlalchemy import event

from app.kernel.database import db, is_sqlite

_INDEX = re.compile(r"INDEX (\w+)")
Statement = tuple[str, Any]


def statements_of(act: Callable[[], object], table: str) -> list[Statement]:
    """Calls `act`; returns the SELECT statements about the table that it ran, with their parameters."""
    found: list[Statement] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        if re.search(rf"FROM {table}\b", sql) and sql.lstrip().startswith("SELECT"):
            found.append((sql, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return found


def indexes_of(statement: Statement) -> Sequence[str]:
    """The names of the indexes in the plan of a statement, sorted; a scan is "scan of TABLE"."""
    sql, values = statement
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        if is_sqlite():
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            steps = [str(row[3]) for row in cursor.fetchall()]
            named = {found[1] for step in steps if (found := _INDEX.search(step))}
            scans = {f"scan of {step.split()[1]}" for step in steps if _is_scan(step)}
            return sorted(named | scans)
        numbers = count(1)
        numbered = re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
        cursor.execute(f"EXPLAIN (FORMAT JSON) {numbered}", values)
        (found,) = cursor.fetchall()[0]
        return sorted(_names(found if isinstance(found, list) else json.loads(found)))
    finally:
        connection.close()


def _is_scan(step: str) -> bool:
    return step.startswith("SCAN ") and "USING" not in step and "SUBQUERY" not in step


def _names(plan: Any) -> set[str]:
    if isinstance(plan, list):
        return set().union(*map(_names, plan)) if plan else set()
    if not isinstance(plan, dict):
        return set()
    own = {plan["Index Name"]} if "Index Name" in plan else set()
    if plan.get("Node Type") == "Seq Scan":
        own.add(f"scan of {plan['Relation Name']}")
    return own.union(*(_names(below) for below in plan.values()))
