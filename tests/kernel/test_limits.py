"""Nobody writes without end: each view that writes counts for its person, or says what bounds it."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule

from app.identity.guard import PUBLIC_ENDPOINTS
from app.kernel import limits
from app.kernel.clock import now
from app.kernel.database import session, transaction
from app.kernel.http import SAFE_METHODS, App
from app.kernel.limits import RateCounter
from app.people.service import grant_role
from tests.architecture.doors import address_of
from tests.conftest import Clock
from tests.consents import AS_MEMBER, agree
from tests.world import SYSTEM, World

MORNING = "2026-03-02T09:00:00+08:00"
# What a resident may call without being counted, and why no harm comes of it.
UNCOUNTED = {
    "orders.place": "the unit's settings limit orders of a day and open orders",
    "orders.claim": "a cap limits what one holds, and giving back is counted",
    "orders.rate": "an order is rated once a round, and a new round is counted",
    # Nobody is known before the log-in: these three count by address.
    "sessions.log_in_wechat": "LOG_INS_BY_ADDRESS",
    "sessions.log_in_password": "failed log-ins lock",
    "sessions.refresh": "RENEWALS_BY_ADDRESS",
}


def writes(app: App) -> Iterator[tuple[str, Rule]]:
    """(method, rule) of each endpoint that writes."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - SAFE_METHODS):
            yield method, rule


def fill(app: App, person_id: int) -> None:
    """As if the person had written as often as allowed, everywhere."""
    moment = now()
    for endpoint in {rule.endpoint for _, rule in writes(app)}:
        rate = getattr(app.view_functions[endpoint], "rate", limits.USUAL)
        since = int(moment.timestamp()) // rate.seconds * rate.seconds
        session.add(
            RateCounter(
                bucket=f"{endpoint}:{person_id}", since=since, until=moment, hits=rate.times
            )
        )
    session.commit()


def refused_for_rate(app: App, world: World, who: str) -> set[str]:
    """The endpoints that refuse this person for writing too often; each that writes is asked."""
    found = set()
    for method, rule in writes(app):
        answer = world.call(who, method, address_of(rule).removeprefix("/api/v1"), {})
        code = (answer.json or {}).get("code") if answer.status_code >= 400 else None
        if (answer.status_code, code) == (429, "rate.exceeded"):
            found.add(rule.endpoint)
            assert int(answer.headers["Retry-After"]) > 0
    return found


@pytest.mark.parametrize("who", ["resident", "member", "volunteer"])
def test_every_write_of_a_resident_is_counted(
    app: App, world: World, clock: Clock, who: str
) -> None:
    """Each endpoint that writes is full, or stands on the list above with its reason."""
    clock.set(MORNING)
    fill(app, world.ids[who])
    all_of_them = {rule.endpoint for _, rule in writes(app)}
    assert len(all_of_them) > 100
    assert all_of_them - refused_for_rate(app, world, who) == set(UNCOUNTED)


def test_staff_are_not_counted(app: App, world: World, clock: Clock) -> None:
    """They act for many people."""
    clock.set(MORNING)
    fill(app, world.ids["dispatcher"])
    assert refused_for_rate(app, world, "dispatcher") == set()


def test_whoever_is_not_counted_says_why(app: App) -> None:
    """In the program as in the list above."""
    said = {
        endpoint: view.counted_elsewhere
        for endpoint, view in app.view_functions.items()
        if hasattr(view, "counted_elsewhere")
    }
    # The upload counts in its own reader; that it does is seen above.
    assert set(said) - {"files.upload_file"} == set(UNCOUNTED) - PUBLIC_ENDPOINTS
    assert all(len(reason) > 10 for reason in said.values())


def test_comments(world: World, clock: Clock) -> None:
    """Sixty in an hour; the person waits for the next hour, and another one goes on."""
    clock.set(MORNING)
    order = world.order()["id"]
    path = f"/orders/{order}/comments"
    said = [world.post("resident", path, note="还没有好。").status_code for _ in range(61)]
    assert said == [200] * 60 + [429]
    refused = world.post("resident", path, note="还没有好。")
    assert (refused.json or {})["code"] == "rate.exceeded"
    assert int(refused.headers["Retry-After"]) == 3600
    assert world.post("dispatcher", path, note="正在安排。").status_code == 200
    clock.set("2026-03-02T10:00:00+08:00")
    assert world.post("resident", path, note="还没有好。").status_code == 200


def test_registrations(world: World, clock: Clock) -> None:
    """Ten in a day, however soon each is withdrawn."""
    clock.set(MORNING)
    with transaction():
        agree(world.ids["resident"], *AS_MEMBER)

    def file() -> Any:
        return world.post("resident", "/registrations", unit_id=world.community.id, kind="home")

    for _ in range(10):
        filed = file()
        assert filed.status_code == 201, filed.json
        ended = world.post("resident", f"/registrations/{filed.json['id']}/end")
        assert ended.status_code == 200, ended.json
    assert (file().status_code, file().headers["Retry-After"]) == (429, "82800")


def test_what_is_refused_does_not_count(world: World, clock: Clock) -> None:
    """A slip of the finger costs nothing."""
    clock.set(MORNING)
    order = world.order()["id"]
    for _ in range(61):
        assert world.post("resident", f"/orders/{order}/comments").status_code == 422
    assert world.post("resident", f"/orders/{order}/comments", note="好了吗？").status_code == 200


def test_emergencies(world: World, clock: Clock) -> None:
    """No limit of the day holds for them; twenty in an hour are enough for anybody."""
    clock.set(MORNING)
    category = next(number for name, number in world.categories.items() if name == "燃气泄漏")
    body = {"category_id": category, "unit_id": world.community.id}
    placed = [world.post("resident", "/orders", **body) for _ in range(21)]
    assert [answer.status_code for answer in placed] == [201] * 20 + [429]
    assert (placed[-1].json or {})["code"] == "rate.exceeded"


def test_orders_of_a_building_leader(app: App, world: World, clock: Clock) -> None:
    """Orders for neighbours count for no limit of the day, and for this one."""
    clock.set(MORNING)
    world.lift_caps()
    grant_role(SYSTEM, world.ids["resident"], "building_leader", world.community.id)
    session.commit()
    body = {
        "description": "灯坏了",
        "unit_id": world.community.id,
        "on_behalf_of": {"name": "李四"},
    }
    placed = [world.post("resident", "/orders", **body) for _ in range(61)]
    assert [answer.status_code for answer in placed] == [201] * 60 + [429]
