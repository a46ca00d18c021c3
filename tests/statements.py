"""The statements that something sends to the database, and how the database goes about them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.kernel.database import is_sqlite, session


@dataclass(slots=True)
class Sent:
    """Statements with their parameters, in order."""

    statements: list[tuple[str, Any]] = field(default_factory=list)

    def about(self, table: str) -> list[str]:
        """Those in which the table's name stands."""
        return [statement for statement, _ in self.statements if table in statement]

    def plans(self, table: str) -> str:
        """How the database would go about the reads among them, indexes preferred."""
        connection = session.connection()
        if not is_sqlite():
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN QUERY PLAN" if is_sqlite() else "EXPLAIN"
        found = []
        for statement, parameters in self.statements:
            if table in statement and statement.startswith("SELECT"):
                plan = connection.exec_driver_sql(f"{explain} {statement}", parameters)
                found += [str(row[-1]) for row in plan]
        return "\n".join(found)


@contextmanager
def sent() -> Iterator[Sent]:
    """Listens while the block runs."""
    heard = Sent()

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        heard.statements.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
