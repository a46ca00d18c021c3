"""The district that is measured: the demo's, with many old orders and many logged-in people."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.categories.models import Category
from app.demo import build
from app.identity.models import WechatAccount
from app.identity.queries import openid_index
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import db, is_sqlite, session, transaction
from app.kernel.http import App
from app.orders.desk.service import dispatch_order
from app.orders.placing.service import Wish, submit_order
from app.orders.record.words import change_words
from app.orders.ticket.states import DispatchMode
from app.organisation.models import Unit
from app.organisation.service import set_setting
from app.people.queries import grants_of
from app.wechat.sandbox import openid_for
from bench import seed
from bench.crowd import LoggedIn, enrol, follow_sequences, log_in, person_named

DESCRIPTION = "三号楼二单元门口的路灯不亮了，老人晚上出门看不见，请师傅有空来看看。"
# The category asks for an electrician; the member who is copied is one.
CATEGORY, RESIDENT, MEMBER = "lights_out", "demo-resident-3", "demo-member-1"
FORMER_ONE = "demo-resident-4"
# The number of real requests of each kind from which the floor learns.
TAUGHT_BY = 3
# A word in few descriptions; no other description holds a pair of its characters.
RARE, RARE_ORDERS = "鼍鼋䴙䴘", 5
# The orders that a resident may place in a day, and that a member may claim by `_raise_caps`.
PLACED_EACH, CLAIMED_EACH = 5, 20
# Sessions of one officer; the coarse limit of requests counts each session separately.
DEVICES = 400
# Requesters of the old orders; they place no new orders.
FORMER = 5_000


@dataclass(frozen=True, slots=True)
class Needs:
    """The numbers of old orders, placings, claims and orders in the pool that a run will use up."""

    rows: int
    placings: int
    claims: int
    pool: int


@dataclass(slots=True)
class District:
    """The ids and tokens for the requests of the load.

    `grow` fills `pool` (orders to claim) and `readable` (orders with their whole history).
    """

    category_id: int
    residents: LoggedIn
    members: LoggedIn
    officers: LoggedIn
    former: list[int]
    dispatcher: int
    in_pool: list[int] = field(default_factory=list)
    pool: range = range(0)
    readable: range = range(0)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body with which a resident places an order."""
        return {"description": DESCRIPTION, "category_id": self.category_id}


def found(app: App, needs: Needs) -> District:
    """Fills the empty database with the demo and with people; takes some seconds."""
    with app.app_context():
        with transaction():
            build.fill()
        with transaction():
            _raise_caps()
            dispatcher = person_named("dispatcher-1")
            category = _category()
            residents = enrol(wechat_person(RESIDENT), 2 * _share(needs.placings, PLACED_EACH))
            members = enrol(wechat_person(MEMBER), _share(needs.claims, CLAIMED_EACH))
            former = enrol(wechat_person(FORMER_ONE), max(min(FORMER, needs.rows), 1)).ids
            officers = log_in([person_named("district-1")] * DEVICES)
            follow_sequences()
        district = District(category, residents, members, officers, former, dispatcher)
        with transaction():
            district.in_pool = [
                put_in_pool(district, residents.ids[-1]) for _ in range(TAUGHT_BY + 1)
            ]
    return district


def put_in_pool(district: District, resident_id: int) -> int:
    """Places an order for the resident and dispatches it to the pool; returns its id."""
    resident, dispatcher = _actor(resident_id), _actor(district.dispatcher)
    order = submit_order(resident, Wish(**district.body))
    dispatch_order(dispatcher, order.id, mode=DispatchMode.POOL)
    return order.id


def grow(app: App, district: District, needs: Needs) -> None:
    """Adds the old orders and the orders in the pool; takes minutes for a million orders."""
    with app.app_context():
        with transaction():
            originals = [order for order in seed.originals() if order not in district.in_pool]
            change_words(seed.orders_of([*originals, district.in_pool[-1]]))
        requesters = range(district.former[0], district.former[-1] + 1)
        past = seed.copy_orders(originals, needs.rows, requesters, old=True)
        with transaction():
            step = max(1, len(past.with_history) // RARE_ORDERS)
            seed.plant(RARE, past.with_history[::step])
        pool = seed.copy_orders(district.in_pool[-1:], needs.pool, requesters, old=False)
        settle()
    district.pool = range(pool.first, pool.first + pool.count)
    district.readable = past.with_history


def _share(total: int, each: int) -> int:
    # Twenty more: some teach the floor, some send requests only to the floor, one owns the orders
    # in the pool.
    return total // each + 20


def _raise_caps() -> None:
    district = session.scalars(select(Unit).where(Unit.parent_id.is_(None))).one()
    for key in ("orders.open_cap", "orders.daily_cap"):
        set_setting(Actor.system("bench"), district.id, key=key, value=CLAIMED_EACH)


def wechat_person(code: str) -> int:
    """The id of the demo's person who logs in by WeChat with this code of the sandbox."""
    return session.execute(
        select(WechatAccount.person_id).where(
            WechatAccount.openid_index == openid_index(openid_for(code))
        )
    ).scalar_one()


def _category() -> int:
    return session.execute(select(Category.id).where(Category.code == CATEGORY)).scalar_one()


def _actor(person_id: int) -> Actor:
    return Actor(person_id, "", grants_of(person_id, now()))


def settle() -> None:
    """Does the upkeep that a database of many years has had: statistics, VACUUM, checkpoint."""
    connection = db.engine.raw_connection()
    try:
        driver = connection.driver_connection
        assert driver is not None
        if is_sqlite():
            driver.execute("ANALYZE")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        driver.autocommit = True
        for step in ("VACUUM ANALYZE", "CHECKPOINT"):
            driver.execute(step)
        driver.autocommit = False
    finally:
        connection.close()
