"""A request of the past lapses when the same request would have lapsed over the API."""

from datetime import datetime

import pytest

from app.orders.ticket.models import OrderRequest
from app.orders.ticket.states import Action, ContentState, OrderStatus, RequestState, Source
from app.pasts.effects import PastEvent
from app.pasts.service import Past
from tests.world import World

FRIDAY = datetime.fromisoformat("2026-03-06T16:00:00+08:00")
MONDAY = datetime.fromisoformat("2026-03-09T16:00:00+08:00")


def test_a_report_up_of_a_friday_lapses_on_monday(world: World) -> None:
    """Between units the unit that is asked has a working day."""
    past = Past()
    unit, above = world.community, world.street
    fields = {
        "handling_unit_id": unit.id,
        "handling_path": unit.path,
        "first_unit_id": unit.id,
        "attention_unit_id": unit.id,
        "urgency": "normal",
        "source": Source.PHONE,
        "visit_code": "0000",
        "content_state": ContentState.PASSED,
    }
    (order,) = past.enter([(fields, FRIDAY)])
    facts = {
        "asked": "report_up",
        "unit_id": above.id,
        "unit_path": above.path,
        "state": RequestState.PENDING,
    }
    told = [
        PastEvent(Action.SUBMIT, FRIDAY, None, OrderStatus.SUBMITTED),
        PastEvent(Action.REPORT_UP, FRIDAY, None, OrderStatus.SUBMITTED, facts=facts),
    ]
    past.tell(order, {}, told)
    (asked,) = [row for row in past._beside if isinstance(row, OrderRequest)]
    assert asked.until == MONDAY


pytestmark = pytest.mark.slow
