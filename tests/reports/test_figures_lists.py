"""The lists behind the figures: what one counts, the other shows."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.files.storage import LocalStorage
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.http import App
from app.orders.ticket.states import OrderStatus
from app.orders.views.lists import OrderFilter
from app.reports.queries.lists import FigureFilter, ids_of_counted
from app.reports.states import Counted
from tests.orders.stories import read
from tests.world import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("stage=solve&period=2027-W10", "abce"),
        ("period=2027-W10", "abce"),
        ("stage=solve&period=2027-03&counted=on_time", "ace"),
        ("stage=solve&period=2027-03&counted=late", "b"),
        ("stage=solve&period=2027-W10&counted=open_late", "b"),
        ("stage=solve&period=2027-W10&counted=met_late", ""),
        ("stage=accept&counted=ended_late", "c"),
        ("stage=arrange&period=2027-W09&counted=met_late", "b"),
        ("stage=arrange&period=2027-W09", "abce"),
        ("stage=arrange&period=2027-W10", "b"),
        ("counted=late&late_reason=material", "b"),
        ("counted=late&late_reason=none", ""),
        ("stage=accept&late_reason=none", "c"),
        ("counted=response_due&period=2027-03", "abce"),
        ("counted=responded&period=2027-03", "ace"),
        ("counted=rated&period=2027-03", "abc"),
        ("counted=rated&period=2027-W10", "b"),
        ("counted=solved&period=2027-03", "ac"),
        ("counted=judged&period=2027-03", "ac"),
        ("counted=satisfied&period=2027-03", "a"),
        ("counted=closed&period=2027-03", "ace"),
        ("counted=closed&period=2027-02", ""),
        ("counted=reopened&period=2027-03", ""),
        ("counted=unanswered", "e"),
        ("counted=not_recognised", ""),
        ("counted=closed&status=submitted", ""),
        ("own=true", "abce"),
    ],
)
def test_the_lists_behind_the_figures(
    world: World, two_weeks_of_orders: dict[str, int], query: str, wanted: str
) -> None:
    """The same conditions narrow the list."""
    page = read(
        world, "dispatcher", f"/reports/orders?unit_id={world.community.id}&limit=100&{query}"
    )
    assert {order["id"] for order in page["items"]} == {
        two_weeks_of_orders[name] for name in wanted
    }


def test_an_export_counts_only_the_orders_of_its_list(
    world: World, two_weeks_of_orders: dict[str, int]
) -> None:
    """The other filters hold before the limit: only the orders of the list count towards it."""
    named = {number: name for name, number in two_weeks_of_orders.items()}
    figure = FigureFilter(counted=Counted.DUE)

    def exported(most: int, *status: OrderStatus) -> str:
        wanted = OrderFilter(unit_id=world.community.id, status=status)
        found = ids_of_counted(world.actor("dispatcher"), figure, wanted, most=most)
        return "".join(named[number] for number in found)

    assert (exported(9), exported(3)) == ("abce", "abc")
    assert exported(1, OrderStatus.SUBMITTED) == "b"


def test_the_audit_of_an_export_names_the_figure(
    world: World,
    two_weeks_of_orders: dict[str, int],
    app: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The figure and its unit, so that a reader of the audit knows which orders left the house."""
    monkeypatch.setitem(app.extensions, "storage", LocalStorage(tmp_path))
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    assert two_weeks_of_orders
    body = {"template": "orders", "counted": "late", "unit_id": world.community.id}
    assert world.post("dispatcher", "/reports/orders/export", **body).status_code == 201
    row = session.scalars(select(AuditRow).where(AuditRow.action == "orders.exported")).one()
    assert "counted=late" in (row.reason or "")
    assert row.unit_id == world.community.id


def test_lists_of_figures_are_for_staff(world: World, two_weeks_of_orders: dict[str, int]) -> None:
    """A resident learns nothing about the lateness of the own order; bad words are refused."""
    assert read(world, "resident", "/reports/orders?counted=late")["items"] == []
    assert len(read(world, "resident", "/orders")["items"]) == 4
    assert (
        read(world, "street", f"/reports/orders?unit_id={world.street.id}&own=true")["items"] == []
    )
    own = f"/reports/orders?unit_id={world.street.id}&own=true&counted=due"
    assert read(world, "street", own)["items"] == []
    everywhere = read(world, "street", "/reports/orders?counted=late")["items"]
    assert {order["id"] for order in everywhere} == {
        two_weeks_of_orders["b"],
        two_weeks_of_orders["d"],
    }
    for query, code in (
        ("period=2027-W54", "period.unknown"),
        ("period=2027-13", "period.unknown"),
        ("period=0000-01", "period.unknown"),
        ("period=2027", "body.invalid"),
        ("counted=everything", "body.invalid"),
        ("late_reason=weather", "body.invalid"),
    ):
        answer = world.get("dispatcher", f"/reports/orders?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, code), query
