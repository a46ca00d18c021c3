"""Policies: what ships, new versions, tightening by units, and rivals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from app.deadlines.computing.rules import BadRules
from app.deadlines.computing.states import Stage
from app.deadlines.policies.queries import PolicyHere, policies_here, policy_here
from app.deadlines.policies.service import publish_policy, seed_policies, withdraw_policy
from app.deadlines.policies.shipped import read_policies, shipped_policies
from app.deadlines.standing.models import Recomputation
from app.deadlines.terms.models import DeadlinePolicy
from app.deadlines.terms.surroundings import Here, versions_for
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.organisation.service import close_unit, create_unit
from app.organisation.states import UnitKind
from tests.conftest import count
from tests.world import SYSTEM, World

ORDINARY = "ordinary_13710"
FIVE_DAYS = [{"stage": "solve", "days": 5}]


@contextmanager
def refused(kind: type[Refusal], code: str) -> Iterator[None]:
    """That refusal, with a sentence."""
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code
    assert caught.value.message.endswith("。")


def current_id(code: str, world: World) -> int:
    return policy_here(SYSTEM, code, world.district.id).current_id


def tighten(world: World, stages: list[Any], code: str = ORDINARY, **more: Any) -> DeadlinePolicy:
    """By the community's leader, for the first time."""
    values = {"unit_id": world.community.id, "based_on": None} | more
    return publish_policy(world.actor("leader"), code, stages=stages, **values)


def days_to_solve(unit_id: int, code: str = ORDINARY) -> int | None:
    """As the arithmetic reads it."""
    rule = Here().rules(versions_for(code, unit_id)).stages[Stage.SOLVE]
    return rule.targets["normal"].length.days


def current_rows(code: str) -> list[int | None]:
    """Whose rows hold now."""
    holds = (DeadlinePolicy.code == code, DeadlinePolicy.superseded_at.is_(None))
    return list(session.scalars(select(DeadlinePolicy.unit_id).where(*holds)))


def test_what_ships_is_there_once(world: World) -> None:
    """Seeding again adds what is missing and nothing else."""
    assert seed_policies(SYSTEM) == 0
    found = policies_here(SYSTEM, world.grid.id)
    assert [here.code for here in found] == [policy.code for policy in shipped_policies()]
    publish_policy(
        SYSTEM, "care", stages=FIVE_DAYS, based_on=current_id("care", world), name="助老"
    )
    assert seed_policies(SYSTEM) == 0
    assert policy_here(SYSTEM, "care", world.grid.id).name == "助老"
    for row in session.scalars(select(DeadlinePolicy).where(DeadlinePolicy.code == "enquiry")):
        session.delete(row)
    assert seed_policies(SYSTEM) == 1


def test_only_the_top_seeds(world: World) -> None:
    with refused(Forbidden, "policy.not_allowed"):
        seed_policies(world.actor("street"))


def test_a_new_version_takes_the_place_of_the_old(world: World) -> None:
    """The old one stays as it was, and running deadlines are computed again."""
    old = session.get_one(DeadlinePolicy, current_id(ORDINARY, world))
    said, before = list(old.stages), count(Recomputation)
    district = world.actor("district")
    new = publish_policy(district, ORDINARY, stages=FIVE_DAYS, based_on=old.id, note="试行")
    assert (new.name, new.note, new.created_by_id) == ("13710", "试行", world.ids["district"])
    assert old.superseded_at == new.created_at
    assert old.stages == said
    assert days_to_solve(world.grid.id) == 5
    assert Here().rules((old.id,)).stages[Stage.SOLVE].targets["normal"].length.days == 7
    assert count(Recomputation) == before + 1
    change = session.scalars(select(Recomputation).order_by(Recomputation.id.desc())).first()
    assert change is not None
    assert (change.policy, change.unit_path) == (ORDINARY, None)
    assert change.reason == "改了时限规则：13710"
    noted = session.scalars(select(AuditRow).where(AuditRow.action == "policy.published")).one()
    assert (noted.subject_id, noted.fields, noted.reason) == (new.id, ["solve"], "试行")


