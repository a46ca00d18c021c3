"""Policies, previews and the calendar over the API."""

from datetime import date
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.deadlines.computing.states import Stage
from app.deadlines.days.queries import year_calendar
from app.deadlines.days.special import announced_years
from app.kernel.database import session
from app.organisation.service import set_setting
from tests.world import SYSTEM, World

ORDINARY = "/deadlines/policies/ordinary_13710"
NEXT = max(announced_years()) + 1
# A Friday before the Spring Festival, in the middle of the afternoon.
FRIDAY = "2026-02-13T16:50:00+08:00"


def ok(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.json
    return dict(answer.json or {})


def code_of(answer: TestResponse, status: int) -> str:
    assert answer.status_code == status, answer.json
    return str((answer.json or {})["code"])


def previewed(world: World, **body: Any) -> dict[str, dict[str, Any]]:
    """By stage, for the duty person."""
    answer = ok(world.post("duty", "/deadlines/preview", **({"start": FRIDAY} | body)))
    return {stage["stage"]: stage for stage in answer["stages"]}


def test_the_policies_of_ones_unit(world: World) -> None:
    """With Chinese names and what holds of each stage."""
    found = ok(world.get("duty", "/deadlines/policies"))
    assert len(found["items"]) == 13
    ordinary = next(item for item in found["items"] if item["code"] == "ordinary_13710")
    assert (ordinary["name"], ordinary["unit_id"]) == ("13710", world.community.id)
    names = [stage["name"] for stage in ordinary["stages"]]
    assert names == ["签收", "安排", "接单", "反馈", "解决", "每月反馈", "清零"]
    solve = ordinary["stages"][4]
    assert solve["times"] == [
        {
            "urgency": "normal",
            "urgency_name": "一般",
            "calendar": "every_day",
            "minutes": None,
            "days": 7,
            "same_day": False,
            "text": "7天",
        }
    ]
    assert (solve["night"], solve["shares"], solve["ladder"]) == (None, None, None)
    assert world.get("resident", "/deadlines/policies").status_code == 403
    assert world.get(None, "/deadlines/policies").status_code == 401


def test_a_leader_tightens_and_gives_it_up(world: World) -> None:
    """What was read is what can be sent back; the versions tell the story."""
    unit = {"unit_id": world.community.id}
    stages = [
        {
            "stage": "solve",
            "days": 5,
            "urgent": {"minutes": 1440},
            "night": {"since": "22:00", "until": "06:00", "minutes": 600},
            "shares": [30, 60],
        }
    ]
    steps = [{"level": "desk"}, {"level": "leader", "calendar": "working", "days": 1}]
    own = world.post(
        "leader", ORDINARY, **unit, stages=[{**stages[0], "ladder": steps}], based_on=None
    )
    assert code_of(own, 422) == "policy.ladder_above"
    made = ok(world.post("leader", ORDINARY, **unit, stages=stages, based_on=None, note="试"), 201)
    assert (made["unit_id"], made["name"], made["stages"]) == (world.community.id, "13710", stages)
    here = ok(world.get("leader", ORDINARY))
    assert here["own_id"] == made["id"]
    solve = next(stage for stage in here["stages"] if stage["stage"] == "solve")
    assert solve["set_by_unit_id"] == world.community.id
    assert [time["text"] for time in solve["times"]] == ["5天", "24小时"]
    assert solve["night"]["text"] == "22:00至06:00开始的，10小时"
    assert solve["ladder"] is None
    again = world.post("leader", ORDINARY, **unit, stages=stages, based_on=None)
    assert code_of(again, 409) == "policy.changed_meanwhile"
    more = ok(world.post("leader", ORDINARY, **unit, stages=stages, based_on=made["id"]), 201)
    versions = ok(world.get("leader", ORDINARY))["versions"]
    assert [v["id"] for v in versions] == [more["id"], made["id"], here["current_id"]]
    assert versions[0]["superseded_at"] is None
    assert versions[1]["superseded_at"] == more["created_at"]
    path = f"{ORDINARY}?unit_id={world.community.id}"
    assert world.call("leader", "DELETE", path).status_code == 204
    assert code_of(world.call("leader", "DELETE", path), 409) == "policy.nothing_tightened"
    assert ok(world.get("leader", ORDINARY))["own_id"] is None


def test_the_neighbours_versions_are_not_shown(world: World) -> None:
    body = {"stages": [{"stage": "solve", "days": 5}], "based_on": None}
    ok(world.post("leader", ORDINARY, unit_id=world.community.id, **body), 201)
    assert len(ok(world.get("leader", ORDINARY))["versions"]) == 2
    assert len(ok(world.get("other_leader", ORDINARY))["versions"]) == 1


def test_the_district_publishes_for_all(world: World) -> None:
    """And whoever answers for no top does not."""
    based_on = ok(world.get("district", ORDINARY))["current_id"]
    body = {"stages": [{"stage": "solve", "days": 6}], "based_on": based_on}
    assert code_of(world.post("street", ORDINARY, **body), 403) == "policy.not_allowed"
    made = ok(world.post("district", ORDINARY, **body), 201)
    assert made["unit_id"] is None
    found = ok(world.get("other_duty", ORDINARY))
    assert [stage["stage"] for stage in found["stages"]] == ["solve"]
    progress = ok(world.get("duty", "/deadlines/recomputations"))["items"]
    assert [(row["reason"], row["total"], row["done"]) for row in progress] == [
        ("改了时限规则：13710", 0, 0)
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"stages": [{"stage": "solve", "days": 8}]}, "policy.looser"),
        ({"stages": [{"stage": "solve", "days": 1, "minutes": 5}]}, "policy.bad_rules"),
        ({"stages": []}, "body.invalid"),
        ({"stages": [{"stage": "lunch", "days": 1}]}, "body.invalid"),
        ({"stages": [{"stage": "solve", "days": 0}]}, "body.invalid"),
        ({"stages": [{"stage": "solve", "urgent": 5}]}, "body.invalid"),
        (
            {
                "stages": [
                    {
                        "stage": "solve",
                        "minutes": 5,
                        "night": {"since": "22", "until": "06:00", "minutes": 1},
                    }
                ]
            },
            "body.invalid",
        ),
        ({"stages": [{"stage": "solve", "days": 1, "ladder": [5]}]}, "body.invalid"),
        ({"stages": [{"stage": "solve", "days": 1, "hours": 5}]}, "field.unknown"),
        ({"stages": [{"stage": "solve", "days": 1, "shares": [80, 50]}]}, "policy.bad_rules"),
    ],
)
def test_bad_rules_are_refused(world: World, body: Any, code: str) -> None:
    answer = world.post("leader", ORDINARY, unit_id=world.community.id, based_on=None, **body)
    assert code_of(answer, 422) == code


