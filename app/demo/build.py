"""Builds the whole demo, once."""

from sqlalchemy import select

from app.categories import service as categories
from app.deadlines.days import service as calendar
from app.deadlines.policies import service as policies
from app.demo.archive import Archive, rules_of_categories
from app.demo.chronicle import chronicle
from app.demo.ground import lay_ground
from app.demo.inhabitants import settle_people
from app.demo.notices import put_up_notice
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.organisation.models import Unit


def build() -> bool:
    """Calls `fill` in a transaction of its own; returns whether the demo data was put in."""
    with transaction():
        return fill()


def fill() -> bool:
    """Puts in the demo data if the database has no unit yet; returns whether it did.

    The check keeps the demo out of a real database, and from being put in twice.
    """
    if session.scalar(select(Unit.id).limit(1)) is not None:
        return False
    actor = Actor.system("demo")
    policies.seed_policies(actor)
    calendar.seed_calendar(actor)
    categories.seed_categories(actor)
    ground = lay_ground(actor)
    archive = Archive(ground, settle_people(actor, ground))
    archive.put(chronicle(now(), rules_of_categories()))
    put_up_notice(actor, ground)
    return True
