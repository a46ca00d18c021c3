"""The endpoints of the room, in one file for each noun."""

from app.identity.api import accounts, me, sessions

BLUEPRINTS = (sessions.blueprint, me.blueprint, accounts.blueprint)
