"""The verbs of the organisation, in one file for each noun."""

from app.organisation.service.importing import (
    ImportReport,
    import_areas,
    import_places,
    import_units,
)
from app.organisation.service.places import Position, change_place, close_place, create_place
from app.organisation.service.providers import (
    change_phone_entry,
    change_provider,
    create_phone_entry,
    create_provider,
    delete_phone_entry,
)
from app.organisation.service.settings import set_setting
from app.organisation.service.units import (
    change_unit,
    close_unit,
    create_unit,
    found_district,
    remove_area,
    set_area,
)

__all__ = [
    "ImportReport",
    "Position",
    "change_phone_entry",
    "change_place",
    "change_provider",
    "change_unit",
    "close_place",
    "close_unit",
    "create_phone_entry",
    "create_place",
    "create_provider",
    "create_unit",
    "delete_phone_entry",
    "found_district",
    "import_areas",
    "import_places",
    "import_units",
    "remove_area",
    "set_area",
    "set_setting",
]
