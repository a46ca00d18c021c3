"""Changes deadlines when units move and when their settings change."""

from app.deadlines.standing.moving import follow_unit
from app.deadlines.standing.recomputing import request_recomputation
from app.deadlines.terms.settings import SETTINGS
from app.kernel.actor import Actor
from app.organisation.events import SettingChanged, UnitMoved

_ACTOR = Actor.system("deadlines")
_TEXTS = {setting.key: setting.text for setting in SETTINGS}


def on_unit_moved(event: UnitMoved) -> None:
    """Corrects the paths, and computes again, because other hours and policies may hold there."""
    follow_unit(_ACTOR, event.old_path, event.new_path)
    request_recomputation(_ACTOR, "单位调整了上级", unit_path=event.new_path)


def on_setting_changed(event: SettingChanged) -> None:
    """Computes again in the subtree if hours, time zone or quiet hours have changed."""
    text = _TEXTS.get(event.key)
    if text is not None:
        request_recomputation(_ACTOR, f"改了设置：{text}", unit_path=event.unit_path)
