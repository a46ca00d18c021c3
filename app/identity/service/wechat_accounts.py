"""Log-in by WeChat: the person of an openid, and new people."""

from sqlalchemy import select

from app.identity.models import WechatAccount
from app.identity.queries import openid_context, openid_index
from app.identity.service.sessions import Issued, open_session
from app.identity.states import LOG_INS_BY_ADDRESS, Channel
from app.kernel import limits
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import seal
from app.kernel.database import session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict
from app.people import queries as people_queries
from app.people import service as people
from app.wechat import gateway
from app.wechat.gateway import WechatSession


def log_in_wechat(actor: Actor, wechat: WechatSession, *, device: str = "") -> Issued:
    """Opens a session for the person of an openid and returns its tokens.

    A unionid finds the person under another appid. For an unknown openid a new person without any
    data is created. Raises Forbidden `person.inactive`, Conflict `wechat.busy`.
    """
    person_id = _owner(wechat) or _owner_by_unionid(actor, wechat) or _newcomer(actor, wechat)
    return open_session(actor, person_id, Channel.WECHAT, device=device)


def count_log_in(actor: Actor, address: str) -> None:
    """Counts a log-in by WeChat before WeChat is asked; raises TooMany `rate.exceeded` (300 a minute)."""
    limits.hit(f"log-in:{address}", limit=LOG_INS_BY_ADDRESS, seconds=60)


def attach_wechat(actor: Actor, person_id: int, openid: str) -> None:
    """Gives a known person an openid of our mini-program.

    Raises Conflict `wechat.taken` where the openid belongs to another person, NotFound `not_found`.
    """
    people_queries.lock_person(person_id)
    wechat = WechatSession(gateway.appid(), openid)
    if not _link(person_id, wechat) and _owner(wechat) != person_id:
        raise Conflict("wechat.taken", "这个微信已经是另一个人的了。")


def _owner(wechat: WechatSession) -> int | None:
    account = session.get(
        WechatAccount, (wechat.appid, openid_index(wechat.openid)), populate_existing=True
    )
    if account is None:
        return None
    if wechat.unionid and account.unionid_index is None:
        account.unionid_index = openid_index(wechat.unionid)
    return account.person_id


def _owner_by_unionid(actor: Actor, wechat: WechatSession) -> int | None:
    """Returns the person who has this unionid under another appid; the new openid is kept as well."""
    if not wechat.unionid:
        return None
    person_id = session.scalar(
        select(WechatAccount.person_id)
        .where(WechatAccount.unionid_index == openid_index(wechat.unionid))
        .limit(1)
    )
    if person_id is not None:
        _link(person_id, wechat)
    return person_id


def _newcomer(actor: Actor, wechat: WechatSession) -> int:
    with session.begin_nested() as savepoint:
        person = people.create_person(actor)
        if _link(person.id, wechat):
            return person.id
        # Another request has created the person for this openid at the same moment.
        savepoint.rollback()
    person_id = _owner(wechat)
    if person_id is None:
        raise Conflict("wechat.busy", "正在登录，请再试一次。", retry_after=1)
    return person_id


def _link(person_id: int, wechat: WechatSession) -> bool:
    index = openid_index(wechat.openid)
    values = {
        "appid": wechat.appid,
        "openid_index": index,
        "person_id": person_id,
        "openid": seal(wechat.openid, openid_context(index)),
        "unionid_index": openid_index(wechat.unionid) if wechat.unionid else None,
        "created_at": now(),
    }
    return insert_ignore(WechatAccount, values, conflict=("appid", "openid_index")) == 1
