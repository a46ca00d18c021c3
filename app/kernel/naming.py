"""The words that name a person, found in free text and blanked out there when the person is erased."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, and_, cast, false, or_, select, update

from app.kernel.database import Model, is_sqlite, session
from app.kernel.database.fast.rows import table_of

BLANK = "〔已删除〕"
# What people write between the characters of a name, a phone or an address.
_BETWEEN = r"[\s\-‐-―·・.,，()()]*"
_SIGNS = re.compile(_BETWEEN.replace("*", ""))
_SHORTEST = 2
# A sign that people do not write inside a name or a phone: no word is found across it.
_EDGE = "|"


@dataclass(frozen=True, slots=True)
class Naming:
    """Names, phones and addresses of one person, without blanks and signs, the longest first.

    `proofs` are those of the words without which a text is about somebody else: unless all of them
    stand in it, nothing is blanked there.
    """

    words: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str | None]) -> "Naming":
        """The naming by these words; empty ones, and single characters, name nobody."""
        plain = {_SIGNS.sub("", word or "") for word in words}
        named = {word for word in plain if len(word) >= _SHORTEST}
        return cls(tuple(sorted(named, key=lambda word: (-len(word), word))))

    @classmethod
    def certain(cls, *, name: str, phone: str, address: str, is_verified: bool) -> "Naming":
        """The naming for texts about anything: it finds the person only where the own phone stands.

        Everybody chooses the own name and address: somebody may have given 停水 as the name. So
        these are blanked only beside the phone, and beside a phone that is not verified only where
        the name stands too. Without a phone nobody is found.
        """
        proofs = cls.of([phone] if is_verified else [phone, name]).words
        if not phone or len(proofs) < (1 if is_verified else 2):
            return NOBODY
        return cls(cls.of([name, phone, address]).words, proofs)

    def blank(self, text: str) -> str:
        """The text with BLANK for each of the words, however blanks and dashes stand in it."""
        return str(self.blank_all(text))

    def blank_all(self, value: Any) -> Any:
        """A JSON value with every text in it blanked; the proofs may stand in different texts of it."""
        whole = _EDGE.join(_texts(value))
        found = (re.search(_pattern(word), whole, re.IGNORECASE) for word in self.proofs)
        return self._blanked(value) if all(found) else value

    def _blanked(self, value: Any) -> Any:
        if isinstance(value, str):
            for word in self.words:
                value = re.sub(_pattern(word), BLANK, value, flags=re.IGNORECASE)
            return value
        if isinstance(value, list):
            return [self._blanked(inner) for inner in value]
        if isinstance(value, dict):
            return {name: self._blanked(inner) for name, inner in value.items()}
        return value

    def may_stand_in(self, column: Any) -> ColumnElement[bool]:
        """The rows whose column, of text or JSON, holds the characters of a word in their order.

        It finds every text that `blank` changes, and some more.
        """
        found = cast(column, Text) if isinstance(column.type.as_generic(), JSON) else column
        escaped = found is not column and is_sqlite()

        def holds(word: str) -> ColumnElement[bool]:
            return found.ilike(_like(word, escaped=escaped), escape="!")

        return and_(or_(false(), *map(holds, self.words)), *map(holds, self.proofs))

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


def _texts(value: Any) -> Iterator[str]:
    """Every text in the JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _pattern(word: str) -> str:
    # A phone may also be written with the prefix of the country.
    prefix = rf"(?:\+?86{_BETWEEN})?" if word.isdigit() else ""
    return prefix + _BETWEEN.join(re.escape(sign) for sign in word)


def _like(word: str, *, escaped: bool) -> str:
    """The characters in their order; `escaped` as SQLite keeps JSON, where Chinese is escaped."""
    signs = [json.dumps(sign)[1:-1] if escaped else sign for sign in word]
    return "%" + "%".join(re.sub(r"([!%_])", r"!\1", sign) for sign in signs) + "%"
