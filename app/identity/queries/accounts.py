"""Reads of accounts: by user name, for administrators, code generators."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, or_, select, tuple_

from app.identity import passwords, policy
from app.identity.models import Account, TotpSecret
from app.identity.queries.failures import account_key, log_in_lane, wait_of
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Forbidden, not_found
from app.kernel.permissions import administering
from app.people import queries as people
from app.people.models import Person, Registration, RoleGrant
from app.people.queries.roles import grant
from app.people.queries.scope import belongs_below, below
from app.people.states import OPEN_REGISTRATIONS


def find_account(username: str) -> Account | None:
    """Returns the account of a user name, whose case and width of letters are ignored; else None."""
    return session.scalars(
        select(Account).where(Account.username_key == passwords.username_key(username))
    ).one_or_none()


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as administrators see it.

    `is_locked`: log-ins from addresses that are not familiar must wait at this moment.
    """

    username: str
    must_change_password: bool
    has_totp: bool
    is_locked: bool
    created_at: datetime
    last_login_at: datetime | None


def get_visible_account(actor: Actor, person_id: int) -> AccountView:
    """Returns the account of a person for an actor who may administer it.

    Raises NotFound `not_found`, also where there is no account; Forbidden `account.may_not_edit`.
    """
    check_editor(actor, person_id)
    account = session.get(Account, person_id)
    if account is None:
        raise not_found()
    strangers = log_in_lane(account_key(account.username), None, "")
    return AccountView(
        username=account.username,
        must_change_password=account.must_change_password,
        has_totp=totp_of(person_id) is not None,
        is_locked=wait_of(strangers) is not None,
        created_at=account.created_at,
        last_login_at=account.last_login_at,
    )


def check_editor(actor: Actor, person_id: int) -> None:
    """Checks that the actor may administer the person's account.

    Raises NotFound `not_found` where the actor does not see the person, else Forbidden
    `account.may_not_edit`.
    """
    people.get_visible_person(actor, person_id)
    if not policy.may_edit_account(actor, people.unit_paths_of(person_id)):
        raise Forbidden("account.may_not_edit", "您不能管理这位人员的登录账号。")


def check_stand_in(actor: Actor, person_id: int) -> None:
    """Raises Forbidden `account.may_not_edit` where the person has a permission that the actor lacks."""
    if not policy.holds_all(actor, people.powers_of(person_id)):
        raise Forbidden(
            "account.may_not_edit",
            "这位人员的岗位比您权限多，您不能设置其密码，请运维人员在服务器上办理。",
        )


def manageable_people(actor: Actor, unit_path: str) -> Select[int]:
    """Returns a statement for the ids of the people of a subtree whose log-ins the actor may end.

    These are the people for whom neither `check_editor` nor `check_stand_in` refuses, but the actor.
    """
    allowed = ("/",) if actor.is_system else actor.paths(policy.EDIT_ACCOUNTS)
    here = belongs_below((unit_path,))
    lasting = and_(
        RoleGrant.ended_at.is_(None), or_(RoleGrant.until.is_(None), RoleGrant.until > now())
    )
    post = (RoleGrant.role_code, RoleGrant.unit_id)
    held = select(*post).join(Person, Person.id == RoleGrant.person_id).where(lasting, here)
    stronger = [
        (code, unit_id)
        for code, unit_id in session.execute(held.distinct())
        if not policy.holds_all(actor, [grant(code, unit_id)])
    ]
    too_strong = or_(tuple_(*post).in_(stronger), ~below(RoleGrant.unit_id, allowed))
    registered_elsewhere = select(Registration.person_id).where(
        Registration.status.in_(OPEN_REGISTRATIONS), ~below(Registration.unit_id, allowed)
    )
    return select(Person.id).where(
        here,
        Person.id != (actor.person_id or 0),
        or_(Person.home_unit_id.is_(None), below(Person.home_unit_id, allowed)),
        Person.id.not_in(select(RoleGrant.person_id).where(lasting, too_strong)),
        Person.id.not_in(registered_elsewhere),
    )


def has_account(person_id: int) -> bool:
    """Returns whether the person has a user name and a password."""
    return session.get(Account, person_id) is not None


def administers_without_code(actor: Actor) -> bool:
    """Returns whether the actor has a permission that administers, and no code generator."""
    administers = any(grant.permissions & administering() for grant in actor.grants)
    return administers and totp_of(actor.own_id) is None


def totp_of(person_id: int) -> TotpSecret | None:
    """Returns the person's confirmed code generator; None where there is none."""
    return session.scalars(
        select(TotpSecret).where(
            TotpSecret.person_id == person_id, TotpSecret.confirmed_at.is_not(None)
        )
    ).one_or_none()
