"""What the cells of `afterwards.py` are tried on: ways to come to hold something, and to lose the right."""

import io
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.intake.queries.importing import preview
from app.intake.service.uploading import keep_upload
from app.kernel.database import session
from app.orders.ticket.models import Order, OrderRequest
from app.organisation.models import Unit
from app.organisation.service import change_provider, close_unit, create_provider
from app.organisation.states import ProviderKind
from app.people.models import Registration, RoleGrant
from app.people.service import (
    approve_registration,
    deactivate_person,
    end_registration,
    end_role,
    erase_person,
    grant_role,
    leave_closed_units,
    report_to_unit,
)
from app.people.states import RegistrationKind, RegistrationStatus
from tests.orders.rows import file_of
from tests.orders.stories import do
from tests.permissions.actors import Cast, undone
from tests.permissions.asking import (
    REPORTS,
    Begin,
    Lose,
    Probe,
    Scene,
    agreed,
    applies,
    does,
    doubts,
    fetches,
    holds,
    imports,
    keys,
    links,
    looks,
    matches,
    opens,
    reads,
    repeats,
    reveals,
    sees,
)
from tests.permissions.cases.importing import FILE
from tests.permissions.cases.situations import CONFIDENTIAL, PUBLIC
from tests.world import SYSTEM

# --- how it came about


def claim(scene: Scene) -> None:
    """From the pool."""
    scene.order()
    scene.act("dispatcher", "dispatch", mode="pool")
    scene.act(scene.who, "claim")


def offer(scene: Scene) -> None:
    """Offered to the person alone."""
    scene.order()
    scene.give(scene.who)


def support(scene: Scene) -> None:
    """A member of another unit asked for it, and a leader agreed."""
    ask_for_support(scene)
    assert agreed(scene) == "+"


def ask_for_support(scene: Scene) -> None:
    """The request of a member of another unit waits."""
    scene.order(category_id=scene.world.categories[PUBLIC])
    scene.act("dispatcher", "dispatch", mode="pool")
    scene.act("dispatcher", "check_content", state="passed")
    scene.act(scene.who, "support", note="我离得近，可以去。")
    _note_request(scene, "leader")


def ask_for_transfer(scene: Scene) -> None:
    """The dispatcher's request to another unit waits."""
    scene.order()
    scene.act(scene.who, "transfer", unit_id=scene.world.other_community.id, reason="不在本社区")
    _note_request(scene, "other_leader")


def _note_request(scene: Scene, decider: str) -> None:
    waiting = select(OrderRequest.id).where(OrderRequest.order_id == scene.ids["order"])
    scene.ids |= {"request": session.scalars(waiting).one(), "decider": decider}


def help_along(scene: Scene) -> None:
    """The second of a pair, whose first has claimed the offer."""
    scene.order()
    scene.give("member", helper_ids=[scene.person_id])
    scene.act("member", "claim")


def lead_a_pair(scene: Scene) -> None:
    """The first of a pair."""
    scene.order()
    scene.give(scene.who, helper_ids=[scene.world.ids["member2"]])
    scene.act(scene.who, "claim")


def for_a_firm(scene: Scene) -> None:
    """The account of an outside unit."""
    world = scene.world
    firm = create_provider(
        SYSTEM,
        unit_id=world.community.id,
        name="平安电梯",
        kind=ProviderKind.LIFT,
        person_id=scene.person_id,
    )
    session.commit()
    scene.ids["provider"] = firm.id
    scene.order()
    scene.act("dispatcher", "dispatch", mode="direct", provider_id=firm.id)


def split(scene: Scene) -> None:
    """The part of another community, whose requester is the dispatcher."""
    scene.order()
    unit_id = scene.world.other_community.id
    scene.act(scene.who, "split", parts=[{"unit_id": unit_id, "task": "请查一查东边的管子。"}])
    part = select(Order.id).where(Order.parent_id == scene.ids["order"])
    scene.ids |= {"parent": scene.ids["order"], "order": session.scalars(part).one()}


def complete(scene: Scene) -> None:
    """Assigned, done, and not yet rated."""
    offer(scene)
    scene.act(scene.who, "complete", note="修好了，请看一看。")


def join(scene: Scene) -> None:
    """A neighbour has met the same."""
    scene.order(category_id=scene.world.categories[PUBLIC])
    scene.act("dispatcher", "check_content", state="passed")
    scene.act(scene.who, "join")


def export(scene: Scene) -> None:
    """An unmasked list of the unit."""
    scene.order()
    answer = scene.call("POST", "/exports", template="ledger", unmasked=True, reason="电话回访")
    assert answer.status_code == 201, answer.json
    scene.ids |= {"export": answer.get_json()["id"], "url": answer.get_json()["url"]}


def run_many(scene: Scene) -> None:
    """A bulk run whose answer can be asked for again."""
    scene.order()
    scene.ids |= {
        "key": f"bulk-{next(keys)}",
        "bulk": {"ids": [scene.ids["order"]], "action": "acknowledge"},
    }
    assert repeats(scene) == "+"


def propose(scene: Scene) -> None:
    """A matching that was proposed and may be applied."""
    scene.order()
    assert matches(scene) == "+"


def upload(scene: Scene) -> None:
    """A file that waits to be entered."""
    actor = scene.world.actor(scene.who)
    found = preview(actor, io.BytesIO(FILE), scene.world.community.id, "ledger")
    scene.ids["import"] = keep_upload(actor, found).id
    session.commit()


