"""Who may change units, places, providers, the phone book and settings."""

from app.kernel.actor import Actor
from app.kernel.permissions import Permission

# The roles belong to `people`, a room above this one. Their codes therefore stand here as text;
# create_app checks them.
_LEADER_AND_ABOVE = ("leader", "street_officer", "district_officer")
_DISPATCHER_AND_ABOVE = ("dispatcher", *_LEADER_AND_ABOVE)

PERMISSIONS = (
    Permission("organisation.edit", "维护组织和边界", roles=("admin",)),
    Permission("places.edit", "维护小区楼栋", roles=("admin",)),
    Permission("places.rooms", "查看室号", roles=("grid_worker", "duty", *_DISPATCHER_AND_ABOVE)),
    Permission("providers.edit", "维护承办单位", roles=(*_DISPATCHER_AND_ABOVE, "admin")),
    Permission("phonebook.edit", "维护应急电话本", roles=(*_DISPATCHER_AND_ABOVE, "admin")),
    Permission("settings.edit", "修改本单位设置", roles=(*_LEADER_AND_ABOVE, "admin")),
)


def may_edit_unit(actor: Actor, unit_path: str) -> bool:
    """Units at or below one's own, and new ones beneath."""
    return actor.is_system or actor.may("organisation.edit", unit_path)


def may_edit_places(actor: Actor, unit_path: str) -> bool:
    """Places that a unit at or below one's own looks after."""
    return actor.is_system or actor.may("places.edit", unit_path)


def may_edit_units_somewhere(actor: Actor) -> bool:
    """Whether an import may begin; each row is judged by itself."""
    return actor.is_system or actor.may_somewhere("organisation.edit")


def may_edit_places_somewhere(actor: Actor) -> bool:
    """Whether an import may begin; each row is judged by itself."""
    return actor.is_system or actor.may_somewhere("places.edit")


def room_paths(actor: Actor) -> tuple[str, ...]:
    """Roots of the subtrees whose rooms are shown; all of them for the system."""
    if actor.is_system:
        return ("/",)
    return (*actor.paths("places.rooms"), *actor.paths("places.edit"))


def may_edit_providers(actor: Actor, unit_path: str) -> bool:
    """Providers of a unit at or below one's own."""
    return actor.is_system or actor.may("providers.edit", unit_path)


def may_edit_phone_book(actor: Actor, unit_path: str) -> bool:
    """Numbers of a unit at or below one's own."""
    return actor.is_system or actor.may("phonebook.edit", unit_path)


def may_edit_settings(actor: Actor, unit_path: str) -> bool:
    """Settings of a unit at or below one's own; reading them is the same right."""
    return actor.is_system or actor.may("settings.edit", unit_path)
