"""Sets the value of a setting at a unit."""

import json
from typing import Any

from sqlalchemy import select

from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.events import announce
from app.kernel.settings import Setting
from app.organisation.events import SettingChanged
from app.organisation.models import UnitSetting
from app.organisation.policy import may_edit_settings
from app.organisation.queries import get_visible_unit
from app.organisation.queries.settings import SettingHere, declared_setting, setting_here
from app.organisation.service.storing import VersionCheck, unchecked
from app.organisation.service.units import named_unit


def set_setting(
    actor: Actor,
    unit_id: int,
    *,
    key: str,
    value: Any,
    unchanged: VersionCheck = unchecked,
) -> SettingHere:
    """Sets the unit's own value of a setting and returns the setting as it then is at the unit.

    None removes the own value, so that the value of the units above holds again.
    `unchanged(version)` gets the version of the unit and raises where it is not the expected one.

    Raises NotFound `not_found`, Forbidden `setting.not_allowed`, Conflict `unit.closed`, Invalid
    `setting.unknown`, `setting.bad_value`.
    """
    get_visible_unit(actor, unit_id)
    unit = named_unit(unit_id)
    if not may_edit_settings(actor, unit.path):
        raise Forbidden("setting.not_allowed", "您不能查看或修改这个单位的设置。")
    unchanged(unit.version)
    unit.check_open()
    about = declared_setting(key)
    row = session.scalar(
        select(UnitSetting).where(UnitSetting.unit_id == unit.id, UnitSetting.key == key)
    )
    if value is None:
        if row is not None:
            session.delete(row)
    else:
        row = row or UnitSetting(unit_id=unit.id, key=key)
        row.value, row.set_by, row.set_at = (
            {"value": _checked(about, value)},
            actor.person_id,
            now(),
        )
        session.add(row)
    unit.version += 1
    record(actor, "setting.changed", "unit", unit.id, fields=[key], unit_id=unit.id)
    session.flush()
    announce(SettingChanged(unit.id, unit.path, key))
    return setting_here(unit, key)


def _checked(about: Setting, value: Any) -> Any:
    """Returns the value; raises Invalid `setting.bad_value` where the declaration does not allow it.

    The same for values that JSON in PostgreSQL cannot hold: NaN, half characters, NUL.
    """
    try:
        text = json.dumps(about.checked(value), allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError) as broken:
        raise Invalid("setting.bad_value", f"“{about.text}”的值不合适。") from broken
    if "\\u0000" in text:
        raise Invalid("setting.bad_value", f"“{about.text}”的值不合适。")
    return value