def test_the_example_of_the_design(world: World) -> None:
    """From Friday 2026-02-13 16:50: 7 days are 02-20, 7 working days 03-02 after the holidays."""
    found = previewed(world, policy="ordinary_13710")
    assert found["solve"]["due_at"] == "2026-02-20T16:50:00+08:00"
    assert found["solve"]["target_minutes"] == 7 * 24 * 60
    assert found["zero"] == {
        "stage": "zero",
        "name": "清零",
        "target_minutes": None,
        "due_at": None,
        "ladder": [],
    }
    assert found["acknowledge"]["due_at"] is None
    found = previewed(world, policy="general_7d")
    assert found["solve"]["due_at"] == "2026-03-02T16:50:00+08:00"


def test_the_rungs_have_words(world: World) -> None:
    """In the order of time; what goes beyond the community comes in a morning's digest."""
    rungs = previewed(world, policy="ordinary_13710")["solve"]["ladder"]
    assert [(rung["step"], rung["at"][5:16], rung["text"]) for rung in rungs] == [
        ("last_day", "02-14T08:30", "到期前最后一个工作日，提醒经办人"),
        ("share_50", "02-17T07:30", "时间用去50%，提醒经办人"),
        ("late_desk", "02-20T16:50", "到期没有办完，通知经办人和值班人员"),
        ("late_leader", "02-24T14:30", "到期没有办完，通知社区负责人"),
        ("late_up_1", "02-25T08:30", "到期没有办完，通知上一级单位"),
        ("late_up_2", "02-27T08:30", "到期没有办完，通知上两级单位"),
    ]
    assert {rung["level_name"] for rung in rungs} >= {"社区负责人", "上一级单位"}


