"""The settings of units: each room declares its own, and the room organisation stores their values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app

from app.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting that a unit may change.

    `kind` is the type of its values: int, str, bool, list or dict. `text` is its Chinese name. `minimum`
    and `maximum` are the bounds of an int, both included. `check` is called with a value of the right
    kind and raises ValueError when the value cannot be used.
    """

    key: str
    default: Any
    kind: type
    text: str
    minimum: int | None = None
    maximum: int | None = None
    check: Callable[[Any], object] | None = None

    def checked(self, value: Any) -> Any:
        """Answers the value unchanged when the setting may have it.

        Raises Invalid `setting.bad_value` for the wrong kind, out of bounds, or refused by `check`.
        """
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
    """The settings of all rooms by key ("orders.open_cap"), as create_app has collected them."""
    found: dict[str, Setting] = current_app.extensions["settings"]
    return found
