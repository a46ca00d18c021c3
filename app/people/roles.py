"""The roles that ship: each a set of permission strings, held over a unit's subtree."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role's code, Chinese name and permissions; the rooms named before the dot declare them."""

    code: str
    name: str
    permissions: frozenset[str]


MEMBER = "member"
VOLUNTEER = "volunteer"
BY_REGISTRATION = frozenset({MEMBER, VOLUNTEER})

_CLAIM = frozenset({"orders.claim"})
_GRID = frozenset(
    {
        "orders.see",
        "orders.enter",
        "orders.handle",
        "orders.settle",
        "orders.follow_up",
        "places.rooms",
    }
)
_DUTY = frozenset(
    {
        "orders.see",
        "orders.enter",
        "orders.acknowledge",
        "orders.dispatch",
        "orders.settle",
        "orders.handle",
        "orders.reveal",
        "places.rooms",
        "deadlines.see",
    }
)
_DISPATCHER = _DUTY | {
    "orders.manage",
    "orders.import",
    "orders.export",
    "orders.follow_up",
    "orders.see_sensitive",
    "registrations.approve",
    "people.see",
    "people.edit",
    "phonebook.edit",
    "providers.edit",
}
_LEADER = _DISPATCHER | {
    "orders.lead",
    "orders.supervise",
    "deadlines.edit",
    "roles.grant",
    "people.remove",
    "settings.edit",
    "audit.see",
}
_OFFICER = _LEADER | {"orders.appeal"}
_DISTRICT_OFFICER = _OFFICER | {"calendar.edit"}
# No permission of orders: whoever runs the system does not read what residents ask for.
_ADMIN = frozenset(
    {
        "accounts.edit",
        "organisation.edit",
        "places.edit",
        "providers.edit",
        "phonebook.edit",
        "settings.edit",
        "categories.edit",
        "people.see",
        "people.edit",
        "people.remove",
        "registrations.approve",
        "roles.grant",
        "audit.see",
        "messages.resend",
        "calendar.edit",
        "deadlines.repair",
    }
)

ROLES: tuple[RoleDefinition, ...] = (
    RoleDefinition(MEMBER, "在职党员", _CLAIM),
    RoleDefinition(VOLUNTEER, "志愿者", _CLAIM),
    RoleDefinition("building_leader", "楼栋长", frozenset({"orders.enter"})),
    RoleDefinition("grid_worker", "网格员", _GRID),
    RoleDefinition("duty", "值班员", _DUTY),
    RoleDefinition("dispatcher", "派单员", _DISPATCHER),
    RoleDefinition("leader", "社区负责人", _LEADER),
    RoleDefinition("street_officer", "街道干部", _OFFICER),
    RoleDefinition("district_officer", "区级干部", _DISTRICT_OFFICER),
    RoleDefinition("admin", "系统管理员", _ADMIN),
    RoleDefinition("provider", "承办单位", frozenset({"orders.handle"})),
)
