"""Rules: who may change units, places, providers, the phone book and settings."""

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
    """Returns whether the actor may change the unit with this path and create units below it.

    `organisation.edit` at the unit or above it is needed; the program itself always may.
    """
    return actor.is_system or actor.may("organisation.edit", unit_path)


def may_edit_places(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may change places that the unit with this path looks after.

    `places.edit` at the unit or above it is needed; the program itself always may.
    """
    return actor.is_system or actor.may("places.edit", unit_path)


def may_edit_units_somewhere(actor: Actor) -> bool:
    """Returns whether the actor may begin an import of units; each row is checked by itself."""
    return actor.is_system or actor.may_somewhere("organisation.edit")


def may_edit_places_somewhere(actor: Actor) -> bool:
    """Returns whether the actor may begin an import of places; each row is checked by itself."""
    return actor.is_system or actor.may_somewhere("places.edit")


def room_paths(actor: Actor) -> tuple[str, ...]:
    """Returns the paths of the subtrees whose rooms (室) the actor sees; ("/",) for the program itself."""
    if actor.is_system:
        return ("/",)
    return (*actor.paths("places.rooms"), *actor.paths("places.edit"))


def may_edit_providers(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may change providers of the unit with this path.

    `providers.edit` at the unit or above it is needed; the program itself always may.
    """
    return actor.is_system or actor.may("providers.edit", unit_path)


def may_edit_phone_book(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may change phone entries of the unit with this path.

    `phonebook.edit` at the unit or above it is needed; the program itself always may.
    """
    return actor.is_system or actor.may("phonebook.edit", unit_path)


def may_edit_settings(actor: Actor, unit_path: str) -> bool:
    """Returns whether the actor may read and change settings of the unit with this path.

    `settings.edit` at the unit or above it is needed; the program itself always may.
    """
    return actor.is_system or actor.may("settings.edit", unit_path)
