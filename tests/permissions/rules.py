"""What each rule of a policy answers, by the docs: a letter for each role that somebody may hold.

A row is for a role held at the unit itself; above it is the same, below it and elsewhere a role is as
good as none, unless a row says otherwise ("@above", "@foreign"). A relation that has no row of its own
changes nothing. The rows are kept in `rule_rows.py`, what they are about is made here.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from app import collect_permissions
from app.categories.policy import may_edit_category
from app.deadlines.terms import policy as deadlines
from app.dispatching import policy as dispatching
from app.files import policy as files
from app.identity import policy as identity
from app.intake import policy as intake
from app.kernel.actor import Actor, Grant
from app.notifications import policy as notifications
from app.orders.access import policy as orders
from app.orders.ticket.models import Order, OrderRequest
from app.orders.ticket.states import DispatchMode, HandlerKind, OrderStatus, RequestKind
from app.organisation import policy as organisation
from app.people import policy as people
from app.people.states import PersonKind

NOBODY = "nobody"
COLUMNS = (
    NOBODY,
    "member",
    "volunteer",
    "building_leader",
    "grid_worker",
    "duty",
    "dispatcher",
    "leader",
    "street_officer",
    "district_officer",
    "admin",
    "provider",
)
UNIT = "/1/2/3/"
# The last is a neighbour whose id begins with that of the unit.
HELD_AT = {
    "own": UNIT,
    "above": "/1/2/",
    "root": "/1/",
    "below": "/1/2/3/4/",
    "foreign": "/1/2/30/",
}
HOLDS = ("own", "above", "root")
RELATIONS = {
    "": 90,
    "requester": 91,
    "placer": 92,
    "holder": 93,
    "offered": 94,
    "helper": 96,
    "self": 95,
}
PERMISSIONS = collect_permissions().by_role
SYSTEM = Actor.system("tests")
Rows = Mapping[str, str]
Ask = Callable[[Actor], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One rule in one situation; `name` is room.function, with ":…" after it."""

    name: str
    ask: Ask

    @property
    def function(self) -> str:
        """room.function."""
        return self.name.partition(":")[0]


@dataclass(slots=True)
class Answers:
    """How many were asked for, and what was wrong."""

    asked: int = 0
    wrong: set[tuple[str, str, str, str]] = field(default_factory=set)


def actor(role: str, place: str, relation: str) -> Actor:
    """Somebody with that role there, standing in that relation to the matter."""
    if role == NOBODY:
        return Actor(RELATIONS[relation], role)
    grant = Grant(role, 1, HELD_AT[place], PERMISSIONS[role])
    return Actor(RELATIONS[relation], role, (grant,))


def expected(rows: Rows, role: str, place: str, relation: str) -> bool:
    """What the rows say."""
    at = COLUMNS.index(role)
    if not (relation and relation in rows) and f"@{place}" in rows:
        return rows[f"@{place}"][at] == "+"
    row = rows.get(relation, rows[""])
    return row[at if place in HOLDS else 0] == "+"


def examine(questions: Iterable[Question], table: Mapping[str, Rows]) -> Answers:
    """Every rule for every role at every place in every relation, and for the program itself."""
    answers = Answers()
    for question in questions:
        rows = table[question.name]
        for role, place, relation in itertools.product(COLUMNS, HELD_AT, RELATIONS):
            answers.asked += 1
            answer = question.ask(actor(role, place, relation))
            if answer is not expected(rows, role, place, relation):
                answers.wrong.add((question.name, role, place, relation))
        answers.asked += 1
        if question.ask(SYSTEM) is not (rows.get("system") == "+"):
            answers.wrong.add((question.name, "system", "", ""))
    return answers


_RULE = re.compile(r"(may|is|has|holds)_|takes_part$")


def rules_of(policies: Iterable[ModuleType]) -> set[str]:
    """room.function of every rule that the policies have."""
    return {
        f"{policy.__name__.split('.')[1]}.{name}"
        for policy in policies
        for name, value in vars(policy).items()
        if callable(value) and _RULE.match(name)
    }


def unruled(policies: Iterable[ModuleType], table: Mapping[str, Rows]) -> set[str]:
    """Rules without a question, questions without a rule or a row, rows of the wrong length."""
    asked = {question.function for question in QUESTIONS}
    named = {question.name for question in QUESTIONS}
    ruled = rules_of(policies)
    faults = {f"no question: {name}" for name in ruled - asked}
    faults |= {f"no rule: {name}" for name in asked - ruled}
    faults |= {f"no row: {name}" for name in named ^ table.keys()}
    rows = [(name, key, row) for name, found in table.items() for key, row in found.items()]
    short = {name for name, key, row in rows if key != "system" and len(row) != len(COLUMNS)}
    return faults | {f"not {len(COLUMNS)} letters: {name}" for name in short}


