"""Fields that the schemas of the room share: lines, phone numbers, ids, coordinates."""

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
    """Text of one line; several blanks in a row become one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return " ".join(super()._deserialize(value, attr, data, **kwargs).split())


class MaybeLine(Line):
    """A line that may be left out; an empty text becomes None."""

    def __init__(self, *, longest: int = 100, **kwargs: Any) -> None:
        super().__init__(longest=longest, load_default=None, allow_none=True, **kwargs)

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Reads the field as its class does, but takes a blank text as null."""
        blank = isinstance(value, str) and not value.strip()
        return super().deserialize(None if blank else value, attr, data, **kwargs)


def _check_phone(value: str) -> None:
    if not PHONE.fullmatch(value):
        raise ValidationError(PHONE_WRONG)


def _phone(pattern: str) -> dict[str, str]:
    return {"example": "0571-88880000", "pattern": f"^{pattern}$"}


class Phone(Line):
    """A phone number that must be given."""

    def __init__(self) -> None:
        super().__init__(required=True, longest=32, metadata=_phone(PHONE.pattern))
        self.validators.append(_check_phone)


class MaybePhone(MaybeLine):
    """A phone number that may be left out."""

    def __init__(self) -> None:
        super().__init__(longest=32, metadata=_phone(rf"(?:{PHONE.pattern})?"))
        self.validators.append(_check_phone)


def sort_range() -> validate.Range:
    """Returns the check of a sorting number: 0 to 1,000,000,000."""
    return validate.Range(min=0, max=LARGEST_SORT, error=f"排序要在0到{LARGEST_SORT}之间。")


def name_field() -> Line:
    """Returns a field for a name of 1 to 50 characters that must be given."""
    return Line(required=True, longest=LONGEST_NAME, shortest=1)


def maybe_id(text: str) -> Identifier:
    """Returns a field for an id in a body that may be left out; `text` is its Chinese description."""
    return Identifier(load_default=None, allow_none=True, metadata={"description": text})


def asked_id(text: str) -> Identifier:
    """Returns a field for an id in a query string, where it is text; `text` describes it in Chinese."""
    return Identifier(strict=False, load_default=None, metadata={"description": text})


def sort_field() -> fields.Integer:
    """Returns a field for the sorting number; it may be left out."""
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
    """Returns a field for a latitude: degrees from -90 to 90."""
    return _degrees(90, "纬度", **kwargs)


def longitude_field(**kwargs: Any) -> fields.Float:
    """Returns a field for a longitude: degrees from -180 to 180."""
    return _degrees(180, "经度", **kwargs)


def system_field(**kwargs: Any) -> fields.Enum[CoordinateSystem]:
    """Returns a field for the coordinate system, `gcj02` or `wgs84`."""
    return fields.Enum(CoordinateSystem, by_value=True, **kwargs)
