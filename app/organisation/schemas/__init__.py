"""Schemas (marshmallow) of the room, in one file for each noun."""

from app.organisation.schemas.importing import (
    ImportFile,
    ImportOut,
    ImportQuery,
)
from app.organisation.schemas.places import (
    PlaceChangeIn,
    PlaceIn,
    PlaceOut,
    PlacesQuery,
)
from app.organisation.schemas.providers import (
    PhoneEntriesQuery,
    PhoneEntryChangeIn,
    PhoneEntryIn,
    PhoneEntryOut,
    ProviderChangeIn,
    ProviderIn,
    ProviderOut,
    ProvidersQuery,
)
from app.organisation.schemas.units import (
    AreaIn,
    AreaOut,
    LocatedOut,
    LocateQuery,
    SettingIn,
    SettingOut,
    UnitChangeIn,
    UnitCloseIn,
    UnitIn,
    UnitOut,
    UnitsQuery,
)

__all__ = [
    "AreaIn",
    "AreaOut",
    "ImportFile",
    "ImportOut",
    "ImportQuery",
    "LocateQuery",
    "LocatedOut",
    "PhoneEntriesQuery",
    "PhoneEntryChangeIn",
    "PhoneEntryIn",
    "PhoneEntryOut",
    "PlaceChangeIn",
    "PlaceIn",
    "PlaceOut",
    "PlacesQuery",
    "ProviderChangeIn",
    "ProviderIn",
    "ProviderOut",
    "ProvidersQuery",
    "SettingIn",
    "SettingOut",
    "UnitChangeIn",
    "UnitCloseIn",
    "UnitIn",
    "UnitOut",
    "UnitsQuery",
]
