"""The inbox over the API."""

from typing import Any

from app.notifications.jobs import deliver
from app.people.models import Person
from tests.conftest import Clock
from tests.notifications.conftest import tell
from tests.people.conftest import Door, Town, problem


def inbox(door: Door, who: Person, query: str = "") -> dict[str, Any]:
    """One page."""
    answer = door("GET", f"/inbox{query}", who)
    assert answer.status_code == 200, answer.get_json()
    return dict(answer.get_json())


def fill(who: Person, how_many: int) -> None:
    """Messages 1 to n, delivered one by one."""
    for number in range(1, how_many + 1):
        tell(who.id, number, urgent=number == 2)
        deliver()


def titles(page: dict[str, Any]) -> list[str]:
    """In the order of the page."""
    return [item["title"] for item in page["items"]]


def test_message_has_the_agreed_shape(town: Town, door: Door, clock: Clock) -> None:
    clock.set("2026-02-13T16:50:00+08:00")
    me = town.person()
    tell(me.id, 7, urgent=True)
    deliver()
    (item,) = inbox(door, me)["items"]
    assert item.pop("id") > 0
    assert item == {
        "moment": "tests.told",
        "title": "第7号",
        "text": "您的第7号单有进展。",
        "subject": {"kind": "order", "id": 7},
        "urgent": True,
        "created_at": "2026-02-13T16:50:00.000+08:00",
        "read_at": None,
    }


def test_newest_comes_first_page_by_page(town: Town, door: Door) -> None:
    me = town.person()
    fill(me, 3)
    first = inbox(door, me, "?limit=2")
    assert titles(first) == ["第3号", "第2号"]
    fill(me, 1)
    last = inbox(door, me, f"?limit=2&cursor={first['next_cursor']}")
    assert (titles(last), last["next_cursor"]) == (["第1号"], None)


def test_reading_is_kept_and_counted(town: Town, door: Door, clock: Clock) -> None:
    me = town.person()
    fill(me, 3)
    newest = inbox(door, me)["items"][0]["id"]
    assert door("GET", "/inbox/unread-count", me).get_json() == {"unread": 3}
    clock.set("2026-02-13T16:50:00+08:00")
    read = door("POST", f"/inbox/{newest}/read", me)
    assert read.status_code == 200
    assert read.get_json()["read_at"] == "2026-02-13T16:50:00.000+08:00"
    clock.set("2026-02-14T16:50:00+08:00")
    assert door("POST", f"/inbox/{newest}/read", me).get_json() == read.get_json()
    assert titles(inbox(door, me, "?unread=true")) == ["第2号", "第1号"]
    assert len(inbox(door, me, "?unread=false")["items"]) == 3
    assert door("GET", "/inbox/unread-count", me).get_json() == {"unread": 2}


def test_read_all_leaves_other_inboxes_alone(town: Town, door: Door) -> None:
    me, other = town.person(), town.person()
    fill(me, 2)
    fill(other, 1)
    assert door("POST", "/inbox/read-all", me).get_json() == {"unread": 0}
    assert inbox(door, me, "?unread=true")["items"] == []
    assert door("GET", "/inbox/unread-count", other).get_json() == {"unread": 1}


def test_foreign_message_answers_like_a_missing_one(town: Town, door: Door) -> None:
    me, other = town.person(), town.person()
    fill(other, 1)
    foreign = inbox(door, other)["items"][0]["id"]
    assert inbox(door, me)["items"] == []
    answers = [door("POST", f"/inbox/{n}/read", me) for n in (foreign, foreign + 1000)]
    assert [problem(answer) for answer in answers] == [(404, "not_found")] * 2
    assert answers[0].get_json()["detail"] == answers[1].get_json()["detail"]
    assert door("GET", "/inbox/unread-count", other).get_json() == {"unread": 1}


def test_repeat_under_a_key_answers_the_same(town: Town, door: Door) -> None:
    me = town.person()
    fill(me, 1)
    (item,) = inbox(door, me)["items"]
    key = {"Idempotency-Key": "tap-1"}
    first = door("POST", f"/inbox/{item['id']}/read", me, headers=key)
    assert first.status_code == 200
    assert door("POST", f"/inbox/{item['id']}/read", me, headers=key).get_json() == first.get_json()


def test_unknown_filter_is_refused(town: Town, door: Door) -> None:
    assert problem(door("GET", "/inbox?colour=red", town.person())) == (422, "field.unknown")
