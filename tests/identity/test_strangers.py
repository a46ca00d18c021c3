"""Who logs in and agrees to nothing is forgotten after a day; whoever has left something stays."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.files.models import File
from app.files.states import FileKind
from app.identity import jobs, service
from app.identity.models import LoginSession, Token, WechatAccount
from app.identity.queries import strangers
from app.identity.queries.wechat_accounts import pointers
from app.kernel.clock import now
from app.kernel.database import Model, session, transaction
from app.people import service as people
from app.people.models import Person
from app.people.states import Document, PersonKind, PersonStatus
from tests.conftest import Clock, count
from tests.consents import agree
from tests.identity.conftest import START, SYSTEM, Town, bearer, log_in

LATER = "2026-03-03T09:00:00+08:00"
JUST_BEFORE = "2026-03-03T08:59:59+08:00"


def test_an_openid_alone_is_gone_after_a_day(client: FlaskClient, clock: Clock) -> None:
    """Not a second earlier, and once."""
    clock.set(START)
    entered = log_in(client)
    clock.set(JUST_BEFORE)
    assert jobs.forget_strangers() == 0
    clock.set(LATER)
    assert jobs.forget_strangers() == 1
    assert jobs.forget_strangers() == 0
    assert [count(model) for model in (WechatAccount, LoginSession, Token)] == [0, 0, 0]
    kept = session.get_one(Person, entered["person"]["id"])
    assert kept.status is PersonStatus.ERASED
    headers = bearer(entered["access_token"])
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert log_in(client)["person"]["id"] != kept.id


def _picture(person_id: int) -> None:
    session.add(
        File(
            name="f" * 32,
            kind=FileKind.PICTURE,
            content_type="image/jpeg",
            size=1,
            uploader_id=person_id,
            created_at=now(),
            loose_since=now(),
        )
    )


def _home(person_id: int) -> None:
    unit_id = session.scalars(select(Model.metadata.tables["units"].c.id)).first()
    session.get_one(Person, person_id).home_unit_id = unit_id


def _role(person_id: int) -> None:
    unit_id = session.scalars(select(Model.metadata.tables["units"].c.id)).first()
    people.grant_role(SYSTEM, person_id, "duty", unit_id or 0)


LEFT: dict[str, Callable[[int], object]] = {
    "a consent": lambda person_id: agree(person_id, Document.EXACT_LOCATION),
    "a phone": lambda person_id: people.attach_verified_phone(SYSTEM, person_id, "13912345678"),
    "a home": _home,
    "a role": _role,
    "an account": lambda person_id: service.create_account(
        SYSTEM, person_id, "somebody", "winter-lantern-42", must_change=False
    ),
    "a picture": _picture,
}


@pytest.mark.parametrize("left", LEFT)
def test_whoever_left_something_stays(
    client: FlaskClient, clock: Clock, town: Town, left: str
) -> None:
    """And another one, who left nothing, goes all the same."""
    clock.set(START)
    person_id = log_in(client)["person"]["id"]
    with transaction():
        LEFT[left](person_id)
    stranger = log_in(client, "demo-resident-2")["person"]["id"]
    clock.set(LATER)
    assert strangers(now(), 10) == [stranger]
    assert jobs.forget_strangers() == 1
    assert session.get_one(Person, person_id).status is PersonStatus.ACTIVE


def test_every_table_with_people_counts(app: object) -> None:
    """A row of a table to come keeps its person too, unless the table is named as the log-in's own."""
    pointing = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.tables.values()
        for column in table.c
        for key in column.foreign_keys
        if key.column is Model.metadata.tables["people"].c.id
    }
    counted = {f"{column.table.name}.{column.name}" for column in pointers()}
    assert {"orders.requester_id", "registrations.person_id", "role_grants.person_id"} <= counted
    assert pointing - counted == {
        "consents.person_id",
        "inbox_messages.recipient_id",
        "login_sessions.person_id",
        "outbox_messages.recipient_id",
        "person_details.person_id",
        "wechat_accounts.person_id",
    }


def test_whom_staff_have_entered_stays(clock: Clock, town: Town) -> None:
    """Without a log-in by WeChat nobody is a stranger."""
    clock.set(START)
    with transaction():
        person = people.create_person(SYSTEM, kind=PersonKind.RESIDENT)
    clock.set(LATER)
    assert jobs.forget_strangers() == 0
    assert session.get_one(Person, person.id).is_active


def test_a_consent_that_was_taken_back_is_none(client: FlaskClient, clock: Clock) -> None:
    """The last word counts."""
    clock.set(START)
    person_id = log_in(client)["person"]["id"]
    agree(person_id, Document.EXACT_LOCATION)
    headers = bearer(log_in(client)["access_token"])
    body = {"document": "exact_location", "version": 1, "granted": False}
    assert client.post("/api/v1/me/consents", json=body, headers=headers).status_code == 201
    clock.set(LATER)
    assert jobs.forget_strangers() == 1