def test_pauses_shift_and_urgency_shortens(world: World) -> None:
    """One that has no end stands still."""
    days = [{"from": "2026-02-14T09:00:00+08:00", "to": "2026-02-16T09:00:00+08:00"}]
    found = previewed(world, policy="ordinary_13710", pauses=days)
    assert found["solve"]["due_at"] == "2026-02-22T16:50:00+08:00"
    found = previewed(world, policy="ordinary_13710", pauses=[{"from": days[0]["from"]}])
    assert found["solve"]["due_at"] is None
    assert found["solve"]["target_minutes"] == 7 * 24 * 60
    found = previewed(world, policy="ordinary_13710", urgency="emergency")
    assert found["accept"]["due_at"] == "2026-02-13T17:00:00+08:00"


def test_stages_are_tried_before_they_are_published(world: World) -> None:
    """By the unit's own zone and hours."""
    set_setting(SYSTEM, world.community.id, key="deadlines.zone", value="Asia/Urumqi")
    session.commit()
    stages = [{"stage": "solve", "calendar": "working", "minutes": 60}]
    answer = ok(world.post("duty", "/deadlines/preview", stages=stages, start=FRIDAY))
    assert answer["zone"] == "Asia/Urumqi"
    # Two hours behind: it is ten to three, after the midday rest.
    assert answer["stages"][0]["due_at"] == "2026-02-13T15:50:00+06:00"
    assert ok(world.get("duty", ORDINARY))["versions"][0]["superseded_at"] is None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "preview.policy_or_stages"),
        ({"policy": "care", "stages": [{"stage": "zero"}]}, 422, "preview.policy_or_stages"),
        ({"policy": "nowhere"}, 404, "not_found"),
        ({"policy": "care", "unit_id": 999_999}, 404, "not_found"),
        ({"stages": [{"stage": "zero"}] * 2}, 422, "policy.bad_rules"),
        ({"policy": "care", "urgency": "soon"}, 422, "body.invalid"),
        ({"policy": "care", "start": "2026-02-13T16:50:00"}, 422, "time.zone_missing"),
        (
            {"policy": "care", "pauses": [{"from": "2026-02-12T09:00:00+08:00"}]},
            422,
            "preview.bad_pauses",
        ),
        (
            {"policy": "care", "pauses": [{"from": "2026-02-14T09:00:00+08:00"}] * 2},
            422,
            "preview.bad_pauses",
        ),
        (
            {
                "policy": "general_7d",
                "pauses": [
                    {"from": "2026-02-14T09:00:00+08:00", "to": "2099-02-14T09:00:00+08:00"}
                ],
            },
            422,
            "preview.too_far",
        ),
    ],
)
def test_what_cannot_be_previewed(world: World, body: Any, status: int, code: str) -> None:
    answer = world.post("duty", "/deadlines/preview", **({"start": FRIDAY} | body))
    assert code_of(answer, status) == code


def test_every_shipped_policy_can_be_previewed(world: World) -> None:
    """At every urgency, at day and at night."""
    for item in ok(world.get("duty", "/deadlines/policies"))["items"]:
        for urgency in ("normal", "urgent", "emergency"):
            for start in (FRIDAY, "2026-10-03T23:30:00+08:00"):
                found = previewed(world, policy=item["code"], urgency=urgency, start=start)
                assert found[Stage.SOLVE]["due_at"] > start


def test_recomputations_of_ones_own(world: World) -> None:
    """Those of all, of units above and below; the newest first, page by page."""
    for unit in (world.district, world.community, world.grid, world.other_community):
        set_setting(SYSTEM, unit.id, key="deadlines.quiet_from", value="22:00")
    session.commit()
    path = "/deadlines/recomputations?limit=2"
    first = ok(world.get("duty", path))
    rest = ok(world.get("duty", f"{path}&cursor={first['next_cursor']}"))
    assert len(first["items"]) == 2
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert {row["finished_at"] for row in first["items"]} == {None}
    assert len(ok(world.get("other_duty", path))["items"]) == 2
    assert len(ok(world.get("district", "/deadlines/recomputations"))["items"]) == 4
    assert world.get("duty", f"{path}&unit_id={world.other_grid.id}").status_code == 403


