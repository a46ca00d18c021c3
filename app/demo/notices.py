"""The only banner of the demo: a building has no water today."""

from datetime import timedelta

from sqlalchemy import select

from app.categories.models import Category
from app.demo.ground import Ground
from app.intake.models import Banner
from app.intake.service.banners import put_up_banner
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.organisation.states import PlaceKind

_CATEGORY = "停水停电停气"


def put_up_notice(actor: Actor, ground: Ground) -> Banner:
    """Puts up a banner for a building of the first community, from an hour ago for nine hours."""
    unit = ground.units["community:0"]
    building = next(
        place
        for key, place in ground.places.items()
        if key[0] == 0 and place.kind is PlaceKind.BUILDING
    )
    category = session.scalars(select(Category).where(Category.name == _CATEGORY)).one()
    at = now().replace(second=0)
    return put_up_banner(
        actor,
        unit_id=unit.id,
        place_id=building.id,
        category_id=category.id,
        text=f"{building.full_name}抢修水管，暂时停水，请先用备用水。",
        since=at - timedelta(hours=1),
        until=at + timedelta(hours=8),
    )
