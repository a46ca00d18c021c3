"""Who may read and change policies, calendar and reminders. Pure."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission
from app.people import roles

PERMISSIONS = (
    Permission("deadlines.see", "查看时限和统计", roles=roles.DUTY_AND_ABOVE),
    Permission("deadlines.edit", "设置时限规则", roles=roles.LEADER_AND_ABOVE),
    Permission("deadlines.repair", "处理发不出的提醒", roles=(roles.ADMIN,)),
    Permission("calendar.edit", "维护工作日历", roles=(roles.DISTRICT_OFFICER, roles.ADMIN)),
)


def may_see(actor: Actor, unit_path: str) -> bool:
    """Whether the actor may read policies and deadlines of the subtree."""
    return actor.is_system or actor.may("deadlines.see", unit_path)


def may_edit(actor: Actor, unit_path: str | None) -> bool:
    """Whether the actor may publish a policy for that unit, or for all units if the path is None.

    For all units the permission must be held at the top of the tree.
    """
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
    """Whether the actor may change the calendar, which is the same for all units."""
    return actor.is_system or actor.may_somewhere("calendar.edit")