def test_a_unit_tightens_for_itself_and_below(world: World) -> None:
    """Not for its neighbour; the stages that it does not name stay as they are."""
    tighten(world, FIVE_DAYS)
    assert days_to_solve(world.grid.id) == days_to_solve(world.community.id) == 5
    assert days_to_solve(world.other_grid.id) == days_to_solve(world.street.id) == 7
    here = policy_here(SYSTEM, ORDINARY, world.grid.id)
    setters = {stage.stage: stage.set_by_unit_id for stage in here.stages}
    assert setters[Stage.SOLVE] == world.community.id
    assert setters[Stage.REPORT] is None
    assert here.own_id is None
    change = session.scalars(select(Recomputation).order_by(Recomputation.id.desc())).first()
    assert change is not None
    assert change.unit_path == world.community.path


def test_a_target_alone_keeps_the_shares_above(world: World) -> None:
    """Shown, reminded by, and named as the unit's own time; shares of its own are its own."""
    top = [{"stage": "solve", "days": 7, "shares": [25, 75]}]
    publish_policy(SYSTEM, ORDINARY, stages=top, based_on=current_id(ORDINARY, world))
    own = tighten(world, FIVE_DAYS)
    assert _solving(world) == (world.community.id, "5天", (25, 75))
    tighten(world, [{"stage": "solve", "days": 5, "shares": [90]}], based_on=own.id)
    assert _solving(world) == (world.community.id, "5天", (90,))
    withdraw_policy(world.actor("leader"), ORDINARY, world.community.id)
    assert _solving(world) == (None, "7天", (25, 75))


def _solving(world: World) -> tuple[int | None, str, tuple[int, ...] | None]:
    """At the grid: which unit has set it, how long, and the shares."""
    (solve,) = policy_here(SYSTEM, ORDINARY, world.grid.id).stages
    return solve.set_by_unit_id, solve.times[0].text, solve.shares


def test_a_unit_below_is_held_to_the_unit_above(world: World) -> None:
    """Five days at the street: six in the community are looser, though seven hold for all."""
    street = world.actor("street")
    publish_policy(street, ORDINARY, unit_id=world.street.id, stages=FIVE_DAYS, based_on=None)
    with refused(Invalid, "policy.looser"):
        tighten(world, [{"stage": "solve", "days": 6}])
    tighten(world, [{"stage": "solve", "days": 4}])
    assert days_to_solve(world.grid.id) == 4


@pytest.mark.parametrize(
    ("code", "stages", "word"),
    [
        (ORDINARY, [{"stage": "solve", "days": 8}], "解决"),
        (ORDINARY, [{"stage": "report"}], "反馈"),
        (ORDINARY, [{"stage": "solve", "calendar": "working", "days": 5}], "解决"),
        (ORDINARY, [{"stage": "arrange", "days": 1}, {"stage": "report", "minutes": 4400}], "反馈"),
        (
            "danger",
            [
                {
                    "stage": "acknowledge",
                    "minutes": 5,
                    "night": {"since": "22:00", "until": "06:00", "minutes": 11},
                }
            ],
            "签收",
        ),
    ],
)
def test_nothing_is_loosened(world: World, code: str, stages: list[Any], word: str) -> None:
    """The sentence names the stage; nothing changes."""
    rows = count(DeadlinePolicy)
    with pytest.raises(Invalid) as caught:
        tighten(world, stages, code)
    assert caught.value.code == "policy.looser"
    assert f"“{word}”" in caught.value.message
    assert count(DeadlinePolicy) == rows


def test_a_tightening_that_the_top_overtakes_holds_no_longer(world: World) -> None:
    """It is there, and comes back if the top loosens again."""
    tighten(world, FIVE_DAYS)
    top = current_id(ORDINARY, world)
    top = publish_policy(SYSTEM, ORDINARY, stages=[{"stage": "solve", "days": 3}], based_on=top).id
    assert days_to_solve(world.grid.id) == 3
    (solve,) = policy_here(SYSTEM, ORDINARY, world.community.id).stages
    assert solve.set_by_unit_id is None
    publish_policy(SYSTEM, ORDINARY, stages=[{"stage": "solve", "days": 9}], based_on=top)
    assert days_to_solve(world.grid.id) == 5


