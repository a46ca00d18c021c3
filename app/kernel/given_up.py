"""What jobs have given up: each room declares its kind of rows, one page shows them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Column, ColumnElement, Select, and_, false, func, select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.pages import Key

# A number with more digits is no id, and no database is asked for it.
_DIGITS = 18


def _nobodys(_: Any) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows that may be given up.

    `model` has the columns `attempts`, `last_error` and `given_up_at` and the method `send_again`.
    `about` says in a few values what a row is, with nothing personal; `unit_of` returns the id of
    the unit whose audit notes that the row was sent again. `visible_to` returns a condition on the
    rows, or None for an actor who may see no row of this kind; without it the rows are seen by
    whoever looks after the whole installation.
    """

    name: str
    text: str
    model: type[Any]
    about: Callable[[Any], dict[str, Any]]
    unit_of: Callable[[Any], int | None] = _nobodys
    visible_to: Callable[[Actor], ColumnElement[bool] | None] | None = None

    def rows(self) -> Select[Any]:
        """The rows that were given up."""
        return select(self.model).where(self.model.given_up_at.is_not(None))

    def count(self) -> int:
        """How many rows were given up."""
        return session.scalar(self.rows().with_only_columns(func.count())) or 0

    def keys(self) -> list[Key]:
        """The order in which the rows are listed: by their key."""
        return [Key(getattr(self.model, column.key)) for column in self._key]

    def has_id(self, row_id: str) -> ColumnElement[bool]:
        """The row with that id, as `shown` tells it; of no row where none can have it."""
        words = row_id.split(":", len(self._key) - 1)
        if len(words) < len(self._key):
            return false()
        pairs = zip(self._key, words, strict=True)
        return and_(*(_equals(column, word) for column, word in pairs))

    def shown(self, row: Any) -> "GivenUp":
        """The row with its id as one word: "17", "reports.make_bulletins:weekly:2026-11-16"."""
        row_id = ":".join(str(getattr(row, column.key)) for column in self._key)
        about = self.about(row)
        return GivenUp(self.name, row_id, about, row.attempts, row.last_error, row.given_up_at)

    @property
    def _key(self) -> tuple[Column[Any], ...]:
        return tuple(self.model.__mapper__.primary_key)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A row that was given up, as it is shown."""

    kind: str
    id: str
    about: Mapping[str, Any]
    attempts: int
    last_error: str | None
    given_up_at: datetime | None


def kinds() -> Mapping[str, Kind]:
    """All kinds by name, as create_app has collected them."""
    found: Mapping[str, Kind] = current_app.extensions["given_up"]
    return found


def _equals(column: Column[Any], word: str) -> ColumnElement[bool]:
    if column.type.python_type is not int:
        return column == word
    is_number = word.isascii() and word.isdigit() and len(word) <= _DIGITS
    return column == int(word) if is_number else false()
