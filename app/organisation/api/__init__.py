"""The endpoints of the room, by noun."""

from app.organisation.api import places, providers, units

BLUEPRINTS = (units.blueprint, places.blueprint, providers.blueprint)