def test_a_tightening_is_given_up(world: World) -> None:
    """What holds above holds again; the row stays in the versions."""
    own = tighten(world, FIVE_DAYS)
    withdraw_policy(world.actor("leader"), ORDINARY, world.community.id)
    assert days_to_solve(world.grid.id) == 7
    assert own.superseded_at is not None
    assert own in policy_here(SYSTEM, ORDINARY, world.community.id).versions
    with refused(Conflict, "policy.nothing_tightened"):
        withdraw_policy(world.actor("leader"), ORDINARY, world.community.id)
    again = tighten(world, FIVE_DAYS)
    assert again.id != own.id
    withdrawn = select(AuditRow.subject_id).where(AuditRow.action == "policy.withdrawn")
    assert session.scalars(withdrawn).all() == [own.id]


def test_whoever_has_not_seen_the_last_version_is_refused(world: World) -> None:
    """For all, and for a unit; also where there was none to see."""
    seen = current_id(ORDINARY, world)
    publish_policy(SYSTEM, ORDINARY, stages=FIVE_DAYS, based_on=seen)
    for based_on in (seen, None):
        with refused(Conflict, "policy.changed_meanwhile"):
            publish_policy(SYSTEM, ORDINARY, stages=FIVE_DAYS, based_on=based_on)
    own = tighten(world, FIVE_DAYS)
    with refused(Conflict, "policy.changed_meanwhile"):
        tighten(world, FIVE_DAYS)
    tighten(world, [{"stage": "solve", "days": 4}], based_on=own.id)
    assert sorted(current_rows(ORDINARY), key=str) == sorted([None, world.community.id], key=str)


