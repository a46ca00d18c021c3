"""Texts made of columns: "{类别}[，{地点}]"; a part in [] is left out if one of its columns is empty."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_COLUMN = re.compile(r"\{([^{}\[\]]+)\}")
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


class TemplateError(ValueError):
    """A template that cannot be read; the message is Chinese, for the author of the mapping."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with names of columns in it.

    `segments` are pairs of a text and whether it is left out if one of its columns is empty.
    """

    segments: tuple[tuple[str, bool], ...]

    @property
    def columns(self) -> list[str]:
        """The names of the columns in the template; a name can come twice."""
        return [name for text, _ in self.segments for name in _COLUMN.findall(text)]

    def fill(self, record: Mapping[str, str]) -> str:
        """The text for one row, without blanks at its ends; a missing column counts as empty."""
        shown = (text for text, optional in self.segments if not optional or _full(text, record))
        return "".join(
            _COLUMN.sub(lambda found: record.get(found[1], ""), text) for text in shown
        ).strip()


def read_template(text: str) -> Template:
    """The template of this text; raises TemplateError if a bracket has no partner."""
    parts = _SEGMENT.split(text)
    segments = tuple((part, at % 2 == 1) for at, part in enumerate(parts) if part)
    for part, _ in segments:
        left = _COLUMN.sub("", part)
        if alone := next((sign for sign in "{}[]" if sign in left), None):
            raise TemplateError(f"“{alone}”没有成对，列名要写成 {{列名}}。")
    return Template(segments)


def _full(text: str, record: Mapping[str, str]) -> bool:
    return all(record.get(name) for name in _COLUMN.findall(text))
