"""What is one's own (profile, password, sessions, messages, files), and what is everybody's."""

from collections.abc import Callable, Iterable
from typing import Any

import pyotp
from sqlalchemy import select, text

from app.files.queries import link_to
from app.files.reading import read_content
from app.files.service import upload
from app.identity import passwords
from app.identity.models import Account, LoginSession, TotpSecret
from app.identity.service import open_session
from app.identity.states import Channel
from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.crypto import seal
from app.kernel.database import session
from app.kernel.queue import MAX_ATTEMPTS
from app.kernel.slots import fail_slot
from app.notifications.models import InboxMessage, OutboxMessage
from app.notifications.states import OutboxState
from app.people.models import Person
from tests.files import samples
from tests.permissions.runner import Call, Case, Values
from tests.world import SYSTEM, World

PASSWORD, NEXT_PASSWORD = "winter-lantern-42", "summer-river-77"
# A weak hash of it, so that comparing takes no time.
PASSWORD_HASH = (
    "$argon2id$v=19$m=8,t=1,p=1$sHKk6gwuraSPpHjAEjoOVg$5JofnppTmBUzlzwEv0b9DAZL1BFUCKGUv0BZVoAnEpg"
)
PICTURE = samples.jpeg()
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _plain(**body: Any) -> Callable[[Call], Values]:
    return lambda _: body


def _own_version(call: Call) -> int:
    return session.scalars(select(Person.version).where(Person.id == call.person_id)).one()


# --- passwords and codes


def _accounts(people: Iterable[tuple[str, int]]) -> None:
    for username, person_id in people:
        account = Account(
            person_id=person_id,
            username=username,
            username_key=passwords.username_key(username),
            password_hash=PASSWORD_HASH,
            must_change_password=False,
            created_at=now(),
            password_changed_at=now(),
        )
        session.add(account)


def _with_accounts(world: World) -> Values:
    _accounts(world.ids.items())
    session.commit()
    return {}


def _with_generators(*, confirmed: bool) -> Callable[[World], Values]:
    def arrange(world: World) -> Values:
        _accounts(world.ids.items())
        at = now() if confirmed else None
        for person_id in world.ids.values():
            secret = seal(SECRET, f"totp_secrets.secret:{person_id}")
            generator = TotpSecret(
                person_id=person_id, secret=secret, created_at=now(), confirmed_at=at
            )
            session.add(generator)
        session.commit()
        return {}

    return arrange


def _code(_: Call) -> Values:
    return {"otp": pyotp.TOTP(SECRET).at(now())}


def _password_and_code(call: Call) -> Values:
    return {"current_password": PASSWORD, **_code(call)}


def _credentials(call: Call) -> Values:
    return {"username": call.key or "resident", "password": PASSWORD}


# --- sessions


def _second_session(world: World) -> Values:
    issued = open_session(SYSTEM, world.ids["resident"], Channel.WECHAT, device="second")
    session.commit()
    latest = select(LoginSession.id).where(LoginSession.device == "second")
    return {"session_id": session.scalars(latest).one(), "refresh_token": issued.refresh_token}


def _refresh(call: Call) -> Values:
    return {"refresh_token": call.values["refresh_token"]}


def _second_listed(answer: Any, values: Values) -> bool:
    return values["session_id"] in [item["id"] for item in answer["items"]]


# --- messages


def _message(world: World) -> Values:
    values = {
        "recipient_id": world.ids["resident"],
        "moment": "order.placed",
        "subject_kind": "order",
        "subject_id": 1,
        "urgent": False,
        "created_at": now(),
    }
    read = InboxMessage(outbox_id=1, title="已收到", text="已收到。", **values)
    lost = OutboxMessage(
        params={"number": "1"},
        state=OutboxState.GIVEN_UP,
        attempts=MAX_ATTEMPTS,
        given_up_at=now(),
        **values,
    )
    session.add_all((read, lost))
    session.commit()
    return {"message_id": read.id}


def _lost_message(world: World) -> Values:
    _message(world)
    lost = select(OutboxMessage.id).where(OutboxMessage.state == OutboxState.GIVEN_UP)
    message_id = session.scalars(lost).one()
    values = {"kind": "message", "row_id": str(message_id)}
    return {**values, "message_id": message_id, "state": "given_up"}


