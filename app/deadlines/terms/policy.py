"""Who may do what with deadlines; pure."""

from app.kernel.actor import Actor

PERMISSIONS = {
    "deadlines.see": "查看时限和统计",
    "deadlines.edit": "设置时限规则",
    "deadlines.repair": "处理发不出的提醒",
    "calendar.edit": "维护工作日历",
}


def may_see(actor: Actor, unit_path: str) -> bool:
    """Policies and figures of the subtree."""
    return actor.is_system or actor.may("deadlines.see", unit_path)


def may_edit(actor: Actor, unit_path: str | None) -> bool:
    """A unit's own tightening by its leader; the policy for all by whoever may do so at the top."""
    if actor.is_system:
        return True
    if unit_path is None:
        return any(
            grant.unit_path.count("/") == 2
            for grant in actor.grants
            if "deadlines.edit" in grant.permissions
        )
    return actor.may("deadlines.edit", unit_path)


def may_edit_calendar(actor: Actor) -> bool:
    """One calendar for all."""
    return actor.is_system or actor.may_somewhere("calendar.edit")


def may_repair(actor: Actor, unit_path: str) -> bool:
    """Steps of the subtree that could not be announced."""
    return actor.is_system or actor.may("deadlines.repair", unit_path)
