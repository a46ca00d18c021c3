"""The last people who can keep a district going: one administrator and one officer at its root stay."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, or_, select

from app.identity.models import Account, WechatAccount
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import lock, session
from app.kernel.errors import Conflict
from app.kernel.permissions import needs_second_factor
from app.organisation.queries import get_unit
from app.people.models import Person, Role, RoleGrant
from app.people.queries.scope import is_current
from app.people.roles import ADMIN, DISTRICT_OFFICER
from app.people.states import PersonStatus

LASTING = (ADMIN, DISTRICT_OFFICER)


def keep_last(actor: Actor, person_id: int, posts: Sequence[tuple[str, int]]) -> None:
    """Refuses that the last administrator or district officer of a district leaves the post.

    `posts` are role codes with unit ids, which are about to end. Somebody else must hold the same role
    at the same root unit, without an end, and be able to log in. Raises Conflict `role.last_one`.
    """
    kept = [(code, unit) for code, unit in posts if code in LASTING and _is_root(unit)]
    if not kept:
        return
    # Of two who end each other's role at the same moment the second one sees what the first one did.
    names = _hold_roles({code for code, _ in kept})
    for code, unit_id in kept:
        if _can_ever_log_in(person_id, code) and not _others(person_id, code, unit_id):
            raise Conflict(
                "role.last_one",
                f"这是最后一位能登录的{names[code]}，请先任命另一位，等其设好自己的密码后再办。",
            )


def _is_root(unit_id: int) -> bool:
    return get_unit(unit_id).parent_id is None


def _hold_roles(codes: Iterable[str]) -> dict[str, str]:
    """Locks these roles, in one order, until the transaction ends; returns their names by code."""
    roles = session.scalars(lock(select(Role).where(Role.code.in_(codes)).order_by(Role.id)))
    return {role.code: role.name for role in roles}


def _can_ever_log_in(person_id: int, code: str) -> bool:
    """Whether the person has a way to log in, be it with a password that is not the own one yet."""
    statement = select(Person.id).where(Person.id == person_id, _logs_in(code, _has_account()))
    return session.scalar(statement) is not None


def _others(person_id: int, code: str, unit_id: int) -> bool:
    """Whether somebody else holds the role there for good, and can log in with an own password."""
    own_password = _has_account(Account.one_time_until.is_(None))
    statement = (
        select(RoleGrant.id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role_code == code,
            RoleGrant.unit_id == unit_id,
            RoleGrant.person_id != person_id,
            RoleGrant.until.is_(None),
            is_current(now()),
            Person.status == PersonStatus.ACTIVE,
            _logs_in(code, own_password),
        )
        .limit(1)
    )
    return session.scalar(statement) is not None


def _logs_in(code: str, by_password: ColumnElement[bool]) -> ColumnElement[bool]:
    """Officers also log in by WeChat; who needs a second factor to administer needs an account."""
    if code == ADMIN or needs_second_factor():
        return by_password
    wechat = select(WechatAccount.appid).where(WechatAccount.person_id == Person.id).exists()
    return or_(by_password, wechat)


def _has_account(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(Account.person_id).where(Account.person_id == Person.id, *conditions).exists()