# --- what the rules are asked about

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def order(**values: Any) -> Order:
    """Claimed from the pool by the holder, in a public place."""
    given = {
        "status": OrderStatus.CLAIMED,
        "mode": DispatchMode.POOL,
        "handling_path": UNIT,
        "requester_id": RELATIONS["requester"],
        "placer_id": RELATIONS["placer"],
        "holder_id": RELATIONS["holder"],
        "holder_kind": HandlerKind.MEMBER,
        "offered_to_id": RELATIONS["offered"],
        "helper_ids": [RELATIONS["helper"]],
        "public_place": True,
        "anonymous": False,
        "sensitive": False,
    }
    return Order(**(given | values))


def _about_order(name: str, situation: str = "", **values: Any) -> Question:
    rule = getattr(orders, name)
    subject = order(**values)
    return Question(f"orders.{name}{situation and ':'}{situation}", lambda who: rule(who, subject))


def _about_request(kind: RequestKind, unit_path: str, situation: str) -> Question:
    request = OrderRequest(kind=kind, unit_path=unit_path, asked_by_id=RELATIONS["self"])
    subject = order()
    return Question(
        f"orders.may_decide:{situation}", lambda who: orders.may_decide(who, request, subject)
    )


def _about_unit(module: ModuleType, name: str, *before: Any) -> Question:
    rule = getattr(module, name)
    room = module.__name__.split(".")[1]
    return Question(f"{room}.{name}", lambda who: rule(who, *before, UNIT))


def _about_units(module: ModuleType, name: str, *before: Any) -> Question:
    rule = getattr(module, name)
    room = module.__name__.split(".")[1]
    return Question(f"{room}.{name}", lambda who: rule(who, *before, [UNIT]))


def _alone(module: ModuleType, name: str) -> Question:
    return Question(f"{module.__name__.split('.')[1]}.{name}", getattr(module, name))


