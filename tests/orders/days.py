"""Time as the tests of the timetable move it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from app.kernel.database import session, transaction
from app.orders.ticket.models import Order
from tests.conftest import Clock
from tests.world import World

START = datetime.fromisoformat("2027-03-01T09:00:00+08:00")


class Day:
    """The clock of a test, set by hours and days after START."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.go()

    def go(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
        """Puts the clock there."""
        moment = START + timedelta(days=days, hours=hours, minutes=minutes)
        self.clock.set(moment.isoformat())
        return moment


def run(job: Callable[[], int]) -> int:
    """One batch in a transaction, and a second one that must find nothing left to do."""
    with transaction():
        done = job()
    with transaction():
        assert job() == 0
    return done


def set_columns(order_id: int, **values: Any) -> None:
    """What no verb of a test can bring about."""
    with transaction():
        session.execute(update(Order).where(Order.id == order_id).values(values))


def completed(world: World, **body: Any) -> int:
    """An order that the member has completed."""
    order = world.claimed(**body)["id"]
    world.act("member", order, "complete", note="修好了，请看一看。")
    return int(order)
