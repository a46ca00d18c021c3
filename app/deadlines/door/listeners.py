"""What happens to deadlines when something happens to units."""

from app.deadlines.standing.moving import follow_unit
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.settings import SETTINGS
from app.kernel.actor import Actor
from app.organisation.events import SettingChanged, UnitMoved

_ACTOR = Actor.system("deadlines")
_TEXTS = {setting.key: setting.text for setting in SETTINGS}


def on_unit_moved(event: UnitMoved) -> None:
    """Deadlines stay with their unit wherever it stands; there other hours and policies may hold."""
    follow_unit(_ACTOR, event.old_path, event.new_path)
    request_recomputation(_ACTOR, "单位调整了上级", unit_path=event.new_path)


def on_setting_changed(event: SettingChanged) -> None:
    """Other hours, another zone or night: what runs there is computed again."""
    text = _TEXTS.get(event.key)
    if text is not None:
        request_recomputation(_ACTOR, f"改了设置：{text}", unit_path=event.unit_path)
