"""A request of the past lapses when the same request would have lapsed over the API."""

from datetime import datetime

from app.orders.ticket.models import OrderRequest, Placement
from app.orders.ticket.states import Action, OrderStatus, Source
from app.pasts.acts import PastEvent
from app.pasts.service import Past
from tests.world import World

FRIDAY = datetime.fromisoformat("2026-03-06T16:00:00+08:00")
MONDAY = datetime.fromisoformat("2026-03-09T16:00:00+08:00")


def test_a_report_up_of_a_friday_lapses_on_monday(world: World) -> None:
    """Between units the unit that is asked has a working day."""
    past = Past()
    unit, above = world.community, world.street
    placement = Placement(unit.id, unit.path, Source.PHONE)
    (order,) = past.enter([(placement, FRIDAY)])
    facts = {"asked": "report_up", "asked_of": above.id}
    told = [
        PastEvent(Action.SUBMIT, FRIDAY, None, OrderStatus.SUBMITTED),
        PastEvent(Action.REPORT_UP, FRIDAY, None, OrderStatus.SUBMITTED, facts=facts),
    ]
    (asked,) = past.tell(order, told)
    assert isinstance(asked, OrderRequest)
    assert asked.until == MONDAY
