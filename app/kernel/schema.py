"""The base of all schemas of the API, their common fields, and the Chinese sentences of their errors."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import marshmallow
from marshmallow import ValidationError, fields, validate

from app.kernel.clock import to_local
from app.kernel.database.fast.dumping import dumper

FIRST_YEAR, LAST_YEAR = 1900, 2200

UNKNOWN = "没有这一项。"
ZONE_MISSING = "时间要写明时区，例如 2026-01-31T09:00:00+08:00。"
TOO_LONG = "文字太长了。"
CONTROL_CHARACTERS = "含有无法显示的字符。"
CHOOSE = "请选择给出的选项。"
NOT_FINITE = "这里要填普通的数字。"
TOO_DEEP = "内容套的层数太多了。"
DEEPEST = 32
_BROKEN = re.compile("[\0\ud800-\udfff]")
_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f"

# The errors of schemas that have a code of their own; all other errors have the code `body.invalid`.
CODES = {
    UNKNOWN: "field.unknown",
    ZONE_MISSING: "time.zone_missing",
    TOO_LONG: "text.too_long",
    CONTROL_CHARACTERS: "text.control_characters",
}

fields.Field.default_error_messages.update(
    {
        "required": "请填写这一项。",
        "null": "这一项不能为空。",
        "validator_failed": "填写的内容不对。",
    }
)
fields.String.default_error_messages.update(
    {"invalid": "这里要填文字。", "invalid_utf8": "文字无法读取。"}
)
fields.Integer.default_error_messages.update({"invalid": "这里要填整数。"})
fields.Number.default_error_messages.update(
    {"invalid": "这里要填数字。", "too_large": "数字太大了。", "special": NOT_FINITE}
)
fields.Boolean.default_error_messages.update({"invalid": "这里要填是或否。"})
fields.List.default_error_messages.update({"invalid": "这里要填一个列表。"})
fields.Nested.default_error_messages.update({"type": "格式不对。"})
fields.Mapping.default_error_messages.update({"invalid": "格式不对。"})
fields.DateTime.default_error_messages.update(
    {"invalid": "时间写得不对。", "invalid_awareness": ZONE_MISSING}
)
fields.Date.default_error_messages.update({"invalid": "日期要写成 2026-10-01 的样子。"})
# The sentence does not list the choices: they are English words of the program, and the document has them.
fields.Enum.default_error_messages.update({"unknown": CHOOSE})
for validator, messages in (
    (
        validate.Range,
        {
            "message_min": "不能小于{{min}}。",
            "message_max": "不能大于{{max}}。",
            "message_all": "要在{{min}}到{{max}}之间。",
        },
    ),
    (
        validate.Length,
        {
            "message_min": "至少要有{min}个。",
            "message_max": "最多只能有{max}个。",
            "message_all": "要有{min}到{max}个。",
            "message_equal": "要正好有{equal}个。",
        },
    ),
    (validate.OneOf, {"default_message": CHOOSE}),
    (validate.Regexp, {"default_message": "格式不对。"}),
):
    for name, text in messages.items():
        setattr(validator, name, text)


class Schema(marshmallow.Schema):
    """The base of all schemas of the API; it refuses unknown fields."""

    error_messages = {"unknown": UNKNOWN, "type": "格式不对。", "invalid": "格式不对。"}

    class Meta:
        """Settings of marshmallow."""

        unknown = marshmallow.RAISE

    @cached_property
    def _dumper(self) -> Callable[[Any], dict[str, Any] | None]:
        return dumper(self)

    def _serialize(self, obj: Any, *, many: bool = False) -> Any:
        """The same answer as marshmallow gives, made faster by `dumper`."""
        if many and obj is not None:
            return [self._serialize(each) for each in obj]
        dumped = self._dumper(obj)
        return super()._serialize(obj) if dumped is None else dumped


class Moment(fields.AwareDateTime):
    """A moment as RFC 3339 with an offset: any offset is read, the one of Asia/Shanghai is written."""

    default_error_messages = {"invalid": "时间写得不对。", "invalid_awareness": ZONE_MISSING}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, attr, data, **kwargs)
        # Near the years 1 and 9999 a change of the zone or a sum of days would raise OverflowError.
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise self.make_error("invalid")
        return moment

    def _serialize(
        self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any
    ) -> str | None:
        return None if value is None else to_local(value).isoformat(timespec="milliseconds")


class Identifier(fields.Integer):
    """An id: a whole number from 1 to 2**63 - 1; a text with digits is refused unless strict=False."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("strict", True)
        super().__init__(
            validate=validate.Range(min=1, max=2**63 - 1, error="编号不对。"), **kwargs
        )


def check_storable(given: Any) -> None:
    """Checks that a database can store everything in a request.

    Raises marshmallow's ValidationError, which names the fields with NUL characters, lone surrogates,
    numbers that are not finite, or more than 32 levels of nesting.
    """
    parts = given.items() if isinstance(given, Mapping) else [("json", given)]
    wrong = {
        # A name with a lone surrogate could not be written into the answer.
        str(name).encode(errors="replace").decode(): [text]
        for name, value in parts
        if (text := _unstorable([name, value]))
    }
    if wrong:
        raise ValidationError(wrong)


def _unstorable(given: Any) -> str | None:
    level = [given]
    for _ in range(DEEPEST):
        wrong = next(filter(None, map(_unstorable_leaf, level)), None)
        if wrong or not level:
            return wrong
        level = [inner for value in level for inner in _inside(value)]
    return TOO_DEEP


def _unstorable_leaf(value: Any) -> str | None:
    if isinstance(value, str) and _BROKEN.search(value):
        return CONTROL_CHARACTERS
    if isinstance(value, float) and not math.isfinite(value):
        return NOT_FINITE
    return None


def _inside(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _plain_text(value: str) -> None:
    if any(
        ord(char) < 32 and char not in "\n\r\t" or 0xD800 <= ord(char) <= 0xDFFF for char in value
    ):
        raise ValidationError(CONTROL_CHARACTERS)


class Text(fields.String):
    """A text that a person writes: without control characters, and trimmed of blanks at both ends.

    It has at most `longest` characters, and at least one that is no blank when `shortest` is set.
    """

    def __init__(self, *, longest: int = 2000, shortest: int = 0, **kwargs: Any) -> None:
        visible = rf"[^\s\u0085{_CONTROLS}][^{_CONTROLS}]*" if shortest else ""
        pattern = {"pattern": f"^[^{_CONTROLS}]*{visible}$"}
        kwargs["metadata"] = pattern | kwargs.get("metadata", {})
        checks: list[Any] = [_plain_text, validate.Length(max=longest, error=TOO_LONG)]
        if shortest:
            checks.append(validate.Length(min=shortest, error="请再写详细一些。"))
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()
