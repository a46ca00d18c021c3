"""What the shapes of the room share: lines, numbers to ring, coordinates."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from app.kernel.http import Identifier, Text
from app.organisation.geometry import CoordinateSystem
from app.organisation.imports import LONGEST_NAME
from app.organisation.states import PHONE

LARGEST_SORT = 10**9
PHONE_WRONG = "电话号码不对，例如 0571-88880000。"


class Line(Text):
    """Text of one line; runs of blanks become one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return " ".join(super()._deserialize(value, attr, data, **kwargs).split())


class MaybeLine(Line):
    """A line that may be left out; blank is the same as none."""

    def __init__(self, *, longest: int = 100, **kwargs: Any) -> None:
        super().__init__(longest=longest, load_default=None, allow_none=True, **kwargs)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """As any field's, but blank is null."""
        blank = isinstance(value, str) and not value.strip()
        return super().deserialize(None if blank else value, attr, data, **kwargs)


def _check_phone(value: str) -> None:
    if not PHONE.fullmatch(value):
        raise ValidationError(PHONE_WRONG)


def _phone(pattern: str) -> dict[str, str]:
    return {"example": "0571-88880000", "pattern": f"^{pattern}$"}


class Phone(Line):
    """A number to ring."""

    def __init__(self) -> None:
        super().__init__(required=True, longest=32, metadata=_phone(PHONE.pattern))
        self.validators.append(_check_phone)


class MaybePhone(MaybeLine):
    """A number to ring, or none."""

    def __init__(self) -> None:
        super().__init__(longest=32, metadata=_phone(rf"(?:{PHONE.pattern})?"))
        self.validators.append(_check_phone)


def sort_range() -> validate.Range:
    """What sorts."""
    return validate.Range(min=0, max=LARGEST_SORT, error=f"排序要在0到{LARGEST_SORT}之间。")


def name_field() -> Line:
    """A name, needed."""
    return Line(required=True, longest=LONGEST_NAME, shortest=1)


def maybe_id(text: str) -> Identifier:
    """An id that may be left out."""
    return Identifier(load_default=None, allow_none=True, metadata={"description": text})


def asked_id(text: str) -> Identifier:
    """An id in a query string, where numbers are text."""
    return Identifier(strict=False, load_default=None, metadata={"description": text})


def sort_field() -> fields.Integer:
    """The order among others."""
    return fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=sort_range(),
        metadata={"description": "小的在前；不填时按名称里的数字，修改时不变"},
    )


def _degrees(most: int, name: str, **kwargs: Any) -> fields.Float:
    within = validate.Range(min=-most, max=most, error=f"{name}要在-{most}到{most}之间。")
    return fields.Float(
        validate=within, error_messages={"special": f"{name}要填普通的数字。"}, **kwargs
    )


def latitude_field(**kwargs: Any) -> fields.Float:
    """Degrees north."""
    return _degrees(90, "纬度", **kwargs)


def longitude_field(**kwargs: Any) -> fields.Float:
    """Degrees east."""
    return _degrees(180, "经度", **kwargs)


def system_field(**kwargs: Any) -> fields.Enum[CoordinateSystem]:
    """The coordinate system."""
    return fields.Enum(CoordinateSystem, by_value=True, **kwargs)
