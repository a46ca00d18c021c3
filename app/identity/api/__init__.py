"""The endpoints of the room, by noun."""

from app.identity.api import accounts, me, sessions

BLUEPRINTS = (sessions.blueprint, me.blueprint, accounts.blueprint)