_SELF = RELATIONS["self"]
_DISPATCHER = [Grant("dispatcher", 1, UNIT, PERMISSIONS["dispatcher"])]
_TWO = [UNIT, "/1/2/30/"]
_SUBMITTED = {"status": OrderStatus.SUBMITTED, "holder_id": None, "holder_kind": None}
_DISPATCHED = {"status": OrderStatus.DISPATCHED, "holder_id": None, "holder_kind": None}
_OFFERED = _DISPATCHED | {"mode": DispatchMode.DIRECT}
_HELD_BY_PROVIDER = {"holder_kind": HandlerKind.PROVIDER}
_OF_ORDERS = tuple(sorted(name for name in vars(orders) if _RULE.match(name)))
_SITUATIONS = (
    _about_order("is_holder", "completed", status=OrderStatus.COMPLETED),
    _about_order("is_helper", "completed", status=OrderStatus.COMPLETED),
    # Every role is held at a unit with this id: at the order's grid where it lies below its unit.
    _about_order("is_staff_of", "in the grid", grid_id=1),
    _about_order("may_settle", "in the grid", grid_id=1),
    _about_order("may_follow_up", "in the grid", grid_id=1),
    _about_order("may_handle", "provider", **_HELD_BY_PROVIDER),
    _about_order("may_explain", "completed", status=OrderStatus.COMPLETED),
    _about_order("may_explain", "provider", **_HELD_BY_PROVIDER),
    _about_order("may_claim", "offered", **_OFFERED),
    _about_order("may_rate", "held by oneself", holder_id=RELATIONS["requester"]),
    _about_order("may_join", "not public", public_place=False),
    _about_order("may_join", "anonymous", anonymous=True),
    _about_order("may_support", "offered", **_OFFERED),
    _about_order("may_know_requester", "anonymous", anonymous=True),
    _about_order("may_see_contact", "anonymous", anonymous=True),
    _about_order("may_see_contact", "before", **_DISPATCHED),
    _about_order("may_see_contact", "completed", status=OrderStatus.COMPLETED),
    _about_order("may_see_contact", "closed", status=OrderStatus.CLOSED),
)
QUESTIONS = (
    *(_about_order(name) for name in _OF_ORDERS if name != "may_decide"),
    *_SITUATIONS,
    _about_request(RequestKind.CANCEL, UNIT, "here"),
    _about_request(RequestKind.REPORT_UP, "/1/2/", "above"),
    _about_request(RequestKind.TRANSFER, "/1/2/30/", "at the neighbour"),
    _about_request(RequestKind.CLOSE, "/1/2/", "countersigned"),
    _about_unit(organisation, "may_edit_unit"),
    _about_unit(organisation, "may_edit_places"),
    _about_unit(organisation, "may_edit_providers"),
    _about_unit(organisation, "may_edit_phone_book"),
    _about_unit(organisation, "may_edit_settings"),
    _alone(organisation, "may_edit_units_somewhere"),
    _alone(organisation, "may_edit_places_somewhere"),
    _about_unit(people, "may_enter_person", PersonKind.RESIDENT),
    Question(
        "people.may_enter_person:member",
        lambda who: people.may_enter_person(who, PersonKind.MEMBER, UNIT),
    ),
    _about_units(people, "may_edit_person"),
    _about_unit(people, "may_move_person"),
    _about_units(people, "may_remove_person", _SELF),
    Question(
        "people.may_remove_person:of two units",
        lambda who: people.may_remove_person(who, _SELF, _TWO),
    ),
    Question(
        "people.may_remove_person:of none", lambda who: people.may_remove_person(who, _SELF, [])
    ),
    _about_unit(people, "may_search_by_phone"),
    _about_units(people, "may_reveal_person"),
    _about_unit(people, "may_lead"),
    _about_units(people, "may_block_offers"),
    _about_unit(people, "may_hear_appeal", _SELF),
    _about_unit(people, "may_lift_limit"),
    _about_unit(people, "may_decide_registration", _SELF),
    _about_unit(people, "may_end_registration", _SELF),
    _about_unit(people, "may_register_other"),
    _about_unit(people, "may_grant", PERMISSIONS["grid_worker"]),
    Question(
        "people.may_grant:administrator",
        lambda who: people.may_grant(who, PERMISSIONS["admin"], UNIT),
    ),
    _alone(people, "may_see_roles"),
    _about_units(identity, "may_edit_account"),
    Question(
        "identity.may_edit_account:of two units",
        lambda who: identity.may_edit_account(who, _TWO),
    ),
    Question("identity.may_edit_account:of none", lambda who: identity.may_edit_account(who, [])),
    Question("identity.holds_all", lambda who: identity.holds_all(who, _DISPATCHER)),
    Question("identity.holds_all:of nothing", lambda who: identity.holds_all(who, [])),
    _about_unit(files, "may_judge_content"),
    Question("files.may_judge_content:loose", lambda who: files.may_judge_content(who, None)),
    _about_unit(dispatching, "may_match"),
    Question(
        "dispatching.may_give_out", lambda who: dispatching.may_give_out(who, order(**_SUBMITTED))
    ),
    Question(
        "dispatching.may_give_out:in the pool",
        lambda who: dispatching.may_give_out(who, order(**_DISPATCHED)),
    ),
    _about_unit(intake, "may_import"),
    _alone(intake, "may_import_somewhere"),
    _alone(intake, "may_export_somewhere"),
    _alone(intake, "may_open_somewhere"),
    Question(
        "intake.may_fetch_export:masked",
        lambda who: intake.may_fetch_export(who, unmasked=False),
    ),
    Question(
        "intake.may_fetch_export:unmasked",
        lambda who: intake.may_fetch_export(who, unmasked=True),
    ),
    Question("intake.may_open_row", lambda who: intake.may_open_row(who, order())),
    Question(
        "intake.may_open_row:anonymous",
        lambda who: intake.may_open_row(who, order(anonymous=True)),
    ),
    _about_unit(intake, "may_keep_banners"),
    Question("intake.may_fetch_rejected", lambda who: intake.may_fetch_rejected(who, _SELF)),
    _alone(notifications, "may_resend"),
    _about_unit(deadlines, "may_see"),
    _about_unit(deadlines, "may_edit"),
    Question("deadlines.may_edit:everyone's", lambda who: deadlines.may_edit(who, None)),
    _alone(deadlines, "may_edit_calendar"),
    Question("categories.may_edit_category", lambda who: may_edit_category(who, UNIT)),
    Question("categories.may_edit_category:everyone's", lambda who: may_edit_category(who, None)),
)