def test_everybody_reads_the_calendar(world: World) -> None:
    """Also of a year that nobody has announced."""
    found = ok(world.get("resident", "/deadlines/calendar/2026"))
    assert found["confirmed"]
    assert found["days"][3] == {
        "day": "2026-01-04",
        "kind": "workday",
        "name": "元旦",
        "source": "chinesecalendar",
        "text": "上班（元旦）",
    }
    found = ok(world.get("resident", f"/deadlines/calendar/{NEXT}"))
    assert not found["confirmed"]
    assert [day["source"] for day in found["days"]] == ["fixed"] * 6
    assert code_of(world.get("resident", "/deadlines/calendar/99999"), 422) == "calendar.bad_year"


def test_a_day_is_put(world: World) -> None:
    """With the version of the year as it was read."""
    path = "/deadlines/calendar/2026/days/2026-03-04"
    body = {"kind": "holiday", "name": "停工"}
    assert code_of(world.call("district", "PUT", path, body), 428) == "version.required"
    read = world.get("district", "/deadlines/calendar/2026").headers["ETag"]
    done = ok(world.call("district", "PUT", path, body, If_Match=read))
    assert done["differences"] == [
        {"day": "2026-03-04", "change": "added", "text": "3月4日（星期三）改为放假（停工）。"}
    ]
    stale = world.call("admin", "PUT", path, {"kind": "normal"}, If_Match=read)
    assert code_of(stale, 412) == "version.stale"
    read = world.get("district", "/deadlines/calendar/2026").headers["ETag"]
    done = ok(world.call("admin", "PUT", path, {"kind": "normal"}, If_Match=read))
    assert [difference["change"] for difference in done["differences"]] == ["removed"]
    assert date(2026, 3, 4) not in year_calendar(SYSTEM, 2026).by_day
    forbidden = world.call("leader", "PUT", path, {"kind": "normal"}, If_Match=read)
    assert code_of(forbidden, 403) == "calendar.not_allowed"
    for wrong, code in (({"kind": "sunday"}, "body.invalid"), ({}, "body.invalid")):
        assert code_of(world.call("admin", "PUT", path, wrong, If_Match=read), 422) == code


def test_a_year_is_posted(world: World) -> None:
    """Tried, then done; as a list, as a table, as announced."""
    path = f"/deadlines/calendar/{NEXT}/import"
    days = [{"day": f"{NEXT}-01-01", "kind": "holiday", "name": "元旦"}]
    tried = ok(world.post("admin", path, days=days, dry_run=True))
    assert tried["dry_run"]
    assert len(tried["differences"]) == 5
    assert tried["summary"] == f"{NEXT}年去掉5天，0个正在计时的时限将重新计算。"
    table = f"日期,类别,名称\n{NEXT}-01-02,放假,元旦\n"
    done = ok(world.post("admin", path, csv=table))
    assert [item["change"] for item in done["differences"]] == [
        "removed",
        "added",
        *["removed"] * 5,
    ]
    found = ok(world.get("resident", f"/deadlines/calendar/{NEXT}"))
    assert found["confirmed"]
    assert [day["day"] for day in found["days"]] == [f"{NEXT}-01-02"]
    announced = ok(world.post("admin", "/deadlines/calendar/2026/import", source="chinesecalendar"))
    assert announced["summary"] == "2026年没有变化。"
    for body, code in (
        ({"source": "chinesecalendar"}, "calendar.year_unknown"),
        ({"source": "somebody"}, "body.invalid"),
        ({"days": [{"day": "tomorrow", "kind": "holiday"}]}, "body.invalid"),
        ({"days": [{"day": "2026-01-01", "kind": "holiday"}]}, "calendar.other_year"),
        ({}, "calendar.one_source"),
    ):
        assert code_of(world.post("admin", path, **body), 422) == code