@pytest.mark.parametrize(
    ("code", "more", "error"),
    [
        ("新的", {}, "policy.bad_code"),
        ("a" * 33, {}, "policy.bad_code"),
        ("festival", {}, "policy.name_missing"),
        ("festival", {"unit_id": True}, "policy.unknown"),
        ("festival", {"name": "节日", "stages": []}, "policy.bad_rules"),
        ("festival", {"name": "节日", "stages": FIVE_DAYS * 2}, "policy.bad_rules"),
        (
            "festival",
            {
                "name": "节日",
                "stages": [
                    {
                        "stage": "solve",
                        "days": 1,
                        "ladder": [{"level": "leader"}, {"level": "leader", "days": 1}],
                    }
                ],
            },
            "policy.bad_rules",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    world: World, code: str, more: dict[str, Any], error: str
) -> None:
    """Each with its own code; nothing changes."""
    rows = count(DeadlinePolicy)
    values = {"stages": FIVE_DAYS, "based_on": None} | more
    if "unit_id" in more:
        values["unit_id"] = world.community.id
    with refused(Invalid, error):
        publish_policy(SYSTEM, code, **values)
    assert count(DeadlinePolicy) == rows


def test_a_policy_of_ones_own_begins(world: World) -> None:
    """For all, with a name; from then on units may tighten it."""
    publish_policy(SYSTEM, "festival", name="节日", stages=FIVE_DAYS, based_on=None)
    tighten(world, [{"stage": "solve", "days": 2}, {"stage": "contact", "days": 1}], "festival")
    here = policy_here(SYSTEM, "festival", world.grid.id)
    assert {stage.stage for stage in here.stages} == {Stage.SOLVE, Stage.CONTACT}


def test_a_closed_unit_tightens_nothing(world: World) -> None:
    """Units move and close; what they said stays, and no more is said."""
    grid = create_unit(SYSTEM, kind=UnitKind.GRID, name="第九网格", parent_id=world.community.id)
    close_unit(SYSTEM, grid.id)
    with refused(Conflict, "unit.closed"):
        tighten(world, FIVE_DAYS, unit_id=grid.id)


def test_those_who_may_not(world: World) -> None:
    """Neither the neighbour nor the desk; for all nobody below the top."""
    for who in ("dispatcher", "other_leader", "admin"):
        with refused(Forbidden, "policy.not_allowed"):
            publish_policy(
                world.actor(who),
                ORDINARY,
                unit_id=world.community.id,
                stages=FIVE_DAYS,
                based_on=None,
            )
    with refused(Forbidden, "policy.not_allowed"):
        publish_policy(world.actor("street"), ORDINARY, stages=FIVE_DAYS, based_on=None)
    with refused(Forbidden, "policy.not_allowed"):
        withdraw_policy(world.actor("other_leader"), ORDINARY, world.community.id)
    with refused(Forbidden, "deadlines.not_allowed"):
        policies_here(world.actor("resident"), None)
    with refused(NotFound, "not_found"):
        policy_here(world.actor("leader"), "nowhere", None)


def test_ones_own_unit_is_the_first_that_one_answers_for(world: World) -> None:
    units = {
        who: {here.unit_id for here in policies_here(world.actor(who), None)}
        for who in ("duty", "street", "district")
    }
    assert units == {
        "duty": {world.community.id},
        "street": {world.street.id},
        "district": {world.district.id},
    }


def test_policies_read_as_sentences(world: World) -> None:
    """Every time, every night and every rung has words."""
    found: list[PolicyHere] = policies_here(SYSTEM, world.grid.id)
    by_code = {here.code: {stage.stage: stage for stage in here.stages} for here in found}
    accept = by_code[ORDINARY][Stage.ACCEPT]
    assert [(time.urgency_name, time.text) for time in accept.times] == [
        ("一般", "工作时间4小时"),
        ("紧急", "1小时"),
        ("特急", "10分钟"),
    ]
    night = by_code["danger"][Stage.ACKNOWLEDGE].night
    assert night is not None
    assert night.text == "22:00至06:00开始的，10分钟"
    (enquiry,) = by_code["enquiry"][Stage.SOLVE].times
    (general,) = by_code["general_7d"][Stage.SOLVE].times
    (utilities,) = by_code["utilities"][Stage.SOLVE].times
    (medicine,) = by_code["medicine_same_day"][Stage.SOLVE].times
    assert (enquiry.text, general.text, utilities.text, medicine.text) == (
        "当天下班前",
        "7个工作日",
        "24小时",
        "当天",
    )
    assert by_code[ORDINARY][Stage.ZERO].times == []
    ladder = [{"level": "desk"}, {"level": "up_1", "days": 2}, {"level": "leader", "minutes": 90}]
    # Who is told when it is late is not for the one who is late to say.
    with pytest.raises(Invalid, match="policy.ladder_above"):
        tighten(world, [{"stage": "solve", "days": 2, "ladder": ladder}])
    stages = [{"stage": "solve", "days": 2, "ladder": ladder}]
    publish_policy(SYSTEM, "own", name="自定", stages=stages, based_on=None)
    tighten(world, [{"stage": "solve", "days": 1}], code="own")
    (solve,) = policy_here(SYSTEM, "own", world.grid.id).stages
    assert [time.text for time in solve.times] == ["1天"]
    assert solve.ladder is not None
    assert [step.text for step in solve.ladder] == [
        "到期时，通知经办人和值班人员",
        "到期后2个工作日，通知上一级单位",
        "到期后工作时间1小时30分钟，通知社区负责人",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "policy = 3",
        "[[policy]]\ncode = 'a'\n",
        "[[policy]]\ncode = 'a'\nname = 'b'\nstage = [5]\n",
        "[[policy]]\ncode = 'a'\nname = 'b'\n[[policy.stage]]\nstage = 'lunch'\nminutes = 5\n",
    ],
)
def test_a_bad_file_is_refused(text: str) -> None:
    """In a sentence."""
    with pytest.raises(BadRules, match="。"):
        read_policies(text)