def _message_listed(answer: Any, values: Values) -> bool:
    return values["message_id"] in [item["id"] for item in answer["items"]]


def _unread(answer: Any, _: Values) -> bool:
    return bool(answer["unread"])


def _lost_slot(_: World) -> Values:
    for _attempt in range(MAX_ATTEMPTS):
        fail_slot("tests.bulletin", "2026-W47", None, "RuntimeError")
    session.commit()
    return {"kind": "slot", "row_id": "tests.bulletin:2026-W47", "state": "given_up"}


def _slot_listed(answer: Any, _: Values) -> bool:
    return "2026-W47" in [item["slot"] for item in answer["items"]]


def lost_listed(answer: Any, values: Values) -> bool:
    """Whether what was given up is on the page."""
    found = [(item["kind"], item["id"]) for item in answer["items"]]
    return (values["kind"], values["row_id"]) in found


# --- files


def _link(world: World) -> str:
    content = read_content(PICTURE)
    link = link_to(upload(Actor(world.ids["resident"], "resident"), content))
    session.commit()
    return link.url.rpartition("/")[2]


def _signed(world: World) -> Values:
    return {"signed": _link(world)}


def _forged(world: World) -> Values:
    return {"signed": f"{_link(world)[:-1]}_"}


def _picture(_: Call) -> bytes:
    return PICTURE


# --- everybody's


def _migrated(_: World) -> Values:
    session.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
    session.commit()
    return {}


def _stylesheet(_: World) -> Values:
    return {"filename": "docs.css"}


_CONSENT = _plain(document="service_terms", version=1, granted=True)
CASES = (
    Case("me.get_me"),
    Case("me.put_me", body=_plain(name="改了名"), version=_own_version),
    Case("me.delete_me", status=204),
    Case(
        "me.change_password",
        _with_accounts,
        _plain(current_password=PASSWORD, new_password=NEXT_PASSWORD),
    ),
    Case("me.attach_phone", body=_plain(code="demo-phone-13655550009")),
    Case("me.set_away", body=_plain(until=None)),
    Case("me.export_me", opens=True),
    Case("me.list_consents"),
    Case("me.record_consent", body=_CONSENT, status=201),
    Case("me.enrol_totp", _with_accounts, _plain(current_password=PASSWORD), 201),
    Case("me.confirm_totp", _with_generators(confirmed=False), _code),
    Case("me.remove_totp", _with_generators(confirmed=True), _password_and_code, 204),
    Case("sessions.list_sessions", _second_session, shows=_second_listed),
    Case("sessions.give_ticket", status=201),
    Case("sessions.close_current_session", status=204),
    Case("sessions.close_session", _second_session, status=204),
    Case("notifications.list_inbox", _message, shows=_message_listed),
    Case("notifications.count_unread", _message, shows=_unread),
    Case("notifications.read_message", _message),
    Case("notifications.read_all_messages", _message),
    Case("notifications.list_messages", _lost_message, query=("state",), shows=_message_listed),
    Case("jobs.list_slots", _lost_slot, query=("state",), shows=_slot_listed),
    Case("jobs.list_given_up:message", _lost_message, query=("kind",), shows=lost_listed),
    Case("jobs.list_given_up:slot", _lost_slot, query=("kind",), shows=lost_listed),
    Case("jobs.list_given_up:all", _lost_slot, shows=lost_listed),
    Case("jobs.retry_given_up:message", _lost_message, target="row_id"),
    Case("jobs.retry_given_up:slot", _lost_slot, target="row_id"),
    Case("files.upload_file", status=201, upload=_picture),
    Case("files.show_file", _signed),
    Case("files.show_file:forged", _forged),
    Case("sessions.log_in_wechat", body=_plain(code="demo-resident-1"), status=201),
    Case("sessions.log_in_password", _with_accounts, _credentials, 201),
    Case("sessions.refresh", _second_session, _refresh, 201),
    Case("openapi"),
    Case("docs"),
    Case("static", _stylesheet),
    Case("healthz"),
    Case("readyz", _migrated),
    Case("metrics"),
)
