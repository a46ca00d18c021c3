"""The migration that brings grounds: orders that are there already get them."""

import importlib.util
from pathlib import Path
from typing import Any

from sqlalchemy import update

from app.kernel.database import session
from app.orders.ticket.models import Order
from tests.permissions.actors import Cast
from tests.permissions.asking import letter, reveals
from tests.permissions.scene import begun

FILE = Path(__file__).parents[2] / "migrations" / "versions" / "0012_grounds.py"


def _filling() -> tuple[Any, ...]:
    spec = importlib.util.spec_from_file_location("grounds", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.FILLING)


def _as_before() -> None:
    session.execute(update(Order).values(by_support=False, parent_path=None))
    session.commit()


def _upgrade() -> None:
    for statement in _filling():
        session.execute(statement)
    session.commit()


def test_a_running_support_goes_on(cast: Cast) -> None:
    """Its holder has no registration with the order's unit; another holder is not marked."""
    claimed = begun(cast, "claim")
    supported = begun(cast, "support")
    _as_before()
    assert (reveals(supported), reveals(claimed)) == ("x", "+")
    _upgrade()
    assert (reveals(supported), reveals(claimed)) == ("+", "+")
    rows = [session.get_one(Order, scene.ids["order"]) for scene in (supported, claimed)]
    assert [row.by_support for row in rows] == [True, False]


def test_a_part_stays_with_its_dispatcher(cast: Cast) -> None:
    """It learns the path of the parent's unit."""
    scene = begun(cast, "split")
    path = f"/orders/{scene.ids['order']}"
    _as_before()
    assert letter(scene.call("GET", path)) == "."
    _upgrade()
    assert letter(scene.call("GET", path)) == "+"
    parent = session.get_one(Order, scene.ids["parent"])
    assert (parent.parent_path, session.get_one(Order, scene.ids["order"]).parent_path) == (
        None,
        cast.world.community.path,
    )