def with_a_picture(scene: Scene) -> None:
    """Claimed, with a picture of the resident."""
    scene.order(photo_ids=[file_of(scene.world, "resident")])
    scene.act("dispatcher", "dispatch", mode="pool")
    scene.act(scene.who, "claim")


# --- how the right is lost


def registration_ended(scene: Scene) -> None:
    """The only registration ends."""
    registration = session.scalars(
        select(Registration).where(
            Registration.person_id == scene.person_id,
            Registration.status == RegistrationStatus.APPROVED,
        )
    ).one()
    do(end_registration, SYSTEM, registration.id, "搬走了")


def role_ended(scene: Scene) -> None:
    """The only role ends."""
    held = select(RoleGrant.id).where(
        RoleGrant.person_id == scene.person_id, RoleGrant.ended_at.is_(None)
    )
    do(end_role, SYSTEM, session.scalars(held).one())


def moved(scene: Scene) -> None:
    """Role or registration ends here, and begins in the neighbouring community."""
    held = select(RoleGrant).where(
        RoleGrant.person_id == scene.person_id, RoleGrant.ended_at.is_(None)
    )
    grant = session.scalars(held).one()
    world, code = scene.world, grant.role_code
    home = (
        world.community.id
        if grant.unit_id == world.other_community.id
        else world.other_community.id
    )
    if grant.registration_id is None:
        role_ended(scene)
        do(grant_role, SYSTEM, scene.person_id, code, home)
        return
    registration_ended(scene)
    kind = RegistrationKind.HOME
    new = do(report_to_unit, world.actor(scene.who), unit_id=home, kind=kind)
    do(approve_registration, SYSTEM, new.id)


def unlinked(scene: Scene) -> None:
    """The outside unit has no account any more."""
    firm = scene.ids["provider"]
    do(change_provider, SYSTEM, firm, name="平安电梯", kind=ProviderKind.LIFT)


def deactivated(scene: Scene) -> None:
    """The person may not act any more."""
    do(deactivate_person, SYSTEM, scene.person_id, "停用")


def erased(scene: Scene) -> None:
    """The person is erased by staff."""
    do(erase_person, SYSTEM, scene.person_id, forced=True, reason="已去世")


def unit_closed(scene: Scene) -> None:
    """The community is merged into its neighbour, and the job has moved the people."""
    close_community(scene)
    while do(leave_closed_units, SYSTEM, 500):
        pass


def close_community(scene: Scene) -> None:
    """The community is merged into its neighbour; its people still have their grants at the old one."""
    world = scene.world
    for grid in session.scalars(_grids_of(world.community.id)).all():
        do(close_unit, SYSTEM, grid, successor_unit_id=world.other_grid.id)
    do(close_unit, SYSTEM, world.community.id, successor_unit_id=world.other_community.id)
    scene.ids["closed"] = True


def _grids_of(unit_id: int) -> Any:
    return select(Unit.id).where(Unit.parent_id == unit_id, Unit.closed_at.is_(None))


def confidential(scene: Scene) -> None:
    """The desk finds that the order is a confidential one."""
    order_id = scene.ids.get("parent", scene.ids["order"])
    answer = scene.call(
        "POST",
        f"/orders/{order_id}/amend",
        by="leader",
        reason="要保密",
        category_id=scene.world.categories[CONFIDENTIAL],
    )
    assert answer.status_code == 200, answer.json


LOSSES: dict[str, Lose] = {
    "registration ended": registration_ended,
    "role ended": role_ended,
    "moved": moved,
    "provider unlinked": unlinked,
    "deactivated": deactivated,
    "erased": erased,
    "unit closed": unit_closed,
    "confidential": confidential,
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to come to hold something: who does, how, and what is asked before and after."""

    who: str
    begin: Begin
    probes: dict[str, Probe]


_ORDER = {"sees": sees, "reads": reads, "reveals": reveals}
WAYS: dict[str, Way] = {
    "claim": Way("member", claim, REPORTS),
    "offer": Way("member", offer, _ORDER | {"claims": does("claim"), "holds": holds}),
    "assignment": Way("grid", offer, REPORTS),
    "support": Way("other_member", support, REPORTS),
    "helper": Way(
        "volunteer",
        help_along,
        _ORDER | {"speaks": does("comments", note="我带梯子去。"), "holds": holds},
    ),
    "pair": Way("member", lead_a_pair, REPORTS),
    "provider account": Way("provider", for_a_firm, REPORTS),
    "split": Way("dispatcher", split, _ORDER | {"cancels": does("cancel", reason="不用了")}),
    "completed": Way("grid", complete, _ORDER | {"speaks": does("comments", note="灯罩也擦了。")}),
    "pending support": Way("other_member", ask_for_support, {"agreed": agreed}),
    "pending transfer": Way("dispatcher", ask_for_transfer, {"agreed": agreed}),
    "watching": Way("resident2", join, {"doubts": doubts}),
    "export": Way("dispatcher", export, {"fetches": fetches, "opens": opens}),
    "bulk run": Way("dispatcher", run_many, {"repeats": repeats}),
    "matching": Way("dispatcher", propose, {"matches": matches, "applies": applies}),
    "import": Way("dispatcher", upload, {"looks": looks, "imports": imports}),
    "file link": Way("member", with_a_picture, {"links": links}),
}


def begun(cast: Cast, way: str) -> Scene:
    """The person holds it now."""
    scene = Scene(cast, WAYS[way].who)
    WAYS[way].begin(scene)
    return scene


def asked(scene: Scene, way: str) -> str:
    """One letter for each probe of the way, each as if the others had not been tried."""
    found = ""
    for probe in WAYS[way].probes.values():
        with undone():
            found += probe(scene)
    return found
