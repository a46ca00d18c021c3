"""What a unit may set: each room declares its settings, the organisation keeps the values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app

from app.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key, default, kind (int, str, bool, list or dict), Chinese text and bounds.

    `check` raises ValueError for what has the right kind and still makes no sense.
    """

    key: str
    default: Any
    kind: type
    text: str
    minimum: int | None = None
    maximum: int | None = None
    check: Callable[[Any], object] | None = None

    def checked(self, value: Any) -> Any:
        """The value itself, or Invalid `setting.bad_value` where the declaration does not admit it."""
        right_kind = isinstance(value, self.kind) and not (
            self.kind is int and isinstance(value, bool)
        )
        if right_kind and self.kind is int:
            right_kind = (self.minimum is None or value >= self.minimum) and (
                self.maximum is None or value <= self.maximum
            )
        try:
            if right_kind and self.check is not None:
                self.check(value)
        except ValueError:
            right_kind = False
        if not right_kind:
            raise Invalid("setting.bad_value", f"“{self.text}”的值不合适。")
        return value


def declared() -> dict[str, Setting]:
    """All settings by key, as create_app has collected them."""
    found: dict[str, Setting] = current_app.extensions["settings"]
    return found
