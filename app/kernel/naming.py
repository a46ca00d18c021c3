"""The words that name a person, found in free text and blanked out there when the person is erased."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, cast, false, or_, select, update

from app.kernel.database import Model, is_sqlite, session
from app.kernel.database.fast.rows import table_of

BLANK = "〔已删除〕"
# What people write between the characters of a name, a phone or an address.
_BETWEEN = r"[\s\-‐-―·・.,，()()]*"
_SIGNS = re.compile(_BETWEEN.replace("*", ""))
_SHORTEST = 2
_CERTAIN = 3
_SHORTEST_PHONE = 7


@dataclass(frozen=True, slots=True)
class Naming:
    """Names, phones and addresses of one person, without blanks and signs, the longest first."""

    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str | None]) -> "Naming":
        """The naming by these words; empty ones, and single characters, name nobody."""
        plain = {_SIGNS.sub("", word or "") for word in words}
        named = {word for word in plain if len(word) >= _SHORTEST}
        return cls(tuple(sorted(named, key=lambda word: (-len(word), word))))

    def certain(self, own: Iterable[str | None]) -> "Naming":
        """The naming by words that hardly name anything else: the phones, and the longer words of `own`.

        The contact of an order is free text: somebody may have given 停水 as the name. Such words are
        looked for in the orders alone, and never in what is about everybody.
        """
        longer = {word for word in Naming.of(own).words if len(word) >= _CERTAIN}
        return Naming(tuple(word for word in self.words if word in longer or _is_phone(word)))

    def blank(self, text: str) -> str:
        """The text with BLANK for each of the words, however blanks and dashes stand in it."""
        for word in self.words:
            text = re.sub(_pattern(word), BLANK, text, flags=re.IGNORECASE)
        return text

    def blank_all(self, value: Any) -> Any:
        """A JSON value with every text in it blanked."""
        if isinstance(value, str):
            return self.blank(value)
        if isinstance(value, list):
            return [self.blank_all(inner) for inner in value]
        if isinstance(value, dict):
            return {name: self.blank_all(inner) for name, inner in value.items()}
        return value

    def may_stand_in(self, column: Any) -> ColumnElement[bool]:
        """The rows whose column, of text or JSON, holds the characters of a word in their order.

        It finds every text that `blank` changes, and some more.
        """
        found = cast(column, Text) if isinstance(column.type.as_generic(), JSON) else column
        escaped = found is not column and is_sqlite()
        patterns = [_like(word, escaped=escaped) for word in self.words]
        return or_(false(), *(found.ilike(pattern, escape="!") for pattern in patterns))

    def blank_out(self, column: Any, *which: ColumnElement[bool]) -> list[int]:
        """Blanks a column, of text or JSON, in those rows; returns the ids of the changed rows."""
        if not self.words:
            return []
        model: type[Model] = column.class_
        (key,) = model.__mapper__.primary_key
        rows = session.execute(select(key, column).where(self.may_stand_in(column), *which)).all()
        changed = {row[0]: self.blank_all(row[1]) for row in rows}
        changed = {row[0]: changed[row[0]] for row in rows if changed[row[0]] != row[1]}
        for row_id, clean in changed.items():
            table = table_of(model)
            session.execute(update(table).where(key == row_id).values({column.key: clean}))
        return list(changed)


NOBODY = Naming()


def _is_phone(word: str) -> bool:
    return word.isdigit() and len(word) >= _SHORTEST_PHONE


def _pattern(word: str) -> str:
    # A phone may also be written with the prefix of the country.
    prefix = rf"(?:\+?86{_BETWEEN})?" if word.isdigit() else ""
    return prefix + _BETWEEN.join(re.escape(sign) for sign in word)


def _like(word: str, *, escaped: bool) -> str:
    """The characters in their order; `escaped` as SQLite keeps JSON, where Chinese is escaped."""
    signs = [json.dumps(sign)[1:-1] if escaped else sign for sign in word]
    return "%" + "%".join(re.sub(r"([!%_])", r"!\1", sign) for sign in signs) + "%"
