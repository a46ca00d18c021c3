"""The roles that ship. Which permissions a role holds is declared in each room's `policy`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role's code, which the database and the API use, and its Chinese name."""

    code: str
    name: str


MEMBER = "member"
VOLUNTEER = "volunteer"
BUILDING_LEADER = "building_leader"
GRID_WORKER = "grid_worker"
DUTY = "duty"
DISPATCHER = "dispatcher"
LEADER = "leader"
STREET_OFFICER = "street_officer"
DISTRICT_OFFICER = "district_officer"
ADMIN = "admin"
PROVIDER = "provider"

# The ranks of the staff from above; for permissions that a rank shares with all ranks above it.
OFFICERS = (STREET_OFFICER, DISTRICT_OFFICER)
LEADER_AND_ABOVE = (LEADER, *OFFICERS)
DISPATCHER_AND_ABOVE = (DISPATCHER, *LEADER_AND_ABOVE)
DUTY_AND_ABOVE = (DUTY, *DISPATCHER_AND_ABOVE)

BY_REGISTRATION = frozenset({MEMBER, VOLUNTEER})

ROLES: tuple[RoleDefinition, ...] = (
    RoleDefinition(MEMBER, "在职党员"),
    RoleDefinition(VOLUNTEER, "志愿者"),
    RoleDefinition(BUILDING_LEADER, "楼栋长"),
    RoleDefinition(GRID_WORKER, "网格员"),
    RoleDefinition(DUTY, "值班员"),
    RoleDefinition(DISPATCHER, "派单员"),
    RoleDefinition(LEADER, "社区负责人"),
    RoleDefinition(STREET_OFFICER, "街道干部"),
    RoleDefinition(DISTRICT_OFFICER, "区级干部"),
    # Holds no permission of orders: the administrator does not read what residents ask for.
    RoleDefinition(ADMIN, "系统管理员"),
    RoleDefinition(PROVIDER, "承办单位"),
)
