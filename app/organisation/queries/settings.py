"""Reads of settings: the unit's own value, else that of the nearest unit above, else the default."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.database import session
from app.kernel.database.fast.kept import Kept
from app.kernel.errors import Forbidden, Invalid
from app.kernel.pages import Page
from app.kernel.settings import Setting, declared
from app.organisation.models import Unit, UnitSetting
from app.organisation.policy import may_edit_settings
from app.organisation.queries.units import get_unit, get_visible_unit


@dataclass(frozen=True, slots=True)
class SettingHere:
    """A setting with its value at a unit.

    `kind` is int, str, bool, list or dict. `set_at_unit_id` is the unit that has set the value;
    None where the declared default holds.
    """

    key: str
    text: str
    kind: str
    default: Any
    minimum: int | None
    maximum: int | None
    value: Any
    set_at_unit_id: int | None
    set_at: datetime | None


def declared_setting(key: str) -> Setting:
    """Returns the declaration of a setting; raises Invalid `setting.unknown`."""
    found = declared().get(key)
    if found is None:
        raise Invalid("setting.unknown", "没有这一项设置。")
    return found


def setting(unit_id: int, key: str) -> Any:
    """Returns the value of a setting at the unit.

    Raises Invalid `setting.unknown` for the key and NotFound `not_found` for the unit.
    """
    default = declared_setting(key).default
    values = _kept.value()
    path = reversed(get_unit(unit_id).path_ids)
    return next((values[at, key] for at in path if (at, key) in values), default)


def _values() -> dict[tuple[int, str], Any]:
    rows = session.execute(select(UnitSetting.unit_id, UnitSetting.key, UnitSetting.value))
    return {(row.unit_id, row.key): row.value["value"] for row in rows}


_kept = Kept("settings", _values, "unit_settings")


def _nearest(unit: Unit) -> dict[str, UnitSetting]:
    statement = select(UnitSetting).where(UnitSetting.unit_id.in_(unit.path_ids))
    depth = {unit_id: number for number, unit_id in enumerate(unit.path_ids)}
    rows = sorted(session.scalars(statement), key=lambda row: depth[row.unit_id])
    return {row.key: row for row in rows}


def setting_here(unit: Unit, key: str) -> SettingHere:
    """Returns one setting with its value at the unit and the unit that has set it.

    Raises Invalid `setting.unknown`.
    """
    return _here(declared_setting(key), _nearest(unit).get(key))


def _here(about: Setting, row: UnitSetting | None) -> SettingHere:
    return SettingHere(
        key=about.key,
        text=about.text,
        kind=about.kind.__name__,
        default=about.default,
        minimum=about.minimum,
        maximum=about.maximum,
        value=about.default if row is None else row.value["value"],
        set_at_unit_id=None if row is None else row.unit_id,
        set_at=None if row is None else row.set_at,
    )


def list_settings(
    actor: Actor, unit_id: int, *, cursor: str | None, limit: int
) -> Page[SettingHere]:
    """Returns a page of all declared settings with their values at the unit, sorted by key.

    Raises NotFound `not_found`, Forbidden `setting.not_allowed` for an actor who may not change
    them, Invalid `cursor.invalid`.
    """
    unit = get_visible_unit(actor, unit_id)
    if not may_edit_settings(actor, unit.path):
        raise Forbidden("setting.not_allowed", "您不能查看或修改这个单位的设置。")
    keys = sorted(declared())
    if cursor and cursor not in keys:
        raise Invalid("cursor.invalid", "翻页位置无效，请从第一页重新看。")
    rest = [key for key in keys if not cursor or key > cursor]
    rows = _nearest(unit)
    items = [_here(declared()[key], rows.get(key)) for key in rest[:limit]]
    return Page(items, items[-1].key if len(rest) > limit else None)
