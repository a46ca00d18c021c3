"""The endpoints of the room, in one file for each noun."""

from app.organisation.api import places, providers, units

BLUEPRINTS = (units.blueprint, places.blueprint, providers.blueprint)
