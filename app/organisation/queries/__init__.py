"""Reads of the organisation, by noun."""

from app.organisation.queries.locating import (
    Located,
    locate,
    located_or_refused,
    nearest_community,
)
from app.organisation.queries.places import (
    get_place,
    get_visible_place,
    list_places,
    places_visible_to,
)
from app.organisation.queries.providers import (
    account_visible_to,
    get_phone_entry,
    get_provider,
    get_visible_phone_entry,
    get_visible_provider,
    list_phone_entries,
    list_providers,
    phone_entries_visible_to,
    providers_visible_to,
)
from app.organisation.queries.settings import list_settings, setting
from app.organisation.queries.units import (
    ancestors,
    community_of,
    get_area,
    get_unit,
    get_visible_unit,
    hold_unit,
    is_open,
    list_units,
    open_unit,
    parent_path,
    subtree_ids,
    units_visible_to,
)

__all__ = [
    "account_visible_to",
    "hold_unit",
    "open_unit",
    "Located",
    "ancestors",
    "community_of",
    "get_area",
    "get_phone_entry",
    "get_place",
    "get_provider",
    "get_unit",
    "get_visible_phone_entry",
    "get_visible_place",
    "get_visible_provider",
    "get_visible_unit",
    "is_open",
    "list_phone_entries",
    "list_places",
    "list_providers",
    "list_settings",
    "list_units",
    "locate",
    "located_or_refused",
    "nearest_community",
    "parent_path",
    "phone_entries_visible_to",
    "places_visible_to",
    "providers_visible_to",
    "setting",
    "subtree_ids",
    "units_visible_to",
]
